/* SPDX-License-Identifier: MIT */
#include "engine/vpx-headers.h"

#include "engine/bits.h"

#include <stdio.h>

#define VP8_HEADER_SIZE 10
#define VP9_FRAME_MARKER 2
#define VP9_SYNC_CODE 0x498342
#define COLOR_RGB 7

gboolean
wc_vp8_read_key_frame (WcVideoFormat *format, const guint8 *frame, gsize size)
{
  WcVideoFormat read = {.bit_depth = 8, .chroma = 420};

  if (size < VP8_HEADER_SIZE || (frame[0] & 1) != 0 || frame[3] != 0x9d ||
      frame[4] != 0x01 || frame[5] != 0x2a)
    return FALSE;
  read.width = ((guint)frame[7] << 8 | frame[6]) & 0x3fff;
  read.height = ((guint)frame[9] << 8 | frame[8]) & 0x3fff;
  if (read.width == 0 || read.height == 0)
    return FALSE;
  snprintf (read.profile, sizeof read.profile, "%u", frame[0] >> 1 & 7u);
  *format = read;
  return TRUE;
}

/* color_config () (section 6.2.2). */
static void
read_color (WcVideoFormat *format, WcBits *bits, guint profile)
{
  gboolean odd = (profile & 1) != 0;

  format->bit_depth = profile < 2 ? 8 : wc_bits_read (bits, 1) ? 12 : 10;
  if (wc_bits_read (bits, 3) == COLOR_RGB) {
    format->chroma = 444;
    wc_bits_skip (bits, odd ? 1 : 0);
    return;
  }
  wc_bits_skip (bits, 1); /* color_range */
  format->chroma = 420;
  if (odd) {
    gboolean half_x = wc_bits_read (bits, 1) != 0;
    gboolean half_y = wc_bits_read (bits, 1) != 0;
    format->chroma = half_y ? 420 : half_x ? 422 : 444;
    wc_bits_skip (bits, 1);
  }
}

gboolean
wc_vp9_read_key_frame (WcVideoFormat *format, const guint8 *frame, gsize size)
{
  WcVideoFormat read = {0};
  guint profile;
  WcBits bits;

  wc_bits_init_raw (&bits, frame, size);
  if (wc_bits_read (&bits, 2) != VP9_FRAME_MARKER)
    return FALSE;
  profile = wc_bits_read (&bits, 1);
  profile |= wc_bits_read (&bits, 1) << 1;
  if (profile == 3)
    wc_bits_skip (&bits, 1);
  /* show_existing_frame and frame_type: 0 and 0 for a key frame. */
  if (wc_bits_read (&bits, 2) != 0)
    return FALSE;
  wc_bits_skip (&bits, 2); /* show_frame, error_resilient_mode */
  if (wc_bits_read (&bits, 24) != VP9_SYNC_CODE)
    return FALSE;
  read_color (&read, &bits, profile);
  read.width = wc_bits_read (&bits, 16) + 1;
  read.height = wc_bits_read (&bits, 16) + 1;
  if (bits.overrun || read.width > WC_MAX_PICTURE_SIZE ||
      read.height > WC_MAX_PICTURE_SIZE)
    return FALSE;
  snprintf (read.profile, sizeof read.profile, "%u", profile);
  *format = read;
  return TRUE;
}
