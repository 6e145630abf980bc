/* SPDX-License-Identifier: MIT */
#include "ingest/open-watch.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>

struct WcOpenWatch {
  atomic_uint refs;
  atomic_bool muted;
  pthread_mutex_t lock; /* guards what follows */
  pthread_cond_t changed;
  gboolean opening;
};

static void
note_progress (WcOpenWatch *watch, GstMessage *message)
{
  GstProgressType type;
  g_autofree char *code = NULL;

  gst_message_parse_progress (message, &type, &code, NULL);
  if (g_strcmp0 (code, "open") != 0 || type == GST_PROGRESS_TYPE_CONTINUE)
    return;
  pthread_mutex_lock (&watch->lock);
  watch->opening = type == GST_PROGRESS_TYPE_START;
  pthread_cond_broadcast (&watch->changed);
  pthread_mutex_unlock (&watch->lock);
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  WcOpenWatch *watch = user_data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_PROGRESS)
    note_progress (watch, message);
  if (!atomic_load (&watch->muted))
    return GST_BUS_PASS;
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static void
unref (gpointer watch)
{
  wc_open_watch_unref (watch);
}

WcOpenWatch *
wc_open_watch_new (GstBus *bus)
{
  WcOpenWatch *watch = g_new0 (WcOpenWatch, 1);

  atomic_init (&watch->refs, 2);
  pthread_mutex_init (&watch->lock, NULL);
  wc_clock_init_cond (&watch->changed);
  gst_bus_set_sync_handler (bus, on_message, watch, unref);
  return watch;
}

void
wc_open_watch_unref (WcOpenWatch *watch)
{
  if (atomic_fetch_sub (&watch->refs, 1) != 1)
    return;
  pthread_mutex_destroy (&watch->lock);
  pthread_cond_destroy (&watch->changed);
  g_free (watch);
}

void
wc_open_watch_mute (WcOpenWatch *watch)
{
  atomic_store (&watch->muted, TRUE);
}

void
wc_open_watch_wait (WcOpenWatch *watch, guint timeout_ms)
{
  gint64 deadline_us = wc_clock_now_us () + (gint64)timeout_ms * 1000;
  gboolean in_time = TRUE;

  pthread_mutex_lock (&watch->lock);
  while (watch->opening && in_time)
    in_time = wc_clock_wait (&watch->changed, &watch->lock, deadline_us);
  pthread_mutex_unlock (&watch->lock);
}
