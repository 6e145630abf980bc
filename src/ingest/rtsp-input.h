/* SPDX-License-Identifier: MIT */
/* One stream of an RTSP connection, as bytes from the network: decides which
 * sender is listened to where anybody can send (UDP), and hands packets and
 * sender reports to its WcSourceTrack. Knows nothing of GStreamer's elements.
 *
 * Reference-counted and guarded by a mutex inside: streaming threads push. */
#pragma once

#include "ingest/source-track.h"

#include <gio/gio.h>

typedef struct WcRtspInput WcRtspInput;

/** @track is referenced. @host: the server's address, the only one that is
 * listened to on UDP; nullable: not known, then the first that sends. */
WcRtspInput *wc_rtsp_input_new (WcSourceTrack *track, GInetAddress *host);
WcRtspInput *wc_rtsp_input_ref (WcRtspInput *self);
void wc_rtsp_input_unref (gpointer self);

/** Streaming threads. @from: the sender of a datagram; NULL: it came on the
 * RTSP connection. @now_us: monotonic. */
void wc_rtsp_input_push_rtp (WcRtspInput *self, const guint8 *data, gsize size,
                             GSocketAddress *from, gint64 now_us);
void wc_rtsp_input_push_rtcp (WcRtspInput *self, const guint8 *data, gsize size,
                              GSocketAddress *from, gint64 now_us);

/** Any thread: SSRC and payload type of the source. FALSE: none was heard. */
gboolean wc_rtsp_input_get_source (WcRtspInput *self, guint32 *ssrc,
                                   guint8 *payload_type);
/** Any thread: datagrams of others than the server. */
guint64 wc_rtsp_input_n_foreign (WcRtspInput *self);
