/* SPDX-License-Identifier: MIT */
#include "ingest/rtp-track.h"

#include "engine/rtp.h"
#include "ingest/ingest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define PLI_INTERVAL_US (500 * 1000)
/* How many packets are judged together. */
#define WINDOW_PACKETS 64

struct WcRtpTrack {
  atomic_uint refs;
  /* constant */
  gint wanted_payload_type; /* -1: what the source sends */
  gboolean has_allowed;
  WcAddress allowed; /* port 0 */
  gint64 latch_timeout_us;
  guint32 own_ssrc;
  WcCodec codec; /* of the source */
  WcTrack *track;
  WcSourceClock *clock;
  WcTrackFeed *feed;

  pthread_mutex_t lock; /* guards what follows */
  gboolean open;
  gboolean used;       /* the feed has had packets */
  gint64 last_good_us; /* of the latched source */
  WcRtpTrackStatus status;
  guint window_good, window_bad;
  WcRtpGuess window_guess;
  gboolean has_rtcp, rtcp_muxed;
  WcAddress rtcp_address;
  gint64 last_pli_us;
};

/* --- life ------------------------------------------------------------------
 */

WcRtpTrack *
wc_rtp_track_new (const WcTrackSpec *spec, WcTrack *track, WcSourceClock *clock,
                  const WcRtpTrackOptions *options, GError **error)
{
  WcTrackFeedConfig config = {
      .label = options->label,
      .codec = spec->codec,
      .clock_rate = spec->clock_rate,
      .channels = spec->channels,
      .fmtp = spec->fmtp,
      .bframes = options->bframes,
      .limits = options->limits,
  };
  g_autoptr (WcRtpTrack) self = g_new0 (WcRtpTrack, 1);

  atomic_init (&self->refs, 1);
  self->wanted_payload_type = spec->payload_type_set ? spec->payload_type : -1;
  self->has_allowed = spec->source != NULL &&
                      wc_address_parse (&self->allowed, spec->source, 0);
  self->latch_timeout_us = (gint64)options->latch_timeout_ms * 1000;
  self->own_ssrc = g_random_int ();
  self->track = wc_track_ref (track);
  self->clock = wc_source_clock_ref (clock);
  pthread_mutex_init (&self->lock, NULL);
  self->codec = spec->codec;
  self->feed = wc_track_feed_new (track, clock, &config, error);
  if (self->feed == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

WcRtpTrack *
wc_rtp_track_ref (WcRtpTrack *self)
{
  atomic_fetch_add_explicit (&self->refs, 1, memory_order_relaxed);
  return self;
}

void
wc_rtp_track_unref (WcRtpTrack *self)
{
  if (atomic_fetch_sub_explicit (&self->refs, 1, memory_order_acq_rel) != 1)
    return;
  g_clear_pointer (&self->feed, wc_track_feed_unref);
  pthread_mutex_destroy (&self->lock);
  wc_source_clock_unref (self->clock);
  wc_track_unref (self->track);
  g_free (self);
}

/* --- the latch, with the lock held ----------------------------------------
 */

static gboolean
is_latched_to (const WcRtpTrack *self, guint32 ssrc, const WcAddress *from)
{
  return self->status.latched && self->status.ssrc == ssrc &&
         wc_address_equal (&self->status.source, from);
}

static void
unlatch (WcRtpTrack *self)
{
  self->status.latched = FALSE;
  self->status.mismatch = FALSE;
  self->status.last_packet_us = 0;
  self->has_rtcp = FALSE;
}

static void
latch (WcRtpTrack *self, const WcRtp *rtp, const WcAddress *from, gint64 now_us)
{
  WcRtpTrackStatus *status = &self->status;

  if (self->used) {
    wc_track_feed_restart (self->feed);
    wc_source_clock_reset (self->clock);
  }
  self->used = TRUE;
  unlatch (self);
  status->latched = TRUE;
  status->heard = TRUE;
  status->left = FALSE;
  status->second_sender_us = 0; /* it may be the one that is taken now */
  status->source = *from;
  status->ssrc = rtp->ssrc;
  status->payload_type = rtp->payload_type;
  status->since_us = now_us;
  self->last_good_us = now_us;
  self->window_good = self->window_bad = 0;
  wc_rtp_guess_reset (&self->window_guess);
  wc_rtp_guess_reset (&status->guess);
}

static gboolean
is_allowed (WcRtpTrack *self, const WcAddress *from, gint64 now_us)
{
  if (!self->has_allowed || wc_address_same_ip (&self->allowed, from))
    return TRUE;
  self->status.wrong_sender++;
  self->status.wrong_sender_seen = *from;
  self->status.wrong_sender_us = now_us;
  return FALSE;
}

/* A source may send several payload types; only one is the track. */
static gboolean
is_wanted_type (WcRtpTrack *self, guint8 payload_type, gboolean is_latched,
                gint64 now_us)
{
  gint wanted = self->wanted_payload_type;

  if (wanted < 0 && is_latched)
    wanted = self->status.payload_type;
  if (wanted < 0 || wanted == payload_type)
    return TRUE;
  self->status.wrong_payload_type++;
  self->status.wrong_payload_type_seen = payload_type;
  self->status.wrong_payload_type_us = now_us;
  return FALSE;
}

/* Whether the packet is of the source we listen to, which it may become. A
 * source that sends nothing usable does not keep others out. */
static gboolean
choose (WcRtpTrack *self, const WcRtp *rtp, const WcAddress *from,
        gint64 now_us)
{
  gboolean is_latched = is_latched_to (self, rtp->ssrc, from);

  if (!is_wanted_type (self, rtp->payload_type, is_latched, now_us))
    return FALSE;
  if (is_latched)
    return TRUE;
  if (self->status.latched &&
      now_us - self->last_good_us < self->latch_timeout_us) {
    self->status.second_sender++;
    self->status.second_sender_us = now_us;
    return FALSE;
  }
  latch (self, rtp, from, now_us);
  return TRUE;
}

/* --- packets, with the lock held ------------------------------------------
 */

/* Much of one codec passes for another; but then it never has a start point. */
static gboolean
is_mismatch (const WcRtpTrack *self)
{
  guint64 seq;

  if (self->window_bad >= self->window_good)
    return TRUE;
  return wc_rtp_guess_contradicts (&self->window_guess, self->codec) &&
         !wc_track_find_start (self->track, &seq);
}

static void
judge (WcRtpTrack *self, const WcRtp *rtp, gboolean good)
{
  WcRtpTrackStatus *status = &self->status;
  gboolean was_mismatch = status->mismatch;

  if (good)
    self->window_good++;
  else
    self->window_bad++;
  wc_rtp_guess_add (&self->window_guess, rtp);
  if (self->window_good + self->window_bad < WINDOW_PACKETS)
    return;

  status->mismatch = is_mismatch (self);
  if (status->guess.packets == 0 || (status->mismatch && !was_mismatch))
    status->guess = self->window_guess;
  self->window_good = self->window_bad = 0;
  wc_rtp_guess_reset (&self->window_guess);
}

static void
take_rtp (WcRtpTrack *self, const guint8 *data, gsize size,
          const WcAddress *from, gint64 now_us)
{
  WcRtp rtp;

  if (!wc_rtp_read (&rtp, data, size) || !is_allowed (self, from, now_us) ||
      !choose (self, &rtp, from, now_us))
    return;

  gboolean good = wc_track_feed_push (self->feed, data, size, now_us);
  self->status.last_packet_us = now_us;
  if (good)
    self->last_good_us = now_us;
  judge (self, &rtp, good);
}

/* Only the host that sends the media may speak about it. */
static void
take_rtcp (WcRtpTrack *self, const guint8 *data, gsize size,
           const WcAddress *from, gboolean muxed, gint64 now_us)
{
  WcSourceRtcp rtcp;

  if (!self->status.latched ||
      !wc_address_same_ip (&self->status.source, from) ||
      !wc_source_rtcp_parse (data, size, self->status.ssrc, &rtcp))
    return;
  self->has_rtcp = TRUE;
  self->rtcp_muxed = muxed;
  self->rtcp_address = *from;
  if (rtcp.has_report)
    wc_track_feed_sender_report (self->feed, rtcp.ntp, rtcp.rtp_timestamp,
                                 now_us);
  if (rtcp.bye) {
    unlatch (self);
    self->status.left = TRUE;
  }
}

void
wc_rtp_track_push_rtp (WcRtpTrack *self, const guint8 *data, gsize size,
                       const WcAddress *from, gint64 now_us)
{
  pthread_mutex_lock (&self->lock);
  if (self->open && wc_source_rtcp_is_rtcp (data, size))
    take_rtcp (self, data, size, from, TRUE, now_us);
  else if (self->open)
    take_rtp (self, data, size, from, now_us);
  pthread_mutex_unlock (&self->lock);
}

void
wc_rtp_track_push_rtcp (WcRtpTrack *self, const guint8 *data, gsize size,
                        const WcAddress *from, gint64 now_us)
{
  pthread_mutex_lock (&self->lock);
  if (self->open && wc_source_rtcp_is_rtcp (data, size))
    take_rtcp (self, data, size, from, FALSE, now_us);
  pthread_mutex_unlock (&self->lock);
}

/* --- the main thread ------------------------------------------------------
 */

static void
set_open (WcRtpTrack *self, gboolean open)
{
  pthread_mutex_lock (&self->lock);
  self->open = open;
  unlatch (self);
  memset (&self->status, 0, sizeof self->status);
  wc_track_feed_forget (self->feed);
  pthread_mutex_unlock (&self->lock);
}

void
wc_rtp_track_open (WcRtpTrack *self)
{
  set_open (self, TRUE);
}

void
wc_rtp_track_close (WcRtpTrack *self)
{
  set_open (self, FALSE);
}

void
wc_rtp_track_flush (WcRtpTrack *self, gint64 now_us)
{
  pthread_mutex_lock (&self->lock);
  if (self->status.latched)
    wc_track_feed_flush (self->feed, now_us);
  pthread_mutex_unlock (&self->lock);
}

void
wc_rtp_track_forget (WcRtpTrack *self)
{
  pthread_mutex_lock (&self->lock);
  unlatch (self);
  wc_track_feed_forget (self->feed);
  pthread_mutex_unlock (&self->lock);
}

void
wc_rtp_track_get_status (WcRtpTrack *self, WcRtpTrackStatus *status)
{
  pthread_mutex_lock (&self->lock);
  *status = self->status;
  pthread_mutex_unlock (&self->lock);
}

void
wc_rtp_track_get_stats (WcRtpTrack *self, WcRtpStats *stats)
{
  wc_track_feed_get_stats (self->feed, stats);
}

WcTrackFeed *
wc_rtp_track_feed (WcRtpTrack *self)
{
  return self->feed;
}

gboolean
wc_rtp_track_take_pli (WcRtpTrack *self, gint64 now_us,
                       guint8 packet[WC_SOURCE_RTCP_PLI_SIZE], WcAddress *to,
                       gboolean *muxed)
{
  gboolean due;

  pthread_mutex_lock (&self->lock);
  due =
      self->status.latched && self->has_rtcp &&
      (self->last_pli_us == 0 || now_us - self->last_pli_us >= PLI_INTERVAL_US);
  if (due) {
    self->last_pli_us = now_us;
    *to = self->rtcp_address;
    *muxed = self->rtcp_muxed;
    wc_source_rtcp_write_pli (self->own_ssrc, self->status.ssrc, packet);
  }
  pthread_mutex_unlock (&self->lock);
  return due;
}
