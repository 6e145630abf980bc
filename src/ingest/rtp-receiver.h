/* SPDX-License-Identifier: MIT */
/* One track's port of a kind=rtp source: a pipeline takes RTP and RTCP from its
 * sockets, a WcRtpTrack gets them. Owned by WcIngestRtp. Main thread; the
 * pipeline's streaming threads know the WcRtpTrack and nothing else. */
#pragma once

#include "ingest/ports.h"
#include "ingest/rtp-track.h"

typedef struct WcRtpReceiver WcRtpReceiver;

/** Its pipeline is broken and was stopped. */
typedef void (*WcRtpReceiverFunc) (const char *reason, gpointer user_data);

/** @lease, @input: (transfer full). @label: for the log. */
WcRtpReceiver *wc_rtp_receiver_new (WcPortLease *lease, WcRtpTrack *input,
                                    const char *label, WcRtpReceiverFunc failed,
                                    gpointer user_data);
/** Gives the port back: waits until @deadline_us for nothing to read from it
 * any more. A pipeline that hangs keeps sockets that are no longer bound
 * (udp-socket.h). Stopped before. */
void wc_rtp_receiver_free (WcRtpReceiver *receiver, gint64 deadline_us);

/** Unless it runs already. Errors: those of wc_pipeline_new () and its
 * neighbours. */
gboolean wc_rtp_receiver_start (WcRtpReceiver *receiver, GError **error);
/** Begins the tear-down; what is on its way may still come. Idempotent. */
void wc_rtp_receiver_stop (WcRtpReceiver *receiver);

/** (transfer none) */
WcRtpTrack *wc_rtp_receiver_input (WcRtpReceiver *receiver);
WcPortLease *wc_rtp_receiver_lease (WcRtpReceiver *receiver);
