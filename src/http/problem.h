/* SPDX-License-Identifier: MIT */
/* The one place where an error becomes an HTTP status, and the document that
 * goes with it (RFC 9457). Pure functions. */
#pragma once

#include <glib.h>

typedef struct {
  guint status;
  guint retry_after_s; /* 0: no Retry-After */
} WcProblem;

/** What to answer to @error; an error of no known domain is 500. */
WcProblem wc_problem_from_error (const GError *error);

/** The reason phrase of @status, also of those that libsoup does not know. */
const char *wc_problem_title (guint status);

/** An application/problem+json document: title, status, detail, and `error`,
 * which is the detail again because players show that. (transfer full) */
char *wc_problem_write (guint status, const char *detail);
