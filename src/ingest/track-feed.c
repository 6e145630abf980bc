/* SPDX-License-Identifier: MIT */
#include "ingest/track-feed.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "ingest/backoff.h"
#include "ingest/conversion-input.h"
#include "ingest/ingest.h"

#include <gst/gst.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* Fewer frames than these are not worth watching. */
#define MIN_KEPT_RATE_MILLI 10000
/* A converter that has run for so long is not one that fails at once. */
#define STEADY_US (10 * G_USEC_PER_SEC)
#define CPU_WINDOW_US (2 * G_USEC_PER_SEC)
#define MAX_RTP_SIZE 2048

struct WcTrackFeed {
  atomic_uint refs;
  /* constant */
  char *label;
  WcTrack *track;
  WcSourceClock *clock;
  WcCodec codec;
  guint32 clock_rate;
  guint channels;
  char *fmtp;
  WcBFrames policy;
  WcTrackLimits limits;
  WcConversion *conversion; /* NULL: never needed */

  pthread_mutex_t lock; /* guards what follows */
  WcNormaliser *out;    /* writes the track */
  WcRtpStats earlier;   /* of what received before, see count_on () */
  gint64 patience_us;
  gboolean retired;
  WcConversionInput *input; /* NULL: what comes goes to `out` */
  WcConverter *converter;   /* nullable */
  WcConversionStatus status;

  /* the main thread's */
  WcBackoff backoff;
  gint64 started_us; /* of the converter */
  gint64 retry_us;
  gint64 cpu_since_us;
  guint64 cpu_before_us;
};

const char *
wc_conversion_state_name (WcConversionState state)
{
  static const char *const names[] = {
      [WC_CONVERSION_NONE] = "none",
      [WC_CONVERSION_SLEEPING] = "sleeping",
      [WC_CONVERSION_RUNNING] = "running",
      [WC_CONVERSION_FAILED] = "failed",
  };

  return names[state];
}

void
wc_conversion_status_clear (WcConversionStatus *status)
{
  g_clear_pointer (&status->reason, g_free);
}

static gboolean
is_video (const WcTrackFeed *self)
{
  return wc_codec_info (self->codec)->media == WC_MEDIA_VIDEO;
}

static void
set_reason (WcTrackFeed *self, const char *reason)
{
  if (g_strcmp0 (self->status.reason, reason) == 0)
    return;
  g_free (self->status.reason);
  self->status.reason = g_strdup (reason);
}

/* --- out of the converter --------------------------------------------------
 */

static void
on_converted (gpointer user_data, const guint8 *rtp, gsize size,
              GstClockTime pts)
{
  WcTrackFeed *self = user_data;
  guint8 packet[MAX_RTP_SIZE];

  if (size < 12 || size > sizeof packet)
    return;
  memcpy (packet, rtp, size);
  pthread_mutex_lock (&self->lock);
  if (!self->retired && self->input != NULL && self->converter != NULL) {
    wc_write_u32 (packet + 4, wc_conversion_input_timestamp (self->input, pts));
    wc_normaliser_push_made (self->out, packet, size,
                             wc_conversion_input_capture_us (self->input, pts));
  }
  pthread_mutex_unlock (&self->lock);
}

/* --- which way, with the lock held -----------------------------------------
 */

static gboolean
open_input (WcTrackFeed *self, const char **reason)
{
  self->input =
      wc_conversion_input_new (self->conversion, self->clock_rate, self->clock,
                               self->limits.gop_max_bytes);
  wc_normaliser_set_patience (self->input->normaliser, self->patience_us);
  return !is_video (self) ||
         wc_normaliser_set_fmtp (self->input->normaliser, self->fmtp, reason);
}

static WcNormaliser *
receiver (WcTrackFeed *self)
{
  return self->input != NULL ? self->input->normaliser : self->out;
}

/* @after receives in the place of @before: what is counted goes on from there,
 * whatever @after has counted of something else. */
