/* SPDX-License-Identifier: MIT */
/* GET /metrics: what is counted, for Prometheus. Main thread. */
#pragma once

#include "http/request.h"

/** 401 without the admin token, unless `[http] metrics=open`. */
gboolean wc_metrics_check (WcRequest *request);
void wc_metrics_get (WcRequest *request);
