/* SPDX-License-Identifier: MIT */
/* GET /api/v1/openapi.json: src/http/openapi.json, which describes every route
 * of routes.c and every key of a mountpoint; the unit test `openapi` fails when
 * it does not. Main thread. */
#pragma once

#include "http/request.h"

/** The document, as it was compiled in. (transfer full) */
GBytes *wc_api_openapi_document (void);

void wc_api_openapi_get (WcRequest *request);
