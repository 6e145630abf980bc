/* SPDX-License-Identifier: MIT */
/* /healthz and /readyz, for supervisors and load balancers. Main thread. */
#pragma once

#include "http/request.h"

/** 200 as long as the main loop runs. */
void wc_health_alive (WcRequest *request);
/** 200 when mountpoints are loaded and the server is not stopping, else 503. */
void wc_health_ready (WcRequest *request);
