/* SPDX-License-Identifier: MIT */
#include "peer/publisher-peer.h"

#include "peer/peer-factory-private.h"

struct _WcPublisherPeer {
  WcPeer parent;
  const WcPublisherSink *sink;
  gpointer sink_data;
  GDestroyNotify free_sink;
  WcPublisher *publisher;
};

G_DEFINE_FINAL_TYPE (WcPublisherPeer, wc_publisher_peer, WC_TYPE_PEER)

/* --- the engine's side (worker) ------------------------------------------- */

static void
on_connected (gpointer peer)
{
  wc_handshake_connected (wc_peer_handshake (peer));
}

static void
on_dtls (const guint8 *data, gsize size, gpointer peer)
{
  wc_handshake_receive (wc_peer_handshake (peer), data, size);
}

static void
on_rtp (WcMedia media, guint layer, const guint8 *data, gsize size,
        gint64 now_us, gpointer peer)
{
  WcPublisherPeer *self = peer;

  self->sink->rtp (media, layer, data, size, now_us, self->sink_data);
}

static void
on_report (WcMedia media, guint layer, guint64 ntp, guint32 rtp_timestamp,
           gint64 now_us, gpointer peer)
{
  WcPublisherPeer *self = peer;

  self->sink->report (media, layer, ntp, rtp_timestamp, now_us,
                      self->sink_data);
}

static void
on_expired (WcPublisherExpiry why, gpointer peer)
{
  switch (why) {
  case WC_PUBLISHER_CONNECT_TIMEOUT:
    wc_peer_post_close (peer, "it did not connect in time");
    break;
  case WC_PUBLISHER_CONSENT_EXPIRED:
    wc_peer_post_close (peer, "it went silent (consent expired)");
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

/* --- WcPeer --------------------------------------------------------------- */

static void
wc_publisher_peer_fill_connection (WcPeer *peer, WcConnectionParams *params)
{
  WcPublisherPeer *self = WC_PUBLISHER_PEER (peer);

  params->ufrag = wc_publisher_ufrag (self->publisher);
  params->pwd = wc_publisher_pwd (self->publisher);
}

static void
wc_publisher_peer_fill_answer (WcPeer *peer, WcSdpAnswerParams *params)
{
  WcPublisherPeer *self = WC_PUBLISHER_PEER (peer);

  params->ufrag = wc_publisher_ufrag (self->publisher);
  params->pwd = wc_publisher_pwd (self->publisher);
}

static void
wc_publisher_peer_start (WcPeer *peer)
{
  wc_publisher_start (WC_PUBLISHER_PEER (peer)->publisher);
}

static void
wc_publisher_peer_restart_ice (WcPeer *peer, WcIceCredentials *fresh)
{
  wc_publisher_restart_ice (WC_PUBLISHER_PEER (peer)->publisher, fresh);
}

static void
wc_publisher_peer_stop (WcPeer *peer, void (*done) (gpointer),
                        gpointer user_data)
{
  wc_publisher_stop (WC_PUBLISHER_PEER (peer)->publisher, done, user_data);
}

static void
wc_publisher_peer_mute (WcPeer *peer)
{
  wc_publisher_mute (WC_PUBLISHER_PEER (peer)->publisher);
}

static void
wc_publisher_peer_send (WcPeer *peer, const guint8 *data, gsize size)
{
  wc_publisher_send (WC_PUBLISHER_PEER (peer)->publisher, data, size);
}

static void
wc_publisher_peer_secured (WcPeer *peer, const WcConnectionKeys *keys)
{
  wc_publisher_secured (WC_PUBLISHER_PEER (peer)->publisher, keys->send,
                        keys->receive);
  wc_peer_post_active (peer, "keys agreed");
}

static void
wc_publisher_peer_finalize (GObject *object)
{
  WcPublisherPeer *self = WC_PUBLISHER_PEER (object);

  g_clear_pointer (&self->publisher, wc_publisher_unref);
  if (self->free_sink != NULL)
    self->free_sink (self->sink_data);
  G_OBJECT_CLASS (wc_publisher_peer_parent_class)->finalize (object);
}

static void
wc_publisher_peer_class_init (WcPublisherPeerClass *klass)
{
  WcPeerClass *peer_class = WC_PEER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = wc_publisher_peer_finalize;
  peer_class->noun = "publisher";
  peer_class->fill_connection = wc_publisher_peer_fill_connection;
  peer_class->fill_answer = wc_publisher_peer_fill_answer;
  peer_class->start = wc_publisher_peer_start;
  peer_class->restart_ice = wc_publisher_peer_restart_ice;
  peer_class->stop = wc_publisher_peer_stop;
  peer_class->mute = wc_publisher_peer_mute;
  peer_class->send = wc_publisher_peer_send;
  peer_class->secured = wc_publisher_peer_secured;
}

static void
wc_publisher_peer_init (WcPublisherPeer *self)
{
}

/* --- making one ----------------------------------------------------------- */

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

static WcPublisher *
make_publisher (WcPublisherPeer *self, WcPeerFactory *factory,
                const WcSdpPlan *plan)
{
  WcPublisherMedia media[WC_N_MEDIA] = {0};

  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (plan->index[i] >= 0)
      fill_media (plan, (guint)plan->index[i], &media[i]);
  return wc_publisher_new (wc_peer_factory_engine (factory), media,
                           &publisher_events, self);
}

WcPublisherPeer *
wc_publisher_peer_new (WcPeerFactory *factory, WcSdpPlan *plan,
                       const WcPublisherSink *sink, gpointer sink_data,
                       GDestroyNotify free_sink, const char *label)
{
  WcPublisherPeer *self = g_object_new (WC_TYPE_PUBLISHER_PEER, NULL);

  wc_peer_set_up (WC_PEER (self), factory, plan, label, TRUE);
  self->sink = sink;
  self->sink_data = sink_data;
  self->free_sink = free_sink;
  self->publisher = make_publisher (self, factory, plan);
  return self;
}

/* --- looking -------------------------------------------------------------- */

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
