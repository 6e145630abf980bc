/* SPDX-License-Identifier: MIT */
/* GET /api/v1/server: the program, the process, the engine, limits and what is
 * wrong. Main thread. */
#pragma once

#include "http/request.h"

void wc_api_server_get (WcRequest *request);
