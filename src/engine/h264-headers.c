/* SPDX-License-Identifier: MIT */
#include "engine/h264-headers.h"

#include "engine/bits.h"

#include <stdio.h>

#define MACROBLOCK 16
#define MAX_CPB 32
#define MAX_REF_CYCLE 255
#define EXTENDED_SAR 255

enum {
  PROFILE_BASELINE = 66,
  PROFILE_MAIN = 77,
  PROFILE_EXTENDED = 88,
  PROFILE_HIGH = 100,
  PROFILE_HIGH_10 = 110,
  PROFILE_HIGH_422 = 122,
  PROFILE_HIGH_444 = 244,
};

/* constraint_set<n>_flag */
#define CONSTRAINT(flags, n) (((flags) >> (7 - (n)) & 1) != 0)

/* Profiles whose SPS tells the chroma format (section 7.3.2.1.1). */
static gboolean
has_chroma_format (guint profile)
{
  static const guint8 profiles[] = {100, 110, 122, 244, 44,  83, 86,
                                    118, 128, 138, 139, 134, 135};

  for (gsize i = 0; i < G_N_ELEMENTS (profiles); i++)
    if (profiles[i] == profile)
      return TRUE;
  return FALSE;
}

/* Annex A.2. */
static void
name_profile (WcVideoFormat *format, guint profile, guint flags)
{
  const char *name = NULL;

  if (profile == PROFILE_BASELINE)
    name = CONSTRAINT (flags, 1) ? "Constrained Baseline" : "Baseline";
  else if (profile == PROFILE_MAIN)
    name = "Main";
  else if (profile == PROFILE_EXTENDED)
    name = "Extended";
  else if (profile == PROFILE_HIGH)
    name = CONSTRAINT (flags, 4) && CONSTRAINT (flags, 5) ? "Constrained High"
           : CONSTRAINT (flags, 4)                        ? "Progressive High"
                                                          : "High";
  else if (profile == PROFILE_HIGH_10)
    name = "High 10";
  else if (profile == PROFILE_HIGH_422)
    name = "High 4:2:2";
  else if (profile == PROFILE_HIGH_444)
    name = "High 4:4:4 Predictive";

  if (name != NULL)
    g_strlcpy (format->profile, name, sizeof format->profile);
  else
    snprintf (format->profile, sizeof format->profile, "profile %u", profile);
}

/* Level 1b is level 1.1 with a flag, or 9 (annex A.3.1). */
static void
name_level (WcVideoFormat *format, guint profile, guint flags, guint level)
{
  gboolean old = profile == PROFILE_BASELINE || profile == PROFILE_MAIN ||
                 profile == PROFILE_EXTENDED;

  format->level_tenth = level == 9 ? 10 : level;
  if (level == 9 || (level == 11 && old && CONSTRAINT (flags, 3)))
    g_strlcpy (format->level, "1b", sizeof format->level);
  else if (level % 10 == 0)
    snprintf (format->level, sizeof format->level, "%u", level / 10);
  else
    snprintf (format->level, sizeof format->level, "%u.%u", level / 10,
              level % 10);
}

/* scaling_list () (section 7.3.2.1.1.1). */
static void
skip_scaling_list (WcBits *bits, guint size)
{
  gint last = 8, next = 8;

  for (guint i = 0; i < size && next != 0 && !bits->overrun; i++) {
    gint delta = wc_bits_read_se (bits) % 256;
    next = (last + delta + 256) % 256;
    last = next == 0 ? last : next;
  }
}

