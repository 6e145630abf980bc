/* SPDX-License-Identifier: MIT */
/* One viewer's peer connection: a webrtcbin that negotiates and secures it, the
 * engine's subscriber that carries its packets, and the lane between the two.
 * On the direct lane the webrtcbin retires when the viewer has its keys.
 *
 * WcPeerFactory is made once and owns what peers share (certificate, control
 * pool, lane pool). A WcPeer belongs to one viewer session. All functions here
 * are for the main thread; everything a peer has to say arrives there too, as
 * the signal "state-changed". Reference-counted GObjects. */
#pragma once

#include "base/address.h"
#include "engine/engine.h"
#include "engine/track.h"
#include "sdp/plan.h"

#include <gio/gio.h>

#define WC_PEER_ERROR (wc_peer_error_quark ())
GQuark wc_peer_error_quark (void);

typedef enum {
  WC_PEER_ERROR_NEGOTIATION, /* webrtcbin would not: our bug, 500 */
  WC_PEER_ERROR_CLOSED,      /* closed while it was negotiating */
} WcPeerError;

/* new -> negotiating -> connecting -> playing -> closed; any -> closed */
typedef enum {
  WC_PEER_NEW,
  WC_PEER_NEGOTIATING,
  WC_PEER_CONNECTING, /* the answer may be given; ICE and DTLS follow */
  WC_PEER_PLAYING,    /* the first media packet was sent */
  WC_PEER_CLOSED,     /* nothing is sent any more; wc_peer_reason () says why */
} WcPeerState;

typedef struct {
  guint64 packets_sent, bytes_sent; /* media with RTP header, without RTX */
  guint64 packets_dropped; /* queue full; the viewer skips to a key frame */
  guint nacks, plis;       /* received */
  gint rtt_ms;             /* -1: not known yet */
  double loss;             /* 0..1: fraction lost of the newest reports */
  guint jitter_ms;         /* of the newest reports; direct lane alone */
  guint64 estimated_bps;   /* what the viewer takes its link for; 0: not said */
  guint resent;            /* packets sent again; direct lane alone */
  guint32 bitrate_bps;     /* sent, over about the last second */
  gboolean has_address;
  WcAddress address; /* of the viewer, when ICE is connected */
} WcPeerStats;

#define WC_TYPE_PEER_FACTORY (wc_peer_factory_get_type ())
G_DECLARE_FINAL_TYPE (WcPeerFactory, wc_peer_factory, WC, PEER_FACTORY, GObject)

#define WC_TYPE_PEER (wc_peer_get_type ())
G_DECLARE_FINAL_TYPE (WcPeer, wc_peer, WC, PEER, GObject)

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

/** @plan: (transfer full). @tracks: indexed by WcMedia; referenced; those that
 * the plan sends must be there. @label: short public id for the log.
 * wc_peer_close () must come before the last reference is dropped. */
WcPeer *wc_peer_new (WcPeerFactory *factory, WcSdpPlan *plan,
                     WcTrack *const tracks[WC_N_MEDIA], const char *label);

/** Makes and negotiates the webrtcbin, registers with the engine. */
void wc_peer_negotiate_async (WcPeer *peer, GAsyncReadyCallback callback,
                              gpointer user_data);
/** The SDP answer for the viewer (transfer full), or NULL and @error.
 * @candidates: the addresses to advertise, with ports. */
char *wc_peer_negotiate_finish (WcPeer *peer, GAsyncResult *result,
                                const WcAddress *candidates, guint n_candidates,
                                GError **error);

/** Stops media at once, sends DTLS close_notify, tears the webrtcbin down on
 * the control pool. "state-changed" to WC_PEER_CLOSED comes before this
 * returns. Idempotent. @reason: for the log and wc_peer_reason (). */
void wc_peer_close (WcPeer *peer, const char *reason);

WcPeerState wc_peer_state (WcPeer *peer);
/** Why it is closed: "consent expired", "viewer left", ... (transfer none) */
const char *wc_peer_reason (WcPeer *peer);
void wc_peer_get_stats (WcPeer *peer, WcPeerStats *stats);

/** ICE credentials in force, for trickle and restart: (transfer none). */
const char *wc_peer_remote_ufrag (WcPeer *peer);
const char *wc_peer_remote_pwd (WcPeer *peer);

/* Signals of WcPeer, on the main thread:
 *   "state-changed" (WcPeer *peer)
 *   "key-frame-wanted" (WcPeer *peer, guint media): the viewer sent PLI or FIR
 *                      or has no start point to begin at; not coalesced. */
