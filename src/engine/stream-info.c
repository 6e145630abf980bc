/* SPDX-License-Identifier: MIT */
#include "engine/stream-info.h"

#include <string.h>

/* How much of its time a rate is measured over, and of ours for bits. */
#define FRAME_WINDOW_S 2
#define BIT_WINDOW_US G_USEC_PER_SEC
/* When it is said that there are no B-frames: more than the longest run of
 * frames between two that encoders make. */
#define ENOUGH_FRAMES 32
/* The least delay of some seconds is compared with that of others: from when it
 * is one, and from when the difference is worth a number. */
#define DRIFT_SETTLE_US (5 * G_USEC_PER_SEC)
#define DRIFT_SPAN_US (20 * G_USEC_PER_SEC)
/* No clock is so wrong: the stream jumped. */
#define MAX_DRIFT_PPM 5000

const char *
wc_b_frame_use_name (WcBFrameUse b_frames)
{
  static const char *const names[] = {
      [WC_B_USE_UNKNOWN] = "unknown",
      [WC_B_USE_NONE] = "none",
      [WC_B_USE_DISPOSABLE] = "disposable",
      [WC_B_USE_REFERENCED] = "referenced",
  };

  return names[b_frames];
}

void
wc_stream_meter_init (WcStreamMeter *meter, guint32 rate)
{
  *meter = (WcStreamMeter){.rate = rate, .info = {.format = {.reorder = -1}}};
  pthread_mutex_init (&meter->lock, NULL);
}

void
wc_stream_meter_clear (WcStreamMeter *meter)
{
  pthread_mutex_destroy (&meter->lock);
}

void
wc_stream_meter_restart (WcStreamMeter *meter)
{
  meter->begun = FALSE;
  meter->had_key = FALSE;
  meter->recent = meter->recent_b = meter->recent_referenced = 0;
  meter->arrivals = (WcMinimum){0};
  meter->began_us = meter->anchor_us = 0;
  pthread_mutex_lock (&meter->lock);
  meter->info.b_frames = WC_B_USE_UNKNOWN;
  meter->info.has_drift = FALSE;
  meter->info.key_interval_ms = meter->info.since_key_ms = 0;
  pthread_mutex_unlock (&meter->lock);
}

void
wc_stream_meter_set_format (WcStreamMeter *meter, const WcVideoFormat *format)
{
  gboolean differs = memcmp (format, &meter->info.format, sizeof *format) != 0;

  if (!differs)
    return;
  meter->recent = meter->recent_b = meter->recent_referenced = 0;
  pthread_mutex_lock (&meter->lock);
  meter->info.format = *format;
  pthread_mutex_unlock (&meter->lock);
}

void
wc_stream_meter_add_bytes (WcStreamMeter *meter, gsize size)
{
  meter->window_bytes += size;
}

/* --- one frame, with the lock held ---------------------------------------- */

static void
measure_rates (WcStreamMeter *meter, gint64 position, gint64 arrival_us,
               gboolean kept)
{
  gint64 passed = position - meter->window_position;
  gint64 passed_us = arrival_us - meter->window_us;
  guint64 ticks = (guint64)meter->rate * 1000;

  if (!meter->begun) {
    meter->window_position = meter->newest = position;
    meter->window_us = arrival_us;
    meter->window_frames = meter->window_kept = 0;
    meter->window_bytes = 0;
    meter->begun = TRUE;
    passed = passed_us = 0;
  }
  meter->newest = MAX (meter->newest, position);
  /* From one frame that is the newest to another: B-frames in between are as
   * many as there are. */
  if (position == meter->newest &&
      passed >= FRAME_WINDOW_S * (gint64)meter->rate) {
    meter->info.frame_rate_milli =
        (guint)(meter->window_frames * ticks / (guint64)passed);
    meter->info.kept_rate_milli =
        (guint)(meter->window_kept * ticks / (guint64)passed);
    meter->window_position = position;
    meter->window_frames = meter->window_kept = 0;
  }
  meter->window_frames++;
  meter->window_kept += kept;
  if (passed_us < BIT_WINDOW_US)
    return;
  meter->info.bitrate_bps = (guint)MIN (
      meter->window_bytes * 8 * G_USEC_PER_SEC / (guint64)passed_us, G_MAXUINT);
  meter->window_us = arrival_us;
  meter->window_bytes = 0;
}