static void
read_chroma (WcVideoFormat *format, WcBits *bits)
{
  static const guint names[] = {400, 420, 422, 444};
  guint chroma = wc_bits_read_ue_max (bits, 3);

  format->chroma = names[chroma];
  if (chroma == 3)
    wc_bits_skip (bits, 1); /* separate_colour_plane_flag */
  format->bit_depth = 8 + wc_bits_read_ue_max (bits, 6);
  wc_bits_read_ue_max (bits, 6); /* bit_depth_chroma_minus8 */
  wc_bits_skip (bits, 1);        /* qpprime_y_zero_transform_bypass_flag */
  if (wc_bits_read (bits, 1) == 0)
    return;
  for (guint i = 0; i < (chroma == 3 ? 12 : 8); i++)
    if (wc_bits_read (bits, 1))
      skip_scaling_list (bits, i < 6 ? 16 : 64);
}

/* Returns pic_order_cnt_type; 2 means that pictures are shown as decoded. */
static guint
skip_picture_order (WcBits *bits)
{
  guint type = wc_bits_read_ue_max (bits, 2);

  if (type == 0) {
    wc_bits_read_ue (bits); /* log2_max_pic_order_cnt_lsb_minus4 */
  } else if (type == 1) {
    guint n;

    wc_bits_skip (bits, 1); /* delta_pic_order_always_zero_flag */
    wc_bits_read_se (bits); /* offset_for_non_ref_pic */
    wc_bits_read_se (bits); /* offset_for_top_to_bottom_field */
    n = wc_bits_read_ue_max (bits, MAX_REF_CYCLE);
    for (guint i = 0; i < n && !bits->overrun; i++)
      wc_bits_read_se (bits); /* offset_for_ref_frame */
  }
  return type;
}

/* Section 7.4.2.1.1, with the units of table 6-1. */
static void
read_size (WcVideoFormat *format, WcBits *bits)
{
  const guint most = WC_MAX_PICTURE_SIZE / MACROBLOCK - 1;
  guint width = (wc_bits_read_ue_max (bits, most) + 1) * MACROBLOCK;
  guint height = (wc_bits_read_ue_max (bits, most) + 1) * MACROBLOCK;
  gboolean frames_only = wc_bits_read (bits, 1) != 0;
  guint unit_x = format->chroma == 420 || format->chroma == 422 ? 2 : 1;
  guint unit_y = format->chroma == 420 ? 2 : 1;
  guint64 across = 0, down = 0;

  format->interlaced = !frames_only;
  if (!frames_only) {
    height *= 2;
    unit_y *= 2;
    wc_bits_skip (bits, 1); /* mb_adaptive_frame_field_flag */
  }
  wc_bits_skip (bits, 1); /* direct_8x8_inference_flag */
  if (wc_bits_read (bits, 1)) {
    across = wc_bits_read_ue (bits);
    across = (across + wc_bits_read_ue (bits)) * unit_x;
    down = wc_bits_read_ue (bits);
    down = (down + wc_bits_read_ue (bits)) * unit_y;
  }
  if (across >= width || down >= height || height > WC_MAX_PICTURE_SIZE)
    bits->overrun = TRUE;
  format->width = width - (guint)across;
  format->height = height - (guint)down;
}

/* hrd_parameters () (annex E.1.2). */
static void
skip_hrd (WcBits *bits)
{
  guint n = wc_bits_read_ue_max (bits, MAX_CPB - 1) + 1;

  wc_bits_skip (bits, 4 + 4);
  for (guint i = 0; i < n && !bits->overrun; i++) {
    wc_bits_read_ue (bits);
    wc_bits_read_ue (bits);
    wc_bits_skip (bits, 1);
  }
  wc_bits_skip (bits, 5 + 5 + 5 + 5);
}

static void
skip_colours (WcBits *bits)
{
  if (wc_bits_read (bits, 1) && wc_bits_read (bits, 8) == EXTENDED_SAR)
    wc_bits_skip (bits, 16 + 16);
  if (wc_bits_read (bits, 1)) /* overscan_info_present_flag */
    wc_bits_skip (bits, 1);
  if (wc_bits_read (bits, 1)) { /* video_signal_type_present_flag */
    wc_bits_skip (bits, 3 + 1);
    if (wc_bits_read (bits, 1))
      wc_bits_skip (bits, 8 + 8 + 8);
  }
  if (wc_bits_read (bits, 1)) { /* chroma_loc_info_present_flag */
    wc_bits_read_ue (bits);
    wc_bits_read_ue (bits);
  }
}

