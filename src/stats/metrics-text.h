/* SPDX-License-Identifier: MIT */
/* Writes metrics in Prometheus's text format, version 0.0.4: a family's name,
 * type and help, and then its samples, all of them before the next family.
 * Pure; the text grows in a GString. Any thread. */
#pragma once

#include "base/histogram.h"

#define WC_METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef enum {
  WC_METRIC_COUNTER, /* the name ends in _total */
  WC_METRIC_GAUGE,
  WC_METRIC_HISTOGRAM,
} WcMetricType;

/** A counter that is a guint64 somewhere in a structure: tables of these say
 * what its families are. */
typedef struct {
  const char *name, *help;
  gsize offset;
} WcCounterField;

/** The guint64 at @offset of @structure. */
guint64 wc_metric_field (gconstpointer structure, gsize offset);

/** The bounds of a histogram, written once for many of them: it takes longer
 * than all the rest. */
typedef struct {
  guint n; /* with +Inf */
  char texts[WC_HISTOGRAM_BOUNDS_MAX + 1][32];
} WcMetricBounds;

void wc_metric_bounds_init (WcMetricBounds *texts,
                            const WcHistogramBounds *bounds);

/** Begins a family. @name: of [a-zA-Z0-9_:]. @help: one sentence. */
void wc_metrics_text_family (GString *text, const char *name, WcMetricType type,
                             const char *help);

/** Appends a label to those that @labels holds already, as the functions below
 * want them. @value: any UTF-8, escaped here. */
void wc_metrics_text_label (GString *labels, const char *name,
                            const char *value);

/** Samples of the family @name. @labels: nullable, none. */
void wc_metrics_text_count (GString *text, const char *name, const char *labels,
                            guint64 value);
void wc_metrics_text_value (GString *text, const char *name, const char *labels,
                            double value);
/** A whole family of one gauge without labels. */
void wc_metrics_text_gauge (GString *text, const char *name, const char *help,
                            double value);
void wc_metrics_text_histogram (GString *text, const char *name,
                                const char *labels,
                                const WcMetricBounds *bounds,
                                const WcHistogram *histogram);
