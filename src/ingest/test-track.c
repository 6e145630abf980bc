/* SPDX-License-Identifier: MIT */
#include "ingest/test-track.h"

#include "base/clock.h"
#include "engine/rtp.h"

#include <pthread.h>
#include <stdatomic.h>

#define REPORT_INTERVAL_US (5 * G_USEC_PER_SEC)

struct WcTestTrack {
  atomic_uint refs;
  WcTrack *track;
  WcSourceClock *clock;
  pthread_mutex_t lock; /* guards what follows */
  WcNormaliser *normaliser;
  gboolean open, used;
  gint64 last_report_us;
};

WcTestTrack *
wc_test_track_new (WcTrack *track, WcSourceClock *clock)
{
  WcTestTrack *self = g_new0 (WcTestTrack, 1);

  atomic_init (&self->refs, 1);
  self->track = wc_track_ref (track);
  self->clock = wc_source_clock_ref (clock);
  self->normaliser = wc_normaliser_new (track, clock);
  pthread_mutex_init (&self->lock, NULL);
  return self;
}

WcTestTrack *
wc_test_track_ref (WcTestTrack *self)
{
  atomic_fetch_add_explicit (&self->refs, 1, memory_order_relaxed);
  return self;
}

void
wc_test_track_unref (gpointer data)
{
  WcTestTrack *self = data;

  if (atomic_fetch_sub_explicit (&self->refs, 1, memory_order_acq_rel) != 1)
    return;
  wc_normaliser_free (self->normaliser);
  pthread_mutex_destroy (&self->lock);
  wc_source_clock_unref (self->clock);
  wc_track_unref (self->track);
  g_free (self);
}

/* --- the streaming thread --------------------------------------------------
 */

/* The running time of all tracks is one clock: it keeps lips in sync. */
static void
maybe_report (WcTestTrack *self, GstSample *sample, guint32 rtp_timestamp,
              gint64 now_us)
{
  GstClockTime time = gst_segment_to_running_time (
      gst_sample_get_segment (sample), GST_FORMAT_TIME,
      GST_BUFFER_PTS (gst_sample_get_buffer (sample)));

  if (!GST_CLOCK_TIME_IS_VALID (time) ||
      (self->last_report_us != 0 &&
       now_us - self->last_report_us < REPORT_INTERVAL_US))
    return;
  self->last_report_us = now_us;

  guint64 seconds = time / GST_SECOND;
  guint64 fraction = ((time % GST_SECOND) << 32) / GST_SECOND;
  wc_normaliser_sender_report (self->normaliser, (seconds + 1) << 32 | fraction,
                               rtp_timestamp, now_us);
}

static void
take_packet (WcTestTrack *self, GstSample *sample, const guint8 *data,
             gsize size)
{
  gint64 now_us = wc_clock_now_us ();
  WcRtp rtp;

  pthread_mutex_lock (&self->lock);
  if (self->open && wc_rtp_read (&rtp, data, size)) {
    self->used = TRUE;
    wc_normaliser_push (self->normaliser, data, size, now_us);
    maybe_report (self, sample, rtp.timestamp, now_us);
  }
  pthread_mutex_unlock (&self->lock);
}

static void
take_buffer (WcTestTrack *self, GstSample *sample, GstBuffer *buffer)
{
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  take_packet (self, sample, map.data, map.size);
  gst_buffer_unmap (buffer, &map);
}

void
wc_test_track_take_sample (GstSample *sample, gpointer user_data)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);

  if (buffer != NULL)
    take_buffer (user_data, sample, buffer);
}

/* --- the main thread -------------------------------------------------------
 */

void
wc_test_track_open (WcTestTrack *self)
{
  pthread_mutex_lock (&self->lock);
  if (self->used) {
    wc_normaliser_restart (self->normaliser);
    wc_source_clock_reset (self->clock);
  }
  self->open = TRUE;
  self->last_report_us = 0;
  pthread_mutex_unlock (&self->lock);
}

void
wc_test_track_close (WcTestTrack *self)
{
  pthread_mutex_lock (&self->lock);
  self->open = FALSE;
  wc_track_clear (self->track);
  pthread_mutex_unlock (&self->lock);
}

void
wc_test_track_flush (WcTestTrack *self, gint64 now_us)
{
  pthread_mutex_lock (&self->lock);
  if (self->open)
    wc_normaliser_flush (self->normaliser, now_us);
  pthread_mutex_unlock (&self->lock);
}

void
wc_test_track_get_stats (WcTestTrack *self, WcNormaliserStats *stats)
{
  wc_normaliser_get_stats (self->normaliser, stats);
}
