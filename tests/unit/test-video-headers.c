/* SPDX-License-Identifier: MIT */
/* Headers that x264, x265, libvpx and libaom wrote, and crafted ones. */
#include "engine/av1-headers.h"
#include "engine/h264-headers.h"
#include "engine/h265-headers.h"
#include "engine/vpx-headers.h"

#include <string.h>

static const guint8 high[] = {0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40,
                              0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00,
                              0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03,
                              0x00, 0xc8, 0x3c, 0x60, 0xc6, 0x58};
static const guint8 baseline[] = {
    0x67, 0x42, 0xc0, 0x1f, 0xd9, 0x00, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00,
    0x00, 0x3e, 0x90, 0x00, 0x0e, 0xa6, 0x08, 0xf1, 0x83, 0x24, 0x80};
static const guint8 interlaced[] = {
    0x67, 0x64, 0x00, 0x1e, 0xac, 0xd9, 0x40, 0xb4, 0x24, 0xd8, 0x08, 0x80,
    0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x19, 0x0f, 0x8a, 0x14, 0xcb};
static const guint8 high422[] = {0x67, 0x7a, 0x00, 0x2a, 0xb6, 0xcd, 0x94, 0x07,
                                 0x90, 0x67, 0xe2, 0x23, 0xf0, 0x11, 0x00, 0x00,
                                 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x64,
                                 0x64, 0x80, 0x00, 0xf4, 0x24, 0x00, 0x1e, 0x84,
                                 0xe4, 0xd3, 0x80, 0x78, 0xc1, 0x8c, 0xb0};
static const guint8 main_hevc[] = {
    0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00,
    0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x78, 0xa0, 0x03, 0xc0, 0x80,
    0x10, 0xe5, 0x96, 0x56, 0x69, 0x24, 0xca, 0xf0, 0x16, 0x80, 0x80,
    0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x0c, 0x84};
static const guint8 main10_hevc[] = {
    0x42, 0x01, 0x01, 0x22, 0x20, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00,
    0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x99, 0xa0, 0x02, 0x84, 0x80,
    0x2d, 0x1d, 0xd3, 0x65, 0x92, 0xa4, 0x93, 0x2b, 0xc0, 0x5a, 0x02,
    0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x32, 0x10};
static const guint8 vp8[] = {0x50, 0x24, 0x01, 0x9d, 0x01, 0x2a, 0x56, 0x03,
                             0xe0, 0x01, 0x00, 0x07, 0x08, 0x85, 0x85, 0x88,
                             0x85, 0x84, 0x88, 0x02, 0x02, 0x1b, 0xe7, 0xbf};
static const guint8 vp9[] = {0x92, 0x49, 0x83, 0x42, 0x00, 0x27, 0xf8, 0x16,
                             0x8b, 0x03, 0x1c, 0x12, 0x0e, 0x0c, 0x2c, 0x0c,
                             0x02, 0xbe, 0x7f, 0xd9, 0xf9, 0xbe, 0x8b, 0xef};
static const guint8 av1[] = {0x00, 0x00, 0x00, 0x0c, 0xc4, 0xff,
                             0x67, 0x36, 0xbe, 0x40, 0x10};

/* --- bits to write ---------------------------------------------------------
 */

typedef struct {
  guint8 data[64];
  guint n;
} Writer;

static void
put (Writer *writer, guint32 value, guint n)
{
  for (guint i = n; i-- > 0; writer->n++)
    if (value >> i & 1)
      writer->data[writer->n / 8] |= (guint8)(0x80 >> writer->n % 8);
}

static void
put_ue (Writer *writer, guint32 value)
{
  guint n = g_bit_storage (value + 1);

  put (writer, 0, n - 1);
  put (writer, value + 1, n);
}

/* A baseline SPS up to the size. */
static Writer
begin_sps (guint width_mbs, guint height_mbs)
{
  Writer writer = {{0x67, 66, 0xc0, 31}, 32};

  put_ue (&writer, 0);
  put_ue (&writer, 0);
  put_ue (&writer, 2);
  put_ue (&writer, 1);
  put (&writer, 0, 1);
  put_ue (&writer, width_mbs - 1);
  put_ue (&writer, height_mbs - 1);
  put (&writer, 3, 2); /* frames only, direct 8x8 */
  return writer;
}

static gboolean
read_crafted (WcVideoFormat *format, const Writer *writer)
{
  return wc_h264_read_sps (format, writer->data, writer->n / 8 + 1);
}

/* --- H.264 ------------------------------------------------------------------
 */

