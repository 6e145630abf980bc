/* SPDX-License-Identifier: MIT */
/* The parameters of an a=fmtp line: "key=value;key=value" (RFC 4855). */
#pragma once

#include <glib.h>

/** The value of @key, whose case does not matter, or NULL when it is not there
 * or @fmtp is NULL. (transfer full) */
char *wc_sdp_fmtp_dup (const char *fmtp, const char *key);
gboolean wc_sdp_fmtp_has (const char *fmtp, const char *key);

/** The value of @key as a number, @fallback when it is missing, -1 when it is
 * not a number of 0 to 65535. */
gint wc_sdp_fmtp_get_int (const char *fmtp, const char *key, gint fallback);
