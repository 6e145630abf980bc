/* SPDX-License-Identifier: MIT */
/* What a browser will not like about a source, in words, and how to mend it.
 * Pure functions of what is known of its tracks. */
#pragma once

#include "ingest/ingest.h"

typedef enum {
  WC_FINDING_NOTE,    /* good to know */
  WC_FINDING_WARNING, /* some viewers will notice */
  WC_FINDING_PROBLEM, /* it does not play, or hardly */
} WcFindingSeverity;

typedef struct {
  WcFindingSeverity severity;
  const char *code; /* for programs: "b-frames"; static */
  int media;        /* WcMedia, or -1: of the whole source */
  char *text;       /* what it is; a sentence */
  const char *fix;  /* what helps; static, nullable */
} WcFinding;

/** "note", "warning", "problem". */
const char *wc_finding_severity_name (WcFindingSeverity severity);

/** The worst first. (transfer full) (element-type WcFinding) */
GPtrArray *wc_diagnose (const WcIngestTrackInfo tracks[WC_N_MEDIA]);
