/* SPDX-License-Identifier: MIT */
/* What a track's stream turned out to be, and what becomes of it, in the shapes
 * of the API. Main thread. */
#pragma once

#include "ingest/ingest.h"

#include <json-glib/json-glib.h>

/** Sets `stream` and `conversion` (null when nothing is done) of a track. */
void wc_stream_json_set (JsonObject *track, const WcIngestTrackInfo *info);
