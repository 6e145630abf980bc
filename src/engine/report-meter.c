/* SPDX-License-Identifier: MIT */
#include "engine/report-meter.h"

#define MS_PER_S 1000.0
#define FRACTION 256.0

const WcHistogramBounds wc_report_rtt_bounds = {
    WC_REPORT_RTT_BOUNDS, {0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6}};
const WcHistogramBounds wc_report_loss_bounds = {
    WC_REPORT_LOSS_BOUNDS, {0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5}};

/* Only one thread writes. */
static void
count (atomic_uint *counter)
{
  atomic_store_explicit (
      counter, atomic_load_explicit (counter, memory_order_relaxed) + 1,
      memory_order_relaxed);
}

static void
add_sum (atomic_ullong *sum, int value)
{
  atomic_store_explicit (
      sum, atomic_load_explicit (sum, memory_order_relaxed) + (guint64)value,
      memory_order_relaxed);
}

void
wc_report_meter_add (WcReportMeter *meter, int rtt_ms, int loss_256)
{
  if (rtt_ms >= 0) {
    count (&meter->rtt[wc_histogram_range (&wc_report_rtt_bounds,
                                           rtt_ms / MS_PER_S)]);
    add_sum (&meter->rtt_sum_ms, rtt_ms);
  }
  if (loss_256 >= 0) {
    count (&meter->loss[wc_histogram_range (&wc_report_loss_bounds,
                                            loss_256 / FRACTION)]);
    add_sum (&meter->loss_sum_256, loss_256);
  }
}

void
wc_report_meter_get (WcReportMeter *meter, WcReportCounts *counts)
{
  *counts = (WcReportCounts){0};
  for (guint i = 0; i <= WC_REPORT_RTT_BOUNDS; i++)
    counts->rtt.counts[i] = atomic_load (&meter->rtt[i]);
  for (guint i = 0; i <= WC_REPORT_LOSS_BOUNDS; i++)
    counts->loss.counts[i] = atomic_load (&meter->loss[i]);
  counts->rtt.sum = (double)atomic_load (&meter->rtt_sum_ms) / MS_PER_S;
  counts->loss.sum = (double)atomic_load (&meter->loss_sum_256) / FRACTION;
}
