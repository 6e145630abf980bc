/* SPDX-License-Identifier: MIT */
#include "normaliser-harness.h"

#define MS 1000

static const guint8 key[] = {0x10, 0x00, 0x01};
static const guint8 inter[] = {0x10, 0x01, 0x02};

static void
push_at (Harness *harness, gint64 now_us, guint16 seq, guint32 timestamp)
{
  harness->now_us = now_us;
  g_assert_true (
      harness_push_seq (harness, seq, timestamp, TRUE, inter, sizeof inter));
}

/* --- the RTP header
 * ----------------------------------------------------------- */

static void
test_header (void)
{
  /* two CSRCs, an extension of one word, three bytes of padding */
  static const guint8 full[] = {
      0xb2, 0xe0, 0x12, 0x34, 0,    0, 0, 9, 1, 2, 3, 4,    0, 0, 0, 1, 0,
      0,    0,    2,    0xbe, 0xde, 0, 1, 9, 9, 9, 9, 0x10, 0, 7, 0, 0, 3};
  static const guint8 wanted[] = {0x10, 0, 7};
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  g_assert_true (wc_normaliser_push (harness->normaliser, full, sizeof full,
                                     harness->now_us));
  for (gsize size = 0; size < sizeof full - 4; size++)
    wc_normaliser_push (harness->normaliser, full, size, harness->now_us);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 1);
  assert_payload (out, 0, wanted);
  g_assert_true (is_start (out, 0));
  g_assert_true (is_marked (out, 0));
  g_assert_cmpuint (harness_stats (harness).packets, ==, 1);
  g_assert_cmpuint (harness_stats (harness).bytes, ==, 3);
}

static void
test_not_rtp (void)
{
  static const guint8 version[] = {0x40, 0x60, 0, 1, 0,    0, 0, 0,
                                   0,    0,    0, 0, 0x10, 0, 1};
  static const guint8 csrcs[] = {0x8f, 0x60, 0, 1, 0,    0, 0, 0,
                                 0,    0,    0, 0, 0x10, 0, 1};
  static const guint8 padding[] = {0xa0, 0x60, 0, 1, 0,    0, 0,  0,
                                   0,    0,    0, 0, 0x10, 0, 200};
  static const guint8 no_padding[] = {0xa0, 0x60, 0, 1, 0,    0, 0, 0,
                                      0,    0,    0, 0, 0x10, 0, 0};
  static const guint8 extension[] = {0x90, 0x60, 0, 1, 0, 0, 0,    0,
                                     0,    0,    0, 0, 0, 0, 0xff, 0xff};
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);

#define refuse(bytes)                                                          \
  g_assert_false (                                                             \
      wc_normaliser_push (harness->normaliser, bytes, sizeof bytes, 1))
  refuse (version);
  refuse (csrcs);
  refuse (padding);
  refuse (no_padding);
  refuse (extension);
#undef refuse
  g_assert_cmpuint (harness_stats (harness).malformed, ==, 5);
}

/* Padding alone uses up a number, but nothing is missing for it. */
static void
test_padding_only (void)
{
  static const guint8 nothing[] = {0xa0, 0x60, 0, 2, 0, 0, 0, 0,
                                   0,    0,    0, 0, 0, 0, 0, 4};
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  push_at (harness, MS, 1, 0);
  g_assert_true (wc_normaliser_push (harness->normaliser, nothing,
                                     sizeof nothing, 2 * MS));
  push_at (harness, 3 * MS, 3, 3000);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 2);
  g_assert_cmpuint (packet_at (out, 1)->seq, ==, packet_at (out, 0)->seq + 1);
  g_assert_cmpuint (harness_stats (harness).lost, ==, 0);
}

/* What is not the format's is missing from what goes out. */
static void
test_malformed_leaves_gap (void)
{
  static const guint8 bad[] = {0x90};
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  push_at (harness, MS, 1, 0);
  g_assert_false (harness_push_seq (harness, 2, 0, FALSE, bad, sizeof bad));
  push_at (harness, 2 * MS, 3, 3000);
  out = harness_read (harness);
  g_assert_cmpuint (packet_at (out, 1)->seq, ==, packet_at (out, 0)->seq + 2);
  g_assert_cmpuint (harness_stats (harness).lost, ==, 0);
}

