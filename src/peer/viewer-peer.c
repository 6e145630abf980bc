/* SPDX-License-Identifier: MIT */
#include "peer/viewer-peer.h"

#include "base/id.h"
#include "engine/direct-lane.h"
#include "engine/subscriber.h"
#include "peer/peer-factory-private.h"
#include "peer/webrtcbin-lane.h"

struct _WcViewerPeer {
  WcPeer parent;
  WcSubscriber *subscriber;
  WcWebrtcbinLane *lane; /* media goes through it; or past the webrtcbin: */
  WcDirectLane *direct;
  guint32 ssrc[WC_N_MEDIA], rtx_ssrc[WC_N_MEDIA];
  char *stream_id, *cname;
};

G_DEFINE_FINAL_TYPE (WcViewerPeer, wc_viewer_peer, WC_TYPE_PEER)

enum { SIGNAL_KEY_FRAME_WANTED, N_SIGNALS };
static guint signals[N_SIGNALS];

/* --- the engine's side (worker, or the lane's thread) --------------------- */

static void
on_playing (gpointer peer)
{
  wc_peer_post_active (peer, "first packet sent");
}

static void
on_expired (gpointer peer, WcSubscriberExpiry why)
{
  switch (why) {
  case WC_SUBSCRIBER_CONNECT_TIMEOUT:
    wc_peer_post_close (peer, "it did not connect in time");
    break;
  case WC_SUBSCRIBER_CONSENT_EXPIRED:
    wc_peer_post_close (peer, "it went silent (consent expired)");
    break;
  case WC_SUBSCRIBER_GONE:
    wc_peer_post_left (peer);
    break;
  }
}

static void
want_key_frame (WcPeer *peer, gconstpointer media)
{
  g_signal_emit (peer, signals[SIGNAL_KEY_FRAME_WANTED], 0,
                 GPOINTER_TO_UINT (media));
}

static void
on_key_frame_wanted (gpointer peer, WcMedia media)
{
  wc_peer_post (peer, want_key_frame, GUINT_TO_POINTER (media));
}

static void
retire (WcPeer *peer, gconstpointer unused)
{
  wc_peer_retire (peer);
}

static void
on_retire (gpointer peer)
{
  wc_peer_post (peer, retire, NULL);
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

static void
on_connected (gpointer peer)
{
  wc_handshake_connected (wc_peer_handshake (peer));
}

static void
on_dtls (gpointer peer, const guint8 *data, gsize size)
{
  wc_handshake_receive (wc_peer_handshake (peer), data, size);
}

static const WcLane handshake_lane = {
    .connected = on_connected,
    .receive_dtls = on_dtls,
};

/* --- the webrtcbin lane --------------------------------------------------- */

/* Lane pool. Not by way of the main thread: it may be busy with others. */
static void
on_lane_secured (gpointer peer)
{
  wc_subscriber_secured (((WcViewerPeer *)peer)->subscriber);
}

static void
on_lane_impostor (gpointer peer)
{
  wc_peer_post_close (peer, "its certificate is not the one of its offer");
}

static void
on_lane_left (gpointer peer)
{
  wc_peer_post_left (peer);
}

static const WcWebrtcbinLaneEvents lane_events = {
    .secured = on_lane_secured,
    .impostor = on_lane_impostor,
    .left = on_lane_left,
    .key_frame_wanted = on_key_frame_wanted,
};

static gboolean
wc_viewer_peer_open_lane (WcPeer *peer, const WcConnectionParams *params,
                          GError **error)
{
  return wc_webrtcbin_lane_open (WC_VIEWER_PEER (peer)->lane, params, error);
}

static void
wc_viewer_peer_close_lane (WcPeer *peer)
{
  wc_webrtcbin_lane_close (WC_VIEWER_PEER (peer)->lane);
}

/* --- WcPeer --------------------------------------------------------------- */

static void
wc_viewer_peer_fill_connection (WcPeer *peer, WcConnectionParams *params)
{
  WcViewerPeer *self = WC_VIEWER_PEER (peer);

  params->ufrag = wc_subscriber_ufrag (self->subscriber);
  params->pwd = wc_subscriber_pwd (self->subscriber);
  params->cname = self->cname;
  memcpy (params->ssrc, self->ssrc, sizeof params->ssrc);
}

static void
wc_viewer_peer_fill_answer (WcPeer *peer, WcSdpAnswerParams *params)
{
  WcViewerPeer *self = WC_VIEWER_PEER (peer);

  params->ufrag = wc_subscriber_ufrag (self->subscriber);
  params->pwd = wc_subscriber_pwd (self->subscriber);
  params->stream_id = self->stream_id;
  params->cname = self->cname;
  params->own_feedback = self->direct != NULL;
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    if (self->direct == NULL)
      self->rtx_ssrc[i] = wc_webrtcbin_lane_rtx_ssrc (self->lane, i);
    params->ssrc[i] = self->ssrc[i];
    params->rtx_ssrc[i] = self->rtx_ssrc[i];
  }
}

