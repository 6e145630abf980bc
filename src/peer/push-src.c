/* SPDX-License-Identifier: MIT */
#include "peer/push-src.h"

struct _WcPushSrc {
  GstElement parent;
  GstPad *pad;    /* owned by the element */
  GstCaps *caps;  /* nullable */
  gboolean began; /* the sticky events were sent; the pusher's */
};

G_DEFINE_FINAL_TYPE (WcPushSrc, wc_push_src, GST_TYPE_ELEMENT)

static GstStaticPadTemplate template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

/* Live: there is nothing to preroll. */
static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstStateChangeReturn result = GST_ELEMENT_CLASS (wc_push_src_parent_class)
                                    ->change_state (element, transition);

  if (result != GST_STATE_CHANGE_FAILURE &&
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED ||
       transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED))
    return GST_STATE_CHANGE_NO_PREROLL;
  return result;
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

/* Requests for key frames and the like are read from RTCP itself. */
static gboolean
on_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  gst_event_unref (event);
  return TRUE;
}

static void
wc_push_src_dispose (GObject *object)
{
  gst_clear_caps (&WC_PUSH_SRC (object)->caps);
  G_OBJECT_CLASS (wc_push_src_parent_class)->dispose (object);
}

static void
wc_push_src_class_init (WcPushSrcClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = wc_push_src_dispose;
  GST_ELEMENT_CLASS (klass)->change_state = change_state;
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (klass),
                                             &template);
  gst_element_class_set_static_metadata (
      GST_ELEMENT_CLASS (klass), "Push source", "Source",
      "Is pushed from outside, without a thread", "whepcast");
}

static void
wc_push_src_init (WcPushSrc *src)
{
  src->pad = gst_pad_new_from_static_template (&template, "src");
  gst_pad_set_query_function (src->pad, on_query);
  gst_pad_set_event_function (src->pad, on_event);
  gst_element_add_pad (GST_ELEMENT (src), src->pad);
  GST_OBJECT_FLAG_SET (src, GST_ELEMENT_FLAG_SOURCE);
}

WcPushSrc *
wc_push_src_new (GstCaps *caps)
{
  WcPushSrc *src = g_object_new (WC_TYPE_PUSH_SRC, NULL);

  gst_caps_replace (&src->caps, caps);
  return src;
}

static void
begin (WcPushSrc *src)
{
  GstSegment segment;
  g_autofree char *stream_id =
      gst_pad_create_stream_id (src->pad, GST_ELEMENT (src), NULL);

  src->began = TRUE;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (src->pad, gst_event_new_stream_start (stream_id));
  if (src->caps != NULL)
    gst_pad_push_event (src->pad, gst_event_new_caps (src->caps));
  gst_pad_push_event (src->pad, gst_event_new_segment (&segment));
}

void
wc_push_src_flush (WcPushSrc *src)
{
  gst_pad_push_event (src->pad, gst_event_new_flush_start ());
  gst_pad_push_event (src->pad, gst_event_new_flush_stop (FALSE));
  src->began = FALSE;
}

GstFlowReturn
wc_push_src_push (WcPushSrc *src, GstBuffer *buffer)
{
  if (!src->began)
    begin (src);
  return gst_pad_push (src->pad, buffer);
}
