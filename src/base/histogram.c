/* SPDX-License-Identifier: MIT */
#include "base/histogram.h"

guint
wc_histogram_range (const WcHistogramBounds *bounds, double value)
{
  guint i = 0;

  while (i < bounds->n && value > bounds->values[i])
    i++;
  return i;
}

void
wc_histogram_add (WcHistogram *histogram, const WcHistogramBounds *bounds,
                  double value)
{
  histogram->counts[wc_histogram_range (bounds, value)]++;
  histogram->sum += value;
}

void
wc_histogram_merge (WcHistogram *histogram, const WcHistogram *other)
{
  for (guint i = 0; i < G_N_ELEMENTS (histogram->counts); i++)
    histogram->counts[i] += other->counts[i];
  histogram->sum += other->sum;
}
