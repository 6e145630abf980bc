/* SPDX-License-Identifier: MIT */
/* Takes RTP payloads apart into what a decoder takes, for the formats that are
 * converted and for every video (of which pictures are made): in place of
 * GStreamer's depayloaders, which have had remote holes (CVE-2026-111183 of
 * L16, CVE-2026-119610 of H.264). Payloads are hostile: every size is bounded.
 *
 * A plain value of its owner, one thread. */
#pragma once

#include "base/codec.h"
#include "engine/packet.h"

/* What a frame may measure; larger ones are dropped. */
#define WC_MAX_AUDIO_FRAME 16384
#define WC_MAX_VIDEO_FRAME (8 * 1024 * 1024)

typedef struct {
  WcCodec codec;
  guint32 clock_rate;
  /* AAC (RFC 3640 section 4.1) */
  guint size_length, index_length, delta_length; /* bits of an AU header */
  guint32 core_rate;                             /* samples a second */
  guint frame_samples;                           /* of an access unit */
  guint channels;
  GBytes *config; /* AudioSpecificConfig (ISO 14496-3), nullable */
} WcUnpackFormat;

void wc_unpack_format_clear (WcUnpackFormat *format);

/** Reads what the fmtp of @codec must say (RFC 3640 section 4.1, RFC 6416
 * section 7.3). @format must be all zero. FALSE with @reason (static) when that
 * cannot be unpacked. */
gboolean wc_unpack_format_read (WcUnpackFormat *format, WcCodec codec,
                                guint32 clock_rate, const char *fmtp,
                                const char **reason);

/** One frame, or for MPA and PCM any piece of the stream. @timestamp: of the
 * track's clock; @continues: it is the rest of what came before. */
typedef void (*WcUnpackFunc) (gpointer user_data, const guint8 *data,
                              gsize size, gint64 timestamp, gboolean continues);

typedef struct {
  const WcUnpackFormat *format; /* not owned */
  WcUnpackFunc func;
  gpointer user_data;
  GByteArray *partial; /* a frame that has begun */
  gboolean collecting; /* and the next packet goes on with it */
  gsize wanted;        /* AAC: how large it will be */
  gboolean obu_open;   /* AV1: `partial` ends with an OBU that is not whole */
  gsize obu_at;        /* and that begins here */
  gint64 timestamp;    /* of `partial` */
  guint64 next_seq;
  gboolean begun;
} WcUnpacker;

void wc_unpacker_init (WcUnpacker *unpacker, const WcUnpackFormat *format,
                       WcUnpackFunc func, gpointer user_data);
void wc_unpacker_clear (WcUnpacker *unpacker);
/** Packets of the track, in order; a gap in their numbers is a loss. */
void wc_unpacker_push (WcUnpacker *unpacker, const WcPacket *packet);
