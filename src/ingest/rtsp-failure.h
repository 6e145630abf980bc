/* SPDX-License-Identifier: MIT */
/* What went wrong on an RTSP connection, in words that say what would help.
 * Pure; any thread. */
#pragma once

#include "ingest/ingest-remote.h"
#include "ingest/rtsp-guard.h"

/** @cause: what GStreamer says, where nothing better is known. @has_user: we
 * had a name and a password to give. @failure: whether a person must do
 * something. (transfer full) */
char *wc_rtsp_failure_explain (const WcRtspReport *report, const char *cause,
                               gboolean has_user, WcRemoteFailure *failure);
