/* SPDX-License-Identifier: MIT */
#include "peer/ice-sink.h"

struct _WcIceSink {
  GstElement parent;
  WcIceSendFunc send;
  gpointer user_data;
};

G_DEFINE_FINAL_TYPE (WcIceSink, wc_ice_sink, GST_TYPE_ELEMENT)

static GstStaticPadTemplate template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static void
send_buffer (WcIceSink *sink, GstBuffer *buffer)
{
  GstMapInfo map;

  if (gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    sink->send (map.data, map.size, sink->user_data);
    gst_buffer_unmap (buffer, &map);
  }
}

static GstFlowReturn
on_buffer (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  send_buffer (WC_ICE_SINK (parent), buffer);
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static GstFlowReturn
on_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  guint n = gst_buffer_list_length (list);

  for (guint i = 0; i < n; i++)
    send_buffer (WC_ICE_SINK (parent), gst_buffer_list_get (list, i));
  gst_buffer_list_unref (list);
  return GST_FLOW_OK;
}

static gboolean
on_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY) {
    gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  }
  return gst_pad_query_default (pad, parent, query);
}

static void
wc_ice_sink_class_init (WcIceSinkClass *klass)
{
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (klass),
                                             &template);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass), "ICE sink",
                                         "Sink", "Sends datagrams to a viewer",
                                         "whepcast");
}

static void
wc_ice_sink_init (WcIceSink *sink)
{
  GstPad *pad = gst_pad_new_from_static_template (&template, "sink");

  gst_pad_set_chain_function (pad, on_buffer);
  gst_pad_set_chain_list_function (pad, on_list);
  gst_pad_set_query_function (pad, on_query);
  gst_element_add_pad (GST_ELEMENT (sink), pad);
  GST_OBJECT_FLAG_SET (sink, GST_ELEMENT_FLAG_SINK);
}

WcIceSink *
wc_ice_sink_new (WcIceSendFunc send, gpointer user_data)
{
  WcIceSink *sink = g_object_new (WC_TYPE_ICE_SINK, NULL);

  sink->send = send;
  sink->user_data = user_data;
  return sink;
}