static void
assert_format (const WcVideoFormat *format, const char *profile,
               const char *level, guint width, guint height)
{
  g_assert_cmpstr (format->profile, ==, profile);
  g_assert_cmpstr (format->level, ==, level);
  g_assert_cmpuint (format->width, ==, width);
  g_assert_cmpuint (format->height, ==, height);
}

static void
test_h264_x264 (void)
{
  WcVideoFormat format;

  g_assert_true (wc_h264_read_sps (&format, high, sizeof high));
  assert_format (&format, "High", "4", 1920, 1080);
  g_assert_cmpuint (format.level_tenth, ==, 40);
  g_assert_cmpuint (format.frame_rate_milli, ==, 25000);
  g_assert_cmpint (format.reorder, ==, 2);
  g_assert_false (format.interlaced);

  g_assert_true (wc_h264_read_sps (&format, baseline, sizeof baseline));
  assert_format (&format, "Constrained Baseline", "3.1", 1280, 720);
  g_assert_cmpuint (format.frame_rate_milli, ==, 29970);
  g_assert_cmpint (format.reorder, ==, 0);

  g_assert_true (wc_h264_read_sps (&format, interlaced, sizeof interlaced));
  assert_format (&format, "High", "3", 720, 576);
  g_assert_true (format.interlaced);

  g_assert_true (wc_h264_read_sps (&format, high422, sizeof high422));
  assert_format (&format, "High 4:2:2", "4.2", 1922, 802);
  g_assert_cmpuint (format.bit_depth, ==, 10);
  g_assert_cmpuint (format.chroma, ==, 422);
  g_assert_cmpuint (format.frame_rate_milli, ==, 50000);
  g_assert_cmpint (format.reorder, ==, 2);
}

/* Cut anywhere it is refused or read, and never read beyond its end. */
static void
test_h264_cut (void)
{
  for (gsize size = 0; size < sizeof high422; size++) {
    g_autofree guint8 *copy = g_memdup2 (high422, size);
    WcVideoFormat format = {.width = 7};

    if (wc_h264_read_sps (&format, copy, size))
      g_assert_cmpuint (format.width, ==, 1922);
    else
      g_assert_cmpuint (format.width, ==, 7);
  }
}

static void
test_h264_crafted (void)
{
  Writer sps = begin_sps (40, 30);
  WcVideoFormat format;

  put (&sps, 0, 2); /* no cropping, no VUI */
  g_assert_true (read_crafted (&format, &sps));
  assert_format (&format, "Constrained Baseline", "3.1", 640, 480);

  sps = begin_sps (40, 30);
  put (&sps, 1, 1); /* cropping takes all of the width */
  put_ue (&sps, 160);
  put_ue (&sps, 160);
  put_ue (&sps, 0);
  put_ue (&sps, 0);
  put (&sps, 0, 1);
  g_assert_false (read_crafted (&format, &sps));

  sps = begin_sps (40, 30);
  put (&sps, 1, 1);
  put_ue (&sps, 0xfffffffe); /* a sum that does not fit 32 bits */
  put_ue (&sps, 0xfffffffe);
  g_assert_false (read_crafted (&format, &sps));

  sps = begin_sps (1025, 30);
  put (&sps, 0, 2);
  g_assert_false (read_crafted (&format, &sps));
}

static void
test_h264_levels (void)
{
  Writer sps = begin_sps (11, 9);
  WcVideoFormat format;

  put (&sps, 0, 2);
  sps.data[3] = 11;
  sps.data[2] = 0xd0; /* with constraint_set3_flag */
  g_assert_true (read_crafted (&format, &sps));
  g_assert_cmpstr (format.level, ==, "1b");
  sps.data[2] = 0xc0;
  g_assert_true (read_crafted (&format, &sps));
  g_assert_cmpstr (format.level, ==, "1.1");
  sps.data[1] = 200;
  sps.data[3] = 255;
  g_assert_true (read_crafted (&format, &sps));
  g_assert_cmpstr (format.profile, ==, "profile 200");
  g_assert_cmpstr (format.level, ==, "25.5");
}

static void
test_h264_slices (void)
{
  static const guint8 types[][1] = {{0xc0}, {0xa0}, {0xb0}, {0x98}};
  static const WcSliceType wanted[] = {WC_SLICE_P, WC_SLICE_B, WC_SLICE_I,
                                       WC_SLICE_P};

  /* 1 1: P; 1 010: B; 1 011: I; 1 00110: P of a picture all of P */
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    g_assert_cmpint (wc_h264_read_slice_type (types[i], 1), ==, wanted[i]);
  g_assert_cmpint (wc_h264_read_slice_type ((const guint8 *)"", 0), ==,
                   WC_SLICE_UNKNOWN);
  /* slice_type 10 */
  g_assert_cmpint (wc_h264_read_slice_type ((const guint8 *)"\x8b", 1), ==,
                   WC_SLICE_UNKNOWN);
}

