/* SPDX-License-Identifier: MIT */
/* What the meter makes of frames, and what a normaliser that drops B-frames
 * lets through. */
#include "normaliser-harness.h"

#define RATE 90000
#define FRAME (RATE / 25)
#define FRAME_US (G_USEC_PER_SEC / 25)

/* --- the meter -------------------------------------------------------------
 */

static WcStreamInfo
read_info (WcStreamMeter *meter)
{
  WcStreamInfo info;

  wc_stream_meter_get (meter, &info);
  return info;
}

static void
test_rates (void)
{
  WcStreamMeter meter;
  WcStreamInfo info;

  wc_stream_meter_init (&meter, RATE);
  for (guint i = 0; i < 200; i++) {
    wc_stream_meter_add_bytes (&meter, 5000);
    wc_stream_meter_add_frame (&meter, (gint64)i * FRAME,
                               1000000 + (gint64)i * FRAME_US,
                               i % 50 == 0 ? WC_FRAME_KEY : 0);
  }
  info = read_info (&meter);
  g_assert_cmpuint (info.frame_rate_milli, ==, 25000);
  g_assert_cmpuint (info.kept_rate_milli, ==, 25000);
  g_assert_cmpuint (info.bitrate_bps, ==, 1000000);
  g_assert_cmpuint (info.key_interval_ms, ==, 2000);
  g_assert_cmpuint (info.since_key_ms, ==, 49 * 40);
  g_assert_cmpint (info.b_frames, ==, WC_B_USE_NONE);
  g_assert_cmpuint (info.frames, ==, 200);
  g_assert_false (info.has_drift);
  wc_stream_meter_clear (&meter);
}

/* I P b b, at 25 frames a second: not one more, not one less. */
static void
test_rate_of_reordered (void)
{
  WcStreamMeter meter;
  WcStreamInfo info;

  wc_stream_meter_init (&meter, RATE);
  wc_stream_meter_add_frame (&meter, 0, 1, WC_FRAME_KEY);
  for (guint i = 0; i < 200; i++) {
    gint64 at = (gint64)(i / 3 * 3 + (i % 3 == 0 ? 3 : i % 3)) * FRAME;
    wc_stream_meter_add_frame (&meter, at, 1 + (gint64)i * FRAME_US, 0);
  }
  wc_stream_meter_get (&meter, &info);
  g_assert_cmpuint (info.frame_rate_milli, ==, 25000);
  wc_stream_meter_clear (&meter);
}

static void
test_kinds (void)
{
  const guint spare = WC_FRAME_B | WC_FRAME_DISPOSABLE;
  WcStreamMeter meter;

  wc_stream_meter_init (&meter, RATE);
  wc_stream_meter_add_frame (&meter, 0, 1, WC_FRAME_KEY);
  g_assert_cmpint (read_info (&meter).b_frames, ==, WC_B_USE_UNKNOWN);
  for (guint i = 1; i < 200; i++)
    wc_stream_meter_add_frame (&meter, (gint64)i * FRAME, i,
                               i % 2 ? spare : WC_FRAME_DISPOSABLE);
  g_assert_cmpint (read_info (&meter).b_frames, ==, WC_B_USE_DISPOSABLE);
  g_assert_cmpuint (read_info (&meter).frames_b, ==, 100);
  g_assert_cmpuint (read_info (&meter).kept_rate_milli, ==, 12500);
  wc_stream_meter_add_frame (&meter, 200 * FRAME, 200, WC_FRAME_B);
  g_assert_cmpint (read_info (&meter).b_frames, ==, WC_B_USE_REFERENCED);
  wc_stream_meter_restart (&meter);
  g_assert_cmpint (read_info (&meter).b_frames, ==, WC_B_USE_UNKNOWN);
  wc_stream_meter_clear (&meter);
}

/* A minute of a clock that is @ppm too fast, over a network that delays by up
 * to 20 ms. */
static gint
measure_drift (gint ppm)
{
  WcStreamMeter meter;
  WcStreamInfo info;

  wc_stream_meter_init (&meter, RATE);
  for (gint64 i = 0; i < 60 * 25; i++) {
    gint64 ours_us = 5000000 + i * FRAME_US;
    gint64 position = i * FRAME + i * FRAME * ppm / 1000000;
    wc_stream_meter_add_frame (&meter, position,
                               ours_us + g_test_rand_int_range (0, 20000), 0);
  }
  info = read_info (&meter);
  wc_stream_meter_clear (&meter);
  g_assert_true (info.has_drift);
  return info.drift_ppm;
}

