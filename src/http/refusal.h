/* SPDX-License-Identifier: MIT */
/* What the gate says by itself, without libsoup, and then closes the
 * connection. Main thread. */
#pragma once

#include "http/head.h"

/** A whole response: a problem document with the fields that let a page of
 * another origin read it. @head may have been read only in part, or is NULL.
 * (transfer full) */
GString *wc_refusal_write (const WcHead *head, char *const *cors_origins,
                           const WcHeadProblem *problem);

/** 200 to `OPTIONS *` (RFC 9110 section 9.3.7). (transfer full) */
GString *wc_refusal_write_options (const WcHead *head,
                                   char *const *cors_origins);
