/* SPDX-License-Identifier: MIT */
/* A running conversion: frames go in, RTP of what browsers play comes out. One
 * pipeline of pipelines/convert-*, made when somebody watches and thrown away
 * when nobody does or it is stuck.
 *
 * Reference-counted. Made and stopped by the main thread; pushed by a streaming
 * thread; what comes out is given to a callback on a thread of the pipeline. */
#pragma once

#include "ingest/conversion.h"

typedef struct WcConverter WcConverter;

/** @rtp: one packet; its timestamp and number mean nothing. @pts: that of the
 * frame that went in, in nanoseconds. */
typedef void (*WcConverterFunc) (gpointer user_data, const guint8 *rtp,
                                 gsize size, GstClockTime pts);

/** Makes and starts it. @label: for the log. @user_data is let go with @destroy
 * when nothing can call @func any more, on any thread. */
WcConverter *wc_converter_new (const WcConversion *conversion,
                               const char *label, WcConverterFunc func,
                               gpointer user_data, GDestroyNotify destroy,
                               GError **error);
WcConverter *wc_converter_ref (WcConverter *self);
/** Any thread, after wc_converter_stop (). */
void wc_converter_unref (WcConverter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcConverter, wc_converter_unref)

/** The main thread. Begins the tear-down; idempotent. */
void wc_converter_stop (WcConverter *self);

/** Any thread; never blocks. What the decoder is seconds behind with is
 * dropped. @pts: GST_CLOCK_TIME_NONE for the rest of a frame. */
void wc_converter_push (WcConverter *self, const guint8 *data, gsize size,
                        GstClockTime pts, gint64 now_us);
/** Pictures before @pts are decoded, as others refer to them, but not encoded:
 * for one that begins in the past. Before the first push. */
void wc_converter_skip_until (WcConverter *self, GstClockTime pts);

/** The main thread: why it will not go on, or NULL. What went in
 * `stuck_ms` ago (3000) and brought nothing out counts. */
const char *wc_converter_check (WcConverter *self, gint64 now_us);

/** Processor time of it so far, in microseconds. Any thread. */
guint64 wc_converter_cpu_us (WcConverter *self);
/** Converters that run, of all sources. Any thread. */
guint wc_converter_running (void);
