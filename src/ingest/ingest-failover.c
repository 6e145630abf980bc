/* SPDX-License-Identifier: MIT */
#include "ingest/ingest-failover.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/splice.h"
#include "ingest/failover-choice.h"
#include "ingest/failover-source.h"

#define TICK_MS 100

struct _WcIngestFailover {
  WcIngest parent;
  GPtrArray *sources; /* of WcFailoverSource */
  WcSplice *splice;
  gboolean started, watched;
  int wanted, playing; /* -1: none */
  int chosen;          /* by hand; -1: none */
  int told;            /* who was said to play */
  int former;          /* who played last, until nobody did; -1: none */
  WcFailoverSwitch last;
  char *last_reason;
  guint64 n_switches;
  guint tick_source;
};

G_DEFINE_FINAL_TYPE (WcIngestFailover, wc_ingest_failover, WC_TYPE_INGEST)

enum { SIGNAL_SWITCHED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void evaluate (WcIngestFailover *self);

static WcFailoverSource *
nth (WcIngestFailover *self, guint index)
{
  return g_ptr_array_index (self->sources, index);
}

/* --- codecs ------------------------------------------------------------------
 */

/* The first that is known decides. */
static WcTrack *
find_model (WcIngestFailover *self, WcMedia media)
{
  for (guint i = 0; i < self->sources->len; i++) {
    WcTrack *track = wc_failover_source_track (nth (self, i), media);
    if (track != NULL)
      return track;
  }
  return NULL;
}

static gboolean
fits (WcTrack *track, WcTrack *output)
{
  return output != NULL && wc_track_codec (track) == wc_track_codec (output);
}

static char *
find_mismatch (WcIngestFailover *self, const WcFailoverSource *source)
{
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    WcTrack *output = wc_ingest_track (WC_INGEST (self), media);
    WcTrack *track = wc_failover_source_track (source, media);
    if (track != NULL && output != NULL && !fits (track, output))
      return g_strdup_printf (
          "its %s is %s, and that of a better source is %s; viewers are "
          "switched from one to the other, so all must be the same",
          wc_media_name (media), wc_codec_info (wc_track_codec (track))->name,
          wc_codec_info (wc_track_codec (output))->name);
  }
  if (wc_ingest_track (WC_INGEST (self), WC_MEDIA_VIDEO) != NULL &&
      source->ingest != NULL &&
      wc_ingest_state (source->ingest) == WC_INGEST_LIVE &&
      wc_failover_source_track (source, WC_MEDIA_VIDEO) == NULL)
    return g_strdup ("it has no picture, and the others have");
  return NULL;
}

static void
check_codecs (WcIngestFailover *self, WcFailoverSource *source)
{
  g_autofree char *mismatch = find_mismatch (self, source);

  if (mismatch != NULL && g_strcmp0 (mismatch, source->mismatch) != 0)
    wc_warning ("%s: source %u is passed over: %s",
                wc_ingest_spec (WC_INGEST (self))->id, source->index + 1,
                mismatch);
  g_free (source->mismatch);
  source->mismatch = g_steal_pointer (&mismatch);
}

static void
connect_inputs (WcIngestFailover *self)
{
  for (guint i = 0; i < self->sources->len; i++)
    for (guint media = 0; media < WC_N_MEDIA; media++) {
      WcTrack *track = wc_failover_source_track (nth (self, i), media);
      WcTrack *output = wc_ingest_track (WC_INGEST (self), media);
      wc_splice_set_input (self->splice, i, media,
                           track != NULL && fits (track, output) ? track
                                                                 : NULL);
    }
}

static WcTrack *
make_output (WcIngestFailover *self, WcTrack *model)
{
  const WcConfig *config = wc_ingest_context (WC_INGEST (self))->config;
  WcTrackLimits limits = {
      .history_ms = config->history_ms,
      .gop_max_bytes = config->gop_max_bytes,
  };

  return wc_track_new (wc_track_codec (model), wc_track_clock_rate (model),
                       &limits);
}

static void
make_splice (WcIngestFailover *self)
{
  g_clear_pointer (&self->splice, wc_splice_free);
  self->splice = wc_splice_new (self->sources->len, NULL, NULL);
  self->wanted = self->playing = -1;
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    WcTrack *output = wc_ingest_track (WC_INGEST (self), media);
    if (output != NULL)
      wc_splice_set_output (self->splice, media, output);
  }
}

