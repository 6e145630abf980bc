/* SPDX-License-Identifier: MIT */
#include "base/finding.h"

#include <stdarg.h>

const char *
wc_finding_severity_name (WcFindingSeverity severity)
{
  static const char *const names[] = {
      [WC_FINDING_NOTE] = "note",
      [WC_FINDING_WARNING] = "warning",
      [WC_FINDING_PROBLEM] = "problem",
  };

  return names[severity];
}

static void
finding_free (gpointer data)
{
  WcFinding *finding = data;

  g_free (finding->text);
  g_free (finding);
}

GPtrArray *
wc_findings_new (void)
{
  return g_ptr_array_new_with_free_func (finding_free);
}

void
wc_findings_add (GPtrArray *findings, WcFindingSeverity severity,
                 const char *code, int media, const char *fix,
                 const char *format, ...)
{
  WcFinding *finding = g_new (WcFinding, 1);
  va_list args;

  va_start (args, format);
  *finding =
      (WcFinding){severity, code, media, g_strdup_vprintf (format, args), fix};
  va_end (args);
  g_ptr_array_add (findings, finding);
}
