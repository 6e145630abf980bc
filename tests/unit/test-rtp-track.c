/* SPDX-License-Identifier: MIT */
#include "ingest/ingest.h"
#include "ingest/rtp-diagnosis.h"

#include <string.h>

#define MS 1000
#define TIMEOUT_MS 2000

static WcAddress alice, bob, alice_rtcp;

typedef struct {
  WcTrackSpec *spec;
  WcTrack *ring;
  WcSourceClock *clock;
  WcRtpTrack *track;
  guint16 seq;
  guint32 timestamp;
  gint64 now_us;
} Fixture;

static const WcRtpTrackOptions options = {
    .label = "test",
    .latch_timeout_ms = 500,
    .bframes = WC_BFRAMES_PASS,
    .limits = {2000, 1 << 20},
};

static void
set_up (Fixture *f, WcCodec codec)
{
  const WcCodecInfo *info = wc_codec_info (codec);
  WcTrackLimits limits = {.history_ms = 2000, .gop_max_bytes = 1 << 20};

  f->spec = wc_track_spec_new ();
  f->spec->media = info->media;
  f->spec->codec = codec;
  f->spec->clock_rate = info->clock_rate;
  f->spec->port = 5004;
  f->spec->payload_type = 96;
  f->spec->payload_type_set = TRUE;
  f->ring = wc_track_new (codec, info->clock_rate, &limits);
  f->clock = wc_source_clock_new ();
  f->seq = 1000;
  f->now_us = g_get_monotonic_time ();
}

static void
open_track (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->track = wc_rtp_track_new (f->spec, f->ring, f->clock, &options, &error);
  g_assert_no_error (error);
  wc_rtp_track_open (f->track);
}

static void
tear_down (Fixture *f)
{
  wc_rtp_track_unref (f->track);
  wc_source_clock_unref (f->clock);
  wc_track_unref (f->ring);
  wc_track_spec_free (f->spec);
}

static void
write_header (Fixture *f, guint8 *rtp, guint8 payload_type, guint32 ssrc)
{
  rtp[0] = 0x80;
  rtp[1] = payload_type;
  rtp[2] = f->seq >> 8;
  rtp[3] = (guint8)f->seq;
  for (guint i = 0; i < 4; i++) {
    rtp[4 + i] = (guint8)(f->timestamp >> (24 - 8 * i));
    rtp[8 + i] = (guint8)(ssrc >> (24 - 8 * i));
  }
}

/* One packet of 20 ms: opus of one frame, or whatever @payload says. */
static void
push (Fixture *f, const WcAddress *from, guint8 payload_type, guint32 ssrc,
      const guint8 *payload, gsize size)
{
  guint8 rtp[12 + 256];

  write_header (f, rtp, payload_type, ssrc);
  memcpy (rtp + 12, payload, size);
  wc_rtp_track_push_rtp (f->track, rtp, 12 + size, from, f->now_us);
  f->seq++;
  f->timestamp += 960;
  f->now_us += 20 * MS;
}

static void
push_opus (Fixture *f, const WcAddress *from, guint32 ssrc, guint n)
{
  static const guint8 frame[] = {0xfc, 1, 2, 3, 4, 5, 6, 7};

  for (guint i = 0; i < n; i++)
    push (f, from, 96, ssrc, frame, sizeof frame);
}

static guint64
count_taken (Fixture *f)
{
  WcRtpStats stats;

  wc_rtp_track_get_stats (f->track, &stats);
  return stats.packets;
}

static void
diagnose (Fixture *f, const WcRtpTrackStatus *status, WcRtpDiagnosis *diagnosis)
{
  WcRtpStats input;
  WcTrackStats stats;

  wc_rtp_track_get_stats (f->track, &input);
  wc_track_get_stats (f->ring, &stats);
  wc_rtp_diagnose (diagnosis, f->spec, status, &input, &stats, TIMEOUT_MS,
                   f->now_us);
}

static void
test_latch (void)
{
  Fixture f = {0};
  WcRtpTrackStatus status;

  set_up (&f, WC_CODEC_OPUS);
  open_track (&f);
  push_opus (&f, &alice, 1, 10);
  push_opus (&f, &bob, 2, 1);   /* another */
  push_opus (&f, &alice, 2, 1); /* the same host, another SSRC */
  push_opus (&f, &alice, 1, 1);
  g_assert_cmpuint (count_taken (&f), ==, 11);
  wc_rtp_track_get_status (f.track, &status);
  g_assert_true (status.latched);
  g_assert_cmpuint (status.ssrc, ==, 1);
  g_assert_true (wc_address_equal (&status.source, &alice));
  g_assert_cmpuint (status.second_sender, ==, 2);
  tear_down (&f);
}

