/* SPDX-License-Identifier: MIT */
#include "sdp/h264-profile.h"

#include <string.h>

/* Table 5: profile_idc, and of profile_iop the bits that must be set or clear.
 * The reserved bits 0 to 3 are not looked at (encoders differ), but for High,
 * where bits 2 and 3 are constraint_set5 and 4: Constrained High. */
static const struct {
  guint8 idc, mask, iop;
  WcH264Profile profile;
} patterns[] = {
    {0x42, 0x40, 0x40, WC_H264_CONSTRAINED_BASELINE},
    {0x4d, 0x80, 0x80, WC_H264_CONSTRAINED_BASELINE},
    {0x58, 0xc0, 0xc0, WC_H264_CONSTRAINED_BASELINE},
    {0x42, 0x40, 0x00, WC_H264_BASELINE},
    {0x58, 0xc0, 0x80, WC_H264_BASELINE},
    {0x58, 0x80, 0x00, WC_H264_EXTENDED},
    {0x4d, 0x80, 0x00, WC_H264_MAIN},
    {0x64, 0x0c, 0x0c, WC_H264_CONSTRAINED_HIGH},
    {0x64, 0x00, 0x00, WC_H264_HIGH},
    {0x6e, 0x00, 0x00, WC_H264_HIGH_10},
    {0x7a, 0x00, 0x00, WC_H264_HIGH_422},
    {0xf4, 0x00, 0x00, WC_H264_HIGH_444},
};

static gboolean
parse_byte (const char *text, guint8 *byte)
{
  gint high = g_ascii_xdigit_value (text[0]);
  gint low = g_ascii_xdigit_value (text[1]);

  if (high < 0 || low < 0)
    return FALSE;
  *byte = (guint8)(high << 4 | low);
  return TRUE;
}

gboolean
wc_h264_profile_parse (const char *text, WcH264Profile *profile)
{
  guint8 idc, iop, level;

  if (text == NULL || strlen (text) != 6 || !parse_byte (text, &idc) ||
      !parse_byte (text + 2, &iop) || !parse_byte (text + 4, &level))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++) {
    if (patterns[i].idc == idc && (iop & patterns[i].mask) == patterns[i].iop) {
      *profile = patterns[i].profile;
      return TRUE;
    }
  }
  return FALSE;
}

/* Baseline and Extended have tools (FMO, ASO, data partitions) that nothing
 * above decodes; everything decodes Constrained Baseline. */
gboolean
wc_h264_profile_decodes (WcH264Profile decoder, WcH264Profile stream)
{
  switch (stream) {
  case WC_H264_CONSTRAINED_BASELINE:
    return TRUE;
  case WC_H264_BASELINE:
    return decoder == WC_H264_BASELINE || decoder == WC_H264_EXTENDED;
  case WC_H264_EXTENDED:
    return decoder == WC_H264_EXTENDED;
  case WC_H264_MAIN: /* Constrained High has neither B slices nor fields */
    return decoder >= stream && decoder != WC_H264_CONSTRAINED_HIGH;
  case WC_H264_CONSTRAINED_HIGH:
  case WC_H264_HIGH:
  case WC_H264_HIGH_10:
  case WC_H264_HIGH_422:
  case WC_H264_HIGH_444:
    return decoder >= stream;
  }
  return FALSE;
}
