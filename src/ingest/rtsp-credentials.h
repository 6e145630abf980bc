/* SPDX-License-Identifier: MIT */
/* Whether a request of RTSP names the token of a mountpoint: as the password of
 * any user, by Digest or Basic (RFC 2617), or as token= in the query of its
 * URL. Pure; any thread with its own values. */
#pragma once

#include <gst/rtsp/rtsp.h>

#define WC_RTSP_REALM "whepcast"

/** @request is read only. @query is nullable; @nonce is what the connection was
 * given. */
gboolean wc_rtsp_credentials_match (GstRTSPMessage *request, const char *query,
                                    const char *token, const char *nonce);