/* Makes the output tracks. When a better source turns up with another codec,
 * viewers have to negotiate anew: "tracks-changed" says so. */
static void
ensure_outputs (WcIngestFailover *self)
{
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    WcTrack *model = find_model (self, media);
    WcTrack *output = wc_ingest_track (WC_INGEST (self), media);
    g_autoptr (WcTrack) made = NULL;

    if (model == NULL || fits (model, output))
      continue;
    made = make_output (self, model);
    wc_ingest_adopt_track (WC_INGEST (self), media, made);
    if (output == NULL && self->splice != NULL)
      wc_splice_set_output (self->splice, media, made);
    else
      make_splice (self);
  }
  if (self->splice == NULL)
    make_splice (self);
}

/* --- who plays --------------------------------------------------------------
 */

/* Live by its picture, if there is one: its sound alone would not do. */
static gboolean
is_usable (WcIngestFailover *self, const WcFailoverSource *source,
           gint64 now_us)
{
  gint64 timeout_us =
      (gint64)wc_ingest_spec (WC_INGEST (self))->source_timeout_ms * 1000;
  WcTrackStats stats;

  if (source->ingest == NULL || source->mismatch != NULL ||
      wc_ingest_state (source->ingest) != WC_INGEST_LIVE)
    return FALSE;
  if (wc_ingest_track (WC_INGEST (self), WC_MEDIA_VIDEO) == NULL)
    return wc_failover_source_track (source, WC_MEDIA_AUDIO) != NULL;
  wc_track_get_stats (wc_failover_source_track (source, WC_MEDIA_VIDEO),
                      &stats);
  return stats.last_append_us != 0 &&
         now_us - stats.last_append_us <= timeout_us;
}

static void
look_at_sources (WcIngestFailover *self, WcFailoverSight *sights, gint64 now_us)
{
  for (guint i = 0; i < self->sources->len; i++) {
    WcFailoverSource *source = nth (self, i);
    gboolean usable = is_usable (self, source, now_us);

    wc_failover_source_set_watched (source, self->watched);
    if (!usable)
      source->usable_since_us = 0;
    else if (source->usable_since_us == 0)
      source->usable_since_us = now_us;
    sights[i] = (WcFailoverSight){
        .usable = usable,
        .usable_for_us = usable ? now_us - source->usable_since_us : 0,
    };
  }
}

static void
want (WcIngestFailover *self, int index, const WcFailoverSight *sights)
{
  gboolean gone = self->playing < 0 || !sights[self->playing].usable;
  WcSpliceWhen when = gone ? WC_SPLICE_NOW : WC_SPLICE_AT_NEXT_START;

  self->wanted = index;
  wc_splice_select (self->splice, index, when);
  if (index >= 0 || self->splice == NULL)
    return;
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    WcTrack *output = wc_ingest_track (WC_INGEST (self), media);
    if (output != NULL)
      wc_track_clear (output); /* no stale picture */
  }
}

/* The one that is waited for may have long groups of pictures. */
static void
hurry (WcIngestFailover *self)
{
  if (self->wanted >= 0 && self->wanted != self->playing)
    wc_ingest_request_key_frame (nth (self, (guint)self->wanted)->ingest,
                                 WC_MEDIA_VIDEO);
}

/* --- what is said -----------------------------------------------------------
 */

char *
wc_ingest_failover_dup_source_reason (WcIngestFailover *self, guint index)
{
  return wc_failover_source_dup_reason (nth (self, index));
}

WcIngestState
wc_ingest_failover_source_state (WcIngestFailover *self, guint index)
{
  return wc_failover_source_state (nth (self, index));
}

/* Why one that is not usable is not. Its own watchdog may be a moment behind
 * ours. */
static void
append_sight (WcIngestFailover *self, guint index, GString *text)
{
  g_autofree char *reason = wc_ingest_failover_dup_source_reason (self, index);
  WcIngestState state = wc_ingest_failover_source_state (self, index);

  if (reason == NULL && state == WC_INGEST_LIVE)
    reason =
        g_strdup_printf ("nothing comes for %u ms",
                         wc_ingest_spec (WC_INGEST (self))->source_timeout_ms);

  g_string_append_printf (text, "%ssource %u is %s", text->len > 0 ? "; " : "",
                          index + 1, wc_ingest_state_name (state));
  if (reason != NULL)
    g_string_append_printf (text, " (%s)", reason);
}

