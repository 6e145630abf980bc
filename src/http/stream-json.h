/* SPDX-License-Identifier: MIT */
/* What a track's stream turned out to be, and what becomes of it, in the shapes
 * of the API. Main thread. */
#pragma once

#include "base/finding.h"
#include "ingest/diagnosis.h"

#include <json-glib/json-glib.h>

/** Sets `stream` and `conversion` (null when nothing is done) of a track. */
void wc_stream_json_set (JsonObject *track, const WcIngestTrackInfo *info);

/** An object with severity, code, media (null: of neither), text and fix.
 * (transfer full) */
JsonObject *wc_finding_json_new (const WcFinding *finding);
/** What a browser will not like of the tracks, and how to mend it: objects with
 * severity, code, media, text and fix. (transfer full) */
JsonArray *wc_diagnosis_json_new (const WcIngestTrackInfo tracks[WC_N_MEDIA],
                                  WcSender sender);
