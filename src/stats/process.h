/* SPDX-License-Identifier: MIT */
/* What the process uses, as the kernel sees it. Any thread. */
#pragma once

#include <glib.h>

typedef struct {
  gint64 uptime_ms; /* since wc_process_stats_start () */
  gint64 cpu_ms;    /* user and system, all threads */
  guint64 rss_bytes;
  guint threads;
  guint descriptors;
  guint64 descriptors_max; /* soft RLIMIT_NOFILE */
} WcProcessStats;

/** Remembers now as the beginning. */
void wc_process_stats_start (void);

/** Figures that cannot be read are 0. */
void wc_process_get_stats (WcProcessStats *stats);
