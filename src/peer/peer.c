/* SPDX-License-Identifier: MIT */
#include "peer/peer.h"

#include "base/id.h"
#include "base/log.h"
#include "engine/direct-lane.h"
#include "engine/subscriber.h"
#include "peer/handshake.h"
#include "peer/peer-private.h"
#include "peer/webrtcbin-lane.h"
#include "sdp/answer.h"

struct _WcPeer {
  GObject parent;
  WcPeerFactory *factory;
  WcSdpPlan *plan; /* NULL once the webrtcbin has retired */
  char *remote_ufrag, *remote_pwd;
  char *label;
  WcSubscriber *subscriber;
  WcWebrtcbinLane *lane; /* media goes through it; or these two: */
  WcDirectLane *direct;
  WcHandshake *handshake; /* NULL once it has retired */
  guint32 ssrc[WC_N_MEDIA], rtx_ssrc[WC_N_MEDIA];
  char *stream_id, *cname;

  WcPeerState state;
  char *reason;       /* why it is closed */
  gboolean opening;   /* the control pool has it; tear-down waits */
  gboolean retiring;  /* as opening */
  gboolean torn_down; /* begun or not needed */
};

G_DEFINE_FINAL_TYPE (WcPeer, wc_peer, G_TYPE_OBJECT)

enum { SIGNAL_STATE_CHANGED, SIGNAL_KEY_FRAME_WANTED, N_SIGNALS };
static guint signals[N_SIGNALS];

static const char *const state_names[] = {"new", "negotiating", "connecting",
                                          "playing", "closed"};

/* Which states may follow which. */
static const guint successors[] = {
    [WC_PEER_NEW] = 1 << WC_PEER_NEGOTIATING | 1 << WC_PEER_CLOSED,
    [WC_PEER_NEGOTIATING] = 1 << WC_PEER_CONNECTING | 1 << WC_PEER_CLOSED,
    [WC_PEER_CONNECTING] = 1 << WC_PEER_PLAYING | 1 << WC_PEER_CLOSED,
    [WC_PEER_PLAYING] = 1 << WC_PEER_CLOSED,
    [WC_PEER_CLOSED] = 0,
};

static gboolean
set_state (WcPeer *peer, WcPeerState state, const char *reason)
{
  if (!(successors[peer->state] & 1u << state))
    return FALSE;
  wc_debug ("viewer %s: %s -> %s (%s)", peer->label, state_names[peer->state],
            state_names[state], reason);
  peer->state = state;
  g_signal_emit (peer, signals[SIGNAL_STATE_CHANGED], 0);
  return TRUE;
}

static void begin_retirement (WcPeer *peer);

/* --- events from other threads -------------------------------------------- */

typedef enum {
  EVENT_PLAYING,
  EVENT_RETIRE,
  EVENT_IMPOSTOR,
  EVENT_LEFT,
  EVENT_CONNECT_TIMEOUT,
  EVENT_CONSENT_EXPIRED,
  EVENT_KEY_FRAME_WANTED_AUDIO,
  EVENT_KEY_FRAME_WANTED_VIDEO,
} EventType;

typedef struct {
  WcPeer *peer; /* a reference, dropped on the main thread */
  EventType type;
} Event;

static gboolean
on_event (gpointer data)
{
  Event *event = data;
  WcPeer *peer = event->peer;

  if (peer->state == WC_PEER_CLOSED)
    return G_SOURCE_REMOVE;
  switch (event->type) {
  case EVENT_PLAYING:
    set_state (peer, WC_PEER_PLAYING, "first packet sent");
    break;
  case EVENT_RETIRE:
    begin_retirement (peer);
    break;
  case EVENT_IMPOSTOR:
    wc_peer_close (peer, "its certificate is not the one of its offer");
    break;
  case EVENT_LEFT:
    wc_peer_close (peer, "the viewer closed the connection");
    break;
  case EVENT_CONNECT_TIMEOUT:
    wc_peer_close (peer, "it did not connect in time");
    break;
  case EVENT_CONSENT_EXPIRED:
    wc_peer_close (peer, "it went silent (consent expired)");
    break;
  case EVENT_KEY_FRAME_WANTED_AUDIO:
  case EVENT_KEY_FRAME_WANTED_VIDEO:
    g_signal_emit (peer, signals[SIGNAL_KEY_FRAME_WANTED], 0,
                   event->type == EVENT_KEY_FRAME_WANTED_AUDIO
                       ? WC_MEDIA_AUDIO
                       : WC_MEDIA_VIDEO);
    break;
  }
  return G_SOURCE_REMOVE;
}

