/* SPDX-License-Identifier: MIT */
/* A source that publishes by RTSP (kind=rtsp-push): ffmpeg, rtspclientsink. One
 * publisher at a time; takes at most one stream of audio and one of video.
 * GObject, main thread only; the RTSP server is rtsp-server.h. */
#pragma once

#include "ingest/ingest-remote.h"

#define WC_TYPE_INGEST_RTSP_PUSH (wc_ingest_rtsp_push_get_type ())
G_DECLARE_FINAL_TYPE (WcIngestRtspPush, wc_ingest_rtsp_push, WC,
                      INGEST_RTSP_PUSH, WcIngestRemote)

/** See wc_ingest_new (). Makes the RTSP server listen, if nobody has yet. */
WcIngest *wc_ingest_rtsp_push_new (WcMountpointSpec *spec,
                                   const WcIngestContext *context,
                                   GError **error);
