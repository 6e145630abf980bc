/* SPDX-License-Identifier: MIT */
/* A peer connection: a webrtcbin that negotiates and secures it, and something
 * of the engine's that carries its packets. Abstract: a WcViewerPeer is sent
 * media, a WcPublisherPeer sends it. What is here is the same for both: states,
 * the answer, the handshake, retirement and the end.
 *
 * Belongs to one session. All functions here are for the main thread;
 * everything a peer has to say arrives there too, as the signal
 * "state-changed" (WcPeer *peer). What its class does is called where it says.
 * A reference-counted GObject. */
#pragma once

#include "base/address.h"
#include "peer/handshake.h"
#include "peer/peer-factory.h"
#include "sdp/answer.h"
#include "sdp/plan.h"

#define WC_PEER_ERROR (wc_peer_error_quark ())
GQuark wc_peer_error_quark (void);

typedef enum {
  WC_PEER_ERROR_NEGOTIATION, /* webrtcbin would not: our bug, 500 */
  WC_PEER_ERROR_CLOSED,      /* closed while it was negotiating */
} WcPeerError;

/* new -> negotiating -> connecting -> active -> closed; any -> closed */
typedef enum {
  WC_PEER_NEW,
  WC_PEER_NEGOTIATING,
  WC_PEER_CONNECTING, /* the answer may be given; ICE and DTLS follow */
  WC_PEER_ACTIVE,     /* a viewer was sent a packet; a publisher may send */
  WC_PEER_CLOSED,     /* no media any more; wc_peer_reason () says why */
} WcPeerState;

#define WC_TYPE_PEER (wc_peer_get_type ())
G_DECLARE_DERIVABLE_TYPE (WcPeer, wc_peer, WC, PEER, GObject)

struct _WcPeerClass {
  GObjectClass parent_class;
  const char *noun; /* of the log: "viewer" */
  /** Our ICE credentials, and what the class wants of its connection. Control
   * pool. */
  void (*fill_connection) (WcPeer *peer, WcConnectionParams *params);
  /** The same credentials, and what the answer says of our media. */
  void (*fill_answer) (WcPeer *peer, WcSdpAnswerParams *params);
  /** The engine is to answer its ICE. */
  void (*start) (WcPeer *peer);
  /** The engine is to answer the ICE of other credentials too. */
  void (*restart_ice) (WcPeer *peer, WcIceCredentials *fresh);
  /** The engine is to let go of it, and to say so. */
  void (*stop) (WcPeer *peer, void (*done) (gpointer), gpointer user_data);
  /** Nothing may be sent from now on. Control pool, after stop. */
  void (*mute) (WcPeer *peer);

  /** A datagram of the handshake, for the peer. Any thread. */
  void (*send) (WcPeer *peer, const guint8 *data, gsize size);
  /** The keys are agreed with who wrote the offer. Handshake pool. */
  void (*secured) (WcPeer *peer, const WcConnectionKeys *keys);
  /** The webrtcbin is gone; a close_notify for the end. Nullable; control pool.
   */
  void (*retired) (WcPeer *peer, const guint8 *goodbye, gsize size);

  /** Of a peer whose media goes through its webrtcbin, which has no handshake:
   * opens, or closes, that. Nullable. Control pool. */
  gboolean (*open_lane) (WcPeer *peer, const WcConnectionParams *params,
                         GError **error);
  void (*close_lane) (WcPeer *peer);
};

/** Makes and negotiates the webrtcbin, registers with the engine. */
void wc_peer_negotiate_async (WcPeer *peer, GAsyncReadyCallback callback,
                              gpointer user_data);
/** The SDP answer (transfer full), or NULL and @error. @candidates: the
 * addresses to advertise, with ports. */
char *wc_peer_negotiate_finish (WcPeer *peer, GAsyncResult *result,
                                const WcAddress *candidates, guint n_candidates,
                                GError **error);

/** Stops media at once, sends DTLS close_notify, tears the webrtcbin down on
 * the control pool. "state-changed" to WC_PEER_CLOSED comes before this
 * returns. Idempotent. Must come before the last reference is dropped. @reason:
 * for the log and wc_peer_reason (). */
void wc_peer_close (WcPeer *peer, const char *reason);

WcPeerState wc_peer_state (WcPeer *peer);
/** Why it is closed: "consent expired", "viewer left", ... (transfer none) */
const char *wc_peer_reason (WcPeer *peer);
/** What was agreed on. (transfer none) (nullable: it has retired) */
const WcSdpPlan *wc_peer_plan (WcPeer *peer);
/** The other side's ICE credentials that are in force. (transfer none) */
const char *wc_peer_remote_ufrag (WcPeer *peer);
const char *wc_peer_remote_pwd (WcPeer *peer);
/** ICE restart: from now on the other side has @ufrag and @pwd (nullable), and
 * we have @fresh; keys and media are not touched. FALSE: not both are new (RFC
 * 8445 section 9), or it has not been answered yet, or is closed. */
gboolean wc_peer_restart_ice (WcPeer *peer, const char *ufrag, const char *pwd,
                              WcIceCredentials *fresh);

/* --- for the classes ------------------------------------------------------ */

/** Right after the object was made. @plan: (transfer full). @label: short
 * public id for the log. @handshake: its webrtcbin does DTLS alone. */
void wc_peer_set_up (WcPeer *peer, WcPeerFactory *factory, WcSdpPlan *plan,
                     const char *label, gboolean handshake);

/** (transfer none) */
WcPeerFactory *wc_peer_get_factory (WcPeer *peer);
/** (transfer none) (nullable: there is none, or it has retired) */
WcHandshake *wc_peer_handshake (WcPeer *peer);

/** Calls @run on the main thread, unless the peer is closed by then. @detail:
 * whatever @run knows it for; not owned. Any thread; the peer is alive, since
 * whoever calls is stopped before it goes. */
typedef void (*WcPeerFunc) (WcPeer *peer, gconstpointer detail);
void wc_peer_post (WcPeer *peer, WcPeerFunc run, gconstpointer detail);
/** The same for wc_peer_close () with a static text. */
void wc_peer_post_close (WcPeer *peer, const char *reason);
/** The same: WC_PEER_ACTIVE. @why: static. */
void wc_peer_post_active (WcPeer *peer, const char *why);
/** The same: the peer said goodbye. */
void wc_peer_post_left (WcPeer *peer);

/** The webrtcbin is needed no more: retires it. */
void wc_peer_retire (WcPeer *peer);
