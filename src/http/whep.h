/* SPDX-License-Identifier: MIT */
/* The WHEP endpoint /whep/{id} (draft-ietf-wish-whep sections 4.1 to 4.4): one
 * POST with an offer makes a session. Main thread. */
#pragma once

#include "http/request.h"

#define WC_TYPE_SDP "application/sdp"
#define WC_TYPE_FRAGMENT "application/trickle-ice-sdpfrag"

/** 404 when there is no such mountpoint. */
gboolean wc_whep_check (WcRequest *request);
/** The same, and 401 without its watch token. */
gboolean wc_whep_check_watch (WcRequest *request);
/** 404 only to a question that is not a browser's preflight. */
gboolean wc_whep_check_options (WcRequest *request);

void wc_whep_watch (WcRequest *request);
void wc_whep_get (WcRequest *request);
void wc_whep_options (WcRequest *request);

/** The offer that a POST brings, or NULL after a 415 or 400. (transfer full) */
GBytes *wc_whep_require_offer (WcRequest *request);

/** Answers 307 and TRUE, unless @url is NULL. */
gboolean wc_whep_redirect (WcRequest *request, const char *url);

/** Answers a POST with the session that it made (201, Location, the answer), or
 * with @error when @session is NULL. */
void wc_whep_answer_session (WcRequest *request, WcSession *session,
                             const GError *error);