/* --- order
 * -------------------------------------------------------------------- */

static void
test_hold_by_time (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  push_at (harness, 100 * MS, 65534, 0);
  push_at (harness, 110 * MS, 1, 9000);
  push_at (harness, 159 * MS, 2, 12000);
  wc_normaliser_flush (harness->normaliser, 159 * MS);
  g_assert_cmpuint (harness_stats (harness).lost, ==, 0);
  push_at (harness, 159 * MS, 65535, 3000);
  wc_normaliser_flush (harness->normaliser, 160 * MS);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 4);
  g_assert_cmpuint (harness_stats (harness).lost, ==, 1);
  g_assert_cmpint (packet_at (out, 1)->timestamp, ==, 3000);
  g_assert_cmpint (packet_at (out, 2)->timestamp, ==, 9000);
  g_assert_cmpuint (packet_at (out, 2)->seq, ==, packet_at (out, 1)->seq + 2);
  g_assert_cmpuint (packet_at (out, 3)->seq, ==, packet_at (out, 2)->seq + 1);

  /* Now it comes, and one that was there comes again. */
  push_at (harness, 161 * MS, 0, 6000);
  push_at (harness, 161 * MS, 2, 12000);
  g_assert_cmpuint (harness_stats (harness).late, ==, 2);
  g_assert_cmpuint (wc_track_head (harness->track), ==, harness->read_from);
}

static void
test_hold_by_count (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  push_at (harness, MS, 10, 0);
  for (guint i = 0; i < 63; i++)
    push_at (harness, MS, (guint16)(15 + i), 3000 * (5 + i));
  g_assert_cmpuint (wc_track_head (harness->track), ==,
                    wc_track_head (harness->track));
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 1);
  push_at (harness, MS, 78, 3000 * 68);
  g_clear_pointer (&out, g_ptr_array_unref);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 64);
  g_assert_cmpuint (harness_stats (harness).lost, ==, 4);
}

/* Where a packet is asked for again, it takes a round trip. */
static void
test_patience (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  wc_normaliser_set_patience (harness->normaliser, 250 * MS);
  push_at (harness, 100 * MS, 10, 0);
  for (guint i = 0; i < 200; i++)
    push_at (harness, (110 + i) * MS, (guint16)(12 + i), 3000 * (2 + i));
  wc_normaliser_flush (harness->normaliser, 340 * MS);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 1);
  g_clear_pointer (&out, g_ptr_array_unref);
  push_at (harness, 350 * MS, 11, 3000);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 201);
  g_assert_cmpuint (harness_stats (harness).lost, ==, 0);

  /* It stays with the stream when the source begins anew. */
  wc_normaliser_restart (harness->normaliser);
  push_at (harness, 400 * MS, 500, 0);
  push_at (harness, 410 * MS, 502, 6000);
  wc_normaliser_flush (harness->normaliser, 600 * MS);
  g_assert_cmpuint (harness_stats (harness).lost, ==, 0);
  wc_normaliser_flush (harness->normaliser, 700 * MS);
  g_assert_cmpuint (harness_stats (harness).lost, ==, 1);
}

/* --- restarts
 * ----------------------------------------------------------------- */

/* Explicit: numbering goes on, time by what has passed. */
static void
test_restart (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  push_at (harness, 1000 * MS, 500, 1000000);
  push_at (harness, 1033 * MS, 501, 1003000);
  wc_normaliser_restart (harness->normaliser);
  push_at (harness, 3033 * MS, 400, 77);
  wc_normaliser_restart (harness->normaliser);
  push_at (harness, 3033 * MS, 9, 4000000000);
  push_at (harness, 3066 * MS, 10, 4000003000);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 5);
  for (guint i = 1; i < 5; i++)
    g_assert_cmpuint (packet_at (out, i)->seq, ==, packet_at (out, 0)->seq + i);
  g_assert_cmpint (packet_at (out, 1)->timestamp, ==, 3000);
  g_assert_cmpint (packet_at (out, 2)->timestamp, ==, 3000 + 180000);
  g_assert_cmpint (packet_at (out, 3)->timestamp, ==, 183000 + 3000);
  g_assert_cmpint (packet_at (out, 4)->timestamp, ==, 189000);
  g_assert_cmpuint (harness_stats (harness).restarts, ==, 2);
  g_assert_cmpuint (harness_stats (harness).lost, ==, 0);
}