static void
test_take_over (void)
{
  Fixture f = {0};
  WcRtpTrackStatus status;
  WcRtpStats stats;

  set_up (&f, WC_CODEC_OPUS);
  open_track (&f);
  push_opus (&f, &alice, 1, 10);
  f.now_us += 400 * MS;
  push_opus (&f, &bob, 2, 1); /* too early */
  f.now_us += 200 * MS;
  push_opus (&f, &bob, 2, 5);
  wc_rtp_track_get_status (f.track, &status);
  g_assert_cmpuint (status.ssrc, ==, 2);
  wc_rtp_track_get_stats (f.track, &stats);
  g_assert_cmpuint (stats.restarts, ==, 1);
  g_assert_cmpuint (stats.packets, ==, 15);

  /* Who was there before has to wait as well. */
  push_opus (&f, &alice, 1, 3);
  g_assert_cmpuint (count_taken (&f), ==, 15);
  tear_down (&f);
}

static void
test_payload_type (void)
{
  static const guint8 frame[] = {0xfc, 1, 2, 3};
  Fixture f = {0};
  WcRtpTrackStatus status;
  WcRtpDiagnosis diagnosis;

  set_up (&f, WC_CODEC_OPUS);
  open_track (&f);
  for (guint i = 0; i < 5; i++)
    push (&f, &alice, 97, 1, frame, sizeof frame);
  g_assert_cmpuint (count_taken (&f), ==, 0);
  wc_rtp_track_get_status (f.track, &status);
  g_assert_false (status.latched);
  g_assert_cmpuint (status.wrong_payload_type, ==, 5);

  diagnose (&f, &status, &diagnosis);
  g_assert_cmpint (diagnosis.verdict, ==, WC_RTP_SILENT);
  g_assert_cmpstr (diagnosis.reason, ==,
                   "payload type 97 came on port 5004, 96 was expected");
  wc_rtp_diagnosis_clear (&diagnosis);
  tear_down (&f);
}

/* Without one in the spec the source's first payload type is the track's. */
static void
test_any_payload_type (void)
{
  static const guint8 frame[] = {0xfc, 1, 2, 3};
  Fixture f = {0};

  set_up (&f, WC_CODEC_OPUS);
  f.spec->payload_type_set = FALSE;
  open_track (&f);
  push (&f, &alice, 120, 1, frame, sizeof frame);
  push (&f, &alice, 121, 1, frame, sizeof frame);
  push (&f, &alice, 120, 1, frame, sizeof frame);
  g_assert_cmpuint (count_taken (&f), ==, 2);
  tear_down (&f);
}

static void
test_only_sender (void)
{
  Fixture f = {0};
  WcRtpTrackStatus status;

  set_up (&f, WC_CODEC_OPUS);
  f.spec->source = g_strdup ("192.0.2.2");
  open_track (&f);
  push_opus (&f, &alice, 1, 3);
  g_assert_cmpuint (count_taken (&f), ==, 0);
  push_opus (&f, &bob, 2, 3);
  g_assert_cmpuint (count_taken (&f), ==, 3);
  wc_rtp_track_get_status (f.track, &status);
  g_assert_cmpuint (status.wrong_sender, ==, 3);
  tear_down (&f);
}

/* VP8 where H264 was announced. */
static void
test_mismatch (void)
{
  static const guint8 vp8[] = {0x90, 0x80, 0x81, 0x23, 0x10, 0x02, 0x00,
                               0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02};
  Fixture f = {0};
  WcRtpTrackStatus status;
  WcRtpDiagnosis diagnosis;

  set_up (&f, WC_CODEC_H264);
  open_track (&f);
  for (guint i = 0; i < 64; i++)
    push (&f, &alice, 96, 1, vp8, sizeof vp8);
  wc_rtp_track_get_status (f.track, &status);
  g_assert_true (status.mismatch);
  diagnose (&f, &status, &diagnosis);
  g_assert_cmpint (diagnosis.verdict, ==, WC_RTP_MISMATCH);
  g_assert_true (g_str_has_prefix (
      diagnosis.reason,
      "what arrives on port 5004 is not H264 (RFC 6184): payload type 96"));
  g_assert_true (g_str_has_suffix (diagnosis.reason, "VP8"));
  wc_rtp_diagnosis_clear (&diagnosis);

  /* It does not keep a good source out. */
  f.now_us += 600 * MS;
  push (&f, &bob, 96, 2, (const guint8[]){0x67, 0x42, 0xe0, 0x1f}, 4);
  wc_rtp_track_get_status (f.track, &status);
  g_assert_cmpuint (status.ssrc, ==, 2);
  g_assert_false (status.mismatch);
  tear_down (&f);
}

static gsize
write_report_and_bye (guint8 *rtcp, guint32 ssrc, gboolean bye)
{
  static const guint8 report[28] = {0x80, 200, 0, 6, [8] = 0xe8, 1, 2,    3,
                                    0x80, 0,   0, 0, 0,          0, 0x10, 0};
  static const guint8 goodbye[8] = {0x81, 203, 0, 1};

  memcpy (rtcp, report, sizeof report);
  memcpy (rtcp + 28, goodbye, sizeof goodbye);
  rtcp[7] = rtcp[28 + 7] = (guint8)ssrc;
  return bye ? 36 : 28;
}

