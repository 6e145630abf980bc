/* SPDX-License-Identifier: MIT */
/* How long to wait before the next attempt: 0.5 s, twice as long after each
 * that failed, at most 15 s, and up to a fifth less at random so that sources
 * which failed together do not come together. A plain value of its owner. */
#pragma once

#include <glib.h>

#define WC_BACKOFF_MIN_MS 500
#define WC_BACKOFF_MAX_MS 15000

typedef struct {
  guint next_ms; /* 0: none has failed */
} WcBackoff;

/** The wait before the next attempt, in milliseconds. */
guint wc_backoff_next (WcBackoff *backoff);
/** An attempt worked. */
void wc_backoff_reset (WcBackoff *backoff);
