/* SPDX-License-Identifier: MIT */
#include "ingest/whip-intake.h"

#include "engine/publisher.h"
#include "engine/rtp.h"
#include "sdp/fmtp.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct {
  char rid[WC_DEMUX_RID_SIZE];
  WcSourceTrack *track;
  guint64 report_ntp; /* of the newest sender report; 0: none */
  guint32 report_timestamp;
} Layer;

struct WcWhipIntake {
  atomic_uint refs;
  /* constant */
  WcSourceTrack *tracks[WC_N_MEDIA];
  guint n_layers; /* 0: no simulcast */

  pthread_mutex_t lock; /* guards what follows */
  WcLayerSwitch *chosen;
  Layer layers[WC_LAYERS_MAX];
};

/* --- life -------------------------------------------------------------------
 */

WcWhipIntake *
wc_whip_intake_ref (WcWhipIntake *intake)
{
  atomic_fetch_add_explicit (&intake->refs, 1, memory_order_relaxed);
  return intake;
}

void
wc_whip_intake_unref (gpointer data)
{
  WcWhipIntake *intake = data;

  if (atomic_fetch_sub_explicit (&intake->refs, 1, memory_order_acq_rel) != 1)
    return;
  for (guint i = 0; i < WC_N_MEDIA; i++)
    g_clear_pointer (&intake->tracks[i], wc_source_track_unref);
  for (guint i = 0; i < intake->n_layers; i++)
    g_clear_pointer (&intake->layers[i].track, wc_source_track_unref);
  g_clear_pointer (&intake->chosen, wc_layer_switch_free);
  pthread_mutex_destroy (&intake->lock);
  g_free (intake);
}

/* Of a layer that goes on to viewers: into the track that they get. */
static void
on_passed (guint layer, gboolean begins, const guint8 *data, gsize size,
           gint64 now_us, gpointer user_data)
{
  WcWhipIntake *intake = user_data;
  WcSourceTrack *video = intake->tracks[WC_MEDIA_VIDEO];
  const Layer *from = &intake->layers[layer];
  WcRtp rtp;

  if (begins && wc_rtp_read (&rtp, data, size)) {
    wc_source_track_change_layer (video, rtp.ssrc);
    if (from->report_ntp != 0)
      wc_source_track_push_report (video, from->report_ntp,
                                   from->report_timestamp, now_us);
  }
  wc_source_track_push_rtp (video, data, size, now_us);
}

static WcSourceFormat
format_of (const WcSdpPlanMedia *planned)
{
  const WcSdpFormat *format = planned->format;
  const WcCodecInfo *info = wc_codec_find (format->name);
  WcSourceFormat source = {
      .media = planned->track,
      .payload_type = format->payload_type,
      .clock_rate = format->clock_rate,
      .channels = MAX (info->channels, 1),
      .fmtp = format->fmtp,
  };
  g_autofree char *encoding = g_ascii_strup (info->name, -1);

  g_strlcpy (source.encoding, encoding, sizeof source.encoding);
  /* Opus is always announced with two channels (RFC 7587 section 7). */
  if (info->codec == WC_CODEC_OPUS &&
      wc_sdp_fmtp_get_int (format->fmtp, "stereo", 0) != 1 &&
      wc_sdp_fmtp_get_int (format->fmtp, "sprop-stereo", 0) != 1)
    source.channels = 1;
  return source;
}

static gboolean
set_format (WcSourceTrack *track, const WcSdpPlanMedia *planned, GError **error)
{
  const WcSourceFormat format = format_of (planned);

  wc_source_track_set_patience (
      track, planned->format->nack ? WC_PUBLISHER_PATIENCE_US : 0);
  return wc_source_track_set_format (track, &format, error);
}

static gboolean
make_layers (WcWhipIntake *intake, const WcSdpPlanMedia *planned,
             const GPtrArray *rids, const WcTrackLimits *limits, GError **error)
{
  /* One clock: a picture has the same capture time in every layer. */
  WcSourceClock *clock = wc_source_track_clock (intake->tracks[WC_MEDIA_VIDEO]);
  gboolean ok = TRUE;

  intake->n_layers = MIN (rids->len, WC_LAYERS_MAX);
  intake->chosen =
      wc_layer_switch_new (wc_codec_find (planned->format->name)->codec,
                           intake->n_layers, on_passed, intake);
  for (guint i = 0; i < intake->n_layers; i++) {
    Layer *layer = &intake->layers[i];
    g_strlcpy (layer->rid, g_ptr_array_index (rids, i), sizeof layer->rid);
    layer->track = wc_source_track_new (WC_MEDIA_VIDEO, clock, limits);
    wc_source_track_open (layer->track);
    ok = ok && set_format (layer->track, planned, error);
  }
  return ok;
}

