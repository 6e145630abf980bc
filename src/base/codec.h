/* SPDX-License-Identifier: MIT */
/* The codecs that mountpoints carry, and what RTP says of each. One table,
 * constant, usable from any thread. */
#pragma once

#include <glib.h>

typedef enum {
  WC_MEDIA_AUDIO,
  WC_MEDIA_VIDEO,
} WcMedia;

#define WC_N_MEDIA 2

typedef enum {
  WC_CODEC_H264,
  WC_CODEC_H265,
  WC_CODEC_VP8,
  WC_CODEC_VP9,
  WC_CODEC_AV1,
  WC_CODEC_OPUS,
  WC_CODEC_PCMU,
  WC_CODEC_PCMA,
  WC_CODEC_G722,
} WcCodec;

#define WC_N_CODECS 9
/** "H264, H265, ..." for messages. */
#define WC_CODEC_NAMES "H264, H265, VP8, VP9, AV1, opus, PCMU, PCMA, G722"
/** What an RTP packet's payload may measure on its way to a viewer, in bytes:
 * with 12 bytes of RTP header, extensions, RTX and SRTP it still fits a path
 * MTU of 1280 (facts of the field: RFC 8834, libwebrtc). */
#define WC_MAX_PAYLOAD 1200

typedef struct {
  WcCodec codec;
  WcMedia media;
  const char *name;   /* the encoding name we write (RFC 4855) */
  guint32 clock_rate; /* RTP clock in Hz; G722: 8000 by RFC 3551 */
  guint8 channels;    /* default; 0 for video */
  gint16 static_pt;   /* RFC 3551 static payload type, or -1 */
} WcCodecInfo;

/** The row of @codec; never NULL, static. */
const WcCodecInfo *wc_codec_info (WcCodec codec);

/** Looks @name up without regard to case (RFC 4855 section 1).
 * Returns NULL for a name that is not in %WC_CODEC_NAMES. */
const WcCodecInfo *wc_codec_find (const char *name);

/** The codec of a static payload type (RFC 3551 section 6), or NULL. */
const WcCodecInfo *wc_codec_find_static (guint pt);

/** "audio" or "video". */
const char *wc_media_name (WcMedia media);