static void
count_on (WcTrackFeed *self, WcNormaliser *before, WcNormaliser *after)
{
  WcRtpStats stats;

  wc_normaliser_get_stats (before, &stats);
  wc_rtp_stats_add (&self->earlier, &stats);
  wc_normaliser_get_stats (after, &stats);
  wc_rtp_stats_subtract (&self->earlier, &stats);
}

static void
set_b_frames (WcTrackFeed *self, WcBFrames what, const char *reason)
{
  if (self->status.bframes != what)
    wc_info ("%s: B-frames: %s%s%s", self->label,
             what == WC_BFRAMES_DROP        ? "left out"
             : what == WC_BFRAMES_TRANSCODE ? "encoded anew"
                                            : "passed on",
             reason != NULL ? ", " : "", reason != NULL ? reason : "");
  self->status.bframes = what;
  set_reason (self, reason);
}

/* --- any thread ------------------------------------------------------------
 */

gboolean
wc_track_feed_push (WcTrackFeed *self, const guint8 *rtp, gsize size,
                    gint64 now_us)
{
  gboolean good;

  pthread_mutex_lock (&self->lock);
  good = wc_normaliser_push (receiver (self), rtp, size, now_us);
  if (self->input != NULL)
    wc_conversion_input_read (self->input, now_us);
  pthread_mutex_unlock (&self->lock);
  return good;
}

void
wc_track_feed_sender_report (WcTrackFeed *self, guint64 ntp,
                             guint32 rtp_timestamp, gint64 now_us)
{
  pthread_mutex_lock (&self->lock);
  wc_normaliser_sender_report (receiver (self), ntp, rtp_timestamp, now_us);
  pthread_mutex_unlock (&self->lock);
}

void
wc_track_feed_restart (WcTrackFeed *self)
{
  pthread_mutex_lock (&self->lock);
  wc_normaliser_restart (receiver (self));
  if (self->input != NULL)
    wc_conversion_input_read (self->input, self->input->now_us);
  pthread_mutex_unlock (&self->lock);
}

void
wc_track_feed_flush (WcTrackFeed *self, gint64 now_us)
{
  pthread_mutex_lock (&self->lock);
  wc_normaliser_flush (receiver (self), now_us);
  if (self->input != NULL)
    wc_conversion_input_read (self->input, now_us);
  pthread_mutex_unlock (&self->lock);
}

void
wc_track_feed_set_patience (WcTrackFeed *self, gint64 patience_us)
{
  pthread_mutex_lock (&self->lock);
  self->patience_us = patience_us;
  wc_normaliser_set_patience (receiver (self), patience_us);
  pthread_mutex_unlock (&self->lock);
}

void
wc_track_feed_retire (WcTrackFeed *self)
{
  pthread_mutex_lock (&self->lock);
  self->retired = TRUE;
  pthread_mutex_unlock (&self->lock);
}

void
wc_track_feed_forget (WcTrackFeed *self)
{
  pthread_mutex_lock (&self->lock);
  if (self->input != NULL)
    wc_track_clear (self->input->track);
  if (!self->retired)
    wc_track_clear (self->track);
  pthread_mutex_unlock (&self->lock);
}

void
wc_track_feed_get_stats (WcTrackFeed *self, WcRtpStats *stats)
{
  pthread_mutex_lock (&self->lock);
  wc_normaliser_get_stats (receiver (self), stats);
  wc_rtp_stats_add (stats, &self->earlier);
  pthread_mutex_unlock (&self->lock);
}

void
wc_track_feed_get_stream_info (WcTrackFeed *self, WcStreamInfo *info)
{
  pthread_mutex_lock (&self->lock);
  wc_normaliser_get_stream_info (receiver (self), info);
  pthread_mutex_unlock (&self->lock);
}

void
wc_track_feed_get_conversion (WcTrackFeed *self, WcConversionStatus *status)
{
  pthread_mutex_lock (&self->lock);
  *status = self->status;
  status->reason = g_strdup (self->status.reason);
  if (self->converter != NULL)
    status->cpu_us += wc_converter_cpu_us (self->converter);
  pthread_mutex_unlock (&self->lock);
}

