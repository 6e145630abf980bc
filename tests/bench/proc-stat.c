/* SPDX-License-Identifier: MIT */
#include "bench/proc-stat.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Not inlined: gcc 12 then believes that the text might be its own address. */
G_NO_INLINE static char *
read_file (guint pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/%s", pid, name);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static gboolean
parse_cpu (TbProcStat *stat, const char *text)
{
  /* The second field, the program's name, may hold anything. */
  const char *rest = strrchr (text, ')');
  gulong user, kernel;

  if (rest == NULL ||
      sscanf (rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
              &user, &kernel) != 2)
    return FALSE;
  stat->cpu_us =
      (gint64)(user + kernel) * G_USEC_PER_SEC / sysconf (_SC_CLK_TCK);
  return TRUE;
}

static gboolean
read_cpu (TbProcStat *stat, guint pid)
{
  g_autofree char *text = read_file (pid, "stat");

  return text != NULL && parse_cpu (stat, text);
}

static void
read_status (TbProcStat *stat, guint pid)
{
  g_autofree char *text = read_file (pid, "status");
  const char *rss = text != NULL ? strstr (text, "VmRSS:") : NULL;
  const char *threads = text != NULL ? strstr (text, "Threads:") : NULL;

  if (rss != NULL)
    stat->rss_kib = g_ascii_strtoll (rss + strlen ("VmRSS:"), NULL, 10);
  if (threads != NULL)
    stat->threads =
        (guint)g_ascii_strtoll (threads + strlen ("Threads:"), NULL, 10);
}

static guint
count_fds (guint pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/fd", pid);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

gboolean
tb_proc_stat_read (TbProcStat *stat, guint pid)
{
  guint number = pid != 0 ? pid : (guint)getpid ();

  *stat = (TbProcStat){.at_us = wc_clock_now_us ()};
  if (!read_cpu (stat, number))
    return FALSE;
  read_status (stat, number);
  stat->fds = count_fds (number);
  return TRUE;
}
