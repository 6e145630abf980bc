/* SPDX-License-Identifier: MIT */
#include "ingest/ingest-whip.h"

#include "base/clock.h"

/* One that has posted and has sent nothing after this time may be replaced. */
#define CONNECT_PATIENCE_US (5 * G_USEC_PER_SEC)

struct _WcIngestWhip {
  WcIngestRemote parent;
  WcPublisherPeer *peer; /* nullable: the present publisher */
  WcWhipIntake *intake;  /* of it */
  gint64 came_us;
  gboolean connected; /* it had its keys */
};

G_DEFINE_FINAL_TYPE (WcIngestWhip, wc_ingest_whip, WC_TYPE_INGEST_REMOTE)

/* --- publishers
 * --------------------------------------------------------------- */

static void
drop_peer (WcIngestWhip *self, const char *reason)
{
  g_autoptr (WcPublisherPeer) peer = g_steal_pointer (&self->peer);

  g_clear_pointer (&self->intake, wc_whip_intake_unref);
  if (peer == NULL)
    return;
  g_signal_handlers_disconnect_by_data (peer, self);
  wc_peer_close (WC_PEER (peer), reason);
}

static void
on_peer_state_changed (WcPeer *peer, WcIngestWhip *self)
{
  g_autofree char *reason = NULL;

  if (peer != (WcPeer *)self->peer)
    return;
  if (wc_peer_state (peer) != WC_PEER_CLOSED) {
    self->connected = wc_peer_state (peer) == WC_PEER_ACTIVE;
    return;
  }
  reason = g_strdup_printf ("the publisher is gone: %s", wc_peer_reason (peer));
  drop_peer (self, reason);
  if (self->connected)
    wc_ingest_remote_gone (WC_INGEST_REMOTE (self), FALSE, reason);
  else
    wc_ingest_remote_failed (WC_INGEST_REMOTE (self), WC_REMOTE_TRANSIENT,
                             reason);
}

static WcPublisherPeer *
make_peer (WcIngestWhip *self, WcSdpPlan *plan, const char *label)
{
  const WcIngestContext *context = wc_ingest_context (WC_INGEST (self));
  static const WcPublisherSink sink = {
      .rtp = wc_whip_intake_push_rtp,
      .report = wc_whip_intake_push_report,
  };

  return wc_publisher_peer_new (context->peers, plan, &sink,
                                wc_whip_intake_ref (self->intake),
                                wc_whip_intake_unref, label);
}

static WcWhipIntake *
make_intake (WcIngestWhip *self, const WcSdpPlan *plan, GError **error)
{
  const WcConfig *config = wc_ingest_context (WC_INGEST (self))->config;
  WcTrackLimits limits = {
      .history_ms = config->history_ms,
      .gop_max_bytes = config->gop_max_bytes,
  };
  WcSourceTrack *tracks[WC_N_MEDIA];

  for (guint i = 0; i < WC_N_MEDIA; i++)
    tracks[i] = wc_ingest_remote_track (WC_INGEST_REMOTE (self), i);
  return wc_whip_intake_new (plan, tracks, &limits, error);
}

WcPeer *
wc_ingest_whip_publish (WcIngestWhip *self, WcSdpPlan *plan, const char *label,
                        GError **error)
{
  g_autoptr (WcSdpPlan) taken = plan;

  if (!wc_ingest_remote_is_started (WC_INGEST_REMOTE (self))) {
    g_set_error_literal (error, WC_INGEST_ERROR, WC_INGEST_ERROR_TRANSIENT,
                         "the mountpoint is not started");
    return NULL;
  }
  drop_peer (self, "another publisher has taken its place");
  wc_ingest_remote_came (WC_INGEST_REMOTE (self));
  self->intake = make_intake (self, taken, error);
  if (self->intake == NULL) {
    wc_ingest_remote_failed (WC_INGEST_REMOTE (self), WC_REMOTE_TRANSIENT,
                             "the publisher's offer could not be used");
    return NULL;
  }
  self->peer = make_peer (self, g_steal_pointer (&taken), label);
  self->came_us = wc_clock_now_us ();
  self->connected = FALSE;
  g_signal_connect (self->peer, "state-changed",
                    G_CALLBACK (on_peer_state_changed), self);
  return WC_PEER (g_object_ref (self->peer));
}

void
wc_ingest_whip_goodbye (WcIngestWhip *self, WcPeer *peer, const char *reason)
{
  if (peer == (WcPeer *)self->peer) {
    drop_peer (self, reason);
    wc_ingest_remote_gone (WC_INGEST_REMOTE (self), TRUE, reason);
  } else if (self->peer == NULL &&
             wc_ingest_state (WC_INGEST (self)) == WC_INGEST_LOST) {
    /* Its connection was closed before: real clients do it in this order. */
    wc_ingest_remote_gone (WC_INGEST_REMOTE (self), TRUE, reason);
  }
}

