/* SPDX-License-Identifier: MIT */
/* The codecs that sources send, and what RTP says of each: those that browsers
 * play, which tracks carry, and those that are converted for them. One table,
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

/* Of those that tracks carry, and of all. */
#define WC_N_CODECS 9
#define WC_N_SOURCE_CODECS (WC_N_CODECS + 14)

/* What sources send besides, and what is converted to Opus: no members of the
 * enum, as no track has one, so that a switch over a track's codec need not
 * name them. */
#define WC_CODEC_AAC ((WcCodec)WC_N_CODECS) /* RFC 3640, AAC-hbr, AAC-lbr */
#define WC_CODEC_LATM ((WcCodec)(WC_N_CODECS + 1)) /* AAC in RFC 6416 */
#define WC_CODEC_MPA ((WcCodec)(WC_N_CODECS + 2))  /* MP2, MP3: RFC 2250 */
/* RFC 3551 section 4.5.4: bits the one way round and the other. */
#define WC_CODEC_G726_16 ((WcCodec)(WC_N_CODECS + 3))
#define WC_CODEC_G726_24 ((WcCodec)(WC_N_CODECS + 4))
#define WC_CODEC_G726_32 ((WcCodec)(WC_N_CODECS + 5))
#define WC_CODEC_G726_40 ((WcCodec)(WC_N_CODECS + 6))
#define WC_CODEC_AAL2_G726_16 ((WcCodec)(WC_N_CODECS + 7))
#define WC_CODEC_AAL2_G726_24 ((WcCodec)(WC_N_CODECS + 8))
#define WC_CODEC_AAL2_G726_32 ((WcCodec)(WC_N_CODECS + 9))
#define WC_CODEC_AAL2_G726_40 ((WcCodec)(WC_N_CODECS + 10))
#define WC_CODEC_L16 ((WcCodec)(WC_N_CODECS + 11))
#define WC_CODEC_L8 ((WcCodec)(WC_N_CODECS + 12))
/* Opus with more than two channels, as libwebrtc and GStreamer call it. */
#define WC_CODEC_MULTIOPUS ((WcCodec)(WC_N_CODECS + 13))

/** "H264, H265, ..." for messages. */
#define WC_CODEC_NAMES "H264, H265, VP8, VP9, AV1, opus, PCMU, PCMA, G722"
#define WC_CONVERTED_CODEC_NAMES                                               \
  "AAC, MP4A-LATM, MPA, G726-16 to G726-40, AAL2-G726-16 to AAL2-G726-40, "    \
  "L16, L8, multiopus"
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

/** Whether browsers play it and tracks carry it. */
gboolean wc_codec_is_played (WcCodec codec);

/** The RTP clock rates and the numbers of channels that sources of it may have,
 * in words: "90000", "8000 to 96000". Static. */
const char *wc_codec_rates (WcCodec codec);
gboolean wc_codec_has_rate (WcCodec codec, guint32 clock_rate);
/** The most channels; 0 for video. */
guint wc_codec_max_channels (WcCodec codec);

/** Looks @name up without regard to case (RFC 4855 section 1).
 * Returns NULL for a name that is not in %WC_CODEC_NAMES. */
const WcCodecInfo *wc_codec_find (const char *name);

/** The codec of a static payload type (RFC 3551 section 6), or NULL. */
const WcCodecInfo *wc_codec_find_static (guint pt);

/** The same among all codecs; MPEG4-GENERIC is AAC, MP2 and MP3 are MPA. */
const WcCodecInfo *wc_codec_find_source (const char *name);
const WcCodecInfo *wc_codec_find_source_static (guint pt);

/** "audio" or "video". */
const char *wc_media_name (WcMedia media);
