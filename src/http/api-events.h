/* SPDX-License-Identifier: MIT */
/* GET /api/v1/events: what happens to mountpoints, for the dashboard and the
 * like; with `?figures=MS` also the numbers that move, every so many
 * milliseconds, as long as they are read. Main thread. */
#pragma once

#include "http/request.h"

void wc_api_events_read (WcRequest *request);
