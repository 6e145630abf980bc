/* SPDX-License-Identifier: MIT */
#include "common/loop.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MAX_EVENTS 128
#define MAX_TIMERS_AT_ONCE 4096

struct _TcLoop {
  int epoll_fd;
  GSequence *timers; /* TcTimer that are set, by due time */
  GPtrArray *dead;   /* TcWatch freed while events may still name them */
  guint n_watches;
};

struct _TcWatch {
  TcLoop *loop;
  int fd;
  TcWatchFunc func;
  gpointer data;
};

struct _TcTimer {
  TcLoop *loop;
  gint64 due_us;
  TcTimerFunc func;
  gpointer data;
  GSequenceIter *place; /* NULL: not set */
};

TcLoop *
tc_loop_new (void)
{
  TcLoop *loop = g_new0 (TcLoop, 1);

  loop->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  g_assert_cmpint (loop->epoll_fd, >=, 0);
  loop->timers = g_sequence_new (NULL);
  loop->dead = g_ptr_array_new_with_free_func (g_free);
  return loop;
}

void
tc_loop_free (TcLoop *loop)
{
  g_assert_true (g_sequence_is_empty (loop->timers));
  g_assert_cmpuint (loop->n_watches, ==, 0);
  g_sequence_free (loop->timers);
  g_ptr_array_unref (loop->dead);
  close (loop->epoll_fd);
  g_free (loop);
}

static TcTimer *
first_timer (TcLoop *loop)
{
  if (g_sequence_is_empty (loop->timers))
    return NULL;
  return g_sequence_get (g_sequence_get_begin_iter (loop->timers));
}

static int
wait_ms (TcLoop *loop, gint64 max_wait_us)
{
  TcTimer *timer = first_timer (loop);
  gint64 wait_us = MAX (max_wait_us, 0);

  if (timer != NULL)
    wait_us = CLAMP (timer->due_us - wc_clock_now_us (), 0, wait_us);
  return (int)MIN ((wait_us + 999) / 1000, G_MAXINT);
}

static void
dispatch_watches (TcLoop *loop, int timeout_ms)
{
  struct epoll_event events[MAX_EVENTS];
  int n = epoll_wait (loop->epoll_fd, events, MAX_EVENTS, timeout_ms);

  g_assert_true (n >= 0 || errno == EINTR);
  for (int i = 0; i < n; i++) {
    TcWatch *watch = events[i].data.ptr;

    if (watch->func != NULL)
      watch->func (events[i].events, watch->data);
  }
  g_ptr_array_set_size (loop->dead, 0);
}

static void
dispatch_timers (TcLoop *loop)
{
  gint64 now_us = wc_clock_now_us ();

  for (guint i = 0; i < MAX_TIMERS_AT_ONCE; i++) {
    TcTimer *timer = first_timer (loop);

    if (timer == NULL || timer->due_us > now_us)
      return;
    tc_timer_unset (timer);
    timer->func (timer->data);
  }
}

void
tc_loop_iterate (TcLoop *loop, gint64 max_wait_us)
{
  dispatch_watches (loop, wait_ms (loop, max_wait_us));
  dispatch_timers (loop);
}

gboolean
tc_loop_run (TcLoop *loop, gint64 timeout_ms, TcCondition condition,
             gpointer data)
{
  gint64 end_us = wc_clock_now_us () + timeout_ms * 1000;

  while (condition == NULL || !condition (data)) {
    gint64 left_us = end_us - wc_clock_now_us ();

    if (left_us <= 0)
      return FALSE;
    tc_loop_iterate (loop, left_us);
  }
  return TRUE;
}

static void
control_epoll (TcWatch *watch, int operation, guint32 events)
{
  struct epoll_event event = {.events = events, .data.ptr = watch};

  if (epoll_ctl (watch->loop->epoll_fd, operation, watch->fd, &event) != 0)
    g_error ("epoll_ctl: %s", g_strerror (errno));
}

TcWatch *
tc_watch_new (TcLoop *loop, int fd, guint32 events, TcWatchFunc func,
              gpointer data)
{
  TcWatch *watch = g_new0 (TcWatch, 1);

  *watch = (TcWatch){.loop = loop, .fd = fd, .func = func, .data = data};
  control_epoll (watch, EPOLL_CTL_ADD, events);
  loop->n_watches++;
  return watch;
}

void
tc_watch_set_events (TcWatch *watch, guint32 events)
{
  control_epoll (watch, EPOLL_CTL_MOD, events);
}

void
tc_watch_free (TcWatch *watch)
{
  control_epoll (watch, EPOLL_CTL_DEL, 0);
  watch->func = NULL;
  watch->loop->n_watches--;
  g_ptr_array_add (watch->loop->dead, watch);
}

TcTimer *
tc_timer_new (TcLoop *loop, TcTimerFunc func, gpointer data)
{
  TcTimer *timer = g_new0 (TcTimer, 1);

  *timer = (TcTimer){.loop = loop, .func = func, .data = data};
  return timer;
}

static int
compare_due (gconstpointer a, gconstpointer b, gpointer data)
{
  const TcTimer *first = a;
  const TcTimer *second = b;

  return (first->due_us > second->due_us) - (first->due_us < second->due_us);
}

void
tc_timer_set (TcTimer *timer, gint64 due_us)
{
  tc_timer_unset (timer);
  timer->due_us = due_us;
  timer->place =
      g_sequence_insert_sorted (timer->loop->timers, timer, compare_due, NULL);
}

void
tc_timer_unset (TcTimer *timer)
{
  g_clear_pointer (&timer->place, g_sequence_remove);
}

void
tc_timer_free (TcTimer *timer)
{
  tc_timer_unset (timer);
  g_free (timer);
}
