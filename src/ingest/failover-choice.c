/* SPDX-License-Identifier: MIT */
#include "ingest/failover-choice.h"

int
wc_failover_choose (const WcFailoverSight *sources, guint n, int playing,
                    int chosen, gint64 return_after_us)
{
  gboolean is_playing = playing >= 0 && sources[playing].usable;

  if (chosen >= 0 && sources[chosen].usable)
    return chosen;
  for (guint i = 0; i < n; i++) {
    if (!sources[i].usable)
      continue;
    if (!is_playing || (int)i == playing ||
        sources[i].usable_for_us >= return_after_us)
      return (int)i;
  }
  return -1;
}
