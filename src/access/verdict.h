/* SPDX-License-Identifier: MIT */
/* What is asked of access control, and what it says. Plain values. */
#pragma once

#include <glib.h>

typedef enum {
  WC_ACCESS_WATCH,
  WC_ACCESS_PUBLISH,
  WC_ACCESS_MANAGE,
} WcAccessAction;

typedef enum {
  WC_ACCESS_GRANTED,
  WC_ACCESS_MISSING,   /* no bearer token came: 401 without an error code */
  WC_ACCESS_INVALID,   /* one came, not the right one: 401, invalid_token */
  WC_ACCESS_FORBIDDEN, /* a good one, but not for this: 403 */
  WC_ACCESS_UNKNOWN,   /* who decides cannot be asked now: 503 */
} WcAccessVerdict;

/** "watch", "publish" or "manage". */
const char *wc_access_action_name (WcAccessAction action);
