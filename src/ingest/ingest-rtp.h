/* SPDX-License-Identifier: MIT */
/* A source that is sent to us as plain RTP over UDP (kind=rtp), unicast or
 * multicast, one port pair per track. It listens as long as it is started.
 * GObject, main thread only. */
#pragma once

#include "ingest/ingest.h"

#define WC_TYPE_INGEST_RTP (wc_ingest_rtp_get_type ())
G_DECLARE_FINAL_TYPE (WcIngestRtp, wc_ingest_rtp, WC, INGEST_RTP, WcIngest)

/** See wc_ingest_new (). */
WcIngest *wc_ingest_rtp_new (WcMountpointSpec *spec,
                             const WcIngestContext *context, GError **error);
