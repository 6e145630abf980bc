/* SPDX-License-Identifier: MIT */
#include "stats/metrics-text.h"

#include <math.h>
#include <string.h>

static const char *const type_names[] = {
    [WC_METRIC_COUNTER] = "counter",
    [WC_METRIC_GAUGE] = "gauge",
    [WC_METRIC_HISTOGRAM] = "histogram",
};

/* A line end or a backslash would end the line, a quote the value. */
static void
append_escaped (GString *text, const char *value, gboolean quotes)
{
  for (const char *p = value; *p != '\0'; p++) {
    if (*p == '\n')
      g_string_append (text, "\\n");
    else if (*p == '\\' || (quotes && *p == '"'))
      g_string_append_printf (text, "\\%c", *p);
    else
      g_string_append_c (text, *p);
  }
}

guint64
wc_metric_field (gconstpointer structure, gsize offset)
{
  guint64 value;

  memcpy (&value, (const guint8 *)structure + offset, sizeof value);
  return value;
}

void
wc_metrics_text_family (GString *text, const char *name, WcMetricType type,
                        const char *help)
{
  g_string_append_printf (text, "# HELP %s ", name);
  append_escaped (text, help, FALSE);
  g_string_append_printf (text, "\n# TYPE %s %s\n", name, type_names[type]);
}

void
wc_metrics_text_label (GString *labels, const char *name, const char *value)
{
  if (labels->len > 0)
    g_string_append_c (labels, ',');
  g_string_append (labels, name);
  g_string_append (labels, "=\"");
  append_escaped (labels, value, TRUE);
  g_string_append_c (labels, '"');
}

/* --- numbers -------------------------------------------------------------- */

/* There are tens of thousands in a text: printf would take most of the time. */
static void
append_integer (GString *text, guint64 value)
{
  char digits[20];
  gsize at = sizeof digits;

  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  g_string_append_len (text, digits + at, (gssize)(sizeof digits - at));
}

/* Whatever the locale; as short as it can be said exactly enough. */
static void
append_number (GString *text, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (value))
    g_string_append (text, "NaN");
  else if (isinf (value))
    g_string_append (text, value > 0 ? "+Inf" : "-Inf");
  else if (value >= 0 && value < 1e15 && value == floor (value))
    append_integer (text, (guint64)value);
  else
    g_string_append (text,
                     g_ascii_formatd (number, sizeof number, "%.15g", value));
}

/* --- samples -------------------------------------------------------------- */

static void
begin (GString *text, const char *name, const char *suffix, const char *labels)
{
  g_string_append (text, name);
  g_string_append (text, suffix);
  if (labels != NULL && labels[0] != '\0') {
    g_string_append_c (text, '{');
    g_string_append (text, labels);
    g_string_append_c (text, '}');
  }
  g_string_append_c (text, ' ');
}

void
wc_metrics_text_count (GString *text, const char *name, const char *labels,
                       guint64 value)
{
  begin (text, name, "", labels);
  append_integer (text, value);
  g_string_append_c (text, '\n');
}

void
wc_metrics_text_value (GString *text, const char *name, const char *labels,
                       double value)
{
  begin (text, name, "", labels);
  append_number (text, value);
  g_string_append_c (text, '\n');
}

void
wc_metrics_text_gauge (GString *text, const char *name, const char *help,
                       double value)
{
  wc_metrics_text_family (text, name, WC_METRIC_GAUGE, help);
  wc_metrics_text_value (text, name, NULL, value);
}

void
wc_metric_bounds_init (WcMetricBounds *texts, const WcHistogramBounds *bounds)
{
  g_autoptr (GString) text = g_string_new (NULL);

  texts->n = bounds->n + 1;
  for (guint i = 0; i < texts->n; i++) {
    g_string_truncate (text, 0);
    append_number (text, i < bounds->n ? bounds->values[i] : (double)INFINITY);
    g_strlcpy (texts->texts[i], text->str, sizeof texts->texts[i]);
  }
}

static void
append_bucket (GString *text, const char *name, const char *labels,
               const char *bound, guint64 count)
{
  g_string_append (text, name);
  g_string_append (text, "_bucket{");
  if (labels != NULL && labels[0] != '\0') {
    g_string_append (text, labels);
    g_string_append_c (text, ',');
  }
  g_string_append (text, "le=\"");
  g_string_append (text, bound);
  g_string_append (text, "\"} ");
  append_integer (text, count);
  g_string_append_c (text, '\n');
}

void
wc_metrics_text_histogram (GString *text, const char *name, const char *labels,
                           const WcMetricBounds *bounds,
                           const WcHistogram *histogram)
{
  guint64 count = 0;

  for (guint i = 0; i < bounds->n; i++) {
    count += histogram->counts[i];
    append_bucket (text, name, labels, bounds->texts[i], count);
  }
  begin (text, name, "_sum", labels);
  append_number (text, histogram->sum);
  g_string_append_c (text, '\n');
  begin (text, name, "_count", labels);
  append_integer (text, count);
  g_string_append_c (text, '\n');
}
