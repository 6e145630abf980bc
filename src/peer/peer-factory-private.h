/* SPDX-License-Identifier: MIT */
/* What a peer needs of its factory. Internal to the peer layer. */
#pragma once

#include "peer/certificate.h"
#include "peer/connection.h"
#include "peer/peer-factory.h"

typedef void (*WcControlFunc) (gpointer data);

WcEngine *wc_peer_factory_engine (WcPeerFactory *factory);
const WcCertificate *wc_peer_factory_certificate (WcPeerFactory *factory);
GThreadPool *wc_peer_factory_lane_pool (WcPeerFactory *factory);
gboolean wc_peer_factory_is_direct (WcPeerFactory *factory);
GThreadPool *wc_peer_factory_handshake_pool (WcPeerFactory *factory);
guint wc_peer_factory_history_ms (WcPeerFactory *factory);

/** A connection prepared ahead that fits @plan, for WcConnectionParams;
 * nullable. */
WcConnection *wc_peer_factory_take_connection (WcPeerFactory *factory,
                                               const WcSdpPlan *plan);

/** It is needed no more: closes it, or keeps it for another peer. @connection:
 * (transfer full) (nullable). @kept: see wc_connection_recycle (). Control
 * pool. */
void wc_peer_factory_give_connection (WcPeerFactory *factory,
                                      WcConnection *connection,
                                      GByteArray *kept);

/** Much was freed: the heap is trimmed soon. Any thread. */
void wc_peer_factory_note_garbage (WcPeerFactory *factory);

/** Runs @run on the control pool. Any thread. */
void wc_peer_factory_control (WcPeerFactory *factory, WcControlFunc run,
                              gpointer data);
/** A peer more, a peer less; a webrtcbin more, a webrtcbin less. Any thread. */
void wc_peer_factory_count (WcPeerFactory *factory, gint change);
void wc_peer_factory_count_webrtcbin (WcPeerFactory *factory, gint change);
