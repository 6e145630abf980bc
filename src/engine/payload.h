/* SPDX-License-Identifier: MIT */
/* What the normaliser must know of a codec's RTP payload format: is a payload
 * well formed, does a key frame begin in it, how is one that is too large cut
 * in parts, and how are remembered parameter sets put in band. One constant
 * vtable per format; internal to the engine.
 *
 * Payloads come from the network: `check` accepts anything, the other functions
 * are called with payloads that `check` found well formed. */
#pragma once

#include "base/codec.h"
#include "engine/packet.h"
#include "engine/parameter-sets.h"
#include "engine/video-format.h"

typedef enum {
  /* Only what may stand before a picture (H.264 and H.265 NAL units that are
   * not VCL): what frame it begins is known when the picture comes. */
  WC_PAYLOAD_HEAD = 1 << 0,
  /* The first bytes of a picture that needs no other. */
  WC_PAYLOAD_KEY = 1 << 1,
  /* Nothing but an access unit delimiter. */
  WC_PAYLOAD_DELIMITER = 1 << 2,
  /* A recovery point: decoding may begin here, the picture becomes whole
   * later (intra refresh, H.264 annex D.2.8). */
  WC_PAYLOAD_RECOVERY = 1 << 3,
  /* The picture is bi-predicted. */
  WC_PAYLOAD_B = 1 << 4,
  /* The picture is one that no other refers to. */
  WC_PAYLOAD_DISPOSABLE = 1 << 5,
  /* Brings these parameter sets; 1 << (shift + WcSetKind). */
  WC_PAYLOAD_VPS = 1 << (8 + WC_SET_VPS),
  WC_PAYLOAD_SPS = 1 << (8 + WC_SET_SPS),
  WC_PAYLOAD_PPS = 1 << (8 + WC_SET_PPS),
} WcPayloadFlags;

#define WC_PAYLOAD_SETS (WC_PAYLOAD_VPS | WC_PAYLOAD_SPS | WC_PAYLOAD_PPS)

/** What a format keeps of a track. */
typedef struct {
  WcParameterSets sets;
  char profile[8];       /* as wc_track_dup_profile () gives it; "" at first */
  WcVideoFormat video;   /* as its headers said last */
  gboolean video_read;   /* they did; the reader of `video` clears it */
  guint temporal_layers; /* H.265: as the SPS says; 0: not seen */
} WcPayloadState;

typedef struct {
  /* The sets of WC_PAYLOAD_SETS without which no key frame can be decoded. */
  guint required_sets;

  gboolean (*check) (const guint8 *payload, gsize size);

  /* Returns WcPayloadFlags; remembers parameter sets and the profile. */
  guint (*inspect) (WcPayloadState *state, const guint8 *payload, gsize size);

  /* Cuts a payload above WC_MAX_PAYLOAD into @parts (WcPacket, transfer full).
   * Of each part only the payload is set and, relative to the whole, the
   * timestamp. NULL: it may be as large as it is. */
  void (*split) (const guint8 *payload, gsize size, GPtrArray *parts);

  /* Adds packets with the remembered sets to @parts. NULL: has none. */
  void (*pack_sets) (const WcParameterSets *sets, GPtrArray *parts);

  /* Reads the sets of an SDP fmtp value into @state. NULL: has none. */
  gboolean (*read_fmtp) (WcPayloadState *state, const char *fmtp,
                         const char **reason);
} WcPayloadFormat;

/** The format of @codec; never NULL, static. */
const WcPayloadFormat *wc_payload_format (WcCodec codec);

extern const WcPayloadFormat wc_payload_h264;
extern const WcPayloadFormat wc_payload_h265;
extern const WcPayloadFormat wc_payload_vp8;
extern const WcPayloadFormat wc_payload_vp9;
extern const WcPayloadFormat wc_payload_av1;
extern const WcPayloadFormat wc_payload_opus;
extern const WcPayloadFormat wc_payload_pcm; /* PCMU, PCMA, G722 */

/** Where the piece of a frame begins in a payload; 0: that is malformed. @ends:
 * the frame ends with it, though the picture may have another (SVC). */
gsize wc_payload_vp8_body (const guint8 *payload, gsize size);
gsize wc_payload_vp9_body (const guint8 *payload, gsize size, gboolean *ends);

/** Appends a packet whose payload is @head and then @body. */
void wc_payload_add (GPtrArray *parts, const guint8 *head, gsize head_size,
                     const guint8 *body, gsize body_size);
