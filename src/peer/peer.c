/* SPDX-License-Identifier: MIT */
#include "peer/peer.h"

#include "base/id.h"
#include "base/log.h"
#include "peer/peer-factory-private.h"

typedef struct {
  WcPeerFactory *factory;
  WcSdpPlan *plan; /* NULL once the webrtcbin has retired */
  char *remote_ufrag, *remote_pwd;
  char *label;
  WcHandshake *handshake; /* nullable, likewise */

  WcPeerState state;
  char *reason;           /* why it is closed */
  gboolean busy;          /* the control pool has it; tear-down waits */
  gboolean torn_down;     /* begun or not needed */
  gboolean has_webrtcbin; /* counted by the factory; the control pool's */
} WcPeerPrivate;

G_DEFINE_QUARK (wc_peer_error_quark, wc_peer_error)
G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (WcPeer, wc_peer, G_TYPE_OBJECT)

#define PRIVATE(peer)                                                          \
  ((WcPeerPrivate *)wc_peer_get_instance_private ((WcPeer *)(peer)))

enum { SIGNAL_STATE_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

static const char *const state_names[] = {"new", "negotiating", "connecting",
                                          "active", "closed"};

#define TO(state) (1u << WC_PEER_##state)

/* Which states may follow which. */
static const guint successors[] = {
    [WC_PEER_NEW] = TO (NEGOTIATING) | TO (CLOSED),
    [WC_PEER_NEGOTIATING] = TO (CONNECTING) | TO (CLOSED),
    [WC_PEER_CONNECTING] = TO (ACTIVE) | TO (CLOSED),
    [WC_PEER_ACTIVE] = TO (CLOSED),
    [WC_PEER_CLOSED] = 0,
};

static gboolean
set_state (WcPeer *peer, WcPeerState state, const char *reason)
{
  WcPeerPrivate *self = PRIVATE (peer);

  if (!(successors[self->state] & 1u << state))
    return FALSE;
  wc_debug ("%s %s: %s -> %s (%s)", WC_PEER_GET_CLASS (peer)->noun, self->label,
            state_names[self->state], state_names[state], reason);
  self->state = state;
  g_signal_emit (peer, signals[SIGNAL_STATE_CHANGED], 0);
  return TRUE;
}

/* --- events from other threads -------------------------------------------- */

typedef struct {
  WcPeer *peer; /* a reference, dropped on the main thread */
  WcPeerFunc run;
  gconstpointer detail;
} Event;

static gboolean
on_event (gpointer data)
{
  Event *event = data;

  if (wc_peer_state (event->peer) != WC_PEER_CLOSED)
    event->run (event->peer, event->detail);
  return G_SOURCE_REMOVE;
}

static void
free_event (gpointer data)
{
  Event *event = data;

  g_object_unref (event->peer);
  g_free (event);
}

void
wc_peer_post (WcPeer *peer, WcPeerFunc run, gconstpointer detail)
{
  Event *event = g_new (Event, 1);

  *event = (Event){g_object_ref (peer), run, detail};
  g_idle_add_full (G_PRIORITY_DEFAULT, on_event, event, free_event);
}

static void
run_close (WcPeer *peer, gconstpointer reason)
{
  wc_peer_close (peer, reason);
}

void
wc_peer_post_close (WcPeer *peer, const char *reason)
{
  wc_peer_post (peer, run_close, reason);
}

static void
run_active (WcPeer *peer, gconstpointer why)
{
  set_state (peer, WC_PEER_ACTIVE, why);
}

void
wc_peer_post_active (WcPeer *peer, const char *why)
{
  wc_peer_post (peer, run_active, why);
}

static void
run_left (WcPeer *peer, gconstpointer unused)
{
  g_autofree char *reason = g_strdup_printf ("the %s closed the connection",
                                             WC_PEER_GET_CLASS (peer)->noun);

  wc_peer_close (peer, reason);
}

void
wc_peer_post_left (WcPeer *peer)
{
  wc_peer_post (peer, run_left, NULL);
}

/* --- the handshake -------------------------------------------------------- */

static void
on_send (const guint8 *data, gsize size, gpointer peer)
{
  WC_PEER_GET_CLASS (peer)->send (peer, data, size);
}

static void
on_secured (const WcConnectionKeys *keys, gpointer peer)
{
  WC_PEER_GET_CLASS (peer)->secured (peer, keys);
}

static void
on_refused (const char *reason, gpointer peer)
{
  wc_peer_post_close (peer, reason);
}

static void
on_left (gpointer peer)
{
  wc_peer_post_left (peer);
}

static const WcHandshakeEvents handshake_events = {
    .send = on_send,
    .secured = on_secured,
    .refused = on_refused,
    .left = on_left,
};

/* --- the webrtcbin (control pool) ----------------------------------------- */

static gboolean
open_webrtcbin (WcPeer *peer, GError **error)
{
  WcPeerPrivate *self = PRIVATE (peer);
  WcPeerClass *klass = WC_PEER_GET_CLASS (peer);
  WcConnectionParams params = {
      .plan = self->plan,
      .pem = wc_peer_factory_certificate (self->factory)->pem,
      .history_ms = wc_peer_factory_history_ms (self->factory),
  };

  klass->fill_connection (peer, &params);
  if (self->handshake == NULL)
    return klass->open_lane (peer, &params, error);
  params.keys_only = TRUE;
  params.prepared = wc_peer_factory_take_connection (self->factory, self->plan);
  return wc_handshake_open (self->handshake, &params, error);
}

/* @kept: see wc_connection_recycle (). */
static void
close_webrtcbin (WcPeer *peer, GByteArray *kept)
{
  WcPeerPrivate *self = PRIVATE (peer);

  if (!self->has_webrtcbin)
    return;
  if (self->handshake != NULL)
    wc_peer_factory_give_connection (
        self->factory, wc_handshake_close (self->handshake), kept);
  else
    WC_PEER_GET_CLASS (peer)->close_lane (peer);
  self->has_webrtcbin = FALSE;
  wc_peer_factory_count_webrtcbin (self->factory, -1);
}

/* --- tear-down ------------------------------------------------------------ */

static gboolean
on_torn_down (gpointer peer)
{
  wc_peer_factory_count (PRIVATE (peer)->factory, -1);
  return G_SOURCE_REMOVE; /* the reference goes with the source */
}

/* Control pool. */
static void
tear_down (gpointer data)
{
  WcPeer *peer = data;

  close_webrtcbin (peer, NULL);
  WC_PEER_GET_CLASS (peer)->mute (peer);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_torn_down, peer, g_object_unref);
}

