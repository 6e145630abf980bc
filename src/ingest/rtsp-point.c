/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-point.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define ANSWER_TIMEOUT_S 5

struct WcRtspPoint {
  atomic_uint refs;
  /* constant */
  char *id;
  const WcRtspPointFuncs *funcs;
  atomic_bool open;
  pthread_mutex_t lock; /* guards @token */
  char *token;
  /* the main thread's */
  gboolean attached;
  gpointer user_data;
};

void
wc_rtsp_verdict_set (WcRtspVerdict *verdict, guint status, const char *format,
                     ...)
{
  va_list args;

  va_start (args, format);
  vsnprintf (verdict->message, sizeof verdict->message, format, args);
  va_end (args);
  verdict->status = status;
}

/* --- life ----------------------------------------------------------------- */

WcRtspPoint *
wc_rtsp_point_new (const char *id, const char *token,
                   const WcRtspPointFuncs *funcs, gpointer user_data)
{
  WcRtspPoint *self = g_new0 (WcRtspPoint, 1);

  atomic_init (&self->refs, 1);
  atomic_init (&self->open, FALSE);
  self->id = g_strdup (id);
  self->token = g_strdup (token);
  self->funcs = funcs;
  self->user_data = user_data;
  self->attached = TRUE;
  pthread_mutex_init (&self->lock, NULL);
  return self;
}

WcRtspPoint *
wc_rtsp_point_ref (WcRtspPoint *self)
{
  atomic_fetch_add_explicit (&self->refs, 1, memory_order_relaxed);
  return self;
}

void
wc_rtsp_point_unref (WcRtspPoint *self)
{
  if (atomic_fetch_sub_explicit (&self->refs, 1, memory_order_acq_rel) != 1)
    return;
  pthread_mutex_destroy (&self->lock);
  g_free (self->id);
  g_free (self->token);
  g_free (self);
}

void
wc_rtsp_point_set_open (WcRtspPoint *self, gboolean open)
{
  atomic_store (&self->open, open);
}

void
wc_rtsp_point_set_token (WcRtspPoint *self, const char *token)
{
  pthread_mutex_lock (&self->lock);
  g_free (self->token);
  self->token = g_strdup (token);
  pthread_mutex_unlock (&self->lock);
}

void
wc_rtsp_point_detach (WcRtspPoint *self)
{
  atomic_store (&self->open, FALSE);
  self->attached = FALSE;
  self->user_data = NULL;
}

const char *
wc_rtsp_point_id (const WcRtspPoint *self)
{
  return self->id;
}

char *
wc_rtsp_point_dup_token (WcRtspPoint *self)
{
  char *token;

  pthread_mutex_lock (&self->lock);
  token = g_strdup (self->token);
  pthread_mutex_unlock (&self->lock);
  return token;
}

gboolean
wc_rtsp_point_is_open (WcRtspPoint *self)
{
  return atomic_load (&self->open);
}

/* --- to the main thread --------------------------------------------------- */

static void
post (GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, destroy);
  g_source_attach (source, NULL);
}

/* A question and its answer; who asked may have stopped waiting. */
typedef struct {
  atomic_uint refs;
  WcRtspPoint *point;
  WcRtspPublisher *publisher;
  pthread_mutex_t lock; /* guards what follows */
  pthread_cond_t answered;
  gboolean done, given_up;
  WcRtspVerdict verdict;
} Question;

static Question *
question_new (WcRtspPoint *point, WcRtspPublisher *publisher)
{
  Question *question = g_new0 (Question, 1);

  atomic_init (&question->refs, 2);
  question->point = wc_rtsp_point_ref (point);
  question->publisher = wc_rtsp_publisher_ref (publisher);
  pthread_mutex_init (&question->lock, NULL);
  wc_clock_init_cond (&question->answered);
  return question;
}

static void
question_unref (gpointer data)
{
  Question *question = data;

  if (atomic_fetch_sub_explicit (&question->refs, 1, memory_order_acq_rel) != 1)
    return;
  wc_rtsp_publisher_unref (question->publisher);
  wc_rtsp_point_unref (question->point);
  pthread_cond_destroy (&question->answered);
  pthread_mutex_destroy (&question->lock);
  g_free (question);
}

/* Never answered after somebody stopped waiting: the source would believe in a
 * publisher that was sent away. So the lock is held all the time. */
static gboolean
on_announced (gpointer user_data)
{
  Question *question = user_data;
  WcRtspPoint *point = question->point;

  pthread_mutex_lock (&question->lock);
  if (!question->given_up) {
    if (point->attached)
      point->funcs->announced (question->publisher, &question->verdict,
                               point->user_data);
    else
      wc_rtsp_verdict_set (&question->verdict, 404,
                           "there is no mountpoint %s any more", point->id);
    question->done = TRUE;
    pthread_cond_signal (&question->answered);
  }
  pthread_mutex_unlock (&question->lock);
  return G_SOURCE_REMOVE;
}

void
wc_rtsp_point_announce (WcRtspPoint *self, WcRtspPublisher *publisher,
                        WcRtspVerdict *verdict)
{
  Question *question = question_new (self, publisher);
  gint64 deadline_us;
  gboolean in_time = TRUE;

  post (on_announced, question, question_unref);
  deadline_us = wc_clock_now_us () + ANSWER_TIMEOUT_S * G_USEC_PER_SEC;
  pthread_mutex_lock (&question->lock);
  while (!question->done && in_time)
    in_time = wc_clock_wait (&question->answered, &question->lock, deadline_us);
  question->given_up = !question->done;
  *verdict = question->verdict;
  if (question->given_up)
    wc_rtsp_verdict_set (verdict, 503, "the server is busy; try again");
  pthread_mutex_unlock (&question->lock);
  question_unref (question);
}

typedef struct {
  WcRtspPoint *point;
  WcRtspPublisher *publisher;
  gboolean said_goodbye;
} Gone;

static void
gone_free (gpointer data)
{
  Gone *gone = data;

  wc_rtsp_publisher_unref (gone->publisher);
  wc_rtsp_point_unref (gone->point);
  g_free (gone);
}

static gboolean
on_gone (gpointer user_data)
{
  Gone *gone = user_data;
  WcRtspPoint *point = gone->point;

  if (point->attached)
    point->funcs->gone (gone->publisher, gone->said_goodbye, point->user_data);
  return G_SOURCE_REMOVE;
}

void
wc_rtsp_point_post_gone (WcRtspPoint *self, WcRtspPublisher *publisher,
                         gboolean said_goodbye)
{
  Gone *gone = g_new0 (Gone, 1);

  gone->point = wc_rtsp_point_ref (self);
  gone->publisher = wc_rtsp_publisher_ref (publisher);
  gone->said_goodbye = said_goodbye;
  post (on_gone, gone, gone_free);
}
