/* SPDX-License-Identifier: MIT */
/* A source that is pulled from an RTSP server, as most cameras are (kind=rtsp;
 * RFC 2326): by GStreamer's rtspsrc, one pipeline for each attempt. GObject,
 * main thread only. */
#pragma once

#include "ingest/ingest-remote.h"

#define WC_TYPE_INGEST_RTSP (wc_ingest_rtsp_get_type ())
G_DECLARE_FINAL_TYPE (WcIngestRtsp, wc_ingest_rtsp, WC, INGEST_RTSP,
                      WcIngestRemote)

/** See wc_ingest_new (). */
WcIngest *wc_ingest_rtsp_new (WcMountpointSpec *spec,
                              const WcIngestContext *context, GError **error);