/* The worker has let go of it. */
static void
on_stopped (gpointer peer)
{
  wc_peer_factory_control (PRIVATE (peer)->factory, tear_down, peer);
}

/* Holds a reference until the webrtcbin is gone. */
static void
begin_tear_down (WcPeer *peer)
{
  WcPeerPrivate *self = PRIVATE (peer);

  if (self->torn_down || self->busy)
    return;
  self->torn_down = TRUE;
  WC_PEER_GET_CLASS (peer)->stop (peer, on_stopped, g_object_ref (peer));
}

void
wc_peer_close (WcPeer *peer, const char *reason)
{
  WcPeerPrivate *self = PRIVATE (peer);

  if (self->state == WC_PEER_CLOSED)
    return;
  /* A peer that never opened has nothing to tear down. */
  if (self->state == WC_PEER_NEW)
    self->torn_down = TRUE;
  self->reason = g_strdup (reason);
  g_object_ref (peer); /* a handler may drop the last reference */
  set_state (peer, WC_PEER_CLOSED, reason);
  begin_tear_down (peer);
  g_object_unref (peer);
}

/* --- retirement ----------------------------------------------------------- */

static gboolean
on_retired (gpointer peer)
{
  WcPeerPrivate *self = PRIVATE (peer);

  self->busy = FALSE;
  g_clear_pointer (&self->handshake, wc_handshake_free);
  g_clear_pointer (&self->plan, wc_sdp_plan_free); /* tens of KiB */
  if (self->state == WC_PEER_CLOSED)
    begin_tear_down (peer);
  return G_SOURCE_REMOVE;
}

/* Control pool. The engine has let go of the handshake. */
static void
retire (gpointer peer)
{
  g_autoptr (GByteArray) goodbye = g_byte_array_new ();

  close_webrtcbin (peer, goodbye);
  WC_PEER_GET_CLASS (peer)->retired (peer, goodbye->data, goodbye->len);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_retired, peer, g_object_unref);
}

void
wc_peer_retire (WcPeer *peer)
{
  WcPeerPrivate *self = PRIVATE (peer);

  self->busy = TRUE;
  wc_peer_factory_control (self->factory, retire, g_object_ref (peer));
}

/* --- negotiation ---------------------------------------------------------- */

