/* SPDX-License-Identifier: MIT */
/* Sources whose format is known only when they are connected. */
#include "base/clock.h"
#include "ingest/backoff.h"
#include "ingest/ingest.h"
#include "ingest/source-track.h"

#include <string.h>

#define SECOND G_USEC_PER_SEC

typedef struct {
  WcSourceClock *clock;
  WcSourceTrack *track;
  gint64 now_us;
  guint16 seq;
  guint32 timestamp;
} Fixture;

static void
set_up (Fixture *f, WcMedia media)
{
  WcTrackLimits limits = {.history_ms = 2000, .gop_max_bytes = 1 << 20};

  *f = (Fixture){.now_us = 1000 * SECOND, .seq = 65530};
  f->clock = wc_source_clock_new ();
  f->track = wc_source_track_new (media, f->clock, &limits);
  wc_source_track_open (f->track);
}

static void
tear_down (Fixture *f)
{
  wc_source_track_unref (f->track);
  wc_source_clock_unref (f->clock);
}

static gboolean
announce (Fixture *f, const char *caps_text, GError **error)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (caps_text);
  WcSourceFormat format;

  g_assert_true (wc_source_format_from_caps (&format, caps));
  gboolean ok = wc_source_track_set_format (f->track, &format, error);
  wc_source_format_clear (&format);
  return ok;
}

static void
push (Fixture *f, guint32 ssrc, guint8 payload_type)
{
  guint8 packet[40] = {0x80, payload_type};

  f->seq++;
  f->timestamp += 160;
  f->now_us += 20000;
  packet[2] = (guint8)(f->seq >> 8);
  packet[3] = (guint8)f->seq;
  for (guint i = 0; i < 4; i++) {
    packet[4 + i] = (guint8)(f->timestamp >> (24 - 8 * i));
    packet[8 + i] = (guint8)(ssrc >> (24 - 8 * i));
  }
  wc_source_track_push_rtp (f->track, packet, sizeof packet, f->now_us);
}

#define PCMU                                                                   \
  "application/x-rtp,media=audio,payload=0,clock-rate=8000,"                   \
  "encoding-name=PCMU"
#define OPUS                                                                   \
  "application/x-rtp,media=audio,payload=97,clock-rate=48000,"                 \
  "encoding-name=OPUS,encoding-params=(string)2,stereo=(string)1"

static WcTrackStats
get_stats (Fixture *f)
{
  g_autoptr (WcTrack) track = wc_source_track_dup_track (f->track);
  WcTrackStats stats;

  wc_track_get_stats (track, &stats);
  return stats;
}

/* Nothing is taken before a format, after the end, or of another type. */
static void
test_gates (void)
{
  WcSourceTrackStatus status;
  Fixture f;

  set_up (&f, WC_MEDIA_AUDIO);
  push (&f, 1, 0);
  g_assert_null (wc_source_track_dup_track (f.track));
  g_assert_true (announce (&f, PCMU, NULL));
  for (guint i = 0; i < 10; i++)
    push (&f, 1, 0);
  push (&f, 1, 8);
  g_assert_cmpuint (get_stats (&f).packets, ==, 10);
  wc_source_track_get_status (f.track, &status);
  g_assert_cmpuint (status.wrong_payload_type, ==, 1);
  g_assert_cmpuint (status.ssrc, ==, 1);
  wc_source_track_status_clear (&status);
  wc_source_track_close (f.track);
  push (&f, 1, 0);
  g_assert_cmpuint (get_stats (&f).packets, ==, 10);
  tear_down (&f);
}

/* The same codec again is the same track, with its numbers going on. */
static void
test_reconnect (void)
{
  Fixture f;

  set_up (&f, WC_MEDIA_AUDIO);
  g_assert_true (announce (&f, PCMU, NULL));
  push (&f, 1, 0);
  g_autoptr (WcTrack) before = wc_source_track_dup_track (f.track);
  guint64 head = wc_track_head (before);

  wc_source_track_close (f.track);
  wc_source_track_forget (f.track);
  wc_source_track_open (f.track);
  push (&f, 2, 0); /* the format was not said yet */
  g_assert_cmpuint (wc_track_head (before), ==, head);
  f.seq = 7;
  f.timestamp = 99;
  g_assert_true (announce (&f, PCMU, NULL));
  push (&f, 2, 0);
  g_autoptr (WcTrack) after = wc_source_track_dup_track (f.track);
  g_assert_true (before == after);
  g_assert_cmpuint (wc_track_head (after), ==, head + 1);
  tear_down (&f);
}

