/* SPDX-License-Identifier: MIT */
/* A source element without a task: whoever has a buffer pushes it from the
 * thread he is on. It stands in for nicesrc and for the payloaders in front of
 * a webrtcbin, and costs no thread. One pusher at a time. */
#pragma once

#include <gst/gst.h>

#define WC_TYPE_PUSH_SRC (wc_push_src_get_type ())
G_DECLARE_FINAL_TYPE (WcPushSrc, wc_push_src, WC, PUSH_SRC, GstElement)

/** @caps: nullable, referenced; announced before the first buffer.
 * Returns a floating reference, like gst_element_factory_make (). */
WcPushSrc *wc_push_src_new (GstCaps *caps);

/** What was pushed and is queued downstream is dropped. Nobody pushes. */
void wc_push_src_flush (WcPushSrc *src);

/** @buffer: (transfer full). */
GstFlowReturn wc_push_src_push (WcPushSrc *src, GstBuffer *buffer);
