/* SPDX-License-Identifier: MIT */
#include "ingest/state-thread.h"

#include "base/clock.h"
#include "base/log.h"
#include "ingest/open-watch.h"

#include <pthread.h>
#include <stdatomic.h>

#define DEFAULT_DEADLINE_MS 10000
/* How long a source that is being opened may take to the end of that, which
 * after an error is a moment, before it is broken off. */
#define OPEN_WAIT_MS 300

struct WcStateThread {
  atomic_uint refs;
  char *label;
  GstElement *pipeline;
  WcOpenWatch *opening;

  /* main thread only */
  WcStateThreadFailedFunc failed; /* NULL: disowned */
  gpointer user_data;
  guint deadline_source;
  gboolean abandoned;

  pthread_mutex_t lock;   /* guards what follows */
  pthread_cond_t stopped; /* `running` became FALSE */
  GstState wanted, current;
  gboolean running;
  gboolean counted; /* in n_changing */
  gboolean refused; /* a change ended in GST_STATE_CHANGE_FAILURE */
};

static guint deadline_ms = DEFAULT_DEADLINE_MS;
static atomic_uint n_abandoned, n_changing;

void
wc_state_thread_set_deadline_ms (guint value)
{
  deadline_ms = value != 0 ? value : DEFAULT_DEADLINE_MS;
}

guint
wc_state_thread_abandoned (void)
{
  return atomic_load (&n_abandoned);
}

guint
wc_state_thread_n_changing (void)
{
  return atomic_load (&n_changing);
}

/* --- life ------------------------------------------------------------------
 */

static WcStateThread *
state_thread_ref (WcStateThread *self)
{
  atomic_fetch_add_explicit (&self->refs, 1, memory_order_relaxed);
  return self;
}

static void
state_thread_unref (gpointer data)
{
  WcStateThread *self = data;

  if (atomic_fetch_sub_explicit (&self->refs, 1, memory_order_acq_rel) != 1)
    return;
  wc_open_watch_unref (self->opening);
  gst_object_unref (self->pipeline);
  pthread_cond_destroy (&self->stopped);
  pthread_mutex_destroy (&self->lock);
  g_free (self->label);
  g_free (self);
}

WcStateThread *
wc_state_thread_new (GstElement *pipeline, const char *label,
                     WcStateThreadFailedFunc failed, gpointer user_data)
{
  WcStateThread *self = g_new0 (WcStateThread, 1);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);

  atomic_init (&self->refs, 1);
  self->label = g_strdup (label);
  self->pipeline = pipeline;
  self->opening = wc_open_watch_new (bus);
  self->failed = failed;
  self->user_data = user_data;
  self->wanted = self->current = GST_STATE_NULL;
  pthread_mutex_init (&self->lock, NULL);
  wc_clock_init_cond (&self->stopped);
  return self;
}

void
wc_state_thread_disown (WcStateThread *self)
{
  self->failed = NULL;
  wc_open_watch_mute (self->opening);
  wc_state_thread_set (self, GST_STATE_NULL);
  state_thread_unref (self);
}

/* --- what the main context hears ------------------------------------------
 */

static void
report (WcStateThread *self, const char *reason)
{
  if (self->failed != NULL)
    self->failed (reason, self->user_data);
}

static gboolean
on_thread_done (gpointer data)
{
  WcStateThread *self = data;
  gboolean refused, running;

  pthread_mutex_lock (&self->lock);
  refused = self->refused;
  running = self->running;
  self->refused = FALSE;
  pthread_mutex_unlock (&self->lock);

  if (!running)
    g_clear_handle_id (&self->deadline_source, g_source_remove);
  if (refused)
    report (self, "an element of the pipeline would not start");
  return G_SOURCE_REMOVE;
}

static void
uncount (WcStateThread *self)
{
  pthread_mutex_lock (&self->lock);
  if (self->counted)
    atomic_fetch_sub (&n_changing, 1);
  self->counted = FALSE;
  pthread_mutex_unlock (&self->lock);
}

/* Whoever hangs in there keeps the reference of its thread: that is the leak.
 */
static gboolean
on_deadline (gpointer data)
{
  WcStateThread *self = data;

  self->deadline_source = 0;
  if (!self->abandoned) {
    self->abandoned = TRUE;
    atomic_fetch_add (&n_abandoned, 1);
    uncount (self);
    wc_warning ("%s: a state change did not finish in %u ms; its pipeline is "
                "abandoned (%u so far)",
                self->label, deadline_ms, wc_state_thread_abandoned ());
    report (self, "the pipeline hangs and was abandoned");
  }
  return G_SOURCE_REMOVE;
}

/* --- the thread ------------------------------------------------------------
 */

/* With the lock held, which is let go during the change. */
static void
change_state (WcStateThread *self)
{
  GstState target = self->wanted;
  GstStateChangeReturn result;

  pthread_mutex_unlock (&self->lock);
  if (target == GST_STATE_NULL)
    wc_open_watch_wait (self->opening, OPEN_WAIT_MS);
  result = gst_element_set_state (self->pipeline, target);
  pthread_mutex_lock (&self->lock);
  self->current = target;
  if (result == GST_STATE_CHANGE_FAILURE)
    self->refused = TRUE;
}

static gpointer
run_changes (gpointer data)
{
  WcStateThread *self = data;
  gboolean counted;

  pthread_mutex_lock (&self->lock);
  while (self->current != self->wanted)
    change_state (self);
  self->running = FALSE;
  counted = self->counted;
  self->counted = FALSE;
  pthread_cond_broadcast (&self->stopped);
  pthread_mutex_unlock (&self->lock);

  /* Takes over the thread's reference. */
  g_idle_add_full (G_PRIORITY_DEFAULT, on_thread_done, self,
                   state_thread_unref);
  /* Last: whoever waits for it may end the program. */
  if (counted)
    atomic_fetch_sub (&n_changing, 1);
  return NULL;
}

static void
arm_deadline (WcStateThread *self)
{
  if (self->deadline_source == 0 && !self->abandoned)
    self->deadline_source =
        g_timeout_add_full (G_PRIORITY_DEFAULT, deadline_ms, on_deadline,
                            state_thread_ref (self), state_thread_unref);
}

void
wc_state_thread_set (WcStateThread *self, GstState state)
{
  gboolean start;

  pthread_mutex_lock (&self->lock);
  self->wanted = state;
  start = !self->running && self->current != state;
  self->running |= start;
  self->counted |= start;
  if (start)
    atomic_fetch_add (&n_changing, 1);
  pthread_mutex_unlock (&self->lock);
  if (!start)
    return;

  arm_deadline (self);
  g_thread_unref (
      g_thread_new ("wc-state", run_changes, state_thread_ref (self)));
}

gboolean
wc_state_thread_wait (WcStateThread *self, guint timeout_ms)
{
  gint64 deadline_us = wc_clock_now_us () + (gint64)timeout_ms * 1000;
  gboolean in_time = TRUE;
  gboolean reached;

  pthread_mutex_lock (&self->lock);
  while (self->running && in_time)
    in_time = wc_clock_wait (&self->stopped, &self->lock, deadline_us);
  reached = !self->running;
  pthread_mutex_unlock (&self->lock);
  return reached;
}
