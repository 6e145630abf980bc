/* SPDX-License-Identifier: MIT */
#include "ingest/backoff.h"

guint
wc_backoff_next (WcBackoff *backoff)
{
  guint wait_ms =
      CLAMP (backoff->next_ms, WC_BACKOFF_MIN_MS, WC_BACKOFF_MAX_MS);

  backoff->next_ms = MIN (wait_ms * 2, WC_BACKOFF_MAX_MS);
  return wait_ms - (guint)g_random_int_range (0, (gint)wait_ms / 5 + 1);
}

void
wc_backoff_reset (WcBackoff *backoff)
{
  backoff->next_ms = 0;
}
