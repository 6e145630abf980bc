/* SPDX-License-Identifier: MIT */
/* Something that was found out and that a person should know: in words, and
 * what helps. A plain value. */
#pragma once

#include <glib.h>

typedef enum {
  WC_FINDING_NOTE,    /* good to know */
  WC_FINDING_WARNING, /* some viewers will notice */
  WC_FINDING_PROBLEM, /* it does not play, or hardly */
} WcFindingSeverity;

typedef struct {
  WcFindingSeverity severity;
  const char *code; /* for programs: "b-frames"; static */
  int media;        /* WcMedia, or -1: of neither */
  char *text;       /* what it is; a sentence */
  const char *fix;  /* what helps; static, nullable */
} WcFinding;

/** "note", "warning", "problem". */
const char *wc_finding_severity_name (WcFindingSeverity severity);

/** An empty list. (transfer full) (element-type WcFinding) */
GPtrArray *wc_findings_new (void);
void wc_findings_add (GPtrArray *findings, WcFindingSeverity severity,
                      const char *code, int media, const char *fix,
                      const char *format, ...) G_GNUC_PRINTF (6, 7);
