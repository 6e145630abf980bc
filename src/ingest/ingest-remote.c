/* SPDX-License-Identifier: MIT */
#include "ingest/ingest-remote.h"

#include "base/clock.h"
#include "base/log.h"
#include "ingest/backoff.h"

#define TICK_MS 100
#define CONFIGURATION_WAIT_MS 5000
#define KEY_FRAME_INTERVAL_US (500 * 1000)
#define KEY_FRAME_NUDGE_US G_USEC_PER_SEC
/* From the beginning of an attempt to the first packet. */
#define CONNECT_TIMEOUT_US (10 * G_USEC_PER_SEC)

typedef struct {
  WcSourceClock *clock;
  WcSourceTrack *tracks[WC_N_MEDIA];
  gboolean started;
  gboolean present;  /* an attempt or a publisher is there */
  gboolean was_live; /* since the start */
  gint64 present_since_us;
  WcBackoff backoff;
  guint tick_source, retry_source;
  gboolean watched;
  gint64 asked_us[WC_N_MEDIA];
  gint64 nudged_us;
  char *note; /* nullable */
} WcIngestRemotePrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (WcIngestRemote, wc_ingest_remote,
                                     WC_TYPE_INGEST)

#define PRIV(self)                                                             \
  ((WcIngestRemotePrivate *)wc_ingest_remote_get_instance_private (self))
#define CLASS(self) WC_INGEST_REMOTE_GET_CLASS (self)

/* --- state ---------------------------------------------------------------- */

/* Over the states that lie between. */
static void
enter_state (WcIngestRemote *self, WcIngestState state, const char *reason)
{
  WcIngest *ingest = WC_INGEST (self);
  WcIngestState old = wc_ingest_state (ingest);

  if ((state == WC_INGEST_LIVE || state == WC_INGEST_LOST) &&
      (old == WC_INGEST_IDLE ||
       (old == WC_INGEST_FAILED && state == WC_INGEST_LIVE)))
    wc_ingest_set_state (ingest, WC_INGEST_STARTING, NULL);
  wc_ingest_set_state (ingest, state, reason);
}

static void
set_open (WcIngestRemote *self, gboolean open)
{
  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (open)
      wc_source_track_open (PRIV (self)->tracks[i]);
    else
      wc_source_track_close (PRIV (self)->tracks[i]);
}

static void
forget_packets (WcIngestRemote *self)
{
  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_source_track_forget (PRIV (self)->tracks[i]);
}

/* --- attempts ------------------------------------------------------------- */

static void
hang_up (WcIngestRemote *self)
{
  WcIngestRemotePrivate *priv = PRIV (self);

  if (!priv->present)
    return;
  priv->present = FALSE;
  set_open (self, FALSE);
  forget_packets (self);
  CLASS (self)->disconnect (self);
}

static void try_to_connect (WcIngestRemote *self);

static gboolean
on_retry (gpointer user_data)
{
  WcIngestRemote *self = user_data;

  PRIV (self)->retry_source = 0;
  try_to_connect (self);
  return G_SOURCE_REMOVE;
}

/* What a person must mend is not worth trying often, and cameras lock out who
 * comes with a wrong password again and again. */
static void
retry_later (WcIngestRemote *self, WcRemoteFailure failure)
{
  WcIngestRemotePrivate *priv = PRIV (self);
  guint wait_ms;

  if (!priv->started || !CLASS (self)->pulls || priv->retry_source != 0)
    return;
  wait_ms = wc_backoff_next (&priv->backoff);
  if (failure == WC_REMOTE_CONFIGURATION)
    wait_ms = MAX (wait_ms, CONFIGURATION_WAIT_MS);
  priv->retry_source = g_timeout_add (wait_ms, on_retry, self);
}

static WcIngestState
state_of_failure (WcIngestRemote *self, WcRemoteFailure failure)
{
  switch (failure) {
  case WC_REMOTE_CONFIGURATION:
    return WC_INGEST_FAILED;
  case WC_REMOTE_TRANSIENT:
    break;
  }
  if (PRIV (self)->was_live ||
      wc_ingest_state (WC_INGEST (self)) == WC_INGEST_LOST)
    return WC_INGEST_LOST;
  return CLASS (self)->pulls ? WC_INGEST_STARTING : WC_INGEST_IDLE;
}

/* From `failed`, an attempt that fails in another way leads to `lost` or
 * `starting`. */
