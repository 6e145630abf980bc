/* SPDX-License-Identifier: MIT */
#include "ingest/pipeline-branch.h"

#include "ingest/ingest.h"

#include <gst/app/gstappsink.h>

typedef struct {
  WcPipelineSampleFunc func;
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

static GstElement *
parse_branch (const char *name, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *text = wc_pipeline_load_text (name, &cause);
  GstElement *bin =
      text != NULL ? gst_parse_bin_from_description_full (
                         text, TRUE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &cause)
                   : NULL;

  if (bin == NULL)
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
                 "pipeline \"%s\": %s", name, cause->message);
  return bin;
}

/* Takes over @sink. */
static gboolean
connect_sink (GstElement *bin, const char *name, Sink *sink, GError **error)
{
  GstAppSinkCallbacks callbacks = {.new_sample = on_new_sample};
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (bin), "out");

  if (out == NULL || !GST_IS_APP_SINK (out)) {
    sink_free (sink);
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
                 "pipeline \"%s\" has no appsink \"out\"", name);
    return FALSE;
  }
  gst_app_sink_set_callbacks (GST_APP_SINK (out), &callbacks, sink, sink_free);
  return TRUE;
}

static gboolean
link_branch (GstPad *pad, GstElement *bin, const char *name, GError **error)
{
  g_autoptr (GstElement) element = gst_pad_get_parent_element (pad);
  g_autoptr (GstObject) pipeline =
      element != NULL ? gst_object_get_parent (GST_OBJECT (element)) : NULL;
  g_autoptr (GstPad) sink = gst_element_get_static_pad (bin, "sink");

  if (pipeline != NULL && sink != NULL &&
      gst_bin_add (GST_BIN (pipeline), bin) &&
      gst_element_sync_state_with_parent (bin) &&
      gst_pad_link (pad, sink) == GST_PAD_LINK_OK)
    return TRUE;
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
               "pipeline \"%s\" does not fit what the demuxer shows", name);
  return FALSE;
}

gboolean
wc_pipeline_branch (GstPad *pad, const char *name, WcPipelineSampleFunc func,
                    gpointer user_data, GDestroyNotify destroy, GError **error)
{
  g_autoptr (GstElement) bin = parse_branch (name, error);
  Sink *sink;

  if (bin == NULL) {
    destroy (user_data);
    return FALSE;
  }
  gst_object_ref_sink (bin);
  sink = g_new (Sink, 1);
  *sink = (Sink){func, user_data, destroy};
  return connect_sink (bin, name, sink, error) &&
         link_branch (pad, bin, name, error);
}
