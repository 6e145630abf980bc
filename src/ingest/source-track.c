/* SPDX-License-Identifier: MIT */
#include "ingest/source-track.h"

#include "base/clock.h"
#include "engine/rtp.h"
#include "ingest/conversion.h"
#include "ingest/ingest.h"

#include <pthread.h>
#include <stdatomic.h>

#define REPORT_INTERVAL_US (5 * G_USEC_PER_SEC)

struct WcSourceTrack {
  atomic_uint refs;
  /* constant */
  WcMedia media;
  WcSourceClock *clock;
  WcTrackLimits limits;

  pthread_mutex_t lock; /* guards what follows */
  WcTrack *track;       /* NULL: no format yet */
  WcTrackFeed *feed;
  GPtrArray *retired; /* of WcTrackFeed: to be put to sleep */
  WcRtpStats earlier; /* what feeds before this one have taken */
  char *label;
  WcBFrames bframes;
  WcSourceTrackStatus status;
  gboolean open;
  gboolean used; /* the feed has had packets of another connection */
  gint64 last_report_us;
  gint64 patience_us;
};

/* --- life ----------------------------------------------------------------- */

WcSourceTrack *
wc_source_track_new (WcMedia media, WcSourceClock *clock,
                     const WcTrackLimits *limits)
{
  WcSourceTrack *self = g_new0 (WcSourceTrack, 1);

  atomic_init (&self->refs, 1);
  self->media = media;
  self->clock = wc_source_clock_ref (clock);
  self->limits = *limits;
  self->bframes = WC_BFRAMES_AUTO;
  self->retired =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_track_feed_unref);
  pthread_mutex_init (&self->lock, NULL);
  return self;
}

void
wc_source_track_set_policy (WcSourceTrack *self, const char *label,
                            WcBFrames bframes)
{
  g_free (self->label);
  self->label = g_strdup (label);
  self->bframes = bframes;
}

WcSourceTrack *
wc_source_track_ref (WcSourceTrack *self)
{
  atomic_fetch_add_explicit (&self->refs, 1, memory_order_relaxed);
  return self;
}

void
wc_source_track_unref (gpointer data)
{
  WcSourceTrack *self = data;

  if (atomic_fetch_sub_explicit (&self->refs, 1, memory_order_acq_rel) != 1)
    return;
  g_clear_pointer (&self->feed, wc_track_feed_unref);
  g_clear_pointer (&self->retired, g_ptr_array_unref);
  g_clear_pointer (&self->track, wc_track_unref);
  g_free (self->label);
  wc_source_track_status_clear (&self->status);
  pthread_mutex_destroy (&self->lock);
  wc_source_clock_unref (self->clock);
  g_free (self);
}

void
wc_source_track_status_clear (WcSourceTrackStatus *status)
{
  wc_source_format_clear (&status->format);
}

WcMedia
wc_source_track_media (const WcSourceTrack *self)
{
  return self->media;
}

WcSourceClock *
wc_source_track_clock (const WcSourceTrack *self)
{
  return self->clock;
}

/* --- the format, with the lock held --------------------------------------- */

static const WcCodecInfo *
choose_codec (WcSourceTrack *self, const WcSourceFormat *format, GError **error)
{
  const WcCodecInfo *info = wc_source_format_codec (format);

  if (info != NULL && info->media == self->media)
    return info;
  g_set_error (
      error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
      "its %s is %s at %u Hz, which is neither played by browsers "
      "(" WC_CODEC_NAMES ") nor converted (" WC_CONVERTED_CODEC_NAMES ")",
      wc_media_name (self->media), format->encoding, format->clock_rate);
  return NULL;
}

static void
begin_anew (WcSourceTrack *self)
{
  if (!self->used)
    return;
  self->used = FALSE;
  wc_track_feed_restart (self->feed);
}

/* The track stays if viewers get the same codec: the next feed goes on where
 * this one stops. */
static gboolean
make_feed (WcSourceTrack *self, const WcCodecInfo *codec,
           const WcSourceFormat *format, GError **error)
{
  const WcCodecInfo *target =
      wc_conversion_target (codec->codec, format->clock_rate, format->channels);
  g_autoptr (WcTrack) track =
      self->track != NULL && wc_track_codec (self->track) == target->codec
          ? wc_track_ref (self->track)
          : wc_track_new (target->codec, target->clock_rate, &self->limits);
  WcTrackFeedConfig config = {
      .label = self->label,
      .codec = codec->codec,
      .clock_rate = format->clock_rate,
      .channels = format->channels,
      .fmtp = format->fmtp,
      .bframes = self->bframes,
      .limits = self->limits,
  };
  WcRtpStats stats;
  WcTrackFeed *feed;

  if (self->feed != NULL)
    wc_track_feed_retire (self->feed);
  feed = wc_track_feed_new (track, self->clock, &config, error);
  if (feed == NULL)
    return FALSE;
  if (self->feed != NULL) {
    wc_track_feed_get_stats (self->feed, &stats);
    wc_rtp_stats_add (&self->earlier, &stats);
    g_ptr_array_add (self->retired, g_steal_pointer (&self->feed));
  }
  self->feed = feed;
  wc_track_feed_set_patience (feed, self->patience_us);
  self->used = FALSE;
  g_clear_pointer (&self->track, wc_track_unref);
  self->track = g_steal_pointer (&track);
  return TRUE;
}

