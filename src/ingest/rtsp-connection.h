/* SPDX-License-Identifier: MIT */
/* One connection to the RTSP server: how far it has come, what it may still do,
 * and its deadlines. Goes with a GstRTSPClient and ends with it.
 *
 * Reference-counted. Belongs to the client's thread from the moment it has one;
 * the exceptions say so. Never waits for the main thread but in
 * wc_rtsp_connection_announce (). */
#pragma once

#include "ingest/rtsp-table.h"

#include <gst/rtsp-server/rtsp-server.h>

typedef struct WcRtspConnection WcRtspConnection;

typedef enum {
  WC_RTSP_CONNECTED, /* nobody yet */
  WC_RTSP_ANNOUNCED, /* a publisher that sets its streams up */
  WC_RTSP_RECORDING, /* RECORD was answered */
  WC_RTSP_OVER,      /* TEARDOWN, or closed */
} WcRtspPhase;

/** Goes with @client from now on. On the server's thread, before the client
 * has one. */
void wc_rtsp_connection_attach (GstRTSPClient *client, const WcAddress *address,
                                WcRtspTable *table);
/** The client's thread is known: deadlines begin. The same thread. */
void wc_rtsp_connection_set_context (WcRtspConnection *self,
                                     GMainContext *context);

/** (transfer none) (nullable). Any thread that holds @client. */
WcRtspConnection *wc_rtsp_connection_of (GstRTSPClient *client);

WcRtspConnection *wc_rtsp_connection_ref (WcRtspConnection *self);
void wc_rtsp_connection_unref (gpointer self);

/** Ends it on its own thread, soon. Any thread, once the context is set. */
void wc_rtsp_connection_close (WcRtspConnection *self);

WcRtspTable *wc_rtsp_connection_table (WcRtspConnection *self);
const WcAddress *wc_rtsp_connection_address (const WcRtspConnection *self);
/** For Digest: a secret of this connection. */
const char *wc_rtsp_connection_nonce (const WcRtspConnection *self);

/** Counts a request; FALSE: so many that it is not served any more. */
gboolean wc_rtsp_connection_count_request (WcRtspConnection *self);

/** PAUSE, until RECORD: if it hangs up now, it has said goodbye. */
void wc_rtsp_connection_set_paused (WcRtspConnection *self, gboolean paused);

WcRtspPhase wc_rtsp_connection_phase (const WcRtspConnection *self);
/** (transfer none) (nullable): from ANNOUNCE to the end. */
WcRtspPoint *wc_rtsp_connection_point (const WcRtspConnection *self);
WcRtspPublisher *wc_rtsp_connection_publisher (const WcRtspConnection *self);

/** Lets the source of @point decide on @streams, of WcSdpAnnounceStream. */
void wc_rtsp_connection_announce (WcRtspConnection *self, WcRtspPoint *point,
                                  const GPtrArray *streams,
                                  WcRtspVerdict *verdict);
/** What key frames are asked through; weakly kept. */
void wc_rtsp_connection_set_media (WcRtspConnection *self, GstRTSPMedia *media);