/* The source began again without a word; a single stray one is no beginning. */
static void
test_jump_of_seq (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  push_at (harness, 1000 * MS, 500, 1000);
  push_at (harness, 1010 * MS, 30000, 5);
  push_at (harness, 1033 * MS, 501, 4000);
  g_assert_cmpuint (harness_stats (harness).restarts, ==, 0);
  g_assert_cmpuint (harness_stats (harness).late, ==, 1);
  push_at (harness, 1040 * MS, 20000, 5);
  push_at (harness, 1050 * MS, 30000, 5);
  g_assert_cmpuint (harness_stats (harness).restarts, ==, 0);
  push_at (harness, 1066 * MS, 40000, 6);
  push_at (harness, 1100 * MS, 40002, 6006);
  push_at (harness, 1101 * MS, 40001, 3006);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 5);
  g_assert_cmpuint (harness_stats (harness).restarts, ==, 1);
  for (guint i = 1; i < 5; i++) {
    g_assert_cmpuint (packet_at (out, i)->seq, ==, packet_at (out, 0)->seq + i);
    g_assert_cmpint (packet_at (out, i)->timestamp, >,
                     packet_at (out, i - 1)->timestamp);
  }
  /* 33 ms have passed, but it is one frame at the least. */
  g_assert_cmpint (packet_at (out, 2)->timestamp, ==, 6000);
}

static void
test_jump_of_timestamp (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  push_at (harness, 1000 * MS, 1, 5000000);
  push_at (harness, 1033 * MS, 2, 5003000);
  push_at (harness, 1066 * MS, 3, 5003000 + 11 * 90000);
  push_at (harness, 1100 * MS, 4, 5003000 + 11 * 90000 + 9 * 90000);
  push_at (harness, 1133 * MS, 5, 1000);
  out = harness_read (harness);
  g_assert_cmpuint (harness_stats (harness).restarts, ==, 2);
  /* 33 ms have passed, but it is one frame at the least. */
  g_assert_cmpint (packet_at (out, 2)->timestamp, ==, 6000);
  g_assert_cmpint (packet_at (out, 3)->timestamp, ==, 816000);
  g_assert_cmpint (packet_at (out, 4)->timestamp, ==, 819000);
}

/* A short file that is sent again looks late for ever. */
static void
test_repeated_numbers (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;
  gint64 now_us = 1000 * MS;

  for (guint turn = 0; turn < 3; turn++)
    for (guint i = 0; i < 200; i++, now_us += 10 * MS)
      push_at (harness, now_us, (guint16)i, 900 * i);
  out = harness_read (harness);
  g_assert_cmpuint (harness_stats (harness).restarts, ==, 2);
  g_assert_cmpuint (out->len, >, 550);
  for (guint i = 1; i < out->len; i++)
    g_assert_cmpint (packet_at (out, i)->timestamp, >,
                     packet_at (out, i - 1)->timestamp);
}

/* Reordered frames step back; the sequence and the clock wrap around. */
static void
test_wraps (void)
{
  static const gint order[] = {0, 3, 1, 2};
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;
  guint32 base = G_MAXUINT32 - 500 * 3000;

  for (guint i = 0; i < 200000; i++) {
    guint frame = i / 4 * 4 + (guint)order[i % 4];
    push_at (harness, (gint64)i * 33 * MS, (guint16)(60000 + i),
             base + 3000 * frame);
  }
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 200000);
  for (guint i = 0; i < out->len; i++) {
    gint64 frame = i / 4 * 4 + order[i % 4];
    g_assert_cmpuint (packet_at (out, i)->seq, ==, packet_at (out, 0)->seq + i);
    g_assert_cmpint (packet_at (out, i)->timestamp, ==, 3000 * frame);
    g_assert_cmpuint (packet_at (out, i)->frame, ==,
                      packet_at (out, 0)->frame + i);
  }
  g_assert_cmpuint (harness_stats (harness).restarts, ==, 0);
}