static void
free_event (gpointer data)
{
  Event *event = data;

  g_object_unref (event->peer);
  g_free (event);
}

/* Any thread. The peer is alive: whoever calls is stopped before it goes. */
static void
post (gpointer peer, EventType type)
{
  Event *event = g_new (Event, 1);

  *event = (Event){g_object_ref (peer), type};
  g_idle_add_full (G_PRIORITY_DEFAULT, on_event, event, free_event);
}

static void
on_playing (gpointer peer)
{
  post (peer, EVENT_PLAYING);
}

static void
on_expired (gpointer peer, WcSubscriberExpiry why)
{
  switch (why) {
  case WC_SUBSCRIBER_CONNECT_TIMEOUT:
    post (peer, EVENT_CONNECT_TIMEOUT);
    break;
  case WC_SUBSCRIBER_CONSENT_EXPIRED:
    post (peer, EVENT_CONSENT_EXPIRED);
    break;
  case WC_SUBSCRIBER_GONE:
    post (peer, EVENT_LEFT);
    break;
  }
}

static void
on_key_frame_wanted (gpointer peer, WcMedia media)
{
  post (peer, media == WC_MEDIA_AUDIO ? EVENT_KEY_FRAME_WANTED_AUDIO
                                      : EVENT_KEY_FRAME_WANTED_VIDEO);
}

static void
on_impostor (gpointer peer)
{
  post (peer, EVENT_IMPOSTOR);
}

static void
on_left (gpointer peer)
{
  post (peer, EVENT_LEFT);
}

/* Lane pool. Not by way of the main thread: it may be busy with others. */
static void
on_secured (gpointer data)
{
  wc_subscriber_secured (((WcPeer *)data)->subscriber);
}

static void
on_retire (gpointer peer)
{
  post (peer, EVENT_RETIRE);
}

static const WcSubscriberEvents subscriber_events = {
    .playing = on_playing,
    .expired = on_expired,
    .key_frame_wanted = on_key_frame_wanted,
};

static const WcDirectLaneEvents direct_events = {
    .retire = on_retire,
    .key_frame_wanted = on_key_frame_wanted,
};

/* --- the handshake below the direct lane ---------------------------------- */

static void
on_handshake_send (const guint8 *data, gsize size, gpointer user_data)
{
  wc_subscriber_send (((WcPeer *)user_data)->subscriber, data, size);
}

/* Handshake pool. */
static void
on_handshake_secured (const WcConnectionKeys *keys, gpointer user_data)
{
  WcPeer *peer = user_data;

  wc_direct_lane_set_keys (peer->direct, keys->send, keys->receive);
  wc_subscriber_secured (peer->subscriber);
}

static void
on_handshake_refused (const char *reason, gpointer peer)
{
  on_impostor (peer);
}

static const WcHandshakeEvents handshake_events = {
    .send = on_handshake_send,
    .secured = on_handshake_secured,
    .refused = on_handshake_refused,
    .left = on_left,
};

static void
on_handshake_connected (gpointer peer)
{
  wc_handshake_connected (((WcPeer *)peer)->handshake);
}

static void
on_handshake_dtls (gpointer peer, const guint8 *data, gsize size)
{
  wc_handshake_receive (((WcPeer *)peer)->handshake, data, size);
}

static const WcLane handshake_lane = {
    .connected = on_handshake_connected,
    .receive_dtls = on_handshake_dtls,
};

/* --- the webrtcbin lane --------------------------------------------------- */

static const WcWebrtcbinLaneEvents lane_events = {
    .secured = on_secured,
    .impostor = on_impostor,
    .left = on_left,
    .key_frame_wanted = on_key_frame_wanted,
};

/* --- life ----------------------------------------------------------------- */

static void
wc_peer_finalize (GObject *object)
{
  WcPeer *peer = WC_PEER (object);

  g_clear_pointer (&peer->subscriber, wc_subscriber_unref);
  g_clear_pointer (&peer->lane, wc_webrtcbin_lane_unref);
  g_clear_pointer (&peer->direct, wc_direct_lane_unref);
  g_clear_pointer (&peer->handshake, wc_handshake_unref);
  g_clear_pointer (&peer->plan, wc_sdp_plan_free);
  wc_peer_factory_note_garbage (peer->factory);
  g_clear_object (&peer->factory);
  g_free (peer->remote_ufrag);
  g_free (peer->remote_pwd);
  g_free (peer->label);
  g_free (peer->reason);
  g_free (peer->stream_id);
  g_free (peer->cname);
  G_OBJECT_CLASS (wc_peer_parent_class)->finalize (object);
}

