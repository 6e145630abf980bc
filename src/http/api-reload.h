/* SPDX-License-Identifier: MIT */
/* POST /api/v1/reload: the configuration is read again, as SIGHUP does. */
#pragma once

#include "http/request.h"

/** 200 with what became of each change, or 422 with all that is wrong; then
 * nothing has changed. */
void wc_api_reload (WcRequest *request);
