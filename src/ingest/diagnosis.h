/* SPDX-License-Identifier: MIT */
/* What a browser will not like about a source, in words, and how to mend it.
 * Pure functions of what is known of its tracks. */
#pragma once

#include "base/finding.h"
#include "ingest/ingest.h"

/** The worst first. (transfer full) (element-type WcFinding) */
GPtrArray *wc_diagnose (const WcIngestTrackInfo tracks[WC_N_MEDIA]);