static gboolean
is_same (WcSourceTrack *self, const WcSourceFormat *format)
{
  const WcSourceFormat *old = &self->status.format;

  return self->feed != NULL && g_str_equal (old->encoding, format->encoding) &&
         old->clock_rate == format->clock_rate &&
         old->channels == format->channels &&
         g_strcmp0 (old->fmtp, format->fmtp) == 0;
}

static gboolean
take_format (WcSourceTrack *self, const WcSourceFormat *format, GError **error)
{
  const WcCodecInfo *codec = choose_codec (self, format, error);

  if (codec == NULL)
    return FALSE;
  if (is_same (self, format))
    begin_anew (self);
  else if (!make_feed (self, codec, format, error))
    return FALSE;
  wc_source_format_clear (&self->status.format);
  wc_source_format_copy (&self->status.format, format);
  self->status.has_format = TRUE;
  return TRUE;
}

gboolean
wc_source_track_set_format (WcSourceTrack *self, const WcSourceFormat *format,
                            GError **error)
{
  gboolean ok;

  pthread_mutex_lock (&self->lock);
  ok = take_format (self, format, error);
  pthread_mutex_unlock (&self->lock);
  return ok;
}

/* --- packets, with the lock held ------------------------------------------ */

/* Another SSRC is a source that began anew without a reconnect. */
static void
note_ssrc (WcSourceTrack *self, guint32 ssrc)
{
  if (self->status.last_packet_us != 0 && self->status.ssrc != ssrc) {
    begin_anew (self);
    wc_source_clock_reset (self->clock);
  }
  self->status.ssrc = ssrc;
}

static gboolean
take_rtp (WcSourceTrack *self, const guint8 *data, gsize size, gint64 now_us,
          WcRtp *rtp)
{
  WcSourceTrackStatus *status = &self->status;

  if (!self->open || !status->has_format || !wc_rtp_read (rtp, data, size))
    return FALSE;
  if (rtp->payload_type != status->format.payload_type) {
    status->wrong_payload_type++;
    return FALSE;
  }
  note_ssrc (self, rtp->ssrc);
  self->used = TRUE;
  status->last_packet_us = now_us;
  wc_track_feed_push (self->feed, data, size, now_us);
  return TRUE;
}

/* Running time stands for NTP; 0 would be "no time". */
static void
maybe_report (WcSourceTrack *self, GstClockTime time, guint32 rtp_timestamp,
              gint64 now_us)
{
  if (!GST_CLOCK_TIME_IS_VALID (time) ||
      (self->last_report_us != 0 &&
       now_us - self->last_report_us < REPORT_INTERVAL_US))
    return;
  self->last_report_us = now_us;

  guint64 seconds = time / GST_SECOND;
  guint64 fraction = ((time % GST_SECOND) << 32) / GST_SECOND;
  wc_track_feed_sender_report (self->feed, (seconds + 1) << 32 | fraction,
                               rtp_timestamp, now_us);
}

void
wc_source_track_set_patience (WcSourceTrack *self, gint64 patience_us)
{
  pthread_mutex_lock (&self->lock);
  self->patience_us = patience_us;
  if (self->feed != NULL)
    wc_track_feed_set_patience (self->feed, patience_us);
  pthread_mutex_unlock (&self->lock);
}

void
wc_source_track_change_layer (WcSourceTrack *self, guint32 ssrc)
{
  pthread_mutex_lock (&self->lock);
  if (self->status.ssrc != ssrc)
    begin_anew (self);
  self->status.ssrc = ssrc;
  pthread_mutex_unlock (&self->lock);
}

/* --- streaming threads ---------------------------------------------------- */

void
wc_source_track_push_rtp (WcSourceTrack *self, const guint8 *data, gsize size,
                          gint64 now_us)
{
  WcRtp rtp;

  pthread_mutex_lock (&self->lock);
  take_rtp (self, data, size, now_us, &rtp);
  pthread_mutex_unlock (&self->lock);
}

void
wc_source_track_push_report (WcSourceTrack *self, guint64 ntp,
                             guint32 rtp_timestamp, gint64 now_us)
{
  pthread_mutex_lock (&self->lock);
  if (self->open && self->status.has_format)
    wc_track_feed_sender_report (self->feed, ntp, rtp_timestamp, now_us);
  pthread_mutex_unlock (&self->lock);
}

