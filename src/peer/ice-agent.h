/* SPDX-License-Identifier: MIT */
/* webrtcbin's ICE agent (its construct-only property `ice-agent`), as a thin
 * stand-in: ICE itself is done by the engine's workers (RFC 8445 section 2.5,
 * lite), which tell this object when a pair is nominated. It has no thread, no
 * socket and no candidates; its transport ends in a WcPushSrc and a WcIceSink.
 *
 * Made on the control pool, owned by the viewer's connection. */
#pragma once

#include "peer/ice-sink.h"
#include "peer/push-src.h"

#include <gst/webrtc/webrtc.h>

#define WC_TYPE_ICE_AGENT (wc_ice_agent_get_type ())
G_DECLARE_FINAL_TYPE (WcIceAgent, wc_ice_agent, WC, ICE_AGENT, GstWebRTCICE)

/** @send gets what is to go to the viewer; see wc_ice_sink_new (). */
WcIceAgent *wc_ice_agent_new (WcIceSendFunc send, gpointer user_data);

/** Where the viewer's DTLS and SRTCP are pushed; NULL before negotiation.
 * (transfer none) */
WcPushSrc *wc_ice_agent_source (WcIceAgent *agent);

/** A pair is nominated: webrtcbin begins DTLS, on the caller's thread. */
void wc_ice_agent_connected (WcIceAgent *agent);
