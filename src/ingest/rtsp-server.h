/* SPDX-License-Identifier: MIT */
/* The one RTSP server of the program, which takes publishers (RECORD) and plays
 * nothing: gst-rtsp-server behind our gate. Listens from the moment the first
 * kind=rtsp-push mountpoint asks for it.
 *
 * Main thread. A thread of its own accepts; each connection has a thread, as
 * has each publisher's pipeline, besides its streaming threads (README.md). Of
 * these the main thread waits for none but in wc_rtsp_server_free (). */
#pragma once

#include "config/config.h"
#include "ingest/rtsp-point.h"

typedef struct WcRtspServer WcRtspServer;

/** @config is borrowed. Opens nothing. */
WcRtspServer *wc_rtsp_server_new (const WcConfig *config);
/** Ends all connections; waits a second for them at most. */
void wc_rtsp_server_free (WcRtspServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcRtspServer, wc_rtsp_server_free)

/** How many may be connected at once; those that are there stay. */
void wc_rtsp_server_set_max_connections (WcRtspServer *self, guint n);

/** Lets publishers come to @point, which is referenced. Listens if nobody asked
 * before. Errors name the key: WC_INGEST_ERROR_IN_USE, when the port is taken;
 * WC_INGEST_ERROR_INVALID, when [rtsp] listen is empty. */
gboolean wc_rtsp_server_add (WcRtspServer *self, WcRtspPoint *point,
                             GError **error);
void wc_rtsp_server_remove (WcRtspServer *self, WcRtspPoint *point);

/** 0 while it does not listen. */
guint16 wc_rtsp_server_port (WcRtspServer *self);
guint wc_rtsp_server_n_connections (WcRtspServer *self);
