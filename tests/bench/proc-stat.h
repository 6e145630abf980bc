/* SPDX-License-Identifier: MIT */
/* What the kernel says of a process, from /proc. */
#pragma once

#include <glib.h>

typedef struct {
  gint64 at_us;  /* monotonic */
  gint64 cpu_us; /* user and system, threads that ended included */
  gint64 rss_kib;
  guint threads;
  guint fds;
} TbProcStat;

/** FALSE when there is no such process. @pid 0: this one. */
gboolean tb_proc_stat_read (TbProcStat *stat, guint pid);