static void
test_other_ssrc (void)
{
  WcRtpStats stats;
  Fixture f;

  set_up (&f, WC_MEDIA_AUDIO);
  g_assert_true (announce (&f, PCMU, NULL));
  push (&f, 1, 0);
  f.seq = 20000;
  f.timestamp = 5;
  push (&f, 2, 0);
  wc_source_track_get_stats (f.track, &stats);
  g_assert_cmpuint (stats.restarts, ==, 1);
  g_assert_cmpuint (stats.lost, ==, 0);
  g_assert_cmpuint (get_stats (&f).packets, ==, 2);
  tear_down (&f);
}

static void
test_other_codec (void)
{
  WcRtpStats stats;
  Fixture f;

  set_up (&f, WC_MEDIA_AUDIO);
  g_assert_true (announce (&f, PCMU, NULL));
  g_autoptr (WcTrack) before = wc_source_track_dup_track (f.track);
  push (&f, 1, 0);
  push (&f, 1, 0);
  g_assert_true (announce (&f, OPUS, NULL));
  g_autoptr (WcTrack) after = wc_source_track_dup_track (f.track);
  g_assert_true (before != after);
  push (&f, 2, 97);
  wc_source_track_get_stats (f.track, &stats); /* of both */
  g_assert_cmpuint (stats.packets, ==, 3);
  g_assert_cmpuint (get_stats (&f).packets, ==, 1);
  g_assert_cmpint (wc_track_codec (after), ==, WC_CODEC_OPUS);
  tear_down (&f);
}

static void
test_refused (void)
{
  g_autoptr (GError) error = NULL;
  Fixture f;

  set_up (&f, WC_MEDIA_VIDEO);
  g_assert_false (announce (&f,
                            "application/x-rtp,media=video,payload=26,"
                            "clock-rate=90000,encoding-name=JPEG",
                            &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "JPEG"));
  tear_down (&f);
}

static void
test_caps (void)
{
  g_autoptr (GstCaps) opus = gst_caps_from_string (OPUS);
  g_autoptr (GstCaps) h264 = gst_caps_from_string (
      "application/x-rtp,media=video,payload=96,clock-rate=90000,"
      "encoding-name=H264,packetization-mode=(string)1,a-framerate=(string)25,"
      "x-dimensions=(string)\"640,480\",ssrc-1-cname=(string)x,"
      "sprop-parameter-sets=(string)\"Z0LAHtkA,aM4=\"");
  g_autoptr (GstCaps) mono = gst_caps_from_string (
      "application/x-rtp,media=audio,payload=8,clock-rate=8000");
  g_autoptr (GstCaps) other = gst_caps_from_string ("video/x-h264");
  WcSourceFormat format, copy;

  g_assert_true (wc_source_format_from_caps (&format, opus));
  g_assert_cmpuint (format.channels, ==, 2);
  g_assert_cmpstr (format.fmtp, ==, "stereo=1");
  wc_source_format_copy (&copy, &format);
  g_assert_true (wc_source_format_equal (&copy, &format));
  copy.payload_type++;
  g_assert_false (wc_source_format_equal (&copy, &format));
  wc_source_format_clear (&copy);
  wc_source_format_clear (&format);
  g_assert_true (wc_source_format_from_caps (&format, h264));
  g_assert_cmpstr (format.fmtp, ==,
                   "packetization-mode=1;sprop-parameter-sets=Z0LAHtkA,aM4=");
  wc_source_format_clear (&format);
  g_assert_true (wc_source_format_from_caps (&format, mono));
  g_assert_cmpstr (format.encoding, ==, "PCMA");
  g_assert_cmpuint (format.channels, ==, 1);
  wc_source_format_clear (&format);
  g_assert_false (wc_source_format_from_caps (&format, other));
}

static void
test_backoff (void)
{
  WcBackoff backoff = {0};
  guint wait_ms = 0, most_ms = WC_BACKOFF_MIN_MS;

  for (guint i = 0; i < 10; i++) {
    wait_ms = wc_backoff_next (&backoff);
    g_assert_cmpuint (wait_ms, <=, most_ms);
    g_assert_cmpuint (wait_ms, >=, most_ms - most_ms / 5);
    most_ms = MIN (most_ms * 2, WC_BACKOFF_MAX_MS);
  }
  g_assert_cmpuint (wait_ms, >=, WC_BACKOFF_MAX_MS - WC_BACKOFF_MAX_MS / 5);
  wc_backoff_reset (&backoff);
  g_assert_cmpuint (wc_backoff_next (&backoff), <=, WC_BACKOFF_MIN_MS);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/source-track/gates", test_gates);
  g_test_add_func ("/source-track/reconnect", test_reconnect);
  g_test_add_func ("/source-track/other-ssrc", test_other_ssrc);
  g_test_add_func ("/source-track/other-codec", test_other_codec);
  g_test_add_func ("/source-track/refused", test_refused);
  g_test_add_func ("/source-format/caps", test_caps);
  g_test_add_func ("/backoff", test_backoff);
  return g_test_run ();
}
