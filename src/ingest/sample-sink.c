/* SPDX-License-Identifier: MIT */
#include "ingest/sample-sink.h"

#include <gst/app/gstappsink.h>

typedef struct {
  WcSampleFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} Sink;

static void
sink_free (gpointer data)
{
  Sink *sink = data;

  sink->destroy (sink->user_data);
  g_free (sink);
}

static GstFlowReturn
on_new_sample (GstAppSink *appsink, gpointer user_data)
{
  const Sink *sink = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_try_pull_sample (appsink, 0);

  if (sample != NULL)
    sink->func (sample, sink->user_data);
  return GST_FLOW_OK;
}

gboolean
wc_sample_sink_connect (GstElement *bin, const char *name, WcSampleFunc func,
                        gpointer user_data, GDestroyNotify destroy)
{
  GstAppSinkCallbacks callbacks = {.new_sample = on_new_sample};
  g_autoptr (GstElement) element = gst_bin_get_by_name (GST_BIN (bin), name);

  if (element == NULL || !GST_IS_APP_SINK (element)) {
    destroy (user_data);
    return FALSE;
  }

  Sink *sink = g_new (Sink, 1);
  *sink = (Sink){func, user_data, destroy};
  gst_app_sink_set_callbacks (GST_APP_SINK (element), &callbacks, sink,
                              sink_free);
  return TRUE;
}
