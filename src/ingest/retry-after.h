/* SPDX-License-Identifier: MIT */
/* When a server wants to be asked again: the field Retry-After. Pure. */
#pragma once

#include <glib.h>

/** How many seconds from @now_s (since 1970) @text asks to wait, by a number or
 * by an HTTP date (RFC 9110 section 10.2.3); at most @max_s. 0: not at all, or
 * it is neither. @text: nullable. */
guint wc_retry_after_parse (const char *text, gint64 now_s, guint max_s);
