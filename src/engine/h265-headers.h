/* SPDX-License-Identifier: MIT */
/* Headers of H.265 NAL units (ITU-T H.265 section 7.3). Pure functions; any
 * thread. Input is hostile: everything is bounded. */
#pragma once

#include "engine/video-format.h"

typedef struct {
  guint id;              /* sps_seq_parameter_set_id */
  guint profile;         /* general_profile_idc */
  guint temporal_layers; /* 1 to 7 */
  WcVideoFormat format;
} WcH265Sps;

/** A sequence parameter set (sections 7.3.2.2, 7.3.3) without its VUI. @nal:
 * with its header of two bytes. Returns FALSE when not even its id could be
 * read; `format.width` is 0 when what follows makes no sense. */
gboolean wc_h265_read_sps (WcH265Sps *sps, const guint8 *nal, gsize size);
