/* SPDX-License-Identifier: MIT */
#include "engine/h265-headers.h"

#include "engine/bits.h"

#include <stdio.h>

#define HEADER_SIZE 2

/* Annex A.3. */
static void
name_profile (WcVideoFormat *format, guint profile)
{
  static const char *const names[] = {NULL, "Main", "Main 10",
                                      "Main Still Picture", "Range Extensions"};

  if (profile < G_N_ELEMENTS (names) && names[profile] != NULL)
    g_strlcpy (format->profile, names[profile], sizeof format->profile);
  else
    snprintf (format->profile, sizeof format->profile, "profile %u", profile);
}

/* general_level_idc is 30 times the level (annex A.4.1). */
static void
name_level (WcVideoFormat *format, guint level, gboolean high_tier)
{
  guint tenth = level / 3;

  format->level_tenth = tenth;
  if (tenth % 10 == 0)
    snprintf (format->level, sizeof format->level, "%u%s", tenth / 10,
              high_tier ? " High" : "");
  else
    snprintf (format->level, sizeof format->level, "%u.%u%s", tenth / 10,
              tenth % 10, high_tier ? " High" : "");
}

/* profile_tier_level () of section 7.3.3. Returns general_profile_idc. */
static guint
read_profile_tier_level (WcVideoFormat *format, WcBits *bits, guint sub_layers)
{
  guint profile, present[8] = {0};
  gboolean high_tier;

  wc_bits_skip (bits, 2);
  high_tier = wc_bits_read (bits, 1) != 0;
  profile = wc_bits_read (bits, 5);
  wc_bits_skip (bits, 32 + 48);
  name_profile (format, profile);
  name_level (format, wc_bits_read (bits, 8), high_tier);
  for (guint i = 0; i < sub_layers; i++)
    present[i] = wc_bits_read (bits, 2);
  if (sub_layers > 0)
    wc_bits_skip (bits, 2 * (8 - sub_layers));
  for (guint i = 0; i < sub_layers; i++)
    wc_bits_skip (bits, (present[i] & 2 ? 88 : 0) + (present[i] & 1 ? 8 : 0));
  return profile;
}

/* Section 7.4.3.2.1, with the units of table 6-1. */
static void
read_size (WcVideoFormat *format, WcBits *bits)
{
  static const guint names[] = {400, 420, 422, 444};
  guint chroma = wc_bits_read_ue_max (bits, 3);
  guint unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
  guint unit_y = chroma == 1 ? 2 : 1;
  guint64 across = 0, down = 0;
  guint width, height;

  format->chroma = names[chroma];
  if (chroma == 3)
    wc_bits_skip (bits, 1); /* separate_colour_plane_flag */
  width = wc_bits_read_ue_max (bits, WC_MAX_PICTURE_SIZE);
  height = wc_bits_read_ue_max (bits, WC_MAX_PICTURE_SIZE);
  if (wc_bits_read (bits, 1)) { /* conformance_window_flag */
    across = wc_bits_read_ue (bits);
    across = (across + wc_bits_read_ue (bits)) * unit_x;
    down = wc_bits_read_ue (bits);
    down = (down + wc_bits_read_ue (bits)) * unit_y;
  }
  if (across >= width || down >= height) {
    bits->overrun = TRUE;
    return;
  }
  format->width = width - (guint)across;
  format->height = height - (guint)down;
}

/* sps_max_num_reorder_pics of the highest sub-layer. */
static void
read_reorder (WcVideoFormat *format, WcBits *bits, guint sub_layers)
{
  gboolean each;
  guint reorder = 0;

  wc_bits_read_ue (bits); /* log2_max_pic_order_cnt_lsb_minus4 */
  each = wc_bits_read (bits, 1) != 0;
  for (guint i = each ? 0 : sub_layers; i <= sub_layers; i++) {
    wc_bits_read_ue (bits); /* sps_max_dec_pic_buffering_minus1 */
    reorder = wc_bits_read_ue_max (bits, 16);
    wc_bits_read_ue (bits); /* sps_max_latency_increase_plus1 */
  }
  if (!bits->overrun)
    format->reorder = (gint)reorder;
}

gboolean
wc_h265_read_sps (WcH265Sps *sps, const guint8 *nal, gsize size)
{
  WcVideoFormat *format = &sps->format;
  guint sub_layers;
  WcBits bits;

  *sps = (WcH265Sps){.format = {.reorder = -1}};
  if (size <= HEADER_SIZE)
    return FALSE;
  wc_bits_init (&bits, nal + HEADER_SIZE, size - HEADER_SIZE);
  wc_bits_skip (&bits, 4); /* sps_video_parameter_set_id */
  sub_layers = wc_bits_read (&bits, 3);
  sps->temporal_layers = sub_layers + 1;
  wc_bits_skip (&bits, 1); /* sps_temporal_id_nesting_flag */
  sps->profile = read_profile_tier_level (format, &bits, sub_layers);
  sps->id = wc_bits_read_ue (&bits);
  if (bits.overrun)
    return FALSE;
  read_size (format, &bits);
  format->bit_depth = 8 + wc_bits_read_ue_max (&bits, 8);
  wc_bits_read_ue_max (&bits, 8); /* bit_depth_chroma_minus8 */
  if (bits.overrun)
    format->width = format->height = 0;
  else
    read_reorder (format, &bits, sub_layers);
  return TRUE;
}