/* --- the others -------------------------------------------------------------
 */

static void
test_h265 (void)
{
  WcH265Sps sps;

  g_assert_true (wc_h265_read_sps (&sps, main_hevc, sizeof main_hevc));
  assert_format (&sps.format, "Main", "4", 1920, 1080);
  g_assert_cmpuint (sps.profile, ==, 1);
  g_assert_cmpuint (sps.temporal_layers, ==, 1);
  g_assert_cmpint (sps.format.reorder, ==, 2);

  g_assert_true (wc_h265_read_sps (&sps, main10_hevc, sizeof main10_hevc));
  assert_format (&sps.format, "Main 10", "5.1 High", 1284, 718);
  g_assert_cmpuint (sps.format.bit_depth, ==, 10);
  g_assert_cmpint (sps.format.reorder, ==, 0);

  for (gsize size = 0; size < sizeof main_hevc; size++) {
    g_autofree guint8 *copy = g_memdup2 (main_hevc, size);
    if (wc_h265_read_sps (&sps, copy, size) && sps.format.width != 0)
      g_assert_cmpuint (sps.format.width, ==, 1920);
  }
}

static void
test_vpx (void)
{
  WcVideoFormat format = {.reorder = 5};

  g_assert_true (wc_vp8_read_key_frame (&format, vp8, sizeof vp8));
  assert_format (&format, "0", "", 854, 480);
  g_assert_cmpint (format.reorder, ==, 0);
  g_assert_false (wc_vp8_read_key_frame (&format, vp8, 9));
  g_assert_false (wc_vp8_read_key_frame (&format, vp9, sizeof vp9));

  g_assert_true (wc_vp9_read_key_frame (&format, vp9, sizeof vp9));
  assert_format (&format, "2", "", 1280, 722);
  g_assert_cmpuint (format.bit_depth, ==, 10);
  g_assert_cmpuint (format.chroma, ==, 420);
  for (gsize size = 0; size < 9; size++)
    g_assert_false (wc_vp9_read_key_frame (&format, vp9, size));
}

static void
test_av1 (void)
{
  WcVideoFormat format;

  g_assert_true (wc_av1_read_sequence_header (&format, av1, sizeof av1));
  assert_format (&format, "Main", "2.1", 640, 360);
  for (gsize size = 0; size < 7; size++)
    g_assert_false (wc_av1_read_sequence_header (&format, av1, size));
}

/* Whatever comes is refused or within bounds. */
static void
test_noise (void)
{
  for (guint i = 0; i < 20000; i++) {
    guint8 noise[48];
    gsize size = (gsize)g_test_rand_int_range (0, sizeof noise);
    WcVideoFormat format = {0};
    WcH265Sps sps;

    for (gsize k = 0; k < size; k++)
      noise[k] = (guint8)g_test_rand_int ();
    if (wc_h264_read_sps (&format, noise, size))
      g_assert_cmpuint (format.width, <=, WC_MAX_PICTURE_SIZE);
    if (wc_h265_read_sps (&sps, noise, size))
      g_assert_cmpuint (sps.format.height, <=, WC_MAX_PICTURE_SIZE);
    wc_vp8_read_key_frame (&format, noise, size);
    wc_vp9_read_key_frame (&format, noise, size);
    wc_av1_read_sequence_header (&format, noise, size);
    wc_h264_read_slice_type (noise, size);
    g_assert_cmpuint (format.width, <=, WC_MAX_PICTURE_SIZE);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/video-headers/h264/x264", test_h264_x264);
  g_test_add_func ("/video-headers/h264/cut", test_h264_cut);
  g_test_add_func ("/video-headers/h264/crafted", test_h264_crafted);
  g_test_add_func ("/video-headers/h264/levels", test_h264_levels);
  g_test_add_func ("/video-headers/h264/slices", test_h264_slices);
  g_test_add_func ("/video-headers/h265", test_h265);
  g_test_add_func ("/video-headers/vpx", test_vpx);
  g_test_add_func ("/video-headers/av1", test_av1);
  g_test_add_func ("/video-headers/noise", test_noise);
  return g_test_run ();
}
