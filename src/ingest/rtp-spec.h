/* SPDX-License-Identifier: MIT */
/* Completes and checks what a kind=rtp mountpoint is asked to be: an SDP
 * becomes tracks, and tracks must not contradict each other. Main thread. */
#pragma once

#include "config/spec.h"

/** The SDP of @spec, if it has one, in place of its tracks; `sdp` is cleared.
 * Errors are WC_INGEST_ERROR_INVALID and name what would be right. */
gboolean wc_rtp_spec_complete (WcMountpointSpec *spec, GError **error);
