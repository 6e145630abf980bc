/* SPDX-License-Identifier: MIT */
/* Changes the state of one GStreamer pipeline on threads of its own, so that
 * one that hangs takes nothing with it. Reference-counted; functions are for
 * the main thread. It owns the pipeline: the last reference, which may be that
 * of a thread, disposes of it in state NULL. */
#pragma once

#include <gst/gst.h>

typedef struct WcStateThread WcStateThread;

/** On the main context: a state change ended in failure or was abandoned (a
 * sentence). Not called after wc_state_thread_disown (). */
typedef void (*WcStateThreadFailedFunc) (const char *reason,
                                         gpointer user_data);

/** @pipeline: (transfer full). @label: for the log. */
WcStateThread *wc_state_thread_new (GstElement *pipeline, const char *label,
                                    WcStateThreadFailedFunc failed,
                                    gpointer user_data);
/** Brings the pipeline to NULL by and by, and drops the owner's reference. Its
 * bus is not read any more: what is posted from now on is dropped. */
void wc_state_thread_disown (WcStateThread *self);

/** Changes to @state, after what was asked for before. */
void wc_state_thread_set (WcStateThread *self, GstState state);

/** Waits until the state asked for last is reached. FALSE: it took longer. */
gboolean wc_state_thread_wait (WcStateThread *self, guint timeout_ms);

/** See pipeline.h. */
void wc_state_thread_set_deadline_ms (guint deadline_ms);
guint wc_state_thread_abandoned (void);
guint wc_state_thread_n_changing (void);
