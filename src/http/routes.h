/* SPDX-License-Identifier: MIT */
/* The table of everything that the server answers. Main thread. */
#pragma once

#include "http/request.h"

/** Sets the route, parameters and allowed methods of @request by its path. */
WcRouteResult wc_routes_find (WcRequest *request, WcMethod method);
