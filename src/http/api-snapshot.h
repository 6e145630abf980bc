/* SPDX-License-Identifier: MIT */
/* GET /api/v1/mountpoints/{id}/snapshot.jpg. Main thread. */
#pragma once

#include "http/request.h"

void wc_api_snapshot_get (WcRequest *request);
