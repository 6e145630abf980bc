/* SPDX-License-Identifier: MIT */
/* One track of a pipeline of our own making (kind=test): what its payloader
 * makes goes through a normaliser into the engine's track, and the pipeline's
 * clock stands for the sender reports. Reference-counted; a mutex inside: the
 * streaming thread pushes, the main thread looks on. */
#pragma once

#include "engine/normaliser.h"

#include <gst/gst.h>

typedef struct WcTestTrack WcTestTrack;

/** @track and @clock are referenced. */
WcTestTrack *wc_test_track_new (WcTrack *track, WcSourceClock *clock);
WcTestTrack *wc_test_track_ref (WcTestTrack *self);
/** @self: a WcTestTrack; a GDestroyNotify. */
void wc_test_track_unref (gpointer self);

/** A WcPipelineSampleFunc, with a WcTestTrack as @user_data. */
void wc_test_track_take_sample (GstSample *sample, gpointer user_data);

/** A new pipeline follows. */
void wc_test_track_open (WcTestTrack *self);
/** What still comes is dropped, and the packets are forgotten. */
void wc_test_track_close (WcTestTrack *self);
void wc_test_track_flush (WcTestTrack *self, gint64 now_us);
void wc_test_track_get_stats (WcTestTrack *self, WcNormaliserStats *stats);