/* Why a better source does not play, or none does; NULL when all is well. */
static char *
describe (WcIngestFailover *self)
{
  guint n = self->playing >= 0 ? (guint)self->playing : self->sources->len;
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->playing >= 0 && self->chosen == self->playing)
    return NULL;
  for (guint i = 0; i < n; i++)
    if (nth (self, i)->usable_since_us == 0)
      append_sight (self, i, text);
  if (text->len == 0)
    return NULL;
  if (self->playing >= 0)
    g_string_append_printf (text, "; source %d plays", self->playing + 1);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
update_state (WcIngestFailover *self)
{
  WcIngest *ingest = WC_INGEST (self);
  WcIngestState state = wc_ingest_state (ingest);
  g_autofree char *reason = describe (self);

  if (self->playing >= 0)
    wc_ingest_set_state (ingest, WC_INGEST_LIVE, reason);
  else if (self->wanted < 0 && state == WC_INGEST_LIVE)
    wc_ingest_set_state (ingest, WC_INGEST_LOST, reason);
  else if (self->wanted < 0)
    wc_ingest_set_state (ingest, state, reason);
}

/* Why @self->playing plays now and @from does not. */
static char *
explain_switch (WcIngestFailover *self, int from)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->playing < 0)
    return describe (self);
  if (self->playing == self->chosen)
    return g_strdup ("it was chosen by hand");
  if (from < 0)
    return g_strdup ("it is the first that is live");
  if (self->playing < from)
    return g_strdup ("it is the better one, and live");
  append_sight (self, (guint)from, text);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
log_switch (WcIngestFailover *self)
{
  const char *id = wc_ingest_spec (WC_INGEST (self))->id;

  if (self->last.to < 0)
    wc_warning ("%s: no source plays", id);
  else if (self->last.from < 0)
    wc_info ("%s: source %d plays", id, self->last.to + 1);
  else
    wc_info ("%s: source %d plays, and source %d no longer: %s", id,
             self->last.to + 1, self->last.from + 1, self->last.reason);
}

/* Once what happens has happened: nobody hears of what plays in between. */
static void
tell_switch (WcIngestFailover *self)
{
  int from = self->told;

  if (self->playing == from)
    return;
  self->told = self->playing;
  if (self->playing >= 0) {
    self->n_switches += self->former >= 0 && self->former != self->playing;
    self->former = self->playing;
  }
  g_free (self->last_reason);
  self->last_reason = explain_switch (self, from);
  self->last = (WcFailoverSwitch){
      .from = from,
      .to = self->playing,
      .reason = self->last_reason,
      .at_us = g_get_real_time (),
  };
  log_switch (self);
  g_signal_emit (self, signals[SIGNAL_SWITCHED], 0);
}

const WcFailoverSwitch *
wc_ingest_failover_last_switch (WcIngestFailover *self)
{
  return &self->last;
}

guint64
wc_ingest_failover_n_switches (WcIngestFailover *self)
{
  return self->n_switches;
}

/* --- the turn of events -----------------------------------------------------
 */

static void
evaluate (WcIngestFailover *self)
{
  g_autoptr (WcIngestFailover) keep G_GNUC_UNUSED = g_object_ref (self);
  gint64 now_us = wc_clock_now_us ();
  gint64 return_after_us =
      (gint64)wc_ingest_spec (WC_INGEST (self))->return_after_ms * 1000;
  WcFailoverSight sights[WC_MAX_SOURCES];
  int choice;

  ensure_outputs (self);
  for (guint i = 0; i < self->sources->len; i++)
    check_codecs (self, nth (self, i));
  connect_inputs (self);
  self->playing = wc_splice_playing (self->splice);
  look_at_sources (self, sights, now_us);
  choice = wc_failover_choose (sights, self->sources->len, self->playing,
                               self->chosen, return_after_us);
  if (choice != self->wanted || (choice != self->playing && choice >= 0))
    want (self, choice, sights);
  hurry (self);
  self->playing = wc_splice_playing (self->splice);
  tell_switch (self);
  update_state (self);
}

