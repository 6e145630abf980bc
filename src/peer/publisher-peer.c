/* SPDX-License-Identifier: MIT */
#include "peer/publisher-peer.h"

#include "base/id.h"
#include "base/log.h"
#include "peer/handshake.h"
#include "peer/peer-private.h"
#include "sdp/answer.h"

struct _WcPublisherPeer {
  GObject parent;
  WcPeerFactory *factory;
  WcSdpPlan *plan;
  char *label;
  const WcPublisherSink *sink;
  gpointer sink_data;
  GDestroyNotify free_sink;
  WcPublisher *publisher;
  WcHandshake *handshake;

  WcPublisherPeerState state;
  char *reason;       /* why it is closed */
  gboolean opening;   /* the control pool has it; tear-down waits */
  gboolean torn_down; /* begun or not needed */
};

G_DEFINE_FINAL_TYPE (WcPublisherPeer, wc_publisher_peer, G_TYPE_OBJECT)

enum { SIGNAL_STATE_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

static const char *const state_names[] = {"new", "negotiating", "connecting",
                                          "publishing", "closed"};

#define TO(state) (1u << WC_PUBLISHER_PEER_##state)

/* Which states may follow which. */
static const guint successors[] = {
    [WC_PUBLISHER_PEER_NEW] = TO (NEGOTIATING) | TO (CLOSED),
    [WC_PUBLISHER_PEER_NEGOTIATING] = TO (CONNECTING) | TO (CLOSED),
    [WC_PUBLISHER_PEER_CONNECTING] = TO (PUBLISHING) | TO (CLOSED),
    [WC_PUBLISHER_PEER_PUBLISHING] = TO (CLOSED),
    [WC_PUBLISHER_PEER_CLOSED] = 0,
};

static gboolean
set_state (WcPublisherPeer *peer, WcPublisherPeerState state,
           const char *reason)
{
  if (!(successors[peer->state] & 1u << state))
    return FALSE;
  wc_debug ("publisher %s: %s -> %s (%s)", peer->label,
            state_names[peer->state], state_names[state], reason);
  peer->state = state;
  g_signal_emit (peer, signals[SIGNAL_STATE_CHANGED], 0);
  return TRUE;
}

/* --- events from other threads ----------------------------------------------
 */

typedef struct {
  WcPublisherPeer *peer;  /* a reference, dropped on the main thread */
  const char *why_closed; /* static; NULL: it is secured */
} Event;

static gboolean
on_event (gpointer data)
{
  Event *event = data;

  if (event->why_closed != NULL)
    wc_publisher_peer_close (event->peer, event->why_closed);
  else
    set_state (event->peer, WC_PUBLISHER_PEER_PUBLISHING, "keys agreed");
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
post (gpointer peer, const char *why_closed)
{
  Event *event = g_new (Event, 1);

  *event = (Event){g_object_ref (peer), why_closed};
  g_idle_add_full (G_PRIORITY_DEFAULT, on_event, event, free_event);
}

static void
on_connected (gpointer user_data)
{
  WcPublisherPeer *peer = user_data;

  wc_handshake_connected (peer->handshake);
}

static void
on_dtls (const guint8 *data, gsize size, gpointer user_data)
{
  WcPublisherPeer *peer = user_data;

  wc_handshake_receive (peer->handshake, data, size);
}

static void
on_rtp (WcMedia media, guint layer, const guint8 *data, gsize size,
        gint64 now_us, gpointer user_data)
{
  WcPublisherPeer *peer = user_data;

  peer->sink->rtp (media, layer, data, size, now_us, peer->sink_data);
}

static void
on_report (WcMedia media, guint layer, guint64 ntp, guint32 rtp_timestamp,
           gint64 now_us, gpointer user_data)
{
  WcPublisherPeer *peer = user_data;

  peer->sink->report (media, layer, ntp, rtp_timestamp, now_us,
                      peer->sink_data);
}

static void
on_expired (WcPublisherExpiry why, gpointer user_data)
{
  switch (why) {
  case WC_PUBLISHER_CONNECT_TIMEOUT:
    post (user_data, "it did not connect in time");
    break;
  case WC_PUBLISHER_CONSENT_EXPIRED:
    post (user_data, "it went silent (consent expired)");
    break;
  }
}

static const WcPublisherEvents publisher_events = {
    .connected = on_connected,
    .dtls = on_dtls,
    .rtp = on_rtp,
    .report = on_report,
    .expired = on_expired,
};

static void
on_handshake_send (const guint8 *data, gsize size, gpointer user_data)
{
  WcPublisherPeer *peer = user_data;

  wc_publisher_send (peer->publisher, data, size);
}

static void
on_secured (const WcConnectionKeys *keys, gpointer user_data)
{
  WcPublisherPeer *peer = user_data;

  wc_publisher_secured (peer->publisher, keys->send, keys->receive);
  post (peer, NULL);
}

static void
on_refused (const char *reason, gpointer user_data)
{
  post (user_data, reason);
}

static void
on_left (gpointer user_data)
{
  post (user_data, "the publisher closed the connection");
}

static const WcHandshakeEvents handshake_events = {
    .send = on_handshake_send,
    .secured = on_secured,
    .refused = on_refused,
    .left = on_left,
};

/* --- making one -------------------------------------------------------------
 */

static void
fill_layers (const WcSdpOfferMedia *offered, WcDemuxMedia *demux)
{
  const GPtrArray *layers = offered->sending.layers;

  demux->n_layers = MIN (layers->len, WC_DEMUX_MAX_LAYERS);
  for (guint i = 0; i < demux->n_layers; i++)
    g_strlcpy (demux->rids[i], g_ptr_array_index (layers, i),
               sizeof demux->rids[i]);
}

static void
fill_ssrcs (const WcSdpOfferMedia *offered, WcPublisherMedia *media)
{
  const GArray *ssrcs = offered->sending.ssrcs;

  media->n_ssrcs = MIN (ssrcs->len, WC_PUBLISHER_MAX_SSRCS);
  for (guint i = 0; i < media->n_ssrcs; i++) {
    const WcSdpSsrc *ssrc = &g_array_index (ssrcs, WcSdpSsrc, i);
    media->ssrcs[i] = (WcPublisherSsrc){ssrc->ssrc, ssrc->rtx_ssrc};
  }
}

static void
fill_media (const WcSdpPlan *plan, guint index, WcPublisherMedia *media)
{
  const WcSdpOfferMedia *offered =
      g_ptr_array_index (plan->offer->media, index);
  const WcSdpPlanMedia *planned = g_ptr_array_index (plan->media, index);
  const WcSdpFormat *format = planned->format;

  *media = (WcPublisherMedia){
      .clock_rate = format->clock_rate,
      .nack = format->nack,
      .pli = format->nack_pli,
      .fir = format->ccm_fir,
      .rtcp_rsize = offered->rtcp_rsize,
      .twcc_extension = planned->twcc_extension,
      .demux =
          {
              .present = TRUE,
              .payload_type = format->payload_type,
              .rtx_payload_type = planned->rtx != NULL
                                      ? planned->rtx->payload_type
                                      : WC_DEMUX_NO_PT,
              .mid_extension = planned->mid_extension,
              .rid_extension = planned->rid_extension,
              .repaired_rid_extension = planned->repaired_rid_extension,
          },
  };
  g_strlcpy (media->demux.mid, offered->mid, sizeof media->demux.mid);
  if (wc_sdp_plan_takes_layers (plan, index))
    fill_layers (offered, &media->demux);
  fill_ssrcs (offered, media);
}

static void
make_publisher (WcPublisherPeer *peer)
{
  WcPublisherMedia media[WC_N_MEDIA] = {0};

  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (peer->plan->index[i] >= 0)
      fill_media (peer->plan, (guint)peer->plan->index[i], &media[i]);
  peer->publisher = wc_publisher_new (wc_peer_factory_engine (peer->factory),
                                      media, &publisher_events, peer);
}

WcPublisherPeer *
wc_publisher_peer_new (WcPeerFactory *factory, WcSdpPlan *plan,
                       const WcPublisherSink *sink, gpointer sink_data,
                       GDestroyNotify free_sink, const char *label)
{
  WcPublisherPeer *peer = g_object_new (WC_TYPE_PUBLISHER_PEER, NULL);

  peer->factory = g_object_ref (factory);
  peer->plan = plan;
  peer->sink = sink;
  peer->sink_data = sink_data;
  peer->free_sink = free_sink;
  peer->label = g_strdup (label);
  make_publisher (peer);
  peer->handshake = wc_handshake_new (wc_peer_factory_handshake_pool (factory),
                                      &handshake_events, peer);
  return peer;
}

/* --- tear-down --------------------------------------------------------------
 */

static gboolean
on_torn_down (gpointer data)
{
  return G_SOURCE_REMOVE; /* the reference goes with the source */
}

/* Control pool. */
static void
tear_down (gpointer data)
{
  WcPublisherPeer *peer = data;

  wc_handshake_close (peer->handshake, NULL);
  wc_publisher_mute (peer->publisher);
  wc_peer_factory_count (peer->factory, -1);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_torn_down, peer, g_object_unref);
}

/* The worker has let go of the publisher. */
static void
on_stopped (gpointer data)
{
  WcPublisherPeer *peer = data;

  wc_peer_factory_control (peer->factory, tear_down, peer);
}

/* Holds a reference until the webrtcbin is gone. */
static void
begin_tear_down (WcPublisherPeer *peer)
{
  if (peer->torn_down || peer->opening)
    return;
  peer->torn_down = TRUE;
  wc_publisher_stop (peer->publisher, on_stopped, g_object_ref (peer));
}

void
wc_publisher_peer_close (WcPublisherPeer *peer, const char *reason)
{
  if (peer->state == WC_PUBLISHER_PEER_CLOSED)
    return;
  /* A peer that never opened has nothing to tear down. */
  if (peer->state == WC_PUBLISHER_PEER_NEW)
    peer->torn_down = TRUE;
  peer->reason = g_strdup (reason);
  g_object_ref (peer); /* a handler may drop the last reference */
  set_state (peer, WC_PUBLISHER_PEER_CLOSED, reason);
  begin_tear_down (peer);
  g_object_unref (peer);
}

/* --- negotiation ------------------------------------------------------------
 */

/* Control pool. */
static void
open_handshake (gpointer data)
{
  GTask *task = data;
  WcPublisherPeer *peer = g_task_get_source_object (task);
  GError *error = NULL;
  WcConnectionParams params = {
      .plan = peer->plan,
      .pem = wc_peer_factory_certificate (peer->factory)->pem,
      .ufrag = wc_publisher_ufrag (peer->publisher),
      .pwd = wc_publisher_pwd (peer->publisher),
      .cname = peer->label,
      .keys_only = TRUE,
      .prepared = wc_peer_factory_take_connection (peer->factory),
  };

  if (wc_handshake_open (peer->handshake, &params, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_object_unref (task);
}

void
wc_publisher_peer_negotiate_async (WcPublisherPeer *peer,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  GTask *task = g_task_new (peer, NULL, callback, user_data);

  g_return_if_fail (peer->state == WC_PUBLISHER_PEER_NEW);
  peer->opening = TRUE;
  wc_peer_factory_count (peer->factory, 1);
  set_state (peer, WC_PUBLISHER_PEER_NEGOTIATING, "offer accepted");
  wc_peer_factory_control (peer->factory, open_handshake, task);
}

static char *
write_answer (WcPublisherPeer *peer, const WcAddress *candidates,
              guint n_candidates)
{
  WcSdpAnswerParams params = {
      .ufrag = wc_publisher_ufrag (peer->publisher),
      .pwd = wc_publisher_pwd (peer->publisher),
      .fingerprint = wc_peer_factory_certificate (peer->factory)->fingerprint,
      .candidates = candidates,
      .n_candidates = n_candidates,
  };

  wc_id_random_bytes (&params.session_id, sizeof params.session_id);
  params.session_id >>= 2; /* RFC 9429 section 5.2.1: a positive int64 */
  return wc_sdp_answer_write (peer->plan, &params);
}

char *
wc_publisher_peer_negotiate_finish (WcPublisherPeer *peer, GAsyncResult *result,
                                    const WcAddress *candidates,
                                    guint n_candidates, GError **error)
{
  gboolean opened = g_task_propagate_boolean (G_TASK (result), error);

  peer->opening = FALSE;
  if (!opened) {
    wc_publisher_peer_close (peer, "negotiation failed");
    begin_tear_down (peer);
    return NULL;
  }
  if (peer->state == WC_PUBLISHER_PEER_CLOSED) {
    begin_tear_down (peer);
    g_set_error (error, WC_PEER_ERROR, WC_PEER_ERROR_CLOSED,
                 "the session was closed: %s", peer->reason);
    return NULL;
  }
  wc_publisher_start (peer->publisher);
  set_state (peer, WC_PUBLISHER_PEER_CONNECTING, "answer written");
  return write_answer (peer, candidates, n_candidates);
}

/* --- looking ----------------------------------------------------------------
 */

WcPublisherPeerState
wc_publisher_peer_state (WcPublisherPeer *peer)
{
  return peer->state;
}

const char *
wc_publisher_peer_reason (WcPublisherPeer *peer)
{
  return peer->reason;
}

const WcSdpPlan *
wc_publisher_peer_plan (WcPublisherPeer *peer)
{
  return peer->plan;
}

void
wc_publisher_peer_get_stats (WcPublisherPeer *peer, WcPublisherStats *stats)
{
  wc_publisher_get_stats (peer->publisher, stats);
}

void
wc_publisher_peer_request_key_frame (WcPublisherPeer *peer, WcMedia media,
                                     guint layer)
{
  wc_publisher_request_key_frame (peer->publisher, media, layer);
}

/* --- GObject ----------------------------------------------------------------
 */

static void
wc_publisher_peer_finalize (GObject *object)
{
  WcPublisherPeer *peer = WC_PUBLISHER_PEER (object);

  g_clear_pointer (&peer->publisher, wc_publisher_unref);
  g_clear_pointer (&peer->handshake, wc_handshake_unref);
  g_clear_pointer (&peer->plan, wc_sdp_plan_free);
  if (peer->free_sink != NULL)
    peer->free_sink (peer->sink_data);
  g_clear_object (&peer->factory);
  g_free (peer->label);
  g_free (peer->reason);
  G_OBJECT_CLASS (wc_publisher_peer_parent_class)->finalize (object);
}

static void
wc_publisher_peer_class_init (WcPublisherPeerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = wc_publisher_peer_finalize;
  signals[SIGNAL_STATE_CHANGED] =
      g_signal_new ("state-changed", WC_TYPE_PUBLISHER_PEER, G_SIGNAL_RUN_LAST,
                    0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
wc_publisher_peer_init (WcPublisherPeer *peer)
{
}
