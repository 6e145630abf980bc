/* SPDX-License-Identifier: MIT */
/* What all peers share: our certificate, the pools of threads that make and
 * end webrtcbins and run their handshakes, webrtcbins prepared ahead. Made
 * once; a GObject, and all functions are for the main thread. */
#pragma once

#include "engine/engine.h"

#include <gio/gio.h>

#define WC_TYPE_PEER_FACTORY (wc_peer_factory_get_type ())
G_DECLARE_FINAL_TYPE (WcPeerFactory, wc_peer_factory, WC, PEER_FACTORY, GObject)

/** gst_init () must have been called. @engine: borrowed, outlives the factory.
 * @history_ms: how long a lost packet can be sent again. Fails when an element
 * that webrtcbin needs is not installed; the message names the Debian package.
 */
WcPeerFactory *wc_peer_factory_new (WcEngine *engine, guint history_ms,
                                    GError **error);

/** Whether viewers' media goes past webrtcbin, on the direct lane; before the
 * first peer. At first it does not. */
void wc_peer_factory_set_direct (WcPeerFactory *factory, gboolean direct);

/** Ends the pools after everything queued has run. Peers must be closed. */
void wc_peer_factory_stop (WcPeerFactory *factory);

/** Peers that were opened and are not yet torn down; 0 when all is clean. */
guint wc_peer_factory_alive (WcPeerFactory *factory);

/** Those of them that have a webrtcbin. */
guint wc_peer_factory_webrtcbins (WcPeerFactory *factory);