/* One tick is a field: two make a frame (annex E.2.1). */
static void
read_timing (WcVideoFormat *format, WcBits *bits)
{
  guint64 tick, scale, rate;

  if (wc_bits_read (bits, 1) == 0)
    return;
  tick = wc_bits_read (bits, 32);
  scale = wc_bits_read (bits, 32);
  wc_bits_skip (bits, 1); /* fixed_frame_rate_flag */
  rate = tick > 0 ? scale * 1000 / (2 * tick) : 0;
  if (rate <= 1000 * 1000)
    format->frame_rate_milli = (guint)rate;
}

/* Annex E.1.1. A VUI that is cut short takes nothing from what was read before
 * it: encoders have been seen to write them wrong. */
static void
read_vui (WcVideoFormat *format, WcBits *bits)
{
  gboolean nal_hrd, vcl_hrd;
  guint reorder;

  skip_colours (bits);
  read_timing (format, bits);
  nal_hrd = wc_bits_read (bits, 1) != 0;
  if (nal_hrd)
    skip_hrd (bits);
  vcl_hrd = wc_bits_read (bits, 1) != 0;
  if (vcl_hrd)
    skip_hrd (bits);
  if (nal_hrd || vcl_hrd)
    wc_bits_skip (bits, 1); /* low_delay_hrd_flag */
  wc_bits_skip (bits, 1);   /* pic_struct_present_flag */
  if (wc_bits_read (bits, 1) == 0)
    return;
  wc_bits_skip (bits, 1); /* motion_vectors_over_pic_boundaries_flag */
  for (guint i = 0; i < 4; i++)
    wc_bits_read_ue (bits);
  reorder = wc_bits_read_ue_max (bits, 16);
  if (!bits->overrun)
    format->reorder = (gint)reorder;
}

gboolean
wc_h264_read_sps (WcVideoFormat *format, const guint8 *nal, gsize size)
{
  WcVideoFormat read = {.chroma = 420, .bit_depth = 8, .reorder = -1};
  guint profile, flags;
  WcBits bits;

  if (size < 5)
    return FALSE;
  profile = nal[1];
  flags = nal[2];
  name_profile (&read, profile, flags);
  name_level (&read, profile, flags, nal[3]);
  wc_bits_init (&bits, nal + 4, size - 4);
  wc_bits_read_ue_max (&bits, 31); /* seq_parameter_set_id */
  if (has_chroma_format (profile))
    read_chroma (&read, &bits);
  wc_bits_read_ue (&bits); /* log2_max_frame_num_minus4 */
  if (skip_picture_order (&bits) == 2 || profile == PROFILE_BASELINE)
    read.reorder = 0;
  wc_bits_read_ue (&bits); /* max_num_ref_frames */
  wc_bits_skip (&bits, 1); /* gaps_in_frame_num_value_allowed_flag */
  read_size (&read, &bits);
  if (wc_bits_read (&bits, 1) && !bits.overrun)
    read_vui (&read, &bits);
  else if (bits.overrun)
    return FALSE;
  *format = read;
  return TRUE;
}

WcSliceType
wc_h264_read_slice_type (const guint8 *body, gsize size)
{
  static const WcSliceType types[] = {WC_SLICE_P, WC_SLICE_B, WC_SLICE_I,
                                      WC_SLICE_P, WC_SLICE_I};
  WcBits bits;
  guint type;

  wc_bits_init (&bits, body, size);
  wc_bits_read_ue (&bits); /* first_mb_in_slice */
  type = wc_bits_read_ue_max (&bits, 9);
  return bits.overrun ? WC_SLICE_UNKNOWN : types[type % 5];
}
