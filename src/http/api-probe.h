/* SPDX-License-Identifier: MIT */
/* POST /api/v1/probe: what a source sends, without a mountpoint. Main thread.
 */
#pragma once

#include "http/request.h"

void wc_api_probe (WcRequest *request);
