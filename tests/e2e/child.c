/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct _TeChild {
  TcLoop *loop;
  pid_t pid;
  int pid_fd, out_fd;
  TcWatch *end_watch, *out_watch;
  GString *out;
  const char *prefix; /* waited for */
  gboolean ended;
  int status;
};

static void
on_ended (guint32 events, gpointer data)
{
  TeChild *child = data;

  if (waitpid (child->pid, &child->status, WNOHANG) != child->pid)
    return;
  child->ended = TRUE;
  g_clear_pointer (&child->end_watch, tc_watch_free);
}

static void
on_output (guint32 events, gpointer data)
{
  TeChild *child = data;
  char buffer[4096];
  gssize n = read (child->out_fd, buffer, sizeof buffer);

  if (n > 0)
    g_string_append_len (child->out, buffer, n);
  else
    g_clear_pointer (&child->out_watch, tc_watch_free);
}

static void
run_program (const char *const *argv, pid_t parent, int out_fd)
{
  int null = open ("/dev/null", O_RDONLY);

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != parent)
    _exit (127);
  dup2 (null, STDIN_FILENO);
  dup2 (out_fd, STDOUT_FILENO);
  execvp (argv[0], (char *const *)argv);
  _exit (127);
}

TeChild *
te_child_spawn (TcLoop *loop, const char *const *argv)
{
  TeChild *child = g_new0 (TeChild, 1);
  pid_t parent = getpid ();
  int ends[2];

  child->loop = loop;
  child->out = g_string_new (NULL);
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  child->pid = fork ();
  g_assert_cmpint (child->pid, >=, 0);
  if (child->pid == 0)
    run_program (argv, parent, ends[1]);
  close (ends[1]);
  child->out_fd = ends[0];
  child->pid_fd = pidfd_open (child->pid, 0);
  g_assert_cmpint (child->pid_fd, >=, 0);
  child->end_watch =
      tc_watch_new (loop, child->pid_fd, EPOLLIN, on_ended, child);
  child->out_watch =
      tc_watch_new (loop, child->out_fd, EPOLLIN, on_output, child);
  return child;
}

void
te_child_free (TeChild *child)
{
  if (!child->ended) {
    kill (child->pid, SIGKILL);
    waitpid (child->pid, NULL, 0);
  }
  g_clear_pointer (&child->end_watch, tc_watch_free);
  g_clear_pointer (&child->out_watch, tc_watch_free);
  close (child->pid_fd);
  close (child->out_fd);
  g_string_free (child->out, TRUE);
  g_free (child);
}

pid_t
te_child_pid (const TeChild *child)
{
  return child->pid;
}

static char *
find_line (TeChild *child)
{
  g_auto (GStrv) lines = g_strsplit (child->out->str, "\n", -1);
  guint n = g_strv_length (lines);

  /* What is behind the last newline is not yet a line. */
  for (guint i = 0; i + 1 < n; i++)
    if (g_str_has_prefix (lines[i], child->prefix))
      return g_strdup (lines[i]);
  return NULL;
}

static gboolean
has_line (gpointer data)
{
  TeChild *child = data;
  g_autofree char *line = find_line (child);

  return line != NULL || child->ended;
}

char *
te_child_read_line (TeChild *child, const char *prefix, gint64 timeout_ms)
{
  child->prefix = prefix;
  tc_loop_run (child->loop, timeout_ms, has_line, child);
  return find_line (child);
}

void
te_child_signal (TeChild *child, int number)
{
  if (!child->ended)
    kill (child->pid, number);
}

static gboolean
is_ended (gpointer data)
{
  return te_child_has_ended (data);
}

gboolean
te_child_has_ended (const TeChild *child)
{
  return child->ended;
}

gboolean
te_child_wait (TeChild *child, gint64 timeout_ms, int *status)
{
  if (!tc_loop_run (child->loop, timeout_ms, is_ended, child))
    return FALSE;
  *status = child->status;
  return TRUE;
}
