/* SPDX-License-Identifier: MIT */
/* Which layer of a publisher's simulcast each viewer is sent: the one that it
 * asked for, or the best that its link carries. What plays for everybody (the
 * best layer that comes) is the mountpoint's own track and always there; other
 * layers have tracks for as long as their publisher stays. */
#include "base/clock.h"
#include "base/log.h"
#include "mountpoint/mountpoint-private.h"
#include "mountpoint/session-private.h"

#define TICK_MS 250

typedef struct {
  guint n;
  WcWhipLayerInfo infos[WC_LAYERS_MAX];
  WcLayerSight sights[WC_LAYERS_MAX];
  gint playing; /* on the mountpoint's track; -1 */
  guint64 audio_bps;
} Layers;

/* --- looking -------------------------------------------------------------- */

guint
wc_mountpoint_get_layers (WcMountpoint *mountpoint,
                          WcWhipLayerInfo layers[WC_LAYERS_MAX])
{
  WcIngestWhip *whip = wc_mountpoint_whip (mountpoint);
  gint64 now_us = wc_clock_now_us ();
  guint n = 0;

  if (whip != NULL)
    n = wc_ingest_whip_n_layers (WC_INGEST (whip));
  for (guint i = 0; i < n; i++)
    wc_whip_intake_get_layer (wc_ingest_whip_intake (whip), i, now_us,
                              &layers[i]);
  return n;
}

static void
look (WcMountpoint *self, Layers *layers)
{
  WcTrack *audio = self->ingest != NULL
                       ? wc_ingest_track (self->ingest, WC_MEDIA_AUDIO)
                       : NULL;
  WcTrackStats stats = {0};

  layers->n = wc_mountpoint_get_layers (self, layers->infos);
  layers->playing = -1;
  for (guint i = 0; i < layers->n; i++) {
    const WcWhipLayerInfo *info = &layers->infos[i];
    layers->sights[i] = (WcLayerSight){
        .active = info->active && info->width > 0,
        .pixels = (guint64)info->width * info->height,
        .bitrate_bps = info->bitrate_bps,
    };
    if (info->playing)
      layers->playing = (gint)i;
  }
  if (audio != NULL)
    wc_track_get_stats (audio, &stats);
  layers->audio_bps = stats.bitrate_bps;
}

/* What a viewer gets, of the publisher that is there now. */
static gint
layer_of (const Layers *layers, const WcViewerPeerStats *stats)
{
  return stats->layer >= 0 && stats->layer < (gint)layers->n ? stats->layer
                                                             : layers->playing;
}

gint
wc_mountpoint_session_layer (WcMountpoint *mountpoint, WcSession *session)
{
  Layers layers;
  WcViewerPeerStats stats;

  look (mountpoint, &layers);
  wc_session_get_stats (session, &stats);
  return layer_of (&layers, &stats);
}

/* --- choosing ------------------------------------------------------------- */

static gint
find_rid (const Layers *layers, const char *rid)
{
  for (guint i = 0; i < layers->n; i++)
    if (g_str_equal (layers->infos[i].rid, rid))
      return (gint)i;
  return -1;
}

/* Leaves those that are larger than wished for out; if all are, the smallest
 * stays. */
static void
apply_limits (const Layers *layers, const WcLayerWish *wish,
              WcLayerSight sights[WC_LAYERS_MAX])
{
  gint smallest = wc_layer_choice_best (layers->sights, layers->n, 1);

  for (guint i = 0; i < layers->n; i++) {
    const WcWhipLayerInfo *info = &layers->infos[i];
    gboolean fits = (wish->max_width == 0 || info->width <= wish->max_width) &&
                    (wish->max_height == 0 || info->height <= wish->max_height);
    sights[i] = layers->sights[i];
    sights[i].active &= fits || (gint)i == smallest;
  }
}

static gint
choose_by_link (WcSession *session, const Layers *layers, gint64 now_us)
{
  WcLayerSight sights[WC_LAYERS_MAX];
  WcViewerPeerStats stats;

  wc_session_get_stats (session, &stats);
  const WcLayerNet net = {
      .loss = stats.loss,
      .rtt_ms = stats.rtt_ms,
      .estimated_bps = session->layers.estimates ? stats.estimated_bps : 0,
      .other_bps = layers->audio_bps,
  };
  apply_limits (layers, &session->layers.wish, sights);
  return wc_layer_choice_update (&session->layers.choice, sights, layers->n,
                                 layer_of (layers, &stats), &net, now_us);
}

