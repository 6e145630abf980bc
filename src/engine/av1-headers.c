/* SPDX-License-Identifier: MIT */
#include "engine/av1-headers.h"

#include "engine/bits.h"

#include <stdio.h>

/* What earlier fields say of the operating points' fields. */
typedef struct {
  gboolean decoder_model, initial_delay;
  guint delay_bits;
} Points;

/* Levels 2.0 to 7.3 (annex A.3); 31 says that there is no limit. */
static void
name_level (WcVideoFormat *format, guint level, gboolean high_tier)
{
  guint major = 2 + (level >> 2), minor = level & 3;

  if (level > 23) {
    g_strlcpy (format->level, "max", sizeof format->level);
    return;
  }
  format->level_tenth = 10 * major + minor;
  snprintf (format->level, sizeof format->level, "%u.%u%s", major, minor,
            high_tier ? " High" : "");
}

/* uvlc () (section 4.10.3). */
static guint32
read_uvlc (WcBits *bits)
{
  guint zeros = 0;

  while (!bits->overrun && wc_bits_read (bits, 1) == 0)
    zeros++;
  if (zeros < 32)
    return (guint32)(((guint64)1 << zeros) - 1) + wc_bits_read (bits, zeros);
  return G_MAXUINT32;
}

/* timing_info () and decoder_model_info () (sections 5.5.3, 5.5.4). */
static void
read_timing (WcVideoFormat *format, WcBits *bits, Points *points)
{
  guint64 tick = wc_bits_read (bits, 32);
  guint64 scale = wc_bits_read (bits, 32);
  guint64 rate;

  if (wc_bits_read (bits, 1)) /* equal_picture_interval */
    tick *= (guint64)read_uvlc (bits) + 1;
  else
    tick = 0;
  rate = tick > 0 ? scale * 1000 / tick : 0;
  if (rate <= 1000 * 1000)
    format->frame_rate_milli = (guint)rate;
  points->decoder_model = wc_bits_read (bits, 1) != 0;
  if (!points->decoder_model)
    return;
  points->delay_bits = wc_bits_read (bits, 5) + 1;
  wc_bits_skip (bits, 32 + 5 + 5);
}

/* The first operating point is the one with everything in it. */
static void
read_points (WcVideoFormat *format, WcBits *bits, const Points *points)
{
  guint n = wc_bits_read (bits, 5) + 1;

  for (guint i = 0; i < n; i++) {
    guint level;
    gboolean high_tier;

    wc_bits_skip (bits, 12); /* operating_point_idc */
    level = wc_bits_read (bits, 5);
    high_tier = level > 7 && wc_bits_read (bits, 1) != 0;
    if (points->decoder_model && wc_bits_read (bits, 1))
      wc_bits_skip (bits, 2 * points->delay_bits + 1);
    if (points->initial_delay && wc_bits_read (bits, 1))
      wc_bits_skip (bits, 4);
    if (i == 0)
      name_level (format, level, high_tier);
  }
}

static void
read_size (WcVideoFormat *format, WcBits *bits)
{
  guint width_bits = wc_bits_read (bits, 4) + 1;
  guint height_bits = wc_bits_read (bits, 4) + 1;

  format->width = wc_bits_read (bits, width_bits) + 1;
  format->height = wc_bits_read (bits, height_bits) + 1;
}

gboolean
wc_av1_read_sequence_header (WcVideoFormat *format, const guint8 *body,
                             gsize size)
{
  WcVideoFormat read = {0};
  Points points = {0};
  guint profile;
  WcBits bits;

  wc_bits_init_raw (&bits, body, size);
  profile = wc_bits_read (&bits, 3);
  wc_bits_skip (&bits, 1);       /* still_picture */
  if (wc_bits_read (&bits, 1)) { /* reduced_still_picture_header */
    name_level (&read, wc_bits_read (&bits, 5), FALSE);
  } else {
    if (wc_bits_read (&bits, 1))
      read_timing (&read, &bits, &points);
    points.initial_delay = wc_bits_read (&bits, 1) != 0;
    read_points (&read, &bits, &points);
  }
  read_size (&read, &bits);
  if (bits.overrun || profile > 2 || read.width > WC_MAX_PICTURE_SIZE ||
      read.height > WC_MAX_PICTURE_SIZE)
    return FALSE;
  snprintf (read.profile, sizeof read.profile, "%s",
            profile == 0   ? "Main"
            : profile == 1 ? "High"
                           : "Professional");
  *format = read;
  return TRUE;
}
