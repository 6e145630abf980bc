/* SPDX-License-Identifier: MIT */
/* What takes a publisher's RTP inside the RTSP server: a media whose streams
 * end in nothing, and which hands every packet to the publisher as it comes in,
 * before the RTP session and its jitter buffer see it. They are there for the
 * reports that a sender expects, and for PLI.
 *
 * A factory makes one for each ANNOUNCE; the connection it comes on says what
 * streams there are. Threads: the client's, and streaming threads. */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#define WC_TYPE_RTSP_MEDIA_FACTORY (wc_rtsp_media_factory_get_type ())
G_DECLARE_FINAL_TYPE (WcRtspMediaFactory, wc_rtsp_media_factory, WC,
                      RTSP_MEDIA_FACTORY, GstRTSPMediaFactory)

/** @pool: which UDP ports may be used; referenced. */
GstRTSPMediaFactory *wc_rtsp_media_factory_new (GstRTSPAddressPool *pool);
