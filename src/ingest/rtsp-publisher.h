/* SPDX-License-Identifier: MIT */
/* One publisher that announced itself by RTSP: what it sends, who it is, and
 * into which tracks its packets go. Knows bytes and addresses.
 *
 * Reference-counted and guarded by a mutex inside. A thread of the RTSP server
 * makes it and its streaming threads push; the main thread decides what is
 * taken, and revokes it. */
#pragma once

#include "base/address.h"
#include "ingest/source-format.h"
#include "ingest/source-track.h"

typedef struct WcRtspPublisher WcRtspPublisher;

/** What the main thread may want of its connection; any thread may call. */
typedef struct {
  void (*close) (gpointer connection);
  void (*ask_key_frame) (gpointer connection);
  GDestroyNotify free; /* of @connection */
} WcRtspPublisherFuncs;

/** @streams: of WcSdpAnnounceStream, read now. @funcs is static; @connection
 * is freed with the publisher. */
WcRtspPublisher *wc_rtsp_publisher_new (const GPtrArray *streams,
                                        const WcAddress *address,
                                        const WcRtspPublisherFuncs *funcs,
                                        gpointer connection);
WcRtspPublisher *wc_rtsp_publisher_ref (WcRtspPublisher *self);
void wc_rtsp_publisher_unref (WcRtspPublisher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcRtspPublisher, wc_rtsp_publisher_unref)

/* --- any thread --------------------------------------------------------- */

guint wc_rtsp_publisher_n_streams (const WcRtspPublisher *self);
const WcAddress *wc_rtsp_publisher_address (const WcRtspPublisher *self);
/** When the newest packet came, of all streams; monotonic, 0: none yet. */
gint64 wc_rtsp_publisher_last_packet_us (WcRtspPublisher *self);

/* --- streaming threads -------------------------------------------------- */

/** An RTP packet (RFC 3550 section 5.1) of stream @index. @from is nullable:
 * then it came over the publisher's own connection. TRUE: the RTP session that
 * reports on what was received may see it as well. */
gboolean wc_rtsp_publisher_push_rtp (WcRtspPublisher *self, guint index,
                                     const WcAddress *from, const guint8 *data,
                                     gsize size, gint64 now_us);
/** The same of a compound RTCP packet (section 6.1). */
gboolean wc_rtsp_publisher_push_rtcp (WcRtspPublisher *self, guint index,
                                      const WcAddress *from, const guint8 *data,
                                      gsize size, gint64 now_us);

/* --- the main thread ---------------------------------------------------- */

/** FALSE: stream @index is neither audio nor video, or does not say how it is
 * coded. @format must be cleared. */
gboolean wc_rtsp_publisher_get_format (const WcRtspPublisher *self, guint index,
                                       WcSourceFormat *format);
/** From now on packets of stream @index go into @track, which is referenced. */
void wc_rtsp_publisher_take (WcRtspPublisher *self, guint index,
                             WcSourceTrack *track);
/** Nothing goes into any track any more once this has returned. */
void wc_rtsp_publisher_revoke (WcRtspPublisher *self);
/** Revokes it and ends its connection. */
void wc_rtsp_publisher_close (WcRtspPublisher *self);
void wc_rtsp_publisher_ask_key_frame (WcRtspPublisher *self);