static void
wc_peer_class_init (WcPeerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = wc_peer_finalize;
  signals[SIGNAL_STATE_CHANGED] =
      g_signal_new ("state-changed", WC_TYPE_PEER, G_SIGNAL_RUN_LAST, 0, NULL,
                    NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_KEY_FRAME_WANTED] =
      g_signal_new ("key-frame-wanted", WC_TYPE_PEER, G_SIGNAL_RUN_LAST, 0,
                    NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
wc_peer_init (WcPeer *peer)
{
}

/* Unlike those that the viewer is sent already. */
static guint32
random_ssrc (const WcPeer *peer)
{
  guint32 ssrc;
  gboolean taken;

  do {
    wc_id_random_bytes (&ssrc, sizeof ssrc);
    taken = ssrc == 0;
    for (guint i = 0; i < WC_N_MEDIA; i++)
      taken |= ssrc == peer->ssrc[i] || ssrc == peer->rtx_ssrc[i];
  } while (taken);
  return ssrc;
}

static void
make_direct_lane (WcPeer *peer)
{
  WcDirectLaneParams params = {
      .cname = peer->cname,
      .is_client = wc_sdp_plan_setup (peer->plan) == WC_SDP_SETUP_ACTIVE,
      .handshake = &handshake_lane,
      .handshake_data = peer,
  };

  for (guint i = 0; i < peer->plan->media->len; i++) {
    const WcSdpPlanMedia *media = g_ptr_array_index (peer->plan->media, i);
    if (media->role != WC_SDP_SEND)
      continue;
    if (media->rtx != NULL)
      peer->rtx_ssrc[media->track] = random_ssrc (peer);
    params.tracks[media->track] = (WcDirectTrack){
        .ssrc = peer->ssrc[media->track],
        .clock_rate = media->format->clock_rate,
        .nack = media->format->nack,
        .rtx_ssrc = peer->rtx_ssrc[media->track],
        .rtx_payload_type = media->rtx != NULL ? media->rtx->payload_type : 0,
    };
  }
  peer->direct = wc_direct_lane_new (&params, &direct_events, peer);
  peer->handshake = wc_handshake_new (
      wc_peer_factory_handshake_pool (peer->factory), &handshake_events, peer);
}

static void
make_subscriber (WcPeer *peer, WcTrack *const tracks[WC_N_MEDIA])
{
  WcSubscriberTrack sent[WC_N_MEDIA] = {0};
  gboolean direct = peer->direct != NULL;

  for (guint i = 0; i < peer->plan->media->len; i++) {
    const WcSdpPlanMedia *media = g_ptr_array_index (peer->plan->media, i);
    if (media->role != WC_SDP_SEND)
      continue;
    sent[media->track] = (WcSubscriberTrack){
        .track = tracks[media->track],
        .payload_type = media->format->payload_type,
        .ssrc = peer->ssrc[media->track],
    };
  }
  peer->subscriber = wc_subscriber_new (
      wc_peer_factory_engine (peer->factory), sent,
      direct ? &wc_direct_lane : &wc_webrtcbin_lane,
      direct ? (gpointer)peer->direct : peer->lane, &subscriber_events, peer);
  if (direct)
    wc_direct_lane_set_subscriber (peer->direct, peer->subscriber);
  else
    wc_webrtcbin_lane_set_subscriber (peer->lane, peer->subscriber);
}

WcPeer *
wc_peer_new (WcPeerFactory *factory, WcSdpPlan *plan,
             WcTrack *const tracks[WC_N_MEDIA], const char *label)
{
  WcPeer *peer = g_object_new (WC_TYPE_PEER, NULL);

  peer->factory = g_object_ref (factory);
  peer->plan = plan;
  peer->remote_ufrag = g_strdup (plan->offer->ufrag);
  peer->remote_pwd = g_strdup (plan->offer->pwd);
  peer->label = g_strdup (label);
  peer->stream_id = wc_id_random_hex (8);
  peer->cname = wc_id_random_hex (8);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    peer->ssrc[i] = random_ssrc (peer);
  if (wc_peer_factory_is_direct (factory))
    make_direct_lane (peer);
  else
    peer->lane = wc_webrtcbin_lane_new (wc_peer_factory_lane_pool (factory),
                                        &lane_events, peer);
  make_subscriber (peer, tracks);
  return peer;
}

/* --- tear-down ------------------------------------------------------------ */

static gboolean
on_torn_down (gpointer data)
{
  return G_SOURCE_REMOVE; /* the reference goes with the source */
}

/* Control pool. @kept: see wc_connection_close (). */
static void
close_webrtcbin (WcPeer *peer, GByteArray *kept)
{
  if (peer->direct != NULL)
    wc_handshake_close (peer->handshake, kept);
  else
    wc_webrtcbin_lane_close (peer->lane);
  wc_peer_factory_count_webrtcbin (peer->factory, -1);
}

/* Control pool. */
static void
tear_down (gpointer data)
{
  WcPeer *peer = data;

  if (peer->lane != NULL || peer->handshake != NULL)
    close_webrtcbin (peer, NULL);
  wc_subscriber_mute (peer->subscriber);
  wc_peer_factory_count (peer->factory, -1);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_torn_down, peer, g_object_unref);
}

/* The worker has let go of the subscriber. */
static void
on_stopped (gpointer data)
{
  WcPeer *peer = data;

  wc_peer_factory_control (peer->factory, tear_down, peer);
}

/* Holds a reference until the webrtcbin is gone. */
static void
begin_tear_down (WcPeer *peer)
{
  if (peer->torn_down || peer->opening || peer->retiring)
    return;
  peer->torn_down = TRUE;
  wc_subscriber_stop (peer->subscriber, on_stopped, g_object_ref (peer));
}

void
wc_peer_close (WcPeer *peer, const char *reason)
{
  if (peer->state == WC_PEER_CLOSED)
    return;
  /* A peer that never opened has nothing to tear down. */
  if (peer->state == WC_PEER_NEW)
    peer->torn_down = TRUE;
  peer->reason = g_strdup (reason);
  set_state (peer, WC_PEER_CLOSED, reason);
  begin_tear_down (peer);
}

/* --- retirement ----------------------------------------------------------- */

static gboolean
on_retired (gpointer data)
{
  WcPeer *peer = data;

  peer->retiring = FALSE;
  g_clear_pointer (&peer->handshake, wc_handshake_unref);
  g_clear_pointer (&peer->plan, wc_sdp_plan_free); /* tens of KiB */
  if (peer->state == WC_PEER_CLOSED)
    begin_tear_down (peer);
  return G_SOURCE_REMOVE;
}

/* Control pool. The direct lane has let go of it. */
static void
retire (gpointer data)
{
  WcPeer *peer = data;
  g_autoptr (GByteArray) goodbye = g_byte_array_new ();

  close_webrtcbin (peer, goodbye);
  wc_direct_lane_set_goodbye (peer->direct, goodbye->data, goodbye->len);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_retired, peer, g_object_unref);
}

