/* SPDX-License-Identifier: MIT */
/* How a mountpoint reads in the API. Main thread. */
#pragma once

#include "http/request.h"

/** The tracks that are present, the picture first. @specs: what was asked for;
 * nullable. (transfer full) */
JsonArray *wc_tracks_json_new (const WcIngestTrackInfo infos[WC_N_MEDIA],
                               const WcTrackSpec *const specs[WC_N_MEDIA]);

/** The whole object; URLs and the push line are as the client of @request can
 * use them. Tokens come out as "***". (transfer full) */
JsonObject *wc_mountpoint_json_new (WcMountpoint *mountpoint,
                                    WcRequest *request);