void
wc_ingest_remote_failed (WcIngestRemote *self, WcRemoteFailure failure,
                         const char *reason)
{
  g_autoptr (WcIngestRemote) keep G_GNUC_UNUSED = g_object_ref (self);
  g_autofree char *why = g_strdup (reason);

  if (!PRIV (self)->started)
    return;
  hang_up (self);
  retry_later (self, failure);
  enter_state (self, state_of_failure (self, failure), why);
}

static void
try_to_connect (WcIngestRemote *self)
{
  WcIngestRemotePrivate *priv = PRIV (self);
  g_autoptr (GError) error = NULL;

  priv->present = TRUE;
  priv->present_since_us = wc_clock_now_us ();
  set_open (self, TRUE);
  if (!CLASS (self)->connect (self, &error))
    wc_ingest_remote_failed (
        self,
        g_error_matches (error, WC_INGEST_ERROR, WC_INGEST_ERROR_TRANSIENT)
            ? WC_REMOTE_TRANSIENT
            : WC_REMOTE_CONFIGURATION,
        error->message);
}

/* --- publishers ----------------------------------------------------------- */

void
wc_ingest_remote_came (WcIngestRemote *self)
{
  WcIngestRemotePrivate *priv = PRIV (self);

  if (!priv->started)
    return;
  priv->present = TRUE;
  priv->present_since_us = wc_clock_now_us ();
  set_open (self, TRUE);
  if (!priv->was_live)
    enter_state (self, WC_INGEST_STARTING, NULL);
}

void
wc_ingest_remote_gone (WcIngestRemote *self, gboolean said_goodbye,
                       const char *reason)
{
  WcIngestRemotePrivate *priv = PRIV (self);

  if (!priv->started)
    return;
  priv->present = FALSE;
  set_open (self, FALSE);
  forget_packets (self);
  if (!said_goodbye) {
    enter_state (self, WC_INGEST_LOST, reason);
    return;
  }
  priv->was_live = FALSE;
  wc_ingest_set_state (WC_INGEST (self), WC_INGEST_IDLE, NULL);
}

void
wc_ingest_remote_set_note (WcIngestRemote *self, const char *note)
{
  char *copy = g_strdup (note);

  g_free (PRIV (self)->note);
  PRIV (self)->note = copy;
}

gboolean
wc_ingest_remote_is_started (WcIngestRemote *self)
{
  return PRIV (self)->started;
}

gboolean
wc_ingest_remote_is_present (WcIngestRemote *self)
{
  return PRIV (self)->present;
}

/* --- looking on ----------------------------------------------------------- */

typedef struct {
  gboolean has_start; /* of at least one track */
  gint64 newest_us;   /* when the newest packet came; 0: none yet */
} Sight;

static void
look_at_track (WcIngestRemote *self, WcMedia media, Sight *sight, gint64 now_us)
{
  WcSourceTrack *source = PRIV (self)->tracks[media];
  g_autoptr (WcTrack) track = NULL;
  WcSourceTrackStatus status;

  wc_source_track_flush (source, now_us);
  wc_source_track_supervise (source, PRIV (self)->watched, now_us);
  track = wc_source_track_dup_track (source);
  if (track == NULL)
    return;
  wc_source_track_get_status (source, &status);
  if (status.has_format)
    wc_ingest_adopt_track (WC_INGEST (self), media, track);
  sight->newest_us = MAX (sight->newest_us, status.last_packet_us);
  wc_source_track_status_clear (&status);
  sight->has_start |= wc_source_track_is_ready (source);
}

static gint64
timeout_us (WcIngestRemote *self)
{
  return (gint64)wc_ingest_spec (WC_INGEST (self))->source_timeout_ms * 1000;
}

static void
note_silence (WcIngestRemote *self, const Sight *sight)
{
  g_autofree char *reason =
      sight->newest_us == 0
          ? g_strdup ("it is connected, but no packets come")
          : g_strdup_printf ("no packets for %" G_GINT64_FORMAT " ms",
                             timeout_us (self) / 1000);

  if (CLASS (self)->pulls)
    wc_ingest_remote_failed (self, WC_REMOTE_TRANSIENT, reason);
  else {
    forget_packets (self);
    enter_state (self, WC_INGEST_LOST, reason);
  }
}

static gboolean
is_silent (WcIngestRemote *self, const Sight *sight, gint64 now_us)
{
  if (sight->newest_us != 0)
    return now_us - sight->newest_us > timeout_us (self);
  return now_us - PRIV (self)->present_since_us >
         MAX (CONNECT_TIMEOUT_US, timeout_us (self));
}

