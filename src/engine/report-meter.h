/* SPDX-License-Identifier: MIT */
/* What a viewer's receiver reports have said of its network, all of them
 * together: how often which round trip and which loss. One thread adds, any may
 * read meanwhile; neither waits for the other. */
#pragma once

#include "base/histogram.h"

#include <stdatomic.h>

#define WC_REPORT_RTT_BOUNDS 8
#define WC_REPORT_LOSS_BOUNDS 7

/** Round trips in seconds, losses as a ratio of 0 to 1. */
extern const WcHistogramBounds wc_report_rtt_bounds, wc_report_loss_bounds;

/** All zero at first. */
typedef struct {
  atomic_uint rtt[WC_REPORT_RTT_BOUNDS + 1];
  atomic_uint loss[WC_REPORT_LOSS_BOUNDS + 1];
  atomic_ullong rtt_sum_ms, loss_sum_256;
} WcReportMeter;

/** What was seen, by wc_report_rtt_bounds and wc_report_loss_bounds. */
typedef struct {
  WcHistogram rtt, loss;
} WcReportCounts;

/** @rtt_ms: below 0: the report does not tell. @loss_256: the fraction lost of
 * RFC 3550 section 6.4.1, in 1/256; below 0: likewise. */
void wc_report_meter_add (WcReportMeter *meter, int rtt_ms, int loss_256);
/** Any thread. */
void wc_report_meter_get (WcReportMeter *meter, WcReportCounts *counts);
