/* SPDX-License-Identifier: MIT */
/* kind=whep: pulls from another WHEP server, which is how one whepcast feeds
 * another. See ingest.h, ingest-remote.h. */
#pragma once

#include "ingest/ingest-remote.h"

#define WC_TYPE_INGEST_WHEP (wc_ingest_whep_get_type ())
G_DECLARE_FINAL_TYPE (WcIngestWhep, wc_ingest_whep, WC, INGEST_WHEP,
                      WcIngestRemote)

WcIngest *wc_ingest_whep_new (WcMountpointSpec *spec,
                              const WcIngestContext *context, GError **error);