static guint
ticks_to_ms (const WcStreamMeter *meter, gint64 ticks)
{
  return (guint)CLAMP (wc_ticks_to_us (ticks, meter->rate) / 1000, 0,
                       G_MAXINT32);
}

static void
measure_keys (WcStreamMeter *meter, gint64 position, gboolean key)
{
  if (meter->had_key)
    meter->info.since_key_ms =
        ticks_to_ms (meter, meter->newest - meter->key_position);
  if (!key)
    return;
  if (meter->had_key)
    meter->info.key_interval_ms =
        ticks_to_ms (meter, position - meter->key_position);
  meter->had_key = TRUE;
  meter->key_position = position;
}

static void
count_kinds (WcStreamMeter *meter, guint flags)
{
  gboolean b = (flags & WC_FRAME_B) != 0;

  meter->info.frames++;
  meter->info.frames_b += b;
  meter->info.frames_back += (flags & WC_FRAME_BACK) != 0;
  meter->info.frames_dropped += (flags & WC_FRAME_DROPPED) != 0;
  meter->recent++;
  meter->recent_b += b;
  meter->recent_referenced += b && (flags & WC_FRAME_DISPOSABLE) == 0;
  if (meter->recent_referenced > 0)
    meter->info.b_frames = WC_B_USE_REFERENCED;
  else if (meter->recent_b > 0)
    meter->info.b_frames = WC_B_USE_DISPOSABLE;
  else if (meter->recent >= ENOUGH_FRAMES)
    meter->info.b_frames = WC_B_USE_NONE;
}

/* A source whose clock is slow makes arrivals ever later than its time. */
static void
measure_drift (WcStreamMeter *meter, gint64 position, gint64 arrival_us)
{
  gint64 delay = arrival_us - wc_ticks_to_us (position, meter->rate);
  gint64 least = wc_minimum_update (&meter->arrivals, delay, arrival_us);
  gint64 span_us, ppm;

  if (meter->began_us == 0)
    meter->began_us = arrival_us;
  if (arrival_us - meter->began_us < DRIFT_SETTLE_US)
    return;
  if (meter->anchor_us == 0) {
    meter->anchor_us = arrival_us;
    meter->anchor = least;
  }
  span_us = arrival_us - meter->anchor_us;
  if (span_us < DRIFT_SPAN_US)
    return;
  ppm = (meter->anchor - least) * G_USEC_PER_SEC / span_us;
  meter->info.has_drift = ABS (ppm) <= MAX_DRIFT_PPM;
  meter->info.drift_ppm = (gint)CLAMP (ppm, -MAX_DRIFT_PPM, MAX_DRIFT_PPM);
}

void
wc_stream_meter_add_frame (WcStreamMeter *meter, gint64 position,
                           gint64 arrival_us, guint flags)
{
  gboolean spare = (flags & WC_FRAME_B) && (flags & WC_FRAME_DISPOSABLE);

  pthread_mutex_lock (&meter->lock);
  measure_rates (meter, position, arrival_us, !spare);
  measure_keys (meter, position, (flags & WC_FRAME_KEY) != 0);
  count_kinds (meter, flags);
  measure_drift (meter, position, arrival_us);
  pthread_mutex_unlock (&meter->lock);
}

void
wc_stream_meter_get (WcStreamMeter *meter, WcStreamInfo *info)
{
  pthread_mutex_lock (&meter->lock);
  *info = meter->info;
  pthread_mutex_unlock (&meter->lock);
}
