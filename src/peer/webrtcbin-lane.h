/* SPDX-License-Identifier: MIT */
/* The webrtcbin lane: media reaches the viewer through its webrtcbin, which
 * does RTP sessions, retransmission and SRTP. The worker only appends to the
 * viewer's bounded queue, which the lane pool runs (connection-queue.h).
 *
 * The lane owns the viewer's connection; the peer owns the lane. */
#pragma once

#include "engine/lane.h"
#include "engine/report-meter.h"
#include "engine/subscriber.h"
#include "peer/connection.h"

typedef struct WcWebrtcbinLane WcWebrtcbinLane;

typedef struct {
  /** Keys are agreed and the certificate is the one of the offer. */
  void (*secured) (gpointer user_data);
  /** It is not: nothing was and nothing will be sent. */
  void (*impostor) (gpointer user_data);
  /** The viewer closed DTLS, or DTLS failed. */
  void (*left) (gpointer user_data);
  /** PLI or FIR. */
  void (*key_frame_wanted) (gpointer user_data, WcMedia media);
} WcWebrtcbinLaneEvents;

typedef struct {
  guint nacks, plis;
  gint rtt_ms; /* -1 */
  double loss;
  WcReportCounts reports; /* all of them */
} WcWebrtcbinLaneStats;

/** What the engine calls; `lane_data` is the WcWebrtcbinLane. */
extern const WcLane wc_webrtcbin_lane;

/** @pool: runs wc_connection_queue_run (). @events come on any thread. */
WcWebrtcbinLane *wc_webrtcbin_lane_new (GThreadPool *pool,
                                        const WcWebrtcbinLaneEvents *events,
                                        gpointer user_data);
/** One that was opened is closed before. */
void wc_webrtcbin_lane_free (WcWebrtcbinLane *lane);

/** The lane's subscriber, before anything else. (transfer none): the owner
 * keeps it until wc_webrtcbin_lane_close () has returned. */
void wc_webrtcbin_lane_set_subscriber (WcWebrtcbinLane *lane,
                                       WcSubscriber *subscriber);

/** Control pool. To be closed also if it fails. */
gboolean wc_webrtcbin_lane_open (WcWebrtcbinLane *lane,
                                 const WcConnectionParams *params,
                                 GError **error);
guint32 wc_webrtcbin_lane_rtx_ssrc (WcWebrtcbinLane *lane, WcMedia media);
/** Control pool: waits for a run to end, drops the queue, says goodbye to the
 * viewer, tears the connection down. The engine must be done with the lane. */
void wc_webrtcbin_lane_close (WcWebrtcbinLane *lane);

void wc_webrtcbin_lane_get_stats (WcWebrtcbinLane *lane,
                                  WcWebrtcbinLaneStats *stats);