WcTrack *
wc_track_feed_dup_input (WcTrackFeed *self)
{
  WcTrack *input;

  pthread_mutex_lock (&self->lock);
  input = self->input != NULL ? wc_track_ref (self->input->track) : NULL;
  pthread_mutex_unlock (&self->lock);
  return input;
}

gboolean
wc_track_feed_is_ready (WcTrackFeed *self)
{
  WcTrackStats stats, input = {0};
  gboolean converts;

  wc_track_get_stats (self->track, &stats);
  pthread_mutex_lock (&self->lock);
  converts = self->input != NULL && self->status.state != WC_CONVERSION_FAILED;
  if (converts)
    wc_track_get_stats (self->input->track, &input);
  pthread_mutex_unlock (&self->lock);
  return stats.has_start || (converts && input.has_start);
}

/* --- the converter: the main thread ----------------------------------------
 */

static void
unref_feed (gpointer self)
{
  wc_track_feed_unref (self);
}

static void
start_converter (WcTrackFeed *self, gint64 now_us)
{
  g_autoptr (GError) error = NULL;
  WcConverter *converter =
      wc_converter_new (self->conversion, self->label, on_converted,
                        wc_track_feed_ref (self), unref_feed, &error);

  pthread_mutex_lock (&self->lock);
  if (converter == NULL) {
    self->status.failures++;
    self->status.state = WC_CONVERSION_FAILED;
    set_reason (self, error->message);
    self->retry_us = now_us + (gint64)wc_backoff_next (&self->backoff) * 1000;
  } else {
    self->converter = converter;
    self->started_us = now_us;
    self->status.starts++;
    self->status.state = WC_CONVERSION_RUNNING;
    wc_normaliser_restart (self->out);
    wc_conversion_input_begin (self->input, converter);
  }
  pthread_mutex_unlock (&self->lock);
  if (converter == NULL)
    wc_warning ("%s: %s is not converted: %s", self->label,
                wc_codec_info (self->codec)->name, error->message);
  else
    wc_info ("%s: %s is converted", self->label,
             wc_codec_info (self->codec)->name);
}

static void
stop_converter (WcTrackFeed *self, WcConversionState state)
{
  WcConverter *converter;

  pthread_mutex_lock (&self->lock);
  converter = g_steal_pointer (&self->converter);
  if (converter != NULL) {
    wc_conversion_input_end (self->input);
    self->status.cpu_us += wc_converter_cpu_us (converter);
    self->status.cpu_permille = 0;
    self->status.state = state;
    if (!self->retired)
      wc_track_clear (self->track);
  }
  pthread_mutex_unlock (&self->lock);
  if (converter == NULL)
    return;
  wc_converter_stop (converter);
  wc_converter_unref (converter);
}

/* What failed is forgotten when nobody wants it any more. */
static void
fall_asleep (WcTrackFeed *self)
{
  if (self->converter != NULL)
    stop_converter (self, WC_CONVERSION_SLEEPING);
  if (self->conversion->pipeline == NULL)
    return;
  pthread_mutex_lock (&self->lock);
  self->status.state = WC_CONVERSION_SLEEPING;
  pthread_mutex_unlock (&self->lock);
}

static void
check_converter (WcTrackFeed *self, gint64 now_us)
{
  const char *failure = wc_converter_check (self->converter, now_us);

  if (failure == NULL) {
    if (now_us - self->started_us > STEADY_US)
      wc_backoff_reset (&self->backoff);
    return;
  }
  wc_warning ("%s: the conversion of %s is begun anew: %s", self->label,
              wc_codec_info (self->codec)->name, failure);
  pthread_mutex_lock (&self->lock);
  self->status.failures++;
  set_reason (self, failure);
  pthread_mutex_unlock (&self->lock);
  self->retry_us = now_us + (gint64)wc_backoff_next (&self->backoff) * 1000;
  stop_converter (self, WC_CONVERSION_FAILED);
}

