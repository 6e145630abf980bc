/* SPDX-License-Identifier: MIT */
/* A small epoll loop: file descriptors and timers of many viewers on one
 * thread. Whoever creates it runs it; everything here and everything that
 * hangs on a loop belongs to that thread. No GMainContext is involved, so a
 * test may run a loop on a thread of its own beside one. */
#pragma once

#include <glib.h>

typedef struct _TcLoop TcLoop;
typedef struct _TcWatch TcWatch;
typedef struct _TcTimer TcTimer;

/** @events: EPOLLIN, EPOLLOUT, ... as epoll_wait(2) reports them. */
typedef void (*TcWatchFunc) (guint32 events, gpointer data);
typedef void (*TcTimerFunc) (gpointer data);
/** What tc_loop_run () waits for. */
typedef gboolean (*TcCondition) (gpointer data);

TcLoop *tc_loop_new (void);
/** Watches and timers must be gone by then. */
void tc_loop_free (TcLoop *loop);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TcLoop, tc_loop_free)

/** Runs until @condition (nullable) holds or @timeout_ms are over. Returns
 * what the condition says at the end, FALSE without one. */
gboolean tc_loop_run (TcLoop *loop, gint64 timeout_ms, TcCondition condition,
                      gpointer data);
/** Waits for at most @max_wait_us and dispatches what is there, once. */
void tc_loop_iterate (TcLoop *loop, gint64 max_wait_us);

/** @fd stays the caller's. A watch may be removed by any callback, its own
 * included; it is not called again after that. */
TcWatch *tc_watch_new (TcLoop *loop, int fd, guint32 events, TcWatchFunc func,
                       gpointer data);
void tc_watch_set_events (TcWatch *watch, guint32 events);
void tc_watch_free (TcWatch *watch);

/** Unset at first. A timer fires once for each tc_timer_set (). */
TcTimer *tc_timer_new (TcLoop *loop, TcTimerFunc func, gpointer data);
/** @due_us: on the monotonic clock, wc_clock_now_us (); replaces the former
 * due time. */
void tc_timer_set (TcTimer *timer, gint64 due_us);
void tc_timer_unset (TcTimer *timer);
void tc_timer_free (TcTimer *timer);
