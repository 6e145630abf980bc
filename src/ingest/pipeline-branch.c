/* SPDX-License-Identifier: MIT */
#include "ingest/pipeline-branch.h"

#include "ingest/ingest.h"

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
wc_pipeline_branch (GstPad *pad, const char *name, WcSampleFunc func,
                    gpointer user_data, GDestroyNotify destroy, GError **error)
{
  g_autoptr (GstElement) bin = parse_branch (name, error);

  if (bin == NULL) {
    destroy (user_data);
    return FALSE;
  }
  gst_object_ref_sink (bin);
  if (!wc_sample_sink_connect (bin, "out", func, user_data, destroy)) {
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
                 "pipeline \"%s\" has no appsink \"out\"", name);
    return FALSE;
  }
  return link_branch (pad, bin, name, error);
}