static void
measure_cpu (WcTrackFeed *self, gint64 now_us)
{
  guint64 cpu_us =
      self->converter != NULL ? wc_converter_cpu_us (self->converter) : 0;
  gint64 passed_us = now_us - self->cpu_since_us;

  if (passed_us < CPU_WINDOW_US && cpu_us >= self->cpu_before_us)
    return;
  if (cpu_us >= self->cpu_before_us && self->cpu_since_us != 0) {
    pthread_mutex_lock (&self->lock);
    self->status.cpu_permille =
        (guint)((cpu_us - self->cpu_before_us) * 1000 / (guint64)passed_us);
    pthread_mutex_unlock (&self->lock);
  }
  self->cpu_since_us = now_us;
  self->cpu_before_us = cpu_us;
}

/* --- B-frames: the main thread ---------------------------------------------
 */

static void
begin_transcoding (WcTrackFeed *self, const char *reason)
{
  const char *why = NULL;

  pthread_mutex_lock (&self->lock);
  wc_normaliser_flush (self->out, G_MAXINT64);
  open_input (self, &why);
  count_on (self, self->out, self->input->normaliser);
  self->status.state = WC_CONVERSION_SLEEPING;
  if (!self->retired)
    wc_track_clear (self->track);
  set_b_frames (self, WC_BFRAMES_TRANSCODE, reason);
  pthread_mutex_unlock (&self->lock);
}

static void
end_transcoding (WcTrackFeed *self)
{
  stop_converter (self, WC_CONVERSION_NONE);
  pthread_mutex_lock (&self->lock);
  count_on (self, self->input->normaliser, self->out);
  g_clear_pointer (&self->input, wc_conversion_input_free);
  wc_normaliser_restart (self->out);
  self->status.state = WC_CONVERSION_NONE;
  if (!self->retired)
    wc_track_clear (self->track);
  set_b_frames (self, WC_BFRAMES_PASS, NULL);
  pthread_mutex_unlock (&self->lock);
}

/* What is seen of the stream decides; what cannot be converted is left as good
 * as it can be. */
static void
decide_by_stream (WcTrackFeed *self, const WcStreamInfo *info)
{
  gboolean sparse =
      info->kept_rate_milli > 0 && info->kept_rate_milli < MIN_KEPT_RATE_MILLI;
  const char *reason = NULL;

  if (info->b_frames == WC_B_USE_REFERENCED)
    reason = "other frames refer to B-frames, so they cannot be left out";
  else if (info->b_frames == WC_B_USE_DISPOSABLE && sparse)
    reason = "without B-frames too few frames would be left";
  if (reason != NULL && self->conversion->pipeline != NULL) {
    begin_transcoding (self, reason);
    return;
  }
  pthread_mutex_lock (&self->lock);
  if (reason != NULL)
    set_b_frames (self, WC_BFRAMES_PASS, self->conversion->missing);
  else if (info->b_frames == WC_B_USE_DISPOSABLE)
    set_b_frames (self, WC_BFRAMES_DROP, "no other frame refers to them");
  else if (info->b_frames == WC_B_USE_NONE)
    set_b_frames (self, WC_BFRAMES_PASS, NULL);
  pthread_mutex_unlock (&self->lock);
}

static void
decide_b_frames (WcTrackFeed *self)
{
  WcStreamInfo info;

  if (self->policy != WC_BFRAMES_AUTO || self->conversion == NULL ||
      !is_video (self))
    return;
  wc_track_feed_get_stream_info (self, &info);
  if (self->input == NULL)
    decide_by_stream (self, &info);
  else if (info.b_frames == WC_B_USE_NONE)
    end_transcoding (self);
}

static gboolean
is_retired (WcTrackFeed *self)
{
  gboolean retired;

  pthread_mutex_lock (&self->lock);
  retired = self->retired;
  pthread_mutex_unlock (&self->lock);
  return retired;
}

void
wc_track_feed_supervise (WcTrackFeed *self, gboolean watched, gint64 now_us)
{
  gboolean wanted;

  decide_b_frames (self);
  if (self->input == NULL)
    return;
  wanted = watched && !is_retired (self);
  if (!wanted)
    fall_asleep (self);
  if (self->converter != NULL)
    check_converter (self, now_us);
  if (self->converter == NULL && wanted && now_us >= self->retry_us)
    start_converter (self, now_us);
  measure_cpu (self, now_us);
}

