/* SPDX-License-Identifier: MIT */
/* The end of a pipeline, or of a part of one: what an appsink hands out. Any
 * thread. */
#pragma once

#include <gst/gst.h>

typedef void (*WcSampleFunc) (GstSample *sample, gpointer user_data);

/** @func is called on its streaming thread for each sample of the appsink @name
 * of @bin; @user_data is let go with @destroy after the last call, or at once
 * when there is none of that name: FALSE. */
gboolean wc_sample_sink_connect (GstElement *bin, const char *name,
                                 WcSampleFunc func, gpointer user_data,
                                 GDestroyNotify destroy);
