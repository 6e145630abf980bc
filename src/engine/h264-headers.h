/* SPDX-License-Identifier: MIT */
/* Headers of H.264 NAL units (ITU-T H.264 section 7.3). Pure functions; any
 * thread. Input is hostile: everything is bounded. */
#pragma once

#include "engine/video-format.h"

/** A sequence parameter set with its VUI (sections 7.3.2.1.1, E.1.1). @nal:
 * with its header of one byte. FALSE, and @format is as it was, when it is cut
 * short or says what cannot be. */
gboolean wc_h264_read_sps (WcVideoFormat *format, const guint8 *nal,
                           gsize size);

typedef enum {
  WC_SLICE_P,
  WC_SLICE_B,
  WC_SLICE_I,
  WC_SLICE_UNKNOWN,
} WcSliceType;

/** The type of a slice (sections 7.3.3, 7.4.3); SP and SI are P and I.
 * @body: what follows the NAL unit's header. */
WcSliceType wc_h264_read_slice_type (const guint8 *body, gsize size);
