/* SPDX-License-Identifier: MIT */
/* One normalised RTP packet of a track: what every viewer of the track is sent,
 * without the header, which differs from viewer to viewer. Immutable once it is
 * in a track, reference-counted with atomics: any thread may hold one. */
#pragma once

#include <glib.h>
#include <stdatomic.h>

/** The one payload that may exceed WC_MAX_PAYLOAD: a single Opus frame cannot
 * be cut and has up to 1275 bytes and a TOC byte (RFC 6716 section 3.4, R2).
 * Buffers that hold any packet's payload have this size. */
#define WC_MAX_OPUS_PAYLOAD 1276

typedef enum {
  WC_PACKET_START = 1 << 0,  /* first packet of a start point (key frame) */
  WC_PACKET_MARKER = 1 << 1, /* the RTP marker bit */
} WcPacketFlags;

typedef struct {
  atomic_uint refs;
  guint16 size;     /* of the payload, bytes; at most WC_MAX_PAYLOAD, but for
                       Opus WC_MAX_OPUS_PAYLOAD */
  guint8 flags;     /* WcPacketFlags */
  guint32 frame;    /* counts the track's frames (distinct timestamps) */
  guint64 seq;      /* of the track, without gaps but where packets were lost */
  gint64 timestamp; /* of the track, in its RTP clock, continuous */
  gint64 capture_us; /* when it was captured, on the monotonic clock; tracks of
                        one source agree, so lips stay in sync */
  guint8 payload[];
} WcPacket;

/** A new packet with one reference and @size bytes of room (at most
 * 65535); everything else is zero. */
WcPacket *wc_packet_new (gsize size);
WcPacket *wc_packet_ref (WcPacket *packet);
void wc_packet_unref (WcPacket *packet);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcPacket, wc_packet_unref)
