/* SPDX-License-Identifier: MIT */
/* Tells ThreadSanitizer about the locks and queues of GLib, which it cannot
 * see: they are futexes inside a library that is not instrumented. A library of
 * its own, built without the sanitizer and preloaded by the test set-up `tsan`
 * (tests/meson.build). A release before the real call that hands something
 * over, an acquire after the one that takes it; nothing else changes. Any
 * thread may call any of it. In a process without ThreadSanitizer the calls
 * pass through. */
#include <dlfcn.h>
#include <gio/gio.h>

/* GLib has macros of these names. */
#undef g_once
#undef g_once_init_enter
#undef g_once_init_leave

void __tsan_acquire (void *address) __attribute__ ((weak));
void __tsan_release (void *address) __attribute__ ((weak));

#define REAL(function)                                                         \
  ({                                                                           \
    static __typeof__ (&function) real;                                        \
    if (real == NULL)                                                          \
      real = (__typeof__ (&function))dlsym (RTLD_NEXT, #function);             \
    real;                                                                      \
  })

static void
acquire (gconstpointer address)
{
  if (__tsan_acquire != NULL)
    __tsan_acquire ((void *)address);
}

static void
release (gconstpointer address)
{
  if (__tsan_release != NULL)
    __tsan_release ((void *)address);
}

/* Mutexes */

void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock) (mutex);
  acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked = REAL (g_mutex_trylock) (mutex);

  if (locked)
    acquire (mutex);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  release (mutex);
  REAL (g_mutex_unlock) (mutex);
}

void
g_rec_mutex_lock (GRecMutex *mutex)
{
  REAL (g_rec_mutex_lock) (mutex);
  acquire (mutex);
}

gboolean
g_rec_mutex_trylock (GRecMutex *mutex)
{
  gboolean locked = REAL (g_rec_mutex_trylock) (mutex);

  if (locked)
    acquire (mutex);
  return locked;
}

void
g_rec_mutex_unlock (GRecMutex *mutex)
{
  release (mutex);
  REAL (g_rec_mutex_unlock) (mutex);
}

/* A reader's unlock releases too: more order than there is between readers,
 * never less than there is between a reader and the next writer. */
void
g_rw_lock_reader_lock (GRWLock *lock)
{
  REAL (g_rw_lock_reader_lock) (lock);
  acquire (lock);
}

void
g_rw_lock_reader_unlock (GRWLock *lock)
{
  release (lock);
  REAL (g_rw_lock_reader_unlock) (lock);
}

void
g_rw_lock_writer_lock (GRWLock *lock)
{
  REAL (g_rw_lock_writer_lock) (lock);
  acquire (lock);
}

void
g_rw_lock_writer_unlock (GRWLock *lock)
{
  release (lock);
  REAL (g_rw_lock_writer_unlock) (lock);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  release (mutex);
  REAL (g_cond_wait) (cond, mutex);
  acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  gboolean signalled;

  release (mutex);
  signalled = REAL (g_cond_wait_until) (cond, mutex, end_time);
  acquire (mutex);
  return signalled;
}

/* Once. The fast path of the macros is an instrumented atomic load of the same
 * address, so the release below orders that too. */

gboolean
g_once_init_enter (volatile void *location)
{
  gboolean first = REAL (g_once_init_enter) (location);

  if (!first)
    acquire ((gconstpointer)location);
  return first;
}

void
g_once_init_leave (volatile void *location, gsize result)
{
  release ((gconstpointer)location);
  REAL (g_once_init_leave) (location, result);
}

/* Queues */

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  release (queue);
  REAL (g_async_queue_push) (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data = REAL (g_async_queue_pop) (queue);

  acquire (queue);
  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  gpointer data = REAL (g_async_queue_try_pop) (queue);

  acquire (queue);
  return data;
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue, guint64 timeout_us)
{
  gpointer data = REAL (g_async_queue_timeout_pop) (queue, timeout_us);

  acquire (queue);
  return data;
}

