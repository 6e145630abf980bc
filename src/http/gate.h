/* SPDX-License-Identifier: MIT */
/* What stands between libsoup's parser and our handlers: a request that is odd,
 * too large or not allowed is refused when its headers are there. Main thread.
 */
#pragma once

#include "http/request.h"

#define WC_GATE_MAX_QUERY 1024
#define WC_GATE_MAX_FIELDS 100

/** Checks the headers of @request, finds its route and runs the route's check.
 * A refused request is answered. */
void wc_gate_check_headers (WcRequest *request);

/** Counts @size more bytes of body; beyond the limit the request is refused. */
void wc_gate_check_chunk (WcRequest *request, gsize size);