static void
take_buffer (WcSourceTrack *self, GstBuffer *buffer, const GstSegment *segment)
{
  gint64 now_us = wc_clock_now_us ();
  GstMapInfo map;
  WcRtp rtp;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  pthread_mutex_lock (&self->lock);
  if (take_rtp (self, map.data, map.size, now_us, &rtp) && segment != NULL)
    maybe_report (self,
                  gst_segment_to_running_time (segment, GST_FORMAT_TIME,
                                               GST_BUFFER_PTS (buffer)),
                  rtp.timestamp, now_us);
  pthread_mutex_unlock (&self->lock);
  gst_buffer_unmap (buffer, &map);
}

static void
take_sample (WcSourceTrack *self, GstSample *sample, const GstSegment *segment)
{
  GstBufferList *list = gst_sample_get_buffer_list (sample);
  GstBuffer *buffer = gst_sample_get_buffer (sample);

  if (buffer != NULL)
    take_buffer (self, buffer, segment);
  for (guint i = 0; list != NULL && i < gst_buffer_list_length (list); i++)
    take_buffer (self, gst_buffer_list_get (list, i), segment);
}

void
wc_source_track_take_sample (GstSample *sample, gpointer self)
{
  take_sample (self, sample, NULL);
}

void
wc_source_track_take_timed_sample (GstSample *sample, gpointer self)
{
  take_sample (self, sample, gst_sample_get_segment (sample));
}

/* --- the main thread ------------------------------------------------------ */

void
wc_source_track_open (WcSourceTrack *self)
{
  pthread_mutex_lock (&self->lock);
  if (self->used) {
    begin_anew (self);
    wc_source_clock_reset (self->clock);
  }
  self->open = TRUE;
  self->last_report_us = 0;
  self->status.has_format = FALSE;
  self->status.last_packet_us = 0;
  self->status.wrong_payload_type = 0;
  self->status.opened_us = wc_clock_now_us ();
  pthread_mutex_unlock (&self->lock);
}

void
wc_source_track_close (WcSourceTrack *self)
{
  pthread_mutex_lock (&self->lock);
  self->open = FALSE;
  pthread_mutex_unlock (&self->lock);
}

void
wc_source_track_forget (WcSourceTrack *self)
{
  pthread_mutex_lock (&self->lock);
  if (self->feed != NULL)
    wc_track_feed_forget (self->feed);
  pthread_mutex_unlock (&self->lock);
}

void
wc_source_track_flush (WcSourceTrack *self, gint64 now_us)
{
  pthread_mutex_lock (&self->lock);
  if (self->open && self->feed != NULL)
    wc_track_feed_flush (self->feed, now_us);
  pthread_mutex_unlock (&self->lock);
}

WcTrack *
wc_source_track_dup_track (WcSourceTrack *self)
{
  WcTrack *track;

  pthread_mutex_lock (&self->lock);
  track = self->track != NULL ? wc_track_ref (self->track) : NULL;
  pthread_mutex_unlock (&self->lock);
  return track;
}

void
wc_source_track_get_status (WcSourceTrack *self, WcSourceTrackStatus *status)
{
  pthread_mutex_lock (&self->lock);
  *status = self->status;
  wc_source_format_copy (&status->format, &self->status.format);
  pthread_mutex_unlock (&self->lock);
}

WcTrackFeed *
wc_source_track_dup_feed (WcSourceTrack *self)
{
  WcTrackFeed *feed;

  pthread_mutex_lock (&self->lock);
  feed = self->feed != NULL ? wc_track_feed_ref (self->feed) : NULL;
  pthread_mutex_unlock (&self->lock);
  return feed;
}

void
wc_source_track_get_stats (WcSourceTrack *self, WcRtpStats *stats)
{
  *stats = (WcRtpStats){0};
  pthread_mutex_lock (&self->lock);
  if (self->feed != NULL)
    wc_track_feed_get_stats (self->feed, stats);
  wc_rtp_stats_add (stats, &self->earlier);
  pthread_mutex_unlock (&self->lock);
}

gboolean
wc_source_track_is_ready (WcSourceTrack *self)
{
  g_autoptr (WcTrackFeed) feed = wc_source_track_dup_feed (self);

  return feed != NULL && wc_track_feed_is_ready (feed);
}

/* A former feed can be let go once its converter is stopped. */
static void
drop_retired (WcSourceTrack *self, gint64 now_us)
{
  g_autoptr (GPtrArray) retired = NULL;

  pthread_mutex_lock (&self->lock);
  retired = g_steal_pointer (&self->retired);
  self->retired =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_track_feed_unref);
  pthread_mutex_unlock (&self->lock);
  for (guint i = 0; i < retired->len; i++)
    wc_track_feed_supervise (retired->pdata[i], FALSE, now_us);
}

void
wc_source_track_supervise (WcSourceTrack *self, gboolean watched, gint64 now_us)
{
  g_autoptr (WcTrackFeed) feed = wc_source_track_dup_feed (self);

  drop_retired (self, now_us);
  if (feed != NULL)
    wc_track_feed_supervise (feed, watched, now_us);
}
