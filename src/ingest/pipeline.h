/* SPDX-License-Identifier: MIT */
/* A GStreamer pipeline made from a text of pipelines/. Parameters are set as
 * properties of its named elements, never pasted into the text.
 *
 * GObject, main thread only. What its bus says arrives on the main context.
 * State changes run on a thread of their own; one that is not finished after
 * 10 s is abandoned: the GStreamer objects are leaked on purpose, counted and
 * logged, and the owner builds a new pipeline. */
#pragma once

#include "ingest/sample-sink.h"

#include <gst/gst.h>

#define WC_TYPE_PIPELINE (wc_pipeline_get_type ())
G_DECLARE_FINAL_TYPE (WcPipeline, wc_pipeline, WC, PIPELINE, GObject)

/** Texts in @directory (nullable: none) named <name>.pipeline are taken in
 * place of those compiled in. Set before the first pipeline is made. */
void wc_pipeline_set_directory (const char *directory);
/** For tests; 0: the default of 10000. */
void wc_pipeline_set_deadline_ms (guint deadline_ms);
/** State changes abandoned since the program began. */
guint wc_pipeline_abandoned (void);
/** Pipelines whose state is being changed, without those abandoned. A program
 * that ends before would pull GLib from under their threads. Any thread. */
guint wc_pipeline_n_changing (void);

/** The text of @name as gst_parse_launch () gets it: lines that begin with '#'
 * are left out, and lines that begin with "?ELEMENT " when there is no such
 * element. (transfer full) */
char *wc_pipeline_load_text (const char *name, GError **error);

/** Parses the text of @name. @label: for the log. Does not start. Errors are
 * WC_INGEST_ERROR_INTERNAL and name what is missing. */
WcPipeline *wc_pipeline_new (const char *name, const char *label,
                             GError **error);

/** Whether GStreamer has an element of this kind. */
gboolean wc_pipeline_has_element (const char *factory);

/** Set a property before wc_pipeline_play (). A text without the element, or an
 * element without the property, is an error: an operator's text may be wrong.
 */
gboolean wc_pipeline_set_uint (WcPipeline *pipeline, const char *element,
                               const char *property, guint value,
                               GError **error);
gboolean wc_pipeline_set_string (WcPipeline *pipeline, const char *element,
                                 const char *property, const char *value,
                                 GError **error);
gboolean wc_pipeline_set_object (WcPipeline *pipeline, const char *element,
                                 const char *property, gpointer object,
                                 GError **error);
gboolean wc_pipeline_set_caps (WcPipeline *pipeline, const char *element,
                               const char *property, const GstCaps *caps,
                               GError **error);

/** An element of the text, for its signals. The error says that there is none.
 * (transfer full) */
GstElement *wc_pipeline_get_element (WcPipeline *pipeline, const char *element,
                                     GError **error);

/** @sink: an appsink; see wc_sample_sink_connect (). The error says that there
 * is none. */
gboolean wc_pipeline_connect_sink (WcPipeline *pipeline, const char *sink,
                                   WcSampleFunc func, gpointer user_data,
                                   GDestroyNotify destroy, GError **error);

/** @func is called on a streaming thread for each pad that @element, a demuxer,
 * shows, and with NULL when it has shown all; see pipeline-branch.h. @user_data
 * is let go with @destroy after the last call. */
typedef void (*WcPipelinePadFunc) (GstPad *pad, gpointer user_data);
gboolean wc_pipeline_connect_pads (WcPipeline *pipeline, const char *element,
                                   WcPipelinePadFunc func, gpointer user_data,
                                   GDestroyNotify destroy, GError **error);

void wc_pipeline_play (WcPipeline *pipeline);
/** Begins the tear-down. Idempotent; also done when the last reference goes. */
void wc_pipeline_stop (WcPipeline *pipeline);
/** After wc_pipeline_stop (): waits, on the calling thread, until nothing of it
 * runs any more. Returns FALSE when that took more than @timeout_ms. */
gboolean wc_pipeline_wait_stopped (WcPipeline *pipeline, guint timeout_ms);

/** Asks the encoder before @sink for a key frame. */
void wc_pipeline_force_key_frame (WcPipeline *pipeline, const char *sink);

/** Whether it has "failed" because its stream has come to the end. */
gboolean wc_pipeline_has_ended (WcPipeline *pipeline);

/* Signal, main thread: "failed" (WcPipeline *, const char *reason): it will not
 * go on; at most once. Also for the end of a stream. */
