/* SPDX-License-Identifier: MIT */
/* Whether an element of a pipeline is about to open its source, which it says
 * on the bus (GstProgress "open"). rtspsrc, when that fails, frees its streams
 * on its own thread after it has posted the error, and a state change meanwhile
 * reads them: up to GStreamer 1.22 at least that is a crash.
 *
 * Reference-counted: the bus has one reference. Any thread. */
#pragma once

#include <gst/gst.h>

typedef struct WcOpenWatch WcOpenWatch;

/** Becomes the sync handler of @bus. */
WcOpenWatch *wc_open_watch_new (GstBus *bus);
void wc_open_watch_unref (WcOpenWatch *watch);

/** From now on nobody reads the bus: what is posted is dropped. */
void wc_open_watch_mute (WcOpenWatch *watch);

/** Until nothing is being opened, or for @timeout_ms. */
void wc_open_watch_wait (WcOpenWatch *watch, guint timeout_ms);