/* Control pool. */
static void
negotiate (gpointer data)
{
  GTask *task = data;
  GError *error = NULL;

  if (open_webrtcbin (g_task_get_source_object (task), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

void
wc_peer_negotiate_async (WcPeer *peer, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  WcPeerPrivate *self = PRIVATE (peer);
  GTask *task = g_task_new (peer, NULL, callback, user_data);

  g_return_if_fail (self->state == WC_PEER_NEW);
  self->busy = TRUE;
  self->has_webrtcbin = TRUE;
  wc_peer_factory_count (self->factory, 1);
  wc_peer_factory_count_webrtcbin (self->factory, 1);
  set_state (peer, WC_PEER_NEGOTIATING, "offer accepted");
  wc_peer_factory_control (self->factory, negotiate, task);
}

static char *
write_answer (WcPeer *peer, const WcAddress *candidates, guint n_candidates)
{
  WcPeerPrivate *self = PRIVATE (peer);
  WcSdpAnswerParams params = {
      .fingerprint = wc_peer_factory_certificate (self->factory)->fingerprint,
      .candidates = candidates,
      .n_candidates = n_candidates,
      .tcp_port = wc_engine_tcp_port (wc_peer_factory_engine (self->factory)),
  };

  WC_PEER_GET_CLASS (peer)->fill_answer (peer, &params);
  wc_id_random_bytes (&params.session_id, sizeof params.session_id);
  params.session_id >>= 2; /* RFC 9429 section 5.2.1: a positive int64 */
  return wc_sdp_answer_write (self->plan, &params);
}

char *
wc_peer_negotiate_finish (WcPeer *peer, GAsyncResult *result,
                          const WcAddress *candidates, guint n_candidates,
                          GError **error)
{
  WcPeerPrivate *self = PRIVATE (peer);
  gboolean opened = g_task_propagate_boolean (G_TASK (result), error);

  self->busy = FALSE;
  if (!opened) {
    wc_peer_close (peer, "negotiation failed");
    begin_tear_down (peer);
    return NULL;
  }
  if (self->state == WC_PEER_CLOSED) {
    begin_tear_down (peer);
    g_set_error (error, WC_PEER_ERROR, WC_PEER_ERROR_CLOSED,
                 "the session was closed: %s", self->reason);
    return NULL;
  }
  WC_PEER_GET_CLASS (peer)->start (peer);
  set_state (peer, WC_PEER_CONNECTING, "answer written");
  return write_answer (peer, candidates, n_candidates);
}

/* --- looking -------------------------------------------------------------- */

WcPeerState
wc_peer_state (WcPeer *peer)
{
  return PRIVATE (peer)->state;
}

const char *
wc_peer_reason (WcPeer *peer)
{
  return PRIVATE (peer)->reason;
}

const WcSdpPlan *
wc_peer_plan (WcPeer *peer)
{
  return PRIVATE (peer)->plan;
}

const char *
wc_peer_remote_ufrag (WcPeer *peer)
{
  return PRIVATE (peer)->remote_ufrag;
}

const char *
wc_peer_remote_pwd (WcPeer *peer)
{
  return PRIVATE (peer)->remote_pwd;
}

static void
set_remote_ice (WcPeerPrivate *self, const char *ufrag, const char *pwd)
{
  g_free (self->remote_ufrag);
  g_free (self->remote_pwd);
  self->remote_ufrag = g_strdup (ufrag);
  self->remote_pwd = g_strdup (pwd);
}

gboolean
wc_peer_restart_ice (WcPeer *peer, const char *ufrag, const char *pwd,
                     WcIceCredentials *fresh)
{
  WcPeerPrivate *self = PRIVATE (peer);

  if (ufrag == NULL || g_str_equal (ufrag, self->remote_ufrag) || pwd == NULL ||
      g_str_equal (pwd, self->remote_pwd))
    return FALSE;
  if (self->state != WC_PEER_CONNECTING && self->state != WC_PEER_ACTIVE)
    return FALSE;
  set_remote_ice (self, ufrag, pwd);
  WC_PEER_GET_CLASS (peer)->restart_ice (peer, fresh);
  return TRUE;
}

WcPeerFactory *
wc_peer_get_factory (WcPeer *peer)
{
  return PRIVATE (peer)->factory;
}

WcHandshake *
wc_peer_handshake (WcPeer *peer)
{
  return PRIVATE (peer)->handshake;
}

/* --- life ----------------------------------------------------------------- */

void
wc_peer_set_up (WcPeer *peer, WcPeerFactory *factory, WcSdpPlan *plan,
                const char *label, gboolean handshake)
{
  WcPeerPrivate *self = PRIVATE (peer);

  self->factory = g_object_ref (factory);
  self->plan = plan;
  set_remote_ice (self, plan->offer->ufrag, plan->offer->pwd);
  self->label = g_strdup (label);
  if (handshake)
    self->handshake = wc_handshake_new (
        wc_peer_factory_handshake_pool (factory), &handshake_events, peer);
}

static void
wc_peer_finalize (GObject *object)
{
  WcPeerPrivate *self = PRIVATE (object);

  g_clear_pointer (&self->handshake, wc_handshake_free);
  g_clear_pointer (&self->plan, wc_sdp_plan_free);
  wc_peer_factory_note_garbage (self->factory);
  g_clear_object (&self->factory);
  g_free (self->remote_ufrag);
  g_free (self->remote_pwd);
  g_free (self->label);
  g_free (self->reason);
  G_OBJECT_CLASS (wc_peer_parent_class)->finalize (object);
}

static void
wc_peer_class_init (WcPeerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = wc_peer_finalize;
  signals[SIGNAL_STATE_CHANGED] =
      g_signal_new ("state-changed", WC_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL,
                    NULL, NULL, G_TYPE_NONE, 0);
}

static void
wc_peer_init (WcPeer *peer)
{
}