static void
follow_references (WcIngestFailover *self)
{
  for (guint i = 0; i < self->sources->len; i++)
    wc_failover_source_follow (nth (self, i));
}

static void
on_source_changed (gpointer user_data)
{
  WcIngestFailover *self = user_data;

  if (self->started)
    evaluate (self);
}

static gboolean
on_tick (gpointer user_data)
{
  WcIngestFailover *self = user_data;

  g_object_ref (self); /* a handler may drop us */
  follow_references (self);
  evaluate (self);
  g_object_unref (self);
  return G_SOURCE_CONTINUE;
}

guint
wc_ingest_failover_n_sources (WcIngestFailover *self)
{
  return self->sources->len;
}

int
wc_ingest_failover_playing (WcIngestFailover *self)
{
  return self->playing;
}

int
wc_ingest_failover_chosen (WcIngestFailover *self)
{
  return self->chosen;
}

void
wc_ingest_failover_choose (WcIngestFailover *self, int index)
{
  g_assert (index < (int)self->sources->len);
  self->chosen = index;
  if (index >= 0)
    wc_info ("%s: source %d was chosen by hand",
             wc_ingest_spec (WC_INGEST (self))->id, index + 1);
  if (self->started)
    evaluate (self);
}

/* --- WcIngest ------------------------------------------------------------- */

static void
wc_ingest_failover_start (WcIngest *ingest)
{
  WcIngestFailover *self = WC_INGEST_FAILOVER (ingest);

  if (self->started)
    return;
  self->started = TRUE;
  wc_ingest_set_state (ingest, WC_INGEST_STARTING, NULL);
  for (guint i = 0; i < self->sources->len; i++)
    wc_failover_source_start (nth (self, i));
  self->tick_source = g_timeout_add (TICK_MS, on_tick, self);
  on_tick (self);
}

static void
end (WcIngestFailover *self)
{
  self->started = FALSE;
  g_clear_handle_id (&self->tick_source, g_source_remove);
  g_clear_pointer (&self->splice, wc_splice_free);
  self->wanted = self->playing = self->told = -1;
  for (guint i = 0; i < self->sources->len; i++)
    wc_failover_source_stop (nth (self, i));
}

static void
wc_ingest_failover_stop (WcIngest *ingest)
{
  WcIngestFailover *self = WC_INGEST_FAILOVER (ingest);

  if (!self->started)
    return;
  end (self);
  for (guint media = 0; media < WC_N_MEDIA; media++)
    if (wc_ingest_track (ingest, media) != NULL)
      wc_track_clear (wc_ingest_track (ingest, media));
  wc_ingest_set_state (ingest, WC_INGEST_IDLE, NULL);
}

static void
wc_ingest_failover_request_key_frame (WcIngest *ingest, WcMedia media)
{
  WcIngestFailover *self = WC_INGEST_FAILOVER (ingest);
  int index = self->playing >= 0 ? self->playing : self->wanted;

  if (index >= 0 && nth (self, (guint)index)->ingest != NULL)
    wc_ingest_request_key_frame (nth (self, (guint)index)->ingest, media);
}

/* All run as long as this one does, and any may be needed. */
static void
wc_ingest_failover_set_watched (WcIngest *ingest, gboolean watched)
{
  WcIngestFailover *self = WC_INGEST_FAILOVER (ingest);

  self->watched = watched;
  for (guint i = 0; i < self->sources->len; i++)
    wc_failover_source_set_watched (nth (self, i), watched);
}

gboolean
wc_ingest_failover_get_source_counts (WcIngestFailover *self, guint index,
                                      WcMedia media, WcIngestCounts *counts)
{
  const WcFailoverSource *source = nth (self, index);

  return source->ingest != NULL &&
         wc_ingest_get_counts (source->ingest, media, counts);
}

static void
wc_ingest_failover_get_counts (WcIngest *ingest, WcMedia media,
                               WcIngestCounts *counts)
{
  WcIngestFailover *self = WC_INGEST_FAILOVER (ingest);

  if (self->playing >= 0)
    wc_ingest_failover_get_source_counts (self, (guint)self->playing, media,
                                          counts);
}