static void
test_drift (void)
{
  g_assert_cmpint (ABS (measure_drift (0)), <, 50);
  g_assert_cmpint (ABS (measure_drift (300) - 300), <, 50);
  g_assert_cmpint (ABS (measure_drift (-300) + 300), <, 50);
}

/* --- the normaliser --------------------------------------------------------
 */

static const guint8 sets[] = {
    0x78, 0x00, 0x1b, 0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02,
    0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03,
    0x00, 0xc8, 0x3c, 0x60, 0xc6, 0x58, 0x00, 0x04, 0x68, 0xee, 0x3c, 0x80};
static const guint8 idr[] = {0x65, 0x88, 0x84, 0x00};
static const guint8 p_slice[] = {0x41, 0xc0, 0x02, 0x03};
static const guint8 b_spare[] = {0x01, 0xa0, 0x02, 0x03};
static const guint8 b_ref[] = {0x41, 0xa0, 0x02, 0x03};
static const guint8 delimiter[] = {0x09, 0xf0};
/* a B slice in two fragments */
static const guint8 b_first[] = {0x1c, 0x81, 0xa0, 0x02};
static const guint8 b_last[] = {0x1c, 0x41, 0x03, 0x04};

#define PUSH(harness, frame, marker, nal)                                      \
  g_assert_true (                                                              \
      harness_push (harness, (frame)*FRAME, marker, nal, sizeof (nal)))

/* I P b b as they are sent: the time of P is after that of the b. */
static void
push_group (Harness *harness, guint at, const guint8 *middle)
{
  PUSH (harness, at, FALSE, sets);
  PUSH (harness, at, TRUE, idr);
  PUSH (harness, at + 3, FALSE, delimiter);
  PUSH (harness, at + 3, TRUE, p_slice);
  g_assert_true (harness_push (harness, (at + 1) * FRAME, TRUE, middle, 4));
  PUSH (harness, at + 2, FALSE, delimiter);
  PUSH (harness, at + 2, FALSE, b_first);
  PUSH (harness, at + 2, TRUE, b_last);
}

static WcStreamInfo
info_of (Harness *harness)
{
  WcStreamInfo info;

  wc_normaliser_get_stream_info (harness->normaliser, &info);
  return info;
}

static void
test_pass (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;

  push_group (harness, 0, b_spare);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 8);
  g_assert_cmpint (info_of (harness).b_frames, ==, WC_B_USE_DISPOSABLE);
  g_assert_cmpuint (info_of (harness).frames_back, ==, 2);
  g_assert_cmpuint (info_of (harness).frames_dropped, ==, 0);
  g_assert_cmpuint (info_of (harness).format.height, ==, 1080);
}

/* What is left has rising times, no hole in its numbers, and its delimiters. */
static void
test_drop (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;

  wc_normaliser_set_drop_b_frames (harness->normaliser, TRUE);
  for (guint i = 0; i < 10; i++)
    push_group (harness, i * 4, b_spare);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 10 * 4);
  for (guint i = 0; i < out->len; i++) {
    const WcPacket *packet = packet_at (out, i);
    g_assert_cmpuint (packet->seq, ==, packet_at (out, 0)->seq + i);
    g_assert_cmpint (packet->timestamp, ==,
                     (gint64)(i / 4 * 4 + (i % 4 < 2 ? 0 : 3)) * FRAME);
    g_assert_cmpint (is_marked (out, i), ==, i % 2 == 1);
  }
  g_assert_cmpuint (info_of (harness).frames, ==, 40);
  g_assert_cmpuint (info_of (harness).frames_dropped, ==, 20);
}

static void
test_keep_references (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;

  wc_normaliser_set_drop_b_frames (harness->normaliser, TRUE);
  push_group (harness, 0, b_ref);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 5);
  g_assert_cmpint (info_of (harness).b_frames, ==, WC_B_USE_REFERENCED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stream-info/rates", test_rates);
  g_test_add_func ("/stream-info/rate-of-reordered", test_rate_of_reordered);
  g_test_add_func ("/stream-info/kinds", test_kinds);
  g_test_add_func ("/stream-info/drift", test_drift);
  g_test_add_func ("/stream-info/b-frames/pass", test_pass);
  g_test_add_func ("/stream-info/b-frames/drop", test_drop);
  g_test_add_func ("/stream-info/b-frames/referenced", test_keep_references);
  return g_test_run ();
}
