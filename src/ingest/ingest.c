/* SPDX-License-Identifier: MIT */
#include "ingest/ingest.h"

#include "base/log.h"
#include "ingest/conversion.h"
#include "ingest/ingest-failover.h"
#include "ingest/ingest-file.h"
#include "ingest/ingest-rtp.h"
#include "ingest/ingest-rtsp-push.h"
#include "ingest/ingest-rtsp.h"
#include "ingest/ingest-test.h"
#include "ingest/ingest-whep.h"
#include "ingest/ingest-whip.h"

G_DEFINE_QUARK (wc_ingest_error_quark, wc_ingest_error)

typedef struct {
  WcMountpointSpec *spec;
  const WcIngestContext *context;
  WcIngestState state;
  char *reason;
  WcTrack *tracks[WC_N_MEDIA];
  guint64 number; /* no other has it */
} WcIngestPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (WcIngest, wc_ingest, G_TYPE_OBJECT)

enum { SIGNAL_STATE_CHANGED, SIGNAL_TRACKS_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

#define N_STATES (WC_INGEST_FAILED + 1)
#define TO(state) (1u << WC_INGEST_##state)

/* The drawing is in README.md. */
static const guint transitions[N_STATES] = {
    [WC_INGEST_IDLE] = TO (STARTING) | TO (FAILED),
    [WC_INGEST_STARTING] = TO (LIVE) | TO (LOST) | TO (FAILED) | TO (IDLE),
    [WC_INGEST_LIVE] = TO (LOST) | TO (FAILED) | TO (IDLE),
    [WC_INGEST_LOST] = TO (LIVE) | TO (FAILED) | TO (IDLE),
    [WC_INGEST_FAILED] = TO (STARTING) | TO (LOST) | TO (IDLE),
};

static const char *const state_names[N_STATES] = {
    [WC_INGEST_IDLE] = "idle",     [WC_INGEST_STARTING] = "starting",
    [WC_INGEST_LIVE] = "live",     [WC_INGEST_LOST] = "lost",
    [WC_INGEST_FAILED] = "failed",
};

const char *
wc_ingest_state_name (WcIngestState state)
{
  return state_names[state];
}

/* --- making one ------------------------------------------------------------
 */

WcIngest *
wc_ingest_new (WcMountpointSpec *spec, const WcIngestContext *context,
               GError **error)
{
  switch (spec->kind) {
  case WC_KIND_RTP:
    return wc_ingest_rtp_new (spec, context, error);
  case WC_KIND_RTSP:
    return wc_ingest_rtsp_new (spec, context, error);
  case WC_KIND_TEST:
    return wc_ingest_test_new (spec, context, error);
  case WC_KIND_FILE:
    return wc_ingest_file_new (spec, context, error);
  case WC_KIND_FAILOVER:
    return wc_ingest_failover_new (spec, context, error);
  case WC_KIND_WHIP:
    return wc_ingest_whip_new (spec, context, error);
  case WC_KIND_WHEP:
    return wc_ingest_whep_new (spec, context, error);
  case WC_KIND_RTSP_PUSH:
    return wc_ingest_rtsp_push_new (spec, context, error);
  }
  g_return_val_if_reached (NULL);
}

void
wc_ingest_init_source (WcIngest *ingest, const WcMountpointSpec *spec,
                       const WcIngestContext *context)
{
  WcIngestPrivate *priv = wc_ingest_get_instance_private (ingest);

  priv->spec = wc_mountpoint_spec_copy (spec);
  priv->context = context;
}

void
wc_ingest_update_spec (WcIngest *ingest, const WcMountpointSpec *spec)
{
  WcIngestPrivate *priv = wc_ingest_get_instance_private (ingest);
  WcIngestClass *klass = WC_INGEST_GET_CLASS (ingest);

  g_free (priv->spec->publish_token);
  priv->spec->publish_token = g_strdup (spec->publish_token);
  priv->spec->publisher_takeover = spec->publisher_takeover;
  if (klass->spec_changed != NULL)
    klass->spec_changed (ingest);
}

/* --- state -----------------------------------------------------------------
 */

/* A bug of ours, not of the source: say so and go on. */
static void
check_transition (WcIngestPrivate *priv, WcIngestState state)
{
  if ((transitions[priv->state] & (1u << state)) == 0)
    wc_warning ("%s: no way leads from %s to %s", priv->spec->id,
                state_names[priv->state], state_names[state]);
}

/* A warning is what an operator has not been told yet: that it is in trouble,
 * not every other word for it. */
static void
log_state (const WcIngestPrivate *priv, WcIngestState state, const char *reason)
{
  gboolean same = priv->state == state;
  gboolean trouble = reason != NULL && state != WC_INGEST_IDLE &&
                     !(same && priv->reason != NULL);

  if (same && reason == NULL)
    return;
  wc_log (trouble ? WC_LOG_WARNING : WC_LOG_INFO, G_LOG_DOMAIN,
          "%s: %s%s%s%s%s%s", priv->spec->id, state_names[priv->state],
          same ? "" : " -> ", same ? "" : state_names[state],
          reason != NULL ? " (" : "", reason != NULL ? reason : "",
          reason != NULL ? ")" : "");
}

void
wc_ingest_set_state (WcIngest *ingest, WcIngestState state, const char *reason)
{
  WcIngestPrivate *priv = wc_ingest_get_instance_private (ingest);

  if (priv->state == state && g_strcmp0 (priv->reason, reason) == 0)
    return;
  if (priv->state != state)
    check_transition (priv, state);
  log_state (priv, state, reason);

  char *copy = g_strdup (reason); /* @reason may be the old one */
  g_free (priv->reason);
  priv->reason = copy;
  priv->state = state;
  g_signal_emit (ingest, signals[SIGNAL_STATE_CHANGED], 0);
}

WcIngestState
wc_ingest_state (WcIngest *ingest)
{
  WcIngestPrivate *priv = wc_ingest_get_instance_private (ingest);

  return priv->state;
}

const char *
wc_ingest_reason (WcIngest *ingest)
{
  WcIngestPrivate *priv = wc_ingest_get_instance_private (ingest);

  return priv->reason;
}

const WcMountpointSpec *
wc_ingest_spec (WcIngest *ingest)
{
  WcIngestPrivate *priv = wc_ingest_get_instance_private (ingest);

  return priv->spec;
}

const WcIngestContext *
wc_ingest_context (WcIngest *ingest)
{
  WcIngestPrivate *priv = wc_ingest_get_instance_private (ingest);

  return priv->context;
}

void
wc_ingest_start (WcIngest *ingest)
{
  WC_INGEST_GET_CLASS (ingest)->start (ingest);
}

void
wc_ingest_stop (WcIngest *ingest)
{
  WC_INGEST_GET_CLASS (ingest)->stop (ingest);
}

void
wc_ingest_request_key_frame (WcIngest *ingest, WcMedia media)
{
  WC_INGEST_GET_CLASS (ingest)->request_key_frame (ingest, media);
}

void
wc_ingest_set_watched (WcIngest *ingest, gboolean watched)
{
  if (WC_INGEST_GET_CLASS (ingest)->set_watched != NULL)
    WC_INGEST_GET_CLASS (ingest)->set_watched (ingest, watched);
}

/* --- tracks ----------------------------------------------------------------
 */

WcTrack *
wc_ingest_add_track (WcIngest *ingest, const WcTrackSpec *spec)
{
  WcIngestPrivate *priv = wc_ingest_get_instance_private (ingest);
  WcTrackLimits limits = {
      .history_ms = priv->context->config->history_ms,
      .gop_max_bytes = priv->context->config->gop_max_bytes,
  };

  const WcCodecInfo *target =
      wc_conversion_target (spec->codec, spec->clock_rate, spec->channels);

  g_assert (priv->tracks[spec->media] == NULL);
  priv->tracks[spec->media] =
      wc_track_new (target->codec, target->clock_rate, &limits);
  return priv->tracks[spec->media];
}

void
wc_ingest_adopt_track (WcIngest *ingest, WcMedia media, WcTrack *track)
{
  WcIngestPrivate *priv = wc_ingest_get_instance_private (ingest);
  g_autoptr (WcTrack) former = priv->tracks[media];

  if (former == track) {
    g_steal_pointer (&former);
    return;
  }
  priv->tracks[media] = wc_track_ref (track);
  if (former != NULL)
    g_signal_emit (ingest, signals[SIGNAL_TRACKS_CHANGED], 0, (guint)media);
}

WcTrack *
wc_ingest_track (WcIngest *ingest, WcMedia media)
{
  WcIngestPrivate *priv = wc_ingest_get_instance_private (ingest);

  return priv->tracks[media];
}

void
wc_ingest_fill_track_state (WcIngest *ingest, WcMedia media,
                            WcIngestTrackInfo *info)
{
  WcTrack *track = wc_ingest_track (ingest, media);

  info->present = TRUE;
  info->media = media;
  info->profile = wc_track_dup_profile (track);
  if (info->profile[0] == '\0')
    g_clear_pointer (&info->profile, g_free);
  wc_track_get_stats (track, &info->track);
}

void
wc_ingest_fill_track_info (WcIngest *ingest, const WcTrackSpec *spec,
                           WcIngestTrackInfo *info)
{
  const WcCodecInfo *target =
      wc_conversion_target (spec->codec, spec->clock_rate, spec->channels);
  gboolean converts = target->codec != spec->codec;

  info->codec = target->codec;
  info->clock_rate = target->clock_rate;
  info->channels = converts ? target->channels : spec->channels;
  info->payload_type = spec->payload_type;
  info->fmtp = g_strdup (spec->fmtp);
  wc_ingest_fill_track_state (ingest, spec->media, info);
}

void
wc_ingest_fill_feed_info (WcTrackFeed *feed, WcIngestTrackInfo *info)
{
  if (feed == NULL)
    return;
  wc_track_feed_get_stats (feed, &info->input);
  wc_track_feed_get_stream_info (feed, &info->stream);
  wc_track_feed_get_conversion (feed, &info->conversion);
  info->converted = wc_track_feed_dup_input (feed);
}

void
wc_ingest_fill_feed_counts (WcTrackFeed *feed, WcIngestCounts *counts)
{
  WcStreamInfo stream;

  if (feed == NULL)
    return;
  wc_track_feed_get_stats (feed, &counts->input);
  wc_track_feed_get_stream_info (feed, &stream);
  counts->key_interval_ms = stream.key_interval_ms;
}

gboolean
wc_ingest_get_counts (WcIngest *ingest, WcMedia media, WcIngestCounts *counts)
{
  WcIngestPrivate *priv = wc_ingest_get_instance_private (ingest);

  *counts = (WcIngestCounts){.counter = priv->number};
  if (priv->tracks[media] == NULL)
    return FALSE;
  WC_INGEST_GET_CLASS (ingest)->get_counts (ingest, media, counts);
  return TRUE;
}

void
wc_ingest_get_track_info (WcIngest *ingest, WcMedia media,
                          WcIngestTrackInfo *info)
{
  *info = (WcIngestTrackInfo){.media = media};
  if (wc_ingest_track (ingest, media) != NULL)
    WC_INGEST_GET_CLASS (ingest)->get_track_info (ingest, media, info);
}

void
wc_ingest_track_info_clear (WcIngestTrackInfo *info)
{
  g_clear_pointer (&info->address, g_free);
  g_clear_pointer (&info->fmtp, g_free);
  g_clear_pointer (&info->profile, g_free);
  g_clear_pointer (&info->source, g_free);
  wc_conversion_status_clear (&info->conversion);
  g_clear_pointer (&info->converted, wc_track_unref);
}

/* --- GObject ---------------------------------------------------------------
 */

static void
wc_ingest_finalize (GObject *object)
{
  WcIngestPrivate *priv = wc_ingest_get_instance_private (WC_INGEST (object));

  for (guint i = 0; i < WC_N_MEDIA; i++)
    g_clear_pointer (&priv->tracks[i], wc_track_unref);
  g_clear_pointer (&priv->spec, wc_mountpoint_spec_free);
  g_free (priv->reason);
  G_OBJECT_CLASS (wc_ingest_parent_class)->finalize (object);
}

static void
wc_ingest_class_init (WcIngestClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = wc_ingest_finalize;
  signals[SIGNAL_STATE_CHANGED] =
      g_signal_new ("state-changed", WC_TYPE_INGEST, G_SIGNAL_RUN_LAST, 0, NULL,
                    NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_TRACKS_CHANGED] =
      g_signal_new ("tracks-changed", WC_TYPE_INGEST, G_SIGNAL_RUN_LAST, 0,
                    NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
wc_ingest_init (WcIngest *ingest)
{
  static guint64 last_number;
  WcIngestPrivate *priv = wc_ingest_get_instance_private (ingest);

  priv->number = ++last_number;
}
