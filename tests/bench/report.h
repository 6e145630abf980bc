/* SPDX-License-Identifier: MIT */
/* A list of figures, printed as a table or written as JSON. */
#pragma once

#include <glib.h>

typedef struct _TbReport TbReport;

TbReport *tb_report_new (void);
void tb_report_free (TbReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TbReport, tb_report_free)

/** @key is snake_case with its unit, for JSON; @label and @unit for people. */
void tb_report_add (TbReport *report, const char *key, const char *label,
                    double value, guint decimals, const char *unit);
/** Percentiles of @values (double), sorted by the call; 0 and 100 are minimum
 * and maximum. Nothing is added without values. Keys get "_p50". */
void tb_report_add_percentiles (TbReport *report, const char *key,
                                const char *label, GArray *values,
                                const guint *percents, guint n_percents,
                                guint decimals, const char *unit);
void tb_report_print (TbReport *report, const char *title);
/** A line of JSON. */
gboolean tb_report_write_json (TbReport *report, const char *title,
                               const char *path, GError **error);
