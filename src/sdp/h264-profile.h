/* SPDX-License-Identifier: MIT */
/* The H.264 profiles that a profile-level-id names (RFC 6184 section 8.1,
 * table 5), and which decoder plays which stream. */
#pragma once

#include <glib.h>

/** In rising order of what a decoder can do. */
typedef enum {
  WC_H264_CONSTRAINED_BASELINE,
  WC_H264_BASELINE,
  WC_H264_EXTENDED,
  WC_H264_MAIN,
  WC_H264_CONSTRAINED_HIGH,
  WC_H264_HIGH,
  WC_H264_HIGH_10,
  WC_H264_HIGH_422,
  WC_H264_HIGH_444,
} WcH264Profile;

/** @text: six hexadecimal digits. The level is not looked at: it may differ in
 * both directions (RFC 6184 section 8.2.2, level-asymmetry-allowed). Returns
 * FALSE for anything else and for profiles that are not in the table. */
gboolean wc_h264_profile_parse (const char *text, WcH264Profile *profile);

/** TRUE when a decoder of @decoder plays every stream of @stream. */
gboolean wc_h264_profile_decodes (WcH264Profile decoder, WcH264Profile stream);
