/* SPDX-License-Identifier: MIT */
/* The table of everything that the server answers. Main thread. */
#pragma once

#include "http/request.h"

/** Sets the route, parameters and allowed methods of @request by its path. */
WcRouteResult wc_routes_find (WcRequest *request, WcMethod method);

/** The whole table; OPTIONS of any path and HEAD beside GET come without a row.
 * (transfer none) */
const WcRoute *wc_routes_table (gsize *n);

/** How long the body of a request may be, bytes: what the route says, and for
 * what is no route as much as for any, because its answer is another than 413.
 */
gsize wc_routes_body_limit (const char *method, const char *path);
