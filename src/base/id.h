/* SPDX-License-Identifier: MIT */
/* Identifiers: random secrets and ids that a person may choose. Any thread. */
#pragma once

#include <glib.h>

/** @n_bytes (1 to 64) from the kernel's random source as lower-case hex.
 * A session's secret has 16 bytes, which is 128 bits (RFC 4086). */
char *wc_id_random_hex (guint n_bytes);

/** Fills @buffer from the kernel's random source. */
void wc_id_random_bytes (gpointer buffer, gsize size);

/** TRUE for 1 to 64 of A-Z a-z 0-9 . _ - that begin with a letter or digit:
 * what a mountpoint may be called. Such an id is safe in a path. */
gboolean wc_id_is_valid (const char *id);
/** The rule of wc_id_is_valid () in words. */
#define WC_ID_RULE                                                             \
  "1 to 64 characters of A-Z a-z 0-9 . _ -, the first a letter or digit"

/** Compares in time that does not depend on where the texts differ. */
gboolean wc_id_equal_secret (const char *a, const char *b);
