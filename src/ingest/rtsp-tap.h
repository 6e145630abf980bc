/* SPDX-License-Identifier: MIT */
/* Takes packets out of rtspsrc where they come in: before its jitter buffer,
 * which would hold or drop what the normaliser can still put in order.
 * rtspsrc's RTP session sees them too, for its receiver reports, and nothing
 * behind it does.
 *
 * Main thread; its probes run on streaming threads and hold a WcRtspInput each.
 */
#pragma once

#include "ingest/rtsp-guard.h"
#include "ingest/rtsp-input.h"

typedef struct WcRtspTap WcRtspTap;

/** @source: an rtspsrc in state NULL. @inputs, one of each medium, and @guard,
 * which knows the media of rtspsrc's streams, are referenced. */
WcRtspTap *wc_rtsp_tap_new (GstElement *source, WcRtspGuard *guard,
                            WcRtspInput *const inputs[WC_N_MEDIA]);
/** Probes that run may still push for a moment. */
void wc_rtsp_tap_free (WcRtspTap *tap);

/** Asks the source of @media for a key frame (PLI, RFC 4585 section 6.3.1). */
void wc_rtsp_tap_ask_key_frame (WcRtspTap *tap, WcMedia media);
