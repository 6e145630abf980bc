/* SPDX-License-Identifier: MIT */
/* How often a value was in which range: plain data, of whoever has it. */
#pragma once

#include <glib.h>

#define WC_HISTOGRAM_BOUNDS_MAX 11

/** The upper bounds of the ranges, rising, each of its own range; what is above
 * the last one is in a further range without a bound. Static. */
typedef struct {
  guint n;
  double values[WC_HISTOGRAM_BOUNDS_MAX];
} WcHistogramBounds;

/** All zero: nothing was seen. */
typedef struct {
  guint64 counts[WC_HISTOGRAM_BOUNDS_MAX + 1]; /* of each range alone */
  double sum;                                  /* of all values */
} WcHistogram;

/** The index of the range that @value is in: 0 to @bounds->n. */
guint wc_histogram_range (const WcHistogramBounds *bounds, double value);
void wc_histogram_add (WcHistogram *histogram, const WcHistogramBounds *bounds,
                       double value);
/** Adds what @other, which has the same bounds, has seen. */
void wc_histogram_merge (WcHistogram *histogram, const WcHistogram *other);
