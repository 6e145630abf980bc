/* SPDX-License-Identifier: MIT */
/* kind=file: plays a media file over and over at its own pace, for tests and as
 * the picture that is shown when there is no other. The file lies below [files]
 * directory; only the configuration names it. See ingest.h. */
#pragma once

#include "ingest/ingest-remote.h"

#define WC_TYPE_INGEST_FILE (wc_ingest_file_get_type ())
G_DECLARE_FINAL_TYPE (WcIngestFile, wc_ingest_file, WC, INGEST_FILE,
                      WcIngestRemote)

/** The file may come later: then it is `starting` and says so. */
WcIngest *wc_ingest_file_new (WcMountpointSpec *spec,
                              const WcIngestContext *context, GError **error);