/* Another normaliser of the same track goes on where this one ended. */
static void
test_handed_over (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  push_at (harness, 1000 * MS, 1, 0);
  push_at (harness, 1033 * MS, 2, 3000);
  wc_normaliser_free (harness->normaliser);
  wc_track_clear (harness->track);
  harness->read_from = wc_track_head (harness->track);
  harness->normaliser = wc_normaliser_new (harness->track, harness->clock);
  push_at (harness, 2033 * MS, 7, 999);
  push_at (harness, 2066 * MS, 8, 3999);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 2);
  g_assert_cmpint (packet_at (out, 0)->timestamp, >=, 3000 + 89000);
  g_assert_cmpint (packet_at (out, 0)->timestamp, <=, 3000 + 91000);
  g_assert_cmpuint (packet_at (out, 0)->frame, ==, 3);
  g_assert_cmpuint (wc_track_head (harness->track), ==,
                    packet_at (out, 1)->seq + 1);
}

/* --- capture times
 * ------------------------------------------------------------- */

/* Jitter of the network does not shake the time; only ever later, it does not
 * make it later either. */
static void
test_capture_jitter (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;
  gint64 base_us = 5000 * MS;

  for (guint i = 0; i < 600; i++) {
    gint64 delay_us = i % 10 == 0 ? 0 : g_test_rand_int_range (0, 30 * MS);
    push_at (harness, base_us + (gint64)i * 1000000 / 30 + delay_us, (guint16)i,
             3000 * i);
  }
  wc_normaliser_flush (harness->normaliser, G_MAXINT64);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 600);
  for (guint i = 1; i < out->len; i++) {
    gint64 ideal_us = base_us + (gint64)i * 1000000 / 30;
    gint64 step_us =
        packet_at (out, i)->capture_us - packet_at (out, i - 1)->capture_us;
    g_assert_cmpint (step_us, >, 30 * MS);
    g_assert_cmpint (step_us, <, 37 * MS);
    g_assert_cmpint (ABS (packet_at (out, i)->capture_us - ideal_us),
                     <, i> 60 ? 2 : 31 * MS);
  }
  g_assert_cmpuint (harness_stats (harness).jitter_us, >, 2 * MS);
  g_assert_cmpuint (harness_stats (harness).jitter_us, <, 20 * MS);
}

/* A source that sends its backlog at once, then in time: never backwards. */
static void
test_capture_burst (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  for (guint i = 0; i < 300; i++) {
    gint64 us = i < 90 ? 0 : (gint64)(i - 90) * 1000000 / 30;
    push_at (harness, 5000 * MS + us, (guint16)i, 3000 * i);
  }
  out = harness_read (harness);
  for (guint i = 1; i < out->len; i++)
    g_assert_cmpint (packet_at (out, i)->capture_us, >=,
                     packet_at (out, i - 1)->capture_us);
  /* In the end it is what has just come in. */
  g_assert_cmpint (ABS (packet_at (out, 299)->capture_us - 5000 * MS -
                        (gint64)209 * 1000000 / 30),
                   <, 40 * MS);
}

static guint64
ntp_of (gint64 us)
{
  return (guint64)(us / 1000000) << 32 |
         (guint64)((us % 1000000) * 4294967296 / 1000000);
}

/* Audio that takes 200 ms longer to arrive than its video, or so it seems: the
 * sender reports put both at the same time again. */
