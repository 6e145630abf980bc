/* SPDX-License-Identifier: MIT */
/* What the payload formats of H.264 (RFC 6184) and H.265 (RFC 7798) share: NAL
 * units, aggregation of several in one payload, and fragments of one. */
#pragma once

#include "engine/packet.h"
#include "engine/parameter-sets.h"
#include "engine/payload.h"

typedef struct {
  const guint8 *data;
  gsize size;
} WcNal;

/** The length-prefixed units of an aggregation packet. */
typedef struct {
  const guint8 *data;
  gsize left;
} WcNalCursor;

/** The next unit. Returns FALSE at the end and when what is left is none. */
gboolean wc_nal_next (WcNalCursor *cursor, WcNal *nal);

/** WcPayloadFlags of one unit. */
typedef guint (*WcNalInspectFunc) (WcPayloadState *state, const WcNal *nal);
/** WcPayloadFlags of an aggregation packet: of any of its units, but of all
 * where they say what may precede a picture. */
guint wc_nal_inspect_aggregate (WcPayloadState *state, WcNalCursor cursor,
                                WcNalInspectFunc inspect);

/** How a format writes what it shares. */
typedef struct {
  gsize header_size; /* of a NAL unit and of an aggregation packet */
  /* The header of an aggregation packet with @nals. */
  void (*write_aggregate) (guint8 *header, const WcNal *nals, guint n);
  /* What a fragment of @nal begins with; FU header last, S and E set.
   * Returns its size, at most 3. */
  gsize (*write_fragment) (guint8 *prefix, const WcNal *nal);
} WcNalFormat;

/** Adds @nals to @parts, as many in each payload as fit. */
void wc_nal_pack (const WcNalFormat *format, const WcNal *nals, guint n,
                  GPtrArray *parts);

/** Adds fragments of @body to @parts, each begun with @prefix, whose last byte
 * is the FU header of the whole: S stays on the first, E on the last. */
void wc_nal_fragment (const guint8 *prefix, gsize prefix_size,
                      const guint8 *body, gsize size, GPtrArray *parts);

/** The units of @sets in the order in which they are sent; @nals has room for
 * all there may be. Returns how many. */
guint wc_nal_list_sets (const WcParameterSets *sets, WcNal *nals);