/* Callbacks that another thread runs: what was written before they were handed
 * over is seen by them. */

typedef struct {
  GSourceFunc function;
  gpointer data;
  GDestroyNotify notify;
} Posted;

static gboolean
run_posted (gpointer user_data)
{
  Posted *posted = user_data;

  acquire (posted);
  return posted->function (posted->data);
}

static void
free_posted (gpointer user_data)
{
  Posted *posted = user_data;

  acquire (posted);
  if (posted->notify != NULL)
    posted->notify (posted->data);
  g_free (posted);
}

static Posted *
post (GSourceFunc function, gpointer data, GDestroyNotify notify)
{
  Posted *posted = g_new (Posted, 1);

  *posted = (Posted){function, data, notify};
  release (posted);
  return posted;
}

guint
g_idle_add_full (gint priority, GSourceFunc function, gpointer data,
                 GDestroyNotify notify)
{
  return REAL (g_idle_add_full) (priority, run_posted,
                                 post (function, data, notify), free_posted);
}

guint
g_idle_add (GSourceFunc function, gpointer data)
{
  return g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, function, data, NULL);
}

guint
g_timeout_add_full (gint priority, guint interval_ms, GSourceFunc function,
                    gpointer data, GDestroyNotify notify)
{
  return REAL (g_timeout_add_full) (priority, interval_ms, run_posted,
                                    post (function, data, notify), free_posted);
}

guint
g_timeout_add (guint interval_ms, GSourceFunc function, gpointer data)
{
  return g_timeout_add_full (G_PRIORITY_DEFAULT, interval_ms, function, data,
                             NULL);
}

void
g_main_context_invoke_full (GMainContext *context, gint priority,
                            GSourceFunc function, gpointer data,
                            GDestroyNotify notify)
{
  REAL (g_main_context_invoke_full)
  (context, priority, run_posted, post (function, data, notify), free_posted);
}

void
g_main_context_invoke (GMainContext *context, GSourceFunc function,
                       gpointer data)
{
  g_main_context_invoke_full (context, G_PRIORITY_DEFAULT, function, data,
                              NULL);
}

/* Thread pools: the item is what is handed over. */

typedef struct {
  GFunc function;
  gpointer user_data;
} PoolFunction;

static void
run_pool_item (gpointer data, gpointer user_data)
{
  PoolFunction *pool = user_data;

  acquire (data);
  pool->function (data, pool->user_data);
}

/* One PoolFunction per pool stays behind; pools live as long as the process. */
GThreadPool *
g_thread_pool_new (GFunc function, gpointer user_data, gint max_threads,
                   gboolean exclusive, GError **error)
{
  PoolFunction *pool = g_new (PoolFunction, 1);

  *pool = (PoolFunction){function, user_data};
  return REAL (g_thread_pool_new) (run_pool_item, pool, max_threads, exclusive,
                                   error);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer data, GError **error)
{
  release (data);
  return REAL (g_thread_pool_push) (pool, data, error);
}

/* Tasks: the thread of one hands its result, and the task's data, back. */

void
g_task_return_pointer (GTask *task, gpointer result, GDestroyNotify notify)
{
  release (task);
  REAL (g_task_return_pointer) (task, result, notify);
}

void
g_task_return_boolean (GTask *task, gboolean result)
{
  release (task);
  REAL (g_task_return_boolean) (task, result);
}

void
g_task_return_error (GTask *task, GError *error)
{
  release (task);
  REAL (g_task_return_error) (task, error);
}

void
g_task_return_new_error (GTask *task, GQuark domain, gint code,
                         const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_task_return_error (task,
                       g_error_new_valist (domain, code, format, arguments));
  va_end (arguments);
}

gpointer
g_task_propagate_pointer (GTask *task, GError **error)
{
  acquire (task);
  return REAL (g_task_propagate_pointer) (task, error);
}

gboolean
g_task_propagate_boolean (GTask *task, GError **error)
{
  acquire (task);
  return REAL (g_task_propagate_boolean) (task, error);
}
