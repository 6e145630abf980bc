/* SPDX-License-Identifier: MIT */
/* A part of a pipeline, made from a text of pipelines/ of its own, that
 * continues what a demuxer shows. Its first element has an unlinked sink pad,
 * its last is an appsink `out`. Any thread: demuxers show their pads on
 * streaming threads. */
#pragma once

#include "ingest/pipeline.h"

/** Makes the part @name, adds it to the pipeline that @pad belongs to, and
 * links it. Samples go to @func; @user_data is let go with @destroy, on failure
 * too. Errors: WC_INGEST_ERROR_INTERNAL. */
gboolean wc_pipeline_branch (GstPad *pad, const char *name, WcSampleFunc func,
                             gpointer user_data, GDestroyNotify destroy,
                             GError **error);
