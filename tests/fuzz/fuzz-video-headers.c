/* SPDX-License-Identifier: MIT */
/* Headers of video bitstreams. The first byte chooses the parser, the rest is
 * what it reads. */
#include "engine/av1-headers.h"
#include "engine/h264-headers.h"
#include "engine/h265-headers.h"
#include "engine/vpx-headers.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static gboolean
read_one (guint which, WcVideoFormat *format, const guint8 *data, gsize size)
{
  WcH265Sps sps;

  switch (which % 6) {
  case 0:
    return wc_h264_read_sps (format, data, size);
  case 1:
    if (!wc_h265_read_sps (&sps, data, size))
      return FALSE;
    g_assert_cmpuint (sps.temporal_layers, >=, 1);
    g_assert_cmpuint (sps.temporal_layers, <=, 8);
    *format = sps.format;
    return sps.format.width != 0;
  case 2:
    return wc_vp8_read_key_frame (format, data, size);
  case 3:
    return wc_vp9_read_key_frame (format, data, size);
  case 4:
    return wc_av1_read_sequence_header (format, data, size);
  default:
    wc_h264_read_slice_type (data, size);
    return FALSE;
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  WcVideoFormat format = {0};

  if (size < 1)
    return 0;
  /* A copy of its own, so that the sanitizer sees its end. */
  g_autofree guint8 *copy = g_memdup2 (data + 1, size - 1);
  if (!read_one (data[0], &format, copy, size - 1))
    return 0;
  g_assert_cmpuint (format.width, >, 0);
  g_assert_cmpuint (format.width, <=, WC_MAX_PICTURE_SIZE);
  g_assert_cmpuint (format.height, >, 0);
  g_assert_cmpuint (format.height, <=, WC_MAX_PICTURE_SIZE);
  g_assert_cmpint (format.reorder, >=, -1);
  g_assert_cmpint (format.reorder, <=, 16);
  g_assert_cmpuint (format.frame_rate_milli, <=, 1000 * 1000);
  g_assert_cmpuint (strlen (format.level), <, sizeof format.level);
  return 0;
}
