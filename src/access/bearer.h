/* SPDX-License-Identifier: MIT */
/* Bearer tokens in an Authorization header (RFC 6750 section 2.1) and whether
 * they open something. Pure functions; any thread. */
#pragma once

#include "access/verdict.h"

/** A token longer than this is not looked at. */
#define WC_BEARER_MAX_LENGTH 4096

/** The token of an Authorization header field, whose scheme may be in any case.
 * Returns FALSE if @authorization (nullable) has no bearer scheme. A bearer
 * scheme without one well-formed token gives TRUE and a NULL @token
 * (transfer full). */
gboolean wc_bearer_parse (const char *authorization, char **token);

/** Whether @authorization (nullable) opens what @expected (nullable: open to
 * all, and then @authorization is ignored) protects. Takes the same time
 * wherever a wrong token differs. */
WcAccessVerdict wc_access_check (const char *expected,
                                 const char *authorization);
