/* SPDX-License-Identifier: MIT */
/* A picture and a sound made by GStreamer (kind=test): to try the server
 * without a camera. GObject, main thread only. */
#pragma once

#include "ingest/ingest-remote.h"

#define WC_TYPE_INGEST_TEST (wc_ingest_test_get_type ())
G_DECLARE_FINAL_TYPE (WcIngestTest, wc_ingest_test, WC, INGEST_TEST,
                      WcIngestRemote)

/** See wc_ingest_new (). */
WcIngest *wc_ingest_test_new (WcMountpointSpec *spec,
                              const WcIngestContext *context, GError **error);
