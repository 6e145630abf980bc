/* SPDX-License-Identifier: MIT */
/* Every request to the RTSP server, before gst-rtsp-server acts on it: what is
 * not publishing, or not in order, or not allowed, is answered here, and the
 * SDP of an ANNOUNCE is read strictly and replaced by one of ours. Stands where
 * gst-rtsp-server asks for authorisation. Runs on the clients' threads; has no
 * state of its own.
 *
 *   OPTIONS                any time
 *   ANNOUNCE               once, with credentials: 401 403 404 415 453
 *   SETUP, RECORD          afterwards, of that mountpoint
 *   GET_PARAMETER, PAUSE   answered 200 to keep a publisher going
 *   TEARDOWN               ends it
 *   anything else          405
 */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#define WC_TYPE_RTSP_GATE (wc_rtsp_gate_get_type ())
G_DECLARE_FINAL_TYPE (WcRtspGate, wc_rtsp_gate, WC, RTSP_GATE, GstRTSPAuth)

GstRTSPAuth *wc_rtsp_gate_new (void);