/* --- life ------------------------------------------------------------------
 */

/* What is encoded anew only if it must be has its own parameters yet. */
static gboolean
set_up (WcTrackFeed *self, GError **error)
{
  gboolean converts =
      self->conversion != NULL &&
      (!is_video (self) || self->policy == WC_BFRAMES_TRANSCODE);
  const char *reason = NULL;
  gboolean ok;

  if (converts) {
    ok = open_input (self, &reason);
    self->status.state = WC_CONVERSION_SLEEPING;
    if (is_video (self))
      self->status.bframes = WC_BFRAMES_TRANSCODE;
    if (self->conversion->pipeline == NULL) {
      self->status.state = WC_CONVERSION_FAILED;
      set_reason (self, self->conversion->missing);
    }
  } else {
    ok = wc_normaliser_set_fmtp (self->out, self->fmtp, &reason);
  }
  if (!ok)
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                 "fmtp of its %s: %s",
                 wc_media_name (wc_codec_info (self->codec)->media), reason);
  return ok;
}

/* Video is known not to need it where it cannot have B-frames. */
static gboolean
prepare_conversion (WcTrackFeed *self, GError **error)
{
  const WcCodecInfo *target =
      wc_conversion_target (self->codec, self->clock_rate, self->channels);
  gboolean may_reorder =
      (self->codec == WC_CODEC_H264 || self->codec == WC_CODEC_H265) &&
      (self->policy == WC_BFRAMES_AUTO || self->policy == WC_BFRAMES_TRANSCODE);

  self->status.source = self->codec;
  self->status.target = target->codec;
  self->status.clock_rate = self->clock_rate;
  self->status.channels = self->channels;
  self->status.bframes = WC_BFRAMES_PASS;
  if (self->policy == WC_BFRAMES_DROP)
    self->status.bframes = WC_BFRAMES_DROP;
  if (target->codec == self->codec && target->clock_rate == self->clock_rate &&
      !may_reorder)
    return TRUE;
  self->conversion = wc_conversion_new (self->codec, self->clock_rate,
                                        self->channels, self->fmtp, error);
  return self->conversion != NULL;
}

WcTrackFeed *
wc_track_feed_new (WcTrack *track, WcSourceClock *clock,
                   const WcTrackFeedConfig *config, GError **error)
{
  g_autoptr (WcTrackFeed) self = g_new0 (WcTrackFeed, 1);

  atomic_init (&self->refs, 1);
  pthread_mutex_init (&self->lock, NULL);
  self->label = g_strdup (config->label != NULL ? config->label : "");
  self->track = wc_track_ref (track);
  self->clock = wc_source_clock_ref (clock);
  self->codec = config->codec;
  self->clock_rate = config->clock_rate;
  self->channels = config->channels;
  self->fmtp = g_strdup (config->fmtp);
  self->policy = config->bframes;
  self->limits = config->limits;
  self->out = wc_normaliser_new (track, clock);
  if (!prepare_conversion (self, error) || !set_up (self, error))
    return NULL;
  if (is_video (self) &&
      (self->policy == WC_BFRAMES_DROP || self->policy == WC_BFRAMES_AUTO))
    wc_normaliser_set_drop_b_frames (self->out, TRUE);
  return g_steal_pointer (&self);
}

WcTrackFeed *
wc_track_feed_ref (WcTrackFeed *self)
{
  atomic_fetch_add_explicit (&self->refs, 1, memory_order_relaxed);
  return self;
}

void
wc_track_feed_unref (WcTrackFeed *self)
{
  if (atomic_fetch_sub_explicit (&self->refs, 1, memory_order_acq_rel) != 1)
    return;
  g_clear_pointer (&self->input, wc_conversion_input_free);
  g_clear_pointer (&self->out, wc_normaliser_free);
  g_clear_pointer (&self->conversion, wc_conversion_free);
  wc_conversion_status_clear (&self->status);
  pthread_mutex_destroy (&self->lock);
  wc_source_clock_unref (self->clock);
  wc_track_unref (self->track);
  g_free (self->fmtp);
  g_free (self->label);
  g_free (self);
}
