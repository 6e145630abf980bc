/* SPDX-License-Identifier: MIT */
#include "stats/process.h"

#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static atomic_llong start_us;

void
wc_process_stats_start (void)
{
  atomic_store (&start_us, wc_clock_now_us ());
}

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  if (dir == NULL)
    return 0;
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* proc(5): the second number of statm is the resident set in pages. */
static guint64
read_rss (void)
{
  g_autofree char *text = NULL;
  unsigned long long size, resident;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL) ||
      sscanf (text, "%llu %llu", &size, &resident) != 2)
    return 0;
  return resident * (guint64)sysconf (_SC_PAGESIZE);
}

static gint64
read_cpu_ms (void)
{
  struct timespec time;

  if (clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time) != 0)
    return 0;
  return (gint64)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void
wc_process_get_stats (WcProcessStats *stats)
{
  struct rlimit limit = {0};
  guint n = count_entries ("/proc/self/fd");

  getrlimit (RLIMIT_NOFILE, &limit);
  *stats = (WcProcessStats){
      .uptime_ms = (wc_clock_now_us () - atomic_load (&start_us)) / 1000,
      .cpu_ms = read_cpu_ms (),
      .rss_bytes = read_rss (),
      .threads = count_entries ("/proc/self/task"),
      .descriptors = n > 0 ? n - 1 : 0, /* one is that of the listing */
      .descriptors_max = limit.rlim_cur,
  };
}
