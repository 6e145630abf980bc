/* SPDX-License-Identifier: MIT */
/* The admin token: what opens /api/. Read or made once at start; main thread.
 */
#pragma once

#include "config/config.h"

#define WC_ACCESS_ERROR (wc_access_error_quark ())
GQuark wc_access_error_quark (void);

typedef enum {
  WC_ACCESS_ERROR_READ,  /* the file cannot be read */
  WC_ACCESS_ERROR_VALUE, /* what is in it cannot be a token */
  WC_ACCESS_ERROR_WRITE, /* a new token cannot be kept */
} WcAccessError;

/** The token of `[auth] admin-token`, else of `admin-token-file`, else of the
 * file admin-token in the state directory, which is made at the first start:
 * 256 random bits as hex, mode 0600. @path (transfer full) is set to the file,
 * or to NULL when the token is in the configuration. (transfer full) */
char *wc_admin_token_load (const WcConfig *config, char **path, GError **error);
