/* SPDX-License-Identifier: MIT */
/* The threads of a webrtcbin's tasks. They take after the thread that starts
 * them, which may have a lower priority than the rest (README.md). Those
 * of GStreamer's own pool are GLib's shared ones, which want the priority that
 * the first of all had: whoever is not root is refused that, once, in the log.
 */
#pragma once

#include <gst/gst.h>

/** To be called by a bus's synchronous handler for each message: a task that is
 * about to get its thread gets it of that kind. Any thread. */
void wc_task_pool_adopt (GstMessage *message);
