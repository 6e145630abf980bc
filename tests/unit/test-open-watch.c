/* SPDX-License-Identifier: MIT */
#include "ingest/open-watch.h"

#define LONG_MS 60000

typedef struct {
  GstBus *bus;
  GstElement *source;
  WcOpenWatch *watch;
} Fixture;

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->bus = gst_bus_new ();
  f->source = gst_bin_new ("source");
  f->watch = wc_open_watch_new (f->bus);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  gst_object_unref (f->bus);
  gst_object_unref (f->source);
  wc_open_watch_unref (f->watch);
}

static void
post (Fixture *f, GstProgressType type, const char *code)
{
  gst_bus_post (f->bus, gst_message_new_progress (GST_OBJECT (f->source), type,
                                                  code, "so far"));
}

static gint64
wait_ms (Fixture *f, guint timeout_ms)
{
  gint64 start_us = g_get_monotonic_time ();

  wc_open_watch_wait (f->watch, timeout_ms);
  return (g_get_monotonic_time () - start_us) / 1000;
}

static void
test_opening (Fixture *f, gconstpointer unused)
{
  g_assert_cmpint (wait_ms (f, LONG_MS), <, LONG_MS);
  post (f, GST_PROGRESS_TYPE_START, "request");
  g_assert_cmpint (wait_ms (f, LONG_MS), <, LONG_MS);

  post (f, GST_PROGRESS_TYPE_START, "open");
  g_assert_cmpint (wait_ms (f, 20), >=, 20);
  post (f, GST_PROGRESS_TYPE_CONTINUE, "open");
  post (f, GST_PROGRESS_TYPE_COMPLETE, "request");
  g_assert_cmpint (wait_ms (f, 20), >=, 20);
}

static gpointer
wait_long (gpointer data)
{
  return GINT_TO_POINTER (wait_ms (data, LONG_MS) < LONG_MS);
}

static void
test_ends (Fixture *f, gconstpointer unused)
{
  const GstProgressType ends[] = {GST_PROGRESS_TYPE_COMPLETE,
                                  GST_PROGRESS_TYPE_CANCELED,
                                  GST_PROGRESS_TYPE_ERROR};

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++) {
    post (f, GST_PROGRESS_TYPE_START, "open");
    GThread *thread = g_thread_new ("wait", wait_long, f);
    post (f, ends[i], "open");
    g_assert_true (GPOINTER_TO_INT (g_thread_join (thread)));
  }
}

static void
test_muted (Fixture *f, gconstpointer unused)
{
  g_autoptr (GstMessage) message = NULL;

  post (f, GST_PROGRESS_TYPE_START, "open");
  message = gst_bus_pop (f->bus);
  g_assert_nonnull (message);
  wc_open_watch_mute (f->watch);
  post (f, GST_PROGRESS_TYPE_ERROR, "open");
  g_assert_null (gst_bus_pop (f->bus));
  g_assert_cmpint (wait_ms (f, LONG_MS), <, LONG_MS);
}

#define ADD(name, func)                                                        \
  g_test_add ("/open-watch/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  ADD ("opening", test_opening);
  ADD ("ends", test_ends);
  ADD ("muted", test_muted);
  return g_test_run ();
}