static void
wc_viewer_peer_start (WcPeer *peer)
{
  wc_subscriber_start (WC_VIEWER_PEER (peer)->subscriber);
}

static void
wc_viewer_peer_restart_ice (WcPeer *peer, WcIceCredentials *fresh)
{
  wc_subscriber_restart_ice (WC_VIEWER_PEER (peer)->subscriber, fresh);
}

static void
wc_viewer_peer_stop (WcPeer *peer, void (*done) (gpointer), gpointer user_data)
{
  wc_subscriber_stop (WC_VIEWER_PEER (peer)->subscriber, done, user_data);
}

static void
wc_viewer_peer_mute (WcPeer *peer)
{
  wc_subscriber_mute (WC_VIEWER_PEER (peer)->subscriber);
}

static void
wc_viewer_peer_send (WcPeer *peer, const guint8 *data, gsize size)
{
  wc_subscriber_send (WC_VIEWER_PEER (peer)->subscriber, data, size);
}

static void
wc_viewer_peer_secured (WcPeer *peer, const WcConnectionKeys *keys)
{
  WcViewerPeer *self = WC_VIEWER_PEER (peer);

  wc_direct_lane_set_keys (self->direct, keys->send, keys->receive);
  wc_subscriber_secured (self->subscriber);
}

static void
wc_viewer_peer_retired (WcPeer *peer, const guint8 *goodbye, gsize size)
{
  wc_direct_lane_set_goodbye (WC_VIEWER_PEER (peer)->direct, goodbye, size);
}

static void
wc_viewer_peer_finalize (GObject *object)
{
  WcViewerPeer *self = WC_VIEWER_PEER (object);

  g_clear_pointer (&self->subscriber, wc_subscriber_unref);
  g_clear_pointer (&self->lane, wc_webrtcbin_lane_free);
  g_clear_pointer (&self->direct, wc_direct_lane_unref);
  g_free (self->stream_id);
  g_free (self->cname);
  G_OBJECT_CLASS (wc_viewer_peer_parent_class)->finalize (object);
}

