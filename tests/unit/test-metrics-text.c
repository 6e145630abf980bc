/* SPDX-License-Identifier: MIT */
/* Prometheus's text format, byte by byte. */
#include "stats/metrics-text.h"

#include <locale.h>
#include <math.h>
#include <string.h>

static const WcHistogramBounds bounds = {3, {0.1, 0.5, 2}};

static void
assert_text (GString *text, const char *expected)
{
  g_assert_cmpstr (text->str, ==, expected);
  g_string_free (text, TRUE);
}

static void
test_family (void)
{
  GString *text = g_string_new (NULL);

  wc_metrics_text_family (text, "a_total", WC_METRIC_COUNTER, "How many.");
  wc_metrics_text_count (text, "a_total", NULL, 0);
  wc_metrics_text_count (text, "a_total", "", G_MAXUINT64);
  wc_metrics_text_family (text, "b", WC_METRIC_GAUGE, "Now.");
  wc_metrics_text_family (text, "c", WC_METRIC_HISTOGRAM, "Often.");
  wc_metrics_text_gauge (text, "d", "How hot.", 21.5);
  assert_text (text, "# HELP a_total How many.\n# TYPE a_total counter\n"
                     "a_total 0\na_total 18446744073709551615\n"
                     "# HELP b Now.\n# TYPE b gauge\n"
                     "# HELP c Often.\n# TYPE c histogram\n"
                     "# HELP d How hot.\n# TYPE d gauge\nd 21.5\n");
}

/* In a help text a quote is nothing special, in a label it ends the value. */
static void
test_escaping (void)
{
  g_autoptr (GString) labels = g_string_new (NULL);
  GString *text = g_string_new (NULL);

  wc_metrics_text_label (labels, "a", "say \"hi\"");
  wc_metrics_text_label (labels, "b", "C:\\new\nline");
  wc_metrics_text_label (labels, "c", "");
  wc_metrics_text_label (labels, "d",
                         "Stra\xc3\x9f"
                         "e {x=1}, #");
  wc_metrics_text_family (text, "m", WC_METRIC_GAUGE, "A \"b\"\\\nc");
  wc_metrics_text_count (text, "m", labels->str, 7);
  assert_text (text, "# HELP m A \"b\"\\\\\\nc\n# TYPE m gauge\n"
                     "m{a=\"say \\\"hi\\\"\",b=\"C:\\\\new\\nline\",c=\"\","
                     "d=\"Stra\xc3\x9f"
                     "e {x=1}, #\"} 7\n");
}

static void
test_numbers (void)
{
  static const struct {
    double value;
    const char *text;
  } numbers[] = {
      {0, "m 0\n"},
      {3, "m 3\n"},
      {0.1, "m 0.1\n"},
      {-2.5, "m -2.5\n"},
      {1795692689.092, "m 1795692689.092\n"},
      {1e15, "m 1e+15\n"},
      {1e-9, "m 1e-09\n"},
      {(double)INFINITY, "m +Inf\n"},
      {-(double)INFINITY, "m -Inf\n"},
      {(double)NAN, "m NaN\n"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++) {
    GString *text = g_string_new (NULL);
    wc_metrics_text_value (text, "m", NULL, numbers[i].value);
    assert_text (text, numbers[i].text);
  }
}

/* Buckets count what is at most their bound, all before them too; the last one
 * is the count. */
static void
test_histogram (void)
{
  static const double values[] = {0, 0.1, 0.1000001, 0.5, 1.5, 2.5, 100};
  WcHistogram histogram = {0};
  WcMetricBounds texts;
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    wc_histogram_add (&histogram, &bounds, values[i]);
  histogram.sum = 104.75;
  wc_metric_bounds_init (&texts, &bounds);
  wc_metrics_text_histogram (text, "h_seconds", "x=\"1\"", &texts, &histogram);
  assert_text (text, "h_seconds_bucket{x=\"1\",le=\"0.1\"} 2\n"
                     "h_seconds_bucket{x=\"1\",le=\"0.5\"} 4\n"
                     "h_seconds_bucket{x=\"1\",le=\"2\"} 5\n"
                     "h_seconds_bucket{x=\"1\",le=\"+Inf\"} 7\n"
                     "h_seconds_sum{x=\"1\"} 104.75\n"
                     "h_seconds_count{x=\"1\"} 7\n");
  text = g_string_new (NULL);
  wc_metrics_text_histogram (text, "h", NULL, &texts, &(WcHistogram){0});
  assert_text (text, "h_bucket{le=\"0.1\"} 0\nh_bucket{le=\"0.5\"} 0\n"
                     "h_bucket{le=\"2\"} 0\nh_bucket{le=\"+Inf\"} 0\n"
                     "h_sum 0\nh_count 0\n");
}

static void
test_merge (void)
{
  WcHistogram one = {0}, other = {0};

  wc_histogram_add (&one, &bounds, 0.25);
  wc_histogram_add (&other, &bounds, 0.25);
  wc_histogram_add (&other, &bounds, 8);
  wc_histogram_merge (&one, &other);
  g_assert_cmpuint (one.counts[0], ==, 0);
  g_assert_cmpuint (one.counts[1], ==, 2);
  g_assert_cmpuint (one.counts[2], ==, 0);
  g_assert_cmpuint (one.counts[3], ==, 1);
  g_assert_cmpfloat (one.sum, ==, 8.5);
}

static void
test_field (void)
{
  const struct {
    guint64 first, second;
  } pair = {1, 2};

  g_assert_cmpuint (wc_metric_field (&pair, 0), ==, 1);
  g_assert_cmpuint (wc_metric_field (&pair, sizeof pair.first), ==, 2);
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, ""); /* a comma is no decimal point, wherever it runs */
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics-text/family", test_family);
  g_test_add_func ("/metrics-text/escaping", test_escaping);
  g_test_add_func ("/metrics-text/numbers", test_numbers);
  g_test_add_func ("/metrics-text/histogram", test_histogram);
  g_test_add_func ("/metrics-text/merge", test_merge);
  g_test_add_func ("/metrics-text/field", test_field);
  return g_test_run ();
}