static void
update_state (WcIngestRemote *self, gint64 now_us)
{
  WcIngestRemotePrivate *priv = PRIV (self);
  WcIngestState state = wc_ingest_state (WC_INGEST (self));
  Sight sight = {0};

  for (guint i = 0; i < WC_N_MEDIA; i++)
    look_at_track (self, i, &sight, now_us);
  if (is_silent (self, &sight, now_us)) {
    if (CLASS (self)->pulls || state != WC_INGEST_LOST)
      note_silence (self, &sight);
  } else if (sight.newest_us != 0 && sight.has_start) {
    priv->was_live = TRUE;
    wc_backoff_reset (&priv->backoff);
    enter_state (self, WC_INGEST_LIVE, priv->note);
  }
}

/* A source that was just heard of need not wait for its next key frame. */
static void
nudge_source (WcIngestRemote *self, gint64 now_us)
{
  WcIngestRemotePrivate *priv = PRIV (self);
  WcIngestState state = wc_ingest_state (WC_INGEST (self));

  if ((state != WC_INGEST_STARTING && state != WC_INGEST_LOST) ||
      now_us - priv->nudged_us < KEY_FRAME_NUDGE_US)
    return;
  priv->nudged_us = now_us;
  wc_ingest_request_key_frame (WC_INGEST (self), WC_MEDIA_VIDEO);
}

static gboolean
on_tick (gpointer user_data)
{
  WcIngestRemote *self = user_data;
  gint64 now_us = wc_clock_now_us ();

  g_object_ref (self); /* a handler may drop us */
  if (PRIV (self)->present)
    update_state (self, now_us);
  if (PRIV (self)->present)
    nudge_source (self, now_us);
  if (PRIV (self)->started && CLASS (self)->look != NULL)
    CLASS (self)->look (self, now_us);
  g_object_unref (self);
  return G_SOURCE_CONTINUE;
}

/* --- WcIngest ------------------------------------------------------------- */

static void
wc_ingest_remote_start (WcIngest *ingest)
{
  WcIngestRemote *self = WC_INGEST_REMOTE (ingest);
  WcIngestRemotePrivate *priv = PRIV (self);
  g_autoptr (GError) error = NULL;

  if (priv->started)
    return;
  priv->started = TRUE;
  priv->was_live = FALSE;
  wc_backoff_reset (&priv->backoff);
  priv->tick_source = g_timeout_add (TICK_MS, on_tick, self);
  if (CLASS (self)->pulls) {
    wc_ingest_set_state (ingest, WC_INGEST_STARTING, NULL);
    try_to_connect (self);
  } else if (!CLASS (self)->connect (self, &error)) {
    wc_ingest_set_state (ingest, WC_INGEST_FAILED, error->message);
  }
}

static void
stop_sources (WcIngestRemote *self)
{
  WcIngestRemotePrivate *priv = PRIV (self);

  priv->started = FALSE;
  g_clear_handle_id (&priv->tick_source, g_source_remove);
  g_clear_handle_id (&priv->retry_source, g_source_remove);
}

static void
supervise (WcIngestRemote *self, gboolean watched)
{
  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_source_track_supervise (PRIV (self)->tracks[i], watched,
                               wc_clock_now_us ());
}

static void
end (WcIngestRemote *self)
{
  stop_sources (self);
  PRIV (self)->present = FALSE;
  set_open (self, FALSE);
  CLASS (self)->disconnect (self);
  forget_packets (self);
  supervise (self, FALSE);
}

static void
wc_ingest_remote_stop (WcIngest *ingest)
{
  WcIngestRemote *self = WC_INGEST_REMOTE (ingest);

  if (!PRIV (self)->started)
    return;
  end (self);
  wc_ingest_set_state (ingest, WC_INGEST_IDLE, NULL);
}

/* Not a moment is waited: somebody comes. */
static void
wc_ingest_remote_set_watched (WcIngest *ingest, gboolean watched)
{
  WcIngestRemote *self = WC_INGEST_REMOTE (ingest);

  PRIV (self)->watched = watched;
  supervise (self, PRIV (self)->started && watched);
}

