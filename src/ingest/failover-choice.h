/* SPDX-License-Identifier: MIT */
/* Which of several sources is to play: a pure function of what is known of
 * them. */
#pragma once

#include <glib.h>

/** What is seen of one source. */
typedef struct {
  gboolean usable;      /* live, and of the right codecs */
  gint64 usable_for_us; /* how long already */
} WcFailoverSight;

/** @playing: the one that plays, or -1. @chosen: by hand, or -1. Returns the
 * one that is to play; -1: none is usable.
 *
 * One chosen by hand is kept for as long as it is usable. Else the one that
 * plays is kept, unless a better one (of a lower index) has been usable for
 * @return_after_us; and when it is not usable the best one takes over at once.
 */
int wc_failover_choose (const WcFailoverSight *sources, guint n, int playing,
                        int chosen, gint64 return_after_us);