static gboolean
take_plan (WcWhipIntake *intake, const WcSdpPlan *plan,
           const WcTrackLimits *limits, GError **error)
{
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    if (plan->index[i] < 0)
      continue;
    guint index = (guint)plan->index[i];
    const WcSdpPlanMedia *planned = g_ptr_array_index (plan->media, index);
    const WcSdpOfferMedia *offered =
        g_ptr_array_index (plan->offer->media, index);
    if (!set_format (intake->tracks[i], planned, error))
      return FALSE;
    if (wc_sdp_plan_takes_layers (plan, index) &&
        !make_layers (intake, planned, offered->sending.layers, limits, error))
      return FALSE;
  }
  return TRUE;
}

WcWhipIntake *
wc_whip_intake_new (const WcSdpPlan *plan,
                    WcSourceTrack *const tracks[WC_N_MEDIA],
                    const WcTrackLimits *limits, GError **error)
{
  WcWhipIntake *intake = g_new0 (WcWhipIntake, 1);

  atomic_init (&intake->refs, 1);
  pthread_mutex_init (&intake->lock, NULL);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    intake->tracks[i] = wc_source_track_ref (tracks[i]);
  if (take_plan (intake, plan, limits, error))
    return intake;
  wc_whip_intake_unref (intake);
  return NULL;
}

/* --- the worker --------------------------------------------------------------
 */

void
wc_whip_intake_push_rtp (WcMedia media, guint layer, const guint8 *data,
                         gsize size, gint64 now_us, gpointer user_data)
{
  WcWhipIntake *intake = user_data;

  if (media != WC_MEDIA_VIDEO || intake->n_layers == 0) {
    wc_source_track_push_rtp (intake->tracks[media], data, size, now_us);
    return;
  }
  pthread_mutex_lock (&intake->lock);
  wc_source_track_push_rtp (intake->layers[layer].track, data, size, now_us);
  wc_layer_switch_push (intake->chosen, layer, data, size, now_us);
  pthread_mutex_unlock (&intake->lock);
}

void
wc_whip_intake_push_report (WcMedia media, guint layer, guint64 ntp,
                            guint32 rtp_timestamp, gint64 now_us,
                            gpointer user_data)
{
  WcWhipIntake *intake = user_data;

  if (media != WC_MEDIA_VIDEO || intake->n_layers == 0) {
    wc_source_track_push_report (intake->tracks[media], ntp, rtp_timestamp,
                                 now_us);
    return;
  }
  pthread_mutex_lock (&intake->lock);
  intake->layers[layer].report_ntp = ntp;
  intake->layers[layer].report_timestamp = rtp_timestamp;
  wc_source_track_push_report (intake->layers[layer].track, ntp, rtp_timestamp,
                               now_us);
  if (wc_layer_switch_playing (intake->chosen) == (int)layer)
    wc_source_track_push_report (intake->tracks[media], ntp, rtp_timestamp,
                                 now_us);
  pthread_mutex_unlock (&intake->lock);
}

/* --- the main thread
 * ---------------------------------------------------------- */

guint
wc_whip_intake_choose (WcWhipIntake *intake, gint64 now_us)
{
  guint asked = 0;

  if (intake->n_layers == 0)
    return 0;
  pthread_mutex_lock (&intake->lock);
  for (guint i = 0; i < intake->n_layers; i++)
    wc_source_track_flush (intake->layers[i].track, now_us);
  asked = wc_layer_switch_choose (intake->chosen, now_us);
  pthread_mutex_unlock (&intake->lock);
  return asked;
}

guint
wc_whip_intake_playing (WcWhipIntake *intake)
{
  int playing = 0;

  if (intake->n_layers == 0)
    return 0;
  pthread_mutex_lock (&intake->lock);
  playing = wc_layer_switch_playing (intake->chosen);
  pthread_mutex_unlock (&intake->lock);
  return (guint)MAX (playing, 0);
}

guint
wc_whip_intake_n_layers (WcWhipIntake *intake)
{
  return intake->n_layers;
}

void
wc_whip_intake_get_layer (WcWhipIntake *intake, guint layer, gint64 now_us,
                          WcWhipLayerInfo *info)
{
  g_autoptr (WcTrack) track = NULL;
  WcTrackStats stats;
  WcLayerState state;

  *info = (WcWhipLayerInfo){0};
  g_return_if_fail (layer < intake->n_layers);
  pthread_mutex_lock (&intake->lock);
  wc_layer_switch_get (intake->chosen, layer, now_us, &state);
  info->playing = wc_layer_switch_playing (intake->chosen) == (int)layer;
  pthread_mutex_unlock (&intake->lock);
  g_strlcpy (info->rid, intake->layers[layer].rid, sizeof info->rid);
  info->active = state.active;
  info->width = state.width;
  info->height = state.height;
  track = wc_source_track_dup_track (intake->layers[layer].track);
  if (track == NULL)
    return;
  wc_track_get_stats (track, &stats);
  info->bitrate_bps = stats.bitrate_bps;
}

WcTrack *
wc_whip_intake_dup_layer_track (WcWhipIntake *intake, guint layer)
{
  g_return_val_if_fail (layer < intake->n_layers, NULL);
  return wc_source_track_dup_track (intake->layers[layer].track);
}