static void
wc_ingest_failover_get_track_info (WcIngest *ingest, WcMedia media,
                                   WcIngestTrackInfo *info)
{
  WcIngestFailover *self = WC_INGEST_FAILOVER (ingest);
  WcTrack *track = wc_ingest_track (ingest, media);

  if (self->playing >= 0)
    wc_ingest_get_track_info (nth (self, (guint)self->playing)->ingest, media,
                              info);
  if (!info->present)
    info->channels = wc_codec_info (wc_track_codec (track))->channels;
  info->codec = wc_track_codec (track);
  info->clock_rate = wc_track_clock_rate (track);
  g_clear_pointer (&info->profile, g_free);
  wc_ingest_fill_track_state (ingest, media, info);
}

/* --- making one ----------------------------------------------------------- */

/* What is known now, of references too. */
static gboolean
check_known_codecs (WcIngestFailover *self, GError **error)
{
  follow_references (self);
  ensure_outputs (self);
  for (guint i = 0; i < self->sources->len; i++) {
    g_autofree char *mismatch = find_mismatch (self, nth (self, i));
    if (mismatch == NULL)
      continue;
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                 "source %u: %s", i + 1, mismatch);
    return FALSE;
  }
  return TRUE;
}

static gboolean
make_sources (WcIngestFailover *self, WcMountpointSpec *spec, GError **error)
{
  for (guint i = 0; i < spec->sources->len; i++) {
    WcFailoverSource *source = wc_failover_source_new (
        g_ptr_array_index (spec->sources, i), i, WC_INGEST (self),
        on_source_changed, self, error);
    if (source == NULL) {
      g_prefix_error (error, "source %u: ", i + 1);
      return FALSE;
    }
    g_ptr_array_add (self->sources, source);
  }
  return check_known_codecs (self, error);
}

WcIngest *
wc_ingest_failover_new (WcMountpointSpec *spec, const WcIngestContext *context,
                        GError **error)
{
  g_autoptr (WcIngestFailover) self =
      g_object_new (WC_TYPE_INGEST_FAILOVER, NULL);
  gboolean ok;

  wc_ingest_init_source (WC_INGEST (self), spec, context);
  ok = make_sources (self, spec, error);
  for (guint i = 0; i < self->sources->len; i++)
    wc_failover_source_stop (nth (self, i)); /* references, until the start */
  return ok ? WC_INGEST (g_steal_pointer (&self)) : NULL;
}

/* --- GObject -------------------------------------------------------------- */

static void
wc_ingest_failover_dispose (GObject *object)
{
  WcIngestFailover *self = WC_INGEST_FAILOVER (object);

  if (self->started)
    end (self);
  g_clear_pointer (&self->splice, wc_splice_free);
  g_ptr_array_set_size (self->sources, 0);
  G_OBJECT_CLASS (wc_ingest_failover_parent_class)->dispose (object);
}

static void
wc_ingest_failover_finalize (GObject *object)
{
  g_ptr_array_unref (WC_INGEST_FAILOVER (object)->sources);
  g_free (WC_INGEST_FAILOVER (object)->last_reason);
  G_OBJECT_CLASS (wc_ingest_failover_parent_class)->finalize (object);
}

static void
wc_ingest_failover_class_init (WcIngestFailoverClass *klass)
{
  WcIngestClass *ingest_class = WC_INGEST_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = wc_ingest_failover_dispose;
  G_OBJECT_CLASS (klass)->finalize = wc_ingest_failover_finalize;
  ingest_class->start = wc_ingest_failover_start;
  ingest_class->stop = wc_ingest_failover_stop;
  ingest_class->request_key_frame = wc_ingest_failover_request_key_frame;
  ingest_class->set_watched = wc_ingest_failover_set_watched;
  ingest_class->get_track_info = wc_ingest_failover_get_track_info;
  ingest_class->get_counts = wc_ingest_failover_get_counts;
  signals[SIGNAL_SWITCHED] =
      g_signal_new ("switched", WC_TYPE_INGEST_FAILOVER, G_SIGNAL_RUN_LAST, 0,
                    NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
wc_ingest_failover_init (WcIngestFailover *self)
{
  self->sources = g_ptr_array_new_with_free_func (wc_failover_source_free);
  self->wanted = self->playing = self->chosen = -1;
  self->told = self->former = -1;
}