static void
wc_viewer_peer_class_init (WcViewerPeerClass *klass)
{
  WcPeerClass *peer_class = WC_PEER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = wc_viewer_peer_finalize;
  peer_class->noun = "viewer";
  peer_class->fill_connection = wc_viewer_peer_fill_connection;
  peer_class->fill_answer = wc_viewer_peer_fill_answer;
  peer_class->start = wc_viewer_peer_start;
  peer_class->restart_ice = wc_viewer_peer_restart_ice;
  peer_class->stop = wc_viewer_peer_stop;
  peer_class->mute = wc_viewer_peer_mute;
  peer_class->send = wc_viewer_peer_send;
  peer_class->secured = wc_viewer_peer_secured;
  peer_class->retired = wc_viewer_peer_retired;
  peer_class->open_lane = wc_viewer_peer_open_lane;
  peer_class->close_lane = wc_viewer_peer_close_lane;
  signals[SIGNAL_KEY_FRAME_WANTED] =
      g_signal_new ("key-frame-wanted", WC_TYPE_VIEWER_PEER, G_SIGNAL_RUN_LAST,
                    0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
wc_viewer_peer_init (WcViewerPeer *self)
{
}

/* --- making one ----------------------------------------------------------- */

/* Unlike those that the viewer is sent already. */
static guint32
random_ssrc (const WcViewerPeer *self)
{
  guint32 ssrc;
  gboolean taken;

  do {
    wc_id_random_bytes (&ssrc, sizeof ssrc);
    taken = ssrc == 0;
    for (guint i = 0; i < WC_N_MEDIA; i++)
      taken |= ssrc == self->ssrc[i] || ssrc == self->rtx_ssrc[i];
  } while (taken);
  return ssrc;
}

static void
make_direct_lane (WcViewerPeer *self, const WcSdpPlan *plan)
{
  WcDirectLaneParams params = {
      .cname = self->cname,
      .is_client = wc_sdp_plan_setup (plan) == WC_SDP_SETUP_ACTIVE,
      .handshake = &handshake_lane,
      .handshake_data = self,
  };

  for (guint i = 0; i < plan->media->len; i++) {
    const WcSdpPlanMedia *media = g_ptr_array_index (plan->media, i);
    if (media->role != WC_SDP_SEND)
      continue;
    if (media->rtx != NULL)
      self->rtx_ssrc[media->track] = random_ssrc (self);
    params.tracks[media->track] = (WcDirectTrack){
        .ssrc = self->ssrc[media->track],
        .clock_rate = media->format->clock_rate,
        .nack = media->format->nack,
        .rtx_ssrc = self->rtx_ssrc[media->track],
        .rtx_payload_type = media->rtx != NULL ? media->rtx->payload_type : 0,
        .send_time_extension = media->send_time_extension,
        .twcc_extension = media->twcc_extension,
    };
  }
  self->direct = wc_direct_lane_new (&params, &direct_events, self);
}

static void
make_subscriber (WcViewerPeer *self, WcPeerFactory *factory,
                 const WcSdpPlan *plan, WcTrack *const tracks[WC_N_MEDIA])
{
  WcSubscriberTrack sent[WC_N_MEDIA] = {0};
  gboolean direct = self->direct != NULL;

  for (guint i = 0; i < plan->media->len; i++) {
    const WcSdpPlanMedia *media = g_ptr_array_index (plan->media, i);
    if (media->role != WC_SDP_SEND)
      continue;
    sent[media->track] = (WcSubscriberTrack){
        .track = tracks[media->track],
        .payload_type = media->format->payload_type,
        .ssrc = self->ssrc[media->track],
    };
  }
  self->subscriber = wc_subscriber_new (
      wc_peer_factory_engine (factory), sent,
      direct ? &wc_direct_lane : &wc_webrtcbin_lane,
      direct ? (gpointer)self->direct : self->lane, &subscriber_events, self);
  if (direct)
    wc_direct_lane_set_subscriber (self->direct, self->subscriber);
  else
    wc_webrtcbin_lane_set_subscriber (self->lane, self->subscriber);
}

WcPeer *
wc_viewer_peer_new (WcPeerFactory *factory, WcSdpPlan *plan,
                    WcTrack *const tracks[WC_N_MEDIA], const char *label)
{
  WcViewerPeer *self = g_object_new (WC_TYPE_VIEWER_PEER, NULL);
  gboolean direct = wc_peer_factory_is_direct (factory);

  wc_peer_set_up (WC_PEER (self), factory, plan, label, direct);
  self->stream_id = wc_id_random_hex (8);
  self->cname = wc_id_random_hex (8);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    self->ssrc[i] = random_ssrc (self);
  if (direct)
    make_direct_lane (self, plan);
  else
    self->lane = wc_webrtcbin_lane_new (wc_peer_factory_lane_pool (factory),
                                        &lane_events, self);
  make_subscriber (self, factory, plan, tracks);
  return WC_PEER (self);
}

void
wc_viewer_peer_select_layer (WcViewerPeer *peer, WcTrack *track, gint layer)
{
  wc_subscriber_select_layer (peer->subscriber, track, layer);
}

/* --- looking -------------------------------------------------------------- */

static void
add_webrtcbin_stats (WcViewerPeer *self, WcViewerPeerStats *stats)
{
  WcWebrtcbinLaneStats lane;

  wc_webrtcbin_lane_get_stats (self->lane, &lane);
  stats->nacks = lane.nacks;
  stats->plis = lane.plis;
  stats->rtt_ms = lane.rtt_ms;
  stats->loss = lane.loss;
  stats->reports = lane.reports;
}

static void
add_direct_stats (WcViewerPeer *self, WcViewerPeerStats *stats)
{
  WcDirectLaneStats lane;

  wc_direct_lane_get_stats (self->direct, &lane);
  stats->nacks = lane.nacks;
  stats->resent = lane.resent;
  stats->plis = lane.plis;
  stats->rtt_ms = lane.rtt_ms;
  stats->loss = lane.loss;
  stats->jitter_ms = lane.jitter_ms;
  stats->estimated_bps = lane.estimated_bps;
  stats->reports = lane.reports;
}

static void
fill_counts (WcViewerPeer *self, const WcSubscriberStats *sent,
             WcViewerPeerStats *stats)
{
  *stats = (WcViewerPeerStats){
      .packets_sent = sent->packets_sent,
      .bytes_sent = sent->bytes_sent,
      .packets_dropped = sent->packets_dropped,
      .skips = sent->skips,
      .first_packet_us = sent->first_packet_us,
      .first_frame_us = sent->first_frame_us,
      .bitrate_bps = sent->bitrate_bps,
      .layer = sent->layer,
      .has_address = sent->has_address,
      .address = sent->address,
      .is_tcp = sent->is_tcp,
  };
  if (self->direct != NULL)
    add_direct_stats (self, stats);
  else
    add_webrtcbin_stats (self, stats);
}

void
wc_viewer_peer_get_stats (WcViewerPeer *self, WcViewerPeerStats *stats)
{
  WcSubscriberStats sent;

  wc_subscriber_get_stats (self->subscriber, &sent);
  fill_counts (self, &sent, stats);
}

void
wc_viewer_peer_get_counts (WcViewerPeer *self, WcViewerPeerStats *stats)
{
  WcSubscriberStats sent;

  wc_subscriber_get_counts (self->subscriber, &sent);
  fill_counts (self, &sent, stats);
}
