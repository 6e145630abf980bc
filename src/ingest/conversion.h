/* SPDX-License-Identifier: MIT */
/* What is made of media that browsers do not play: which text of pipelines/
 * decodes and encodes it, how its packets are taken apart, and what has to be
 * installed for it. Constant once made; any thread may read it. */
#pragma once

#include "engine/unpack.h"

#include <gst/gst.h>

typedef struct {
  WcCodec source;
  const WcCodecInfo *target;
  const char *pipeline; /* its text; static. NULL: an element is missing */
  char *missing;        /* nullable: which, and how it is installed */
  GstCaps *caps;        /* of what is decoded */
  WcUnpackFormat unpack;
} WcConversion;

/** What viewers get of such a source: itself, or what it is converted to. */
const WcCodecInfo *wc_conversion_target (WcCodec source, guint32 clock_rate,
                                         guint channels);

/** How @source is converted, video too (to the same codec without B-frames).
 * Error: WC_INGEST_ERROR_INVALID, when its parameters do not say enough. */
WcConversion *wc_conversion_new (WcCodec source, guint32 clock_rate,
                                 guint channels, const char *fmtp,
                                 GError **error);
void wc_conversion_free (WcConversion *conversion);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcConversion, wc_conversion_free)
