/* SPDX-License-Identifier: MIT */
#include "bench/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  char *key, *label, *unit;
  char *column; /* "p50" of a row of several; nullable */
  double value;
  guint decimals;
} Figure;

struct _TbReport {
  GPtrArray *figures;
};

static void
figure_free (gpointer data)
{
  Figure *figure = data;

  g_free (figure->key);
  g_free (figure->label);
  g_free (figure->unit);
  g_free (figure->column);
  g_free (figure);
}

TbReport *
tb_report_new (void)
{
  TbReport *report = g_new0 (TbReport, 1);

  report->figures = g_ptr_array_new_with_free_func (figure_free);
  return report;
}

void
tb_report_free (TbReport *report)
{
  g_ptr_array_unref (report->figures);
  g_free (report);
}

static Figure *
add_figure (TbReport *report, const char *key, const char *label, double value,
            guint decimals, const char *unit)
{
  Figure *figure = g_new0 (Figure, 1);

  *figure = (Figure){.key = g_strdup (key),
                     .label = g_strdup (label),
                     .unit = g_strdup (unit),
                     .value = value,
                     .decimals = decimals};
  g_ptr_array_add (report->figures, figure);
  return figure;
}

void
tb_report_add (TbReport *report, const char *key, const char *label,
               double value, guint decimals, const char *unit)
{
  add_figure (report, key, label, value, decimals, unit);
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double first = *(const double *)a;
  double second = *(const double *)b;

  return (first > second) - (first < second);
}

/* Nearest rank. */
static double
percentile (GArray *values, guint percent)
{
  double rank = ceil (percent / 100.0 * values->len);

  return g_array_index (values, double, rank < 1 ? 0 : (guint)rank - 1);
}

static char *
percent_name (guint percent)
{
  if (percent == 0)
    return g_strdup ("min");
  if (percent == 100)
    return g_strdup ("max");
  return g_strdup_printf ("p%u", percent);
}

void
tb_report_add_percentiles (TbReport *report, const char *key, const char *label,
                           GArray *values, const guint *percents,
                           guint n_percents, guint decimals, const char *unit)
{
  if (values->len == 0)
    return;
  g_array_sort (values, compare_doubles);
  for (guint i = 0; i < n_percents; i++) {
    g_autofree char *column = percent_name (percents[i]);
    g_autofree char *full_key = g_strdup_printf ("%s_%s", key, column);
    Figure *figure =
        add_figure (report, full_key, label, percentile (values, percents[i]),
                    decimals, unit);

    figure->column = g_steal_pointer (&column);
  }
}

static gboolean
continues_row (const Figure *figure, const Figure *former)
{
  return figure->column != NULL && former != NULL && former->column != NULL &&
         strcmp (figure->label, former->label) == 0;
}

static void
print_figure (const Figure *figure, const Figure *former, int width)
{
  if (continues_row (figure, former))
    printf (",  %s %.*f", figure->column, (int)figure->decimals, figure->value);
  else if (figure->column != NULL)
    printf ("%s  %-*s   %s %.*f", former != NULL ? "\n" : "", width,
            figure->label, figure->column, (int)figure->decimals,
            figure->value);
  else
    printf ("%s  %-*s %14.*f", former != NULL ? "\n" : "", width, figure->label,
            (int)figure->decimals, figure->value);
  printf (" %s", figure->unit);
}

void
tb_report_print (TbReport *report, const char *title)
{
  const Figure *former = NULL;
  gsize width = 0;

  for (guint i = 0; i < report->figures->len; i++) {
    Figure *figure = g_ptr_array_index (report->figures, i);

    width = MAX (width, strlen (figure->label));
  }
  printf ("\n%s\n", title);
  for (guint i = 0; i < report->figures->len; i++) {
    const Figure *figure = g_ptr_array_index (report->figures, i);

    print_figure (figure, former, (int)width);
    former = figure;
  }
  printf ("\n");
  fflush (stdout);
}

gboolean
tb_report_write_json (TbReport *report, const char *title, const char *path,
                      GError **error)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *escaped = g_strescape (title, NULL);

  g_string_printf (out, "{\"title\":\"%s\"", escaped);
  for (guint i = 0; i < report->figures->len; i++) {
    Figure *figure = g_ptr_array_index (report->figures, i);
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf (
        out, ",\"%s\":%s", figure->key,
        g_ascii_formatd (number, sizeof number, "%.3f", figure->value));
  }
  g_string_append (out, "}\n");
  return g_file_set_contents (path, out->str, (gssize)out->len, error);
}
