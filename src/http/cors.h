/* SPDX-License-Identifier: MIT */
/* Cross-origin requests (the FETCH standard): which origins may use the server
 * from a page of theirs. Main thread. */
#pragma once

#include <libsoup/soup.h>

/** What Access-Control-Allow-Origin says to @origin: "*" when @allowed has it,
 * @origin when it is in the list (case ignored), or NULL. */
const char *wc_cors_allow_origin (char *const *allowed, const char *origin);

/** Writes the response fields of any answer, errors included, to @request. */
void wc_cors_apply (char *const *allowed, SoupMessageHeaders *request,
                    SoupMessageHeaders *response);

/** Adds what answers an OPTIONS request. The methods come also without an
 * Origin: some clients look there whether they may trickle. */
void wc_cors_apply_options (char *const *allowed, SoupMessageHeaders *request,
                            SoupMessageHeaders *response);

/** TRUE if an OPTIONS request with these fields was sent by a browser on its
 * own account, thus without credentials. */
gboolean wc_cors_is_preflight (SoupMessageHeaders *request);