static void
test_rtcp (void)
{
  Fixture f = {0};
  guint8 rtcp[36], pli[WC_SOURCE_RTCP_PLI_SIZE];
  WcRtpTrackStatus status;
  WcAddress to;
  gboolean muxed;
  gsize size = write_report_and_bye (rtcp, 1, FALSE);

  set_up (&f, WC_CODEC_OPUS);
  open_track (&f);
  push_opus (&f, &alice, 1, 3);
  g_assert_false (wc_rtp_track_take_pli (f.track, f.now_us, pli, &to, &muxed));

  wc_rtp_track_push_rtcp (f.track, rtcp, size, &bob, f.now_us); /* not him */
  g_assert_false (wc_rtp_track_take_pli (f.track, f.now_us, pli, &to, &muxed));

  wc_rtp_track_push_rtcp (f.track, rtcp, size, &alice_rtcp, f.now_us);
  g_assert_true (wc_rtp_track_take_pli (f.track, f.now_us, pli, &to, &muxed));
  g_assert_true (wc_address_equal (&to, &alice_rtcp));
  g_assert_false (muxed);
  g_assert_cmpuint (pli[8], ==, 0x81);
  g_assert_cmpuint (pli[9], ==, 206);
  g_assert_cmpuint (pli[19], ==, 1);
  g_assert_false (
      wc_rtp_track_take_pli (f.track, f.now_us + 400 * MS, pli, &to, &muxed));

  /* After BYE the next may come at once. */
  size = write_report_and_bye (rtcp, 1, TRUE);
  wc_rtp_track_push_rtp (f.track, rtcp, size, &alice, f.now_us);
  wc_rtp_track_get_status (f.track, &status);
  g_assert_false (status.latched);
  g_assert_true (status.left);
  push_opus (&f, &bob, 2, 1);
  g_assert_cmpuint (count_taken (&f), ==, 4);
  tear_down (&f);
}

static void
test_forget (void)
{
  Fixture f = {0};
  WcTrackStats stats;
  guint64 head;

  set_up (&f, WC_CODEC_OPUS);
  open_track (&f);
  push_opus (&f, &alice, 1, 10);
  wc_rtp_track_flush (f.track, f.now_us);
  head = wc_track_head (f.ring);
  wc_rtp_track_forget (f.track);
  wc_track_get_stats (f.ring, &stats);
  g_assert_false (stats.has_start);
  g_assert_cmpuint (stats.held_packets, ==, 0);

  f.now_us += 5000 * MS;
  push_opus (&f, &alice, 1, 10); /* the same source, after a break */
  wc_rtp_track_flush (f.track, f.now_us);
  wc_track_get_stats (f.ring, &stats);
  g_assert_true (stats.has_start);
  g_assert_cmpuint (wc_track_head (f.ring), >=, head + 10);

  wc_rtp_track_close (f.track);
  push_opus (&f, &alice, 1, 10);
  wc_track_get_stats (f.ring, &stats);
  g_assert_cmpuint (stats.held_packets, ==, 0);
  tear_down (&f);
}

static void
test_hostile (void)
{
  Fixture f = {0};
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  guint8 data[64];

  set_up (&f, WC_CODEC_H264);
  open_track (&f);
  for (guint i = 0; i < 20000; i++) {
    gsize size = (gsize)g_rand_int_range (random, 0, sizeof data + 1);
    for (gsize j = 0; j < size; j++)
      data[j] = (guint8)g_rand_int (random);
    if (size > 1 && i % 2 == 0) {
      data[0] = (data[0] & 0x3f) | 0x80;
      data[1] = i % 4 == 0 ? 96 : 200 + i % 7;
    }
    wc_rtp_track_push_rtp (f.track, data, size, &alice, f.now_us);
    wc_rtp_track_push_rtcp (f.track, data, size, &alice, f.now_us);
    f.now_us += MS;
  }
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  wc_address_parse (&alice, "192.0.2.1", 4000);
  wc_address_parse (&alice_rtcp, "192.0.2.1", 4001);
  wc_address_parse (&bob, "192.0.2.2", 4000);
  g_test_add_func ("/rtp-track/latch", test_latch);
  g_test_add_func ("/rtp-track/take-over", test_take_over);
  g_test_add_func ("/rtp-track/payload-type", test_payload_type);
  g_test_add_func ("/rtp-track/any-payload-type", test_any_payload_type);
  g_test_add_func ("/rtp-track/only-sender", test_only_sender);
  g_test_add_func ("/rtp-track/mismatch", test_mismatch);
  g_test_add_func ("/rtp-track/rtcp", test_rtcp);
  g_test_add_func ("/rtp-track/forget", test_forget);
  g_test_add_func ("/rtp-track/hostile", test_hostile);
  return g_test_run ();
}