static void
test_capture_reports (void)
{
  g_autoptr (Harness) video = harness_new (WC_CODEC_VP8);
  g_autoptr (Harness) audio = harness_new (WC_CODEC_OPUS);
  g_autoptr (GPtrArray) pictures = NULL, sounds = NULL;
  gint64 ntp_us = G_GINT64_CONSTANT (3900000000) * 1000000;

  wc_normaliser_free (audio->normaliser);
  audio->normaliser = wc_normaliser_new (audio->track, video->clock);
  for (guint i = 0; i < 500; i++) {
    gint64 us = i * 20 * MS;
    if (i % 50 == 0) {
      /* One comes before the first packet. */
      wc_normaliser_sender_report (video->normaliser, ntp_of (ntp_us + us),
                                   7000 + 1800 * i, 5000 * MS + us);
      wc_normaliser_sender_report (audio->normaliser, ntp_of (ntp_us + us),
                                   99 + 960 * i, 5000 * MS + us);
    }
    push_at (video, 5000 * MS + us, (guint16)i, 7000 + 1800 * i);
    push_at (audio, 5200 * MS + us, (guint16)i, 99 + 960 * i);
  }
  pictures = harness_read (video);
  sounds = harness_read (audio);
  for (guint i = 250; i < 500; i++)
    g_assert_cmpint (ABS (packet_at (pictures, i)->capture_us -
                          packet_at (sounds, i)->capture_us),
                     <, MS);
  g_assert_cmpint (
      ABS (packet_at (pictures, 499)->capture_us - 5000 * MS - 499 * 20 * MS),
      <, MS);
}

/* Reports that cannot be true are not believed. */
static void
test_capture_false_reports (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  for (guint i = 0; i < 100; i++) {
    /* its clock stands still; another does not exist; far away */
    wc_normaliser_sender_report (harness->normaliser, ntp_of (1000000),
                                 3000 * i, 0);
    wc_normaliser_sender_report (harness->normaliser, 0, 3000 * i, 0);
    push_at (harness, 5000 * MS + (gint64)i * 33333, (guint16)i, 3000 * i);
    wc_normaliser_sender_report (harness->normaliser, G_MAXUINT64,
                                 3000 * i + 0x7fffffff, 0);
  }
  out = harness_read (harness);
  for (guint i = 1; i < out->len; i++)
    g_assert_cmpint (packet_at (out, i)->capture_us, >=,
                     packet_at (out, i - 1)->capture_us);
}

static void
test_start_points_counted (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  WcTrackStats stats;
  guint64 seq;

  harness_push (harness, 0, TRUE, inter, sizeof inter);
  g_assert_false (wc_track_find_start (harness->track, &seq));
  harness_push (harness, 3000, TRUE, key, sizeof key);
  harness_push (harness, 6000, TRUE, key, sizeof key);
  harness_push (harness, 9000, TRUE, inter, sizeof inter);
  wc_track_get_stats (harness->track, &stats);
  g_assert_cmpuint (stats.start_points, ==, 2);
  g_assert_cmpuint (stats.frames, ==, 4);
  g_assert_cmpuint (stats.last_gop_ms, ==, 33);
  g_assert_true (wc_track_find_start (harness->track, &seq));
  g_assert_cmpuint (seq, ==, wc_track_head (harness->track) - 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/normaliser/header", test_header);
  g_test_add_func ("/normaliser/not-rtp", test_not_rtp);
  g_test_add_func ("/normaliser/padding-only", test_padding_only);
  g_test_add_func ("/normaliser/malformed-leaves-gap",
                   test_malformed_leaves_gap);
  g_test_add_func ("/normaliser/hold-by-time", test_hold_by_time);
  g_test_add_func ("/normaliser/hold-by-count", test_hold_by_count);
  g_test_add_func ("/normaliser/patience", test_patience);
  g_test_add_func ("/normaliser/restart", test_restart);
  g_test_add_func ("/normaliser/jump-of-seq", test_jump_of_seq);
  g_test_add_func ("/normaliser/jump-of-timestamp", test_jump_of_timestamp);
  g_test_add_func ("/normaliser/repeated-numbers", test_repeated_numbers);
  g_test_add_func ("/normaliser/wraps", test_wraps);
  g_test_add_func ("/normaliser/handed-over", test_handed_over);
  g_test_add_func ("/normaliser/capture-jitter", test_capture_jitter);
  g_test_add_func ("/normaliser/capture-burst", test_capture_burst);
  g_test_add_func ("/normaliser/capture-reports", test_capture_reports);
  g_test_add_func ("/normaliser/capture-false-reports",
                   test_capture_false_reports);
  g_test_add_func ("/normaliser/start-points-counted",
                   test_start_points_counted);
  return g_test_run ();
}