static void
begin_retirement (WcPeer *peer)
{
  peer->retiring = TRUE;
  wc_peer_factory_control (peer->factory, retire, g_object_ref (peer));
}

/* --- negotiation ---------------------------------------------------------- */

static gboolean
open_connection (WcPeer *peer, GError **error)
{
  WcConnectionParams params = {
      .plan = peer->plan,
      .pem = wc_peer_factory_certificate (peer->factory)->pem,
      .ufrag = wc_subscriber_ufrag (peer->subscriber),
      .pwd = wc_subscriber_pwd (peer->subscriber),
      .cname = peer->cname,
      .ssrc = {peer->ssrc[0], peer->ssrc[1]},
      .history_ms = wc_peer_factory_history_ms (peer->factory),
  };

  if (peer->direct == NULL)
    return wc_webrtcbin_lane_open (peer->lane, &params, error);
  params.keys_only = TRUE;
  params.prepared = wc_peer_factory_take_connection (peer->factory);
  return wc_handshake_open (peer->handshake, &params, error);
}

/* Control pool. */
static void
open_lane (gpointer data)
{
  GTask *task = data;
  GError *error = NULL;

  if (open_connection (g_task_get_source_object (task), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

void
wc_peer_negotiate_async (WcPeer *peer, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  GTask *task = g_task_new (peer, NULL, callback, user_data);

  g_return_if_fail (peer->state == WC_PEER_NEW);
  peer->opening = TRUE;
  wc_peer_factory_count (peer->factory, 1);
  wc_peer_factory_count_webrtcbin (peer->factory, 1);
  set_state (peer, WC_PEER_NEGOTIATING, "offer accepted");
  wc_peer_factory_control (peer->factory, open_lane, task);
}

static char *
write_answer (WcPeer *peer, const WcAddress *candidates, guint n_candidates)
{
  WcSdpAnswerParams params = {
      .ufrag = wc_subscriber_ufrag (peer->subscriber),
      .pwd = wc_subscriber_pwd (peer->subscriber),
      .fingerprint = wc_peer_factory_certificate (peer->factory)->fingerprint,
      .candidates = candidates,
      .n_candidates = n_candidates,
      .stream_id = peer->stream_id,
      .cname = peer->cname,
  };

  params.own_feedback = peer->direct != NULL;
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    if (peer->direct == NULL)
      peer->rtx_ssrc[i] = wc_webrtcbin_lane_rtx_ssrc (peer->lane, i);
    params.ssrc[i] = peer->ssrc[i];
    params.rtx_ssrc[i] = peer->rtx_ssrc[i];
  }
  wc_id_random_bytes (&params.session_id, sizeof params.session_id);
  params.session_id >>= 2; /* RFC 9429 section 5.2.1: a positive int64 */
  return wc_sdp_answer_write (peer->plan, &params);
}

char *
wc_peer_negotiate_finish (WcPeer *peer, GAsyncResult *result,
                          const WcAddress *candidates, guint n_candidates,
                          GError **error)
{
  gboolean opened = g_task_propagate_boolean (G_TASK (result), error);

  peer->opening = FALSE;
  if (!opened) {
    wc_peer_close (peer, "negotiation failed");
    begin_tear_down (peer);
    return NULL;
  }
  if (peer->state == WC_PEER_CLOSED) {
    begin_tear_down (peer);
    g_set_error (error, WC_PEER_ERROR, WC_PEER_ERROR_CLOSED,
                 "the session was closed: %s", peer->reason);
    return NULL;
  }
  wc_subscriber_start (peer->subscriber);
  set_state (peer, WC_PEER_CONNECTING, "answer written");
  return write_answer (peer, candidates, n_candidates);
}

/* --- looking -------------------------------------------------------------- */

WcPeerState
wc_peer_state (WcPeer *peer)
{
  return peer->state;
}

const char *
wc_peer_reason (WcPeer *peer)
{
  return peer->reason;
}

const char *
wc_peer_remote_ufrag (WcPeer *peer)
{
  return peer->remote_ufrag;
}

const char *
wc_peer_remote_pwd (WcPeer *peer)
{
  return peer->remote_pwd;
}

static void
add_webrtcbin_stats (WcPeer *peer, WcPeerStats *stats)
{
  WcWebrtcbinLaneStats lane;

  wc_webrtcbin_lane_get_stats (peer->lane, &lane);
  stats->nacks = lane.nacks;
  stats->plis = lane.plis;
  stats->rtt_ms = lane.rtt_ms;
  stats->loss = lane.loss;
}

static void
add_direct_stats (WcPeer *peer, WcPeerStats *stats)
{
  WcDirectLaneStats lane;

  wc_direct_lane_get_stats (peer->direct, &lane);
  stats->nacks = lane.nacks;
  stats->resent = lane.resent;
  stats->plis = lane.plis;
  stats->rtt_ms = lane.rtt_ms;
  stats->loss = lane.loss;
  stats->jitter_ms = lane.jitter_ms;
  stats->estimated_bps = lane.estimated_bps;
}

void
wc_peer_get_stats (WcPeer *peer, WcPeerStats *stats)
{
  WcSubscriberStats sent;

  wc_subscriber_get_stats (peer->subscriber, &sent);
  *stats = (WcPeerStats){
      .packets_sent = sent.packets_sent,
      .bytes_sent = sent.bytes_sent,
      .packets_dropped = sent.packets_dropped,
      .bitrate_bps = sent.bitrate_bps,
      .has_address = sent.has_address,
      .address = sent.address,
  };
  if (peer->direct != NULL)
    add_direct_stats (peer, stats);
  else
    add_webrtcbin_stats (peer, stats);
}
