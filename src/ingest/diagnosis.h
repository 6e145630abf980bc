/* SPDX-License-Identifier: MIT */
/* What a browser will not like about a source, in words, and how to mend it.
 * Pure functions of what is known of its tracks. */
#pragma once

#include "base/finding.h"
#include "ingest/ingest.h"

/** Who could mend it: an encoder has settings, a browser that publishes has
 * hardly any, and makes key frames when it is asked for one. */
typedef enum {
  WC_SENDER_ENCODER,
  WC_SENDER_BROWSER,
} WcSender;

/** @user_agent: nullable. */
WcSender wc_sender_of_user_agent (const char *user_agent);

/** The worst first. (transfer full) (element-type WcFinding) */
GPtrArray *wc_diagnose (const WcIngestTrackInfo tracks[WC_N_MEDIA],
                        WcSender sender);
