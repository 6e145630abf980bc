/* SPDX-License-Identifier: MIT */
/* Metrics of the process as a whole: what runs, what it uses, its workers and
 * its ports. Main thread. */
#pragma once

#include "stats/metrics.h"

/** Appends their families to @text. */
void wc_server_metrics_write (const WcMetricsContext *context, GString *text);