static gint
choose (WcSession *session, const Layers *layers, gint64 now_us)
{
  const char *rid = session->layers.wish.rid;
  gint wished = rid != NULL ? find_rid (layers, rid) : -1;

  if (wished >= 0 && layers->sights[wished].active)
    return wished;
  return choose_by_link (session, layers, now_us);
}

/* (transfer full) (nullable) */
static WcTrack *
dup_track (WcMountpoint *self, gint layer)
{
  WcTrack *track;

  if (layer >= 0)
    return wc_whip_intake_dup_layer_track (
        wc_ingest_whip_intake (wc_mountpoint_whip (self)), (guint)layer);
  track = wc_ingest_track (self->ingest, WC_MEDIA_VIDEO);
  return track != NULL ? wc_track_ref (track) : NULL;
}

/* What plays for everybody comes with everybody's packets. */
static void
give (WcMountpoint *self, WcSession *session, const Layers *layers, gint layer)
{
  WcSessionLayers *own = &session->layers;
  gboolean shared = layer == layers->playing && own->wanted != layer;
  gint wanted = shared ? -1 : layer;
  g_autoptr (WcTrack) track = dup_track (self, wanted);

  if (track == NULL || track == own->track ||
      (own->track == NULL && wanted == -1))
    return;
  wc_debug ("%s: viewer %s: layer %s", self->spec->id, session->public_id,
            layer >= 0 ? layers->infos[layer].rid : "none");
  g_clear_pointer (&own->track, wc_track_unref);
  own->track = wc_track_ref (track);
  own->wanted = wanted;
  wc_viewer_peer_select_layer (WC_VIEWER_PEER (session->peer), track, wanted);
}

static gboolean
takes_layers (WcSession *session)
{
  return session->peer != NULL && !session->publishes &&
         session->video_index >= 0 &&
         wc_session_state (session) < WC_SESSION_CLOSING;
}

static gboolean
on_tick (gpointer user_data)
{
  WcMountpoint *self = user_data;
  gint64 now_us = wc_clock_now_us ();
  Layers layers;

  look (self, &layers);
  for (guint i = 0; self->ingest != NULL && i < self->sessions->len; i++) {
    WcSession *session = g_ptr_array_index (self->sessions, i);
    if (takes_layers (session))
      give (self, session, &layers, choose (session, &layers, now_us));
  }
  if (layers.n > 0)
    return G_SOURCE_CONTINUE;
  self->layers_source = 0; /* all have what everybody gets */
  return G_SOURCE_REMOVE;
}

void
wc_mountpoint_watch_layers (WcMountpoint *self)
{
  if (self->layers_source == 0 && wc_mountpoint_whip (self) != NULL)
    self->layers_source = g_timeout_add (TICK_MS, on_tick, self);
}

gboolean
wc_mountpoint_request_layer (WcMountpoint *self, WcSession *session)
{
  WcIngestWhip *whip = wc_mountpoint_whip (self);

  if (whip == NULL || session->layers.wanted < 0)
    return FALSE;
  wc_ingest_whip_request_layer (whip, (guint)session->layers.wanted);
  return TRUE;
}

/* --- wishes --------------------------------------------------------------- */

static char *
list_rids (const Layers *layers)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < layers->n; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "",
                            layers->infos[i].rid);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
check_wish (WcMountpoint *self, const Layers *layers, const WcLayerWish *wish,
            GError **error)
{
  if (layers->n == 0) {
    g_set_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_NOT_LIVE,
                 "mountpoint \"%s\" has no layers now: nobody publishes with "
                 "simulcast",
                 self->spec->id);
    return FALSE;
  }
  if (wish->rid != NULL && find_rid (layers, wish->rid) < 0) {
    g_autofree char *rids = list_rids (layers);
    g_set_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_INVALID,
                 "there is no layer \"%s\"; the layers are %s", wish->rid,
                 rids);
    return FALSE;
  }
  return TRUE;
}

gboolean
wc_mountpoint_wish_layer (WcMountpoint *mountpoint, WcSession *session,
                          const WcLayerWish *wish, GError **error)
{
  WcLayerWish *own = &session->layers.wish;
  Layers layers;

  look (mountpoint, &layers);
  if (!check_wish (mountpoint, &layers, wish, error))
    return FALSE;
  g_free (own->rid);
  own->rid = g_strdup (wish->rid);
  own->max_width = wish->max_width;
  own->max_height = wish->max_height;
  if (takes_layers (session))
    give (mountpoint, session, &layers,
          choose (session, &layers, wc_clock_now_us ()));
  return TRUE;
}