static void
wc_ingest_remote_request_key_frame (WcIngest *ingest, WcMedia media)
{
  WcIngestRemote *self = WC_INGEST_REMOTE (ingest);
  WcIngestRemotePrivate *priv = PRIV (self);
  gint64 now_us = wc_clock_now_us ();

  if (!priv->present || CLASS (self)->ask_key_frame == NULL ||
      media != WC_MEDIA_VIDEO ||
      now_us - priv->asked_us[media] < KEY_FRAME_INTERVAL_US)
    return;
  priv->asked_us[media] = now_us;
  CLASS (self)->ask_key_frame (self, media);
}

static void
wc_ingest_remote_get_counts (WcIngest *ingest, WcMedia media,
                             WcIngestCounts *counts)
{
  WcSourceTrack *source = PRIV (WC_INGEST_REMOTE (ingest))->tracks[media];
  g_autoptr (WcTrackFeed) feed = wc_source_track_dup_feed (source);

  wc_ingest_fill_feed_counts (feed, counts);
  wc_source_track_get_stats (source, &counts->input);
}

static void
wc_ingest_remote_get_track_info (WcIngest *ingest, WcMedia media,
                                 WcIngestTrackInfo *info)
{
  WcSourceTrack *source = PRIV (WC_INGEST_REMOTE (ingest))->tracks[media];
  WcTrack *track = wc_ingest_track (ingest, media);
  g_autoptr (WcTrackFeed) feed = wc_source_track_dup_feed (source);
  const WcCodecInfo *codec = wc_codec_info (wc_track_codec (track));
  WcSourceTrackStatus status;

  wc_source_track_get_status (source, &status);
  info->codec = codec->codec;
  info->clock_rate = codec->clock_rate;
  info->channels = codec->channels;
  info->payload_type = status.format.payload_type;
  info->fmtp = g_strdup (status.format.fmtp);
  info->ssrc = status.ssrc;
  wc_ingest_fill_feed_info (feed, info);
  wc_source_track_get_stats (source, &info->input);
  wc_ingest_fill_track_state (ingest, media, info);
  wc_source_track_status_clear (&status);
}

/* --- making one ----------------------------------------------------------- */

void
wc_ingest_remote_init_source (WcIngestRemote *self,
                              const WcMountpointSpec *spec,
                              const WcIngestContext *context)
{
  WcIngestRemotePrivate *priv = PRIV (self);
  WcTrackLimits limits = {
      .history_ms = context->config->history_ms,
      .gop_max_bytes = context->config->gop_max_bytes,
  };

  wc_ingest_init_source (WC_INGEST (self), spec, context);
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    priv->tracks[i] = wc_source_track_new (i, priv->clock, &limits);
    wc_source_track_set_policy (priv->tracks[i], spec->id, spec->bframes);
  }
}

WcSourceTrack *
wc_ingest_remote_track (WcIngestRemote *self, WcMedia media)
{
  return PRIV (self)->tracks[media];
}

/* --- GObject -------------------------------------------------------------- */

static void
wc_ingest_remote_dispose (GObject *object)
{
  WcIngestRemote *self = WC_INGEST_REMOTE (object);

  if (PRIV (self)->started)
    end (self);
  G_OBJECT_CLASS (wc_ingest_remote_parent_class)->dispose (object);
}

static void
wc_ingest_remote_finalize (GObject *object)
{
  WcIngestRemotePrivate *priv = PRIV (WC_INGEST_REMOTE (object));

  for (guint i = 0; i < WC_N_MEDIA; i++)
    g_clear_pointer (&priv->tracks[i], wc_source_track_unref);
  wc_source_clock_unref (priv->clock);
  g_free (priv->note);
  G_OBJECT_CLASS (wc_ingest_remote_parent_class)->finalize (object);
}

static void
wc_ingest_remote_class_init (WcIngestRemoteClass *klass)
{
  WcIngestClass *ingest_class = WC_INGEST_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = wc_ingest_remote_dispose;
  G_OBJECT_CLASS (klass)->finalize = wc_ingest_remote_finalize;
  ingest_class->start = wc_ingest_remote_start;
  ingest_class->stop = wc_ingest_remote_stop;
  ingest_class->request_key_frame = wc_ingest_remote_request_key_frame;
  ingest_class->get_track_info = wc_ingest_remote_get_track_info;
  ingest_class->get_counts = wc_ingest_remote_get_counts;
  ingest_class->set_watched = wc_ingest_remote_set_watched;
}

static void
wc_ingest_remote_init (WcIngestRemote *self)
{
  PRIV (self)->clock = wc_source_clock_new ();
}