static gint64
newest_packet_us (WcIngestWhip *self)
{
  WcPublisherStats stats;
  gint64 newest_us = 0;

  wc_publisher_peer_get_stats (self->peer, &stats);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    for (guint k = 0; k < WC_DEMUX_MAX_LAYERS; k++)
      newest_us = MAX (newest_us, stats.streams[i][k].last_packet_us);
  return newest_us;
}

gboolean
wc_ingest_whip_is_taken (WcIngestWhip *self)
{
  guint timeout_ms = wc_ingest_spec (WC_INGEST (self))->source_timeout_ms;
  gint64 now_us = wc_clock_now_us ();

  if (self->peer == NULL)
    return FALSE;
  if (newest_packet_us (self) == 0)
    return now_us - self->came_us < CONNECT_PATIENCE_US;
  return now_us - newest_packet_us (self) <
         timeout_ms * G_GINT64_CONSTANT (1000);
}

WcWhipIntake *
wc_ingest_whip_intake (WcIngestWhip *self)
{
  return self->intake;
}

guint
wc_ingest_whip_n_layers (WcIngest *ingest)
{
  WcIngestWhip *self =
      WC_IS_INGEST_WHIP (ingest) ? WC_INGEST_WHIP (ingest) : NULL;

  return self != NULL && self->intake != NULL
             ? wc_whip_intake_n_layers (self->intake)
             : 0;
}

void
wc_ingest_whip_request_layer (WcIngestWhip *self, guint layer)
{
  if (layer < wc_ingest_whip_n_layers (WC_INGEST (self)) && self->peer != NULL)
    wc_publisher_peer_request_key_frame (self->peer, WC_MEDIA_VIDEO, layer);
}

/* --- WcIngestRemote
 * ----------------------------------------------------------- */

/* Nothing to do: publishers come by themselves. */
static gboolean
wc_ingest_whip_connect (WcIngestRemote *remote, GError **error)
{
  return TRUE;
}

static void
wc_ingest_whip_disconnect (WcIngestRemote *remote)
{
  drop_peer (WC_INGEST_WHIP (remote), "the mountpoint was stopped");
}

static void
wc_ingest_whip_ask_key_frame (WcIngestRemote *remote, WcMedia media)
{
  WcIngestWhip *self = WC_INGEST_WHIP (remote);

  if (self->peer != NULL)
    wc_publisher_peer_request_key_frame (self->peer, media,
                                         wc_whip_intake_playing (self->intake));
}

static void
wc_ingest_whip_look (WcIngestRemote *remote, gint64 now_us)
{
  WcIngestWhip *self = WC_INGEST_WHIP (remote);
  guint asked =
      self->intake != NULL ? wc_whip_intake_choose (self->intake, now_us) : 0;

  for (guint i = 0; i < WC_LAYERS_MAX; i++)
    if (asked & 1u << i)
      wc_publisher_peer_request_key_frame (self->peer, WC_MEDIA_VIDEO, i);
}

static void
wc_ingest_whip_dispose (GObject *object)
{
  drop_peer (WC_INGEST_WHIP (object), "the mountpoint is gone");
  G_OBJECT_CLASS (wc_ingest_whip_parent_class)->dispose (object);
}

static void
wc_ingest_whip_class_init (WcIngestWhipClass *klass)
{
  WcIngestRemoteClass *remote_class = WC_INGEST_REMOTE_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = wc_ingest_whip_dispose;
  remote_class->pulls = FALSE;
  remote_class->connect = wc_ingest_whip_connect;
  remote_class->disconnect = wc_ingest_whip_disconnect;
  remote_class->ask_key_frame = wc_ingest_whip_ask_key_frame;
  remote_class->look = wc_ingest_whip_look;
}

static void
wc_ingest_whip_init (WcIngestWhip *self)
{
}

WcIngest *
wc_ingest_whip_new (const WcMountpointSpec *spec,
                    const WcIngestContext *context, GError **error)
{
  WcIngestWhip *self;

  if (context->peers == NULL) {
    g_set_error_literal (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
                         "kind=whip needs a peer factory");
    return NULL;
  }
  self = g_object_new (WC_TYPE_INGEST_WHIP, NULL);
  wc_ingest_remote_init_source (WC_INGEST_REMOTE (self), spec, context);
  return WC_INGEST (self);
}
