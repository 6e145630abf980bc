/* SPDX-License-Identifier: MIT */
#include "ingest/converter.h"

#include "base/clock.h"
#include "ingest/ingest.h"
#include "ingest/pipeline.h"

#include <gst/app/gstappsrc.h>
#include <stdatomic.h>
#include <time.h>

#define STUCK_US (3 * G_USEC_PER_SEC)

struct WcConverter {
  atomic_uint refs;
  WcConverterFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
  GstAppSrc *source;
  _Atomic gint64 waiting_since_us; /* 0: for nothing */
  _Atomic guint64 cpu_us;
  _Atomic guint64 skip_until; /* GstClockTime */
  /* the main thread's */
  WcPipeline *pipeline; /* NULL: stopped */
  char *failure;
};

static atomic_uint running;

guint
wc_converter_running (void)
{
  return atomic_load_explicit (&running, memory_order_relaxed);
}

WcConverter *
wc_converter_ref (WcConverter *self)
{
  atomic_fetch_add_explicit (&self->refs, 1, memory_order_relaxed);
  return self;
}

void
wc_converter_unref (WcConverter *self)
{
  if (atomic_fetch_sub_explicit (&self->refs, 1, memory_order_acq_rel) != 1)
    return;
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  gst_clear_object (&self->source);
  g_free (self->failure);
  g_free (self);
}

static void
unref (gpointer self)
{
  wc_converter_unref (self);
}

/* --- threads of the pipeline -----------------------------------------------
 */

/* Decoder and encoder run on the thread that brings the packets here. */
static void
note_cpu (WcConverter *self)
{
  struct timespec time;

  if (clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time) == 0)
    atomic_store_explicit (&self->cpu_us,
                           (guint64)time.tv_sec * G_USEC_PER_SEC +
                               (guint64)time.tv_nsec / 1000,
                           memory_order_relaxed);
}

static void
take_buffer (WcConverter *self, GstBuffer *buffer, const GstSegment *segment)
{
  GstClockTime pts = gst_segment_to_running_time (segment, GST_FORMAT_TIME,
                                                  GST_BUFFER_PTS (buffer));
  GstMapInfo map;

  if (!GST_CLOCK_TIME_IS_VALID (pts) ||
      !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  self->func (self->user_data, map.data, map.size, pts);
  gst_buffer_unmap (buffer, &map);
}

static void
on_sample (GstSample *sample, gpointer user_data)
{
  WcConverter *self = user_data;
  GstBufferList *list = gst_sample_get_buffer_list (sample);
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  const GstSegment *segment = gst_sample_get_segment (sample);

  atomic_store_explicit (&self->waiting_since_us, 0, memory_order_relaxed);
  note_cpu (self);
  if (buffer != NULL)
    take_buffer (self, buffer, segment);
  for (guint i = 0; list != NULL && i < gst_buffer_list_length (list); i++)
    take_buffer (self, gst_buffer_list_get (list, i), segment);
}

static GstPadProbeReturn
on_picture (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  WcConverter *self = user_data;
  GstClockTime pts = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));
  guint64 until =
      atomic_load_explicit (&self->skip_until, memory_order_relaxed);

  atomic_store_explicit (&self->waiting_since_us, 0, memory_order_relaxed);
  return GST_CLOCK_TIME_IS_VALID (pts) && pts < until ? GST_PAD_PROBE_DROP
                                                      : GST_PAD_PROBE_OK;
}

/* --- life ------------------------------------------------------------------
 */

static void
on_failed (WcPipeline *pipeline, const char *reason, WcConverter *self)
{
  if (self->failure == NULL)
    self->failure = g_strdup (reason);
}

static gboolean
watch_pictures (WcConverter *self, GError **error)
{
  g_autoptr (GstElement) decoder =
      wc_pipeline_get_element (self->pipeline, "decoder", error);
  g_autoptr (GstPad) pad =
      decoder != NULL ? gst_element_get_static_pad (decoder, "src") : NULL;

  if (pad == NULL)
    return FALSE;
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, on_picture,
                     wc_converter_ref (self), unref);
  return TRUE;
}

static gboolean
set_up (WcConverter *self, const WcConversion *conversion, GError **error)
{
  GstElement *source;

  if (!wc_pipeline_set_caps (self->pipeline, "in", "caps", conversion->caps,
                             error) ||
      !wc_pipeline_connect_sink (self->pipeline, "out", on_sample,
                                 wc_converter_ref (self), unref, error))
    return FALSE;
  source = wc_pipeline_get_element (self->pipeline, "in", error);
  if (source == NULL)
    return FALSE;
  self->source = GST_APP_SRC (source);
  g_signal_connect (self->pipeline, "failed", G_CALLBACK (on_failed), self);
  return conversion->target->media != WC_MEDIA_VIDEO ||
         watch_pictures (self, error);
}

static gboolean
is_available (const WcConversion *conversion, GError **error)
{
  if (conversion->pipeline != NULL)
    return TRUE;
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL, "%s",
               conversion->missing);
  return FALSE;
}

WcConverter *
wc_converter_new (const WcConversion *conversion, const char *label,
                  WcConverterFunc func, gpointer user_data,
                  GDestroyNotify destroy, GError **error)
{
  g_autoptr (WcConverter) self = g_new0 (WcConverter, 1);

  atomic_init (&self->refs, 1);
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  if (!is_available (conversion, error))
    return NULL;
  self->pipeline = wc_pipeline_new (conversion->pipeline, label, error);
  if (self->pipeline == NULL)
    return NULL;
  atomic_fetch_add_explicit (&running, 1, memory_order_relaxed);
  if (!set_up (self, conversion, error)) {
    wc_converter_stop (self);
    return NULL;
  }
  wc_pipeline_play (self->pipeline);
  return g_steal_pointer (&self);
}

void
wc_converter_stop (WcConverter *self)
{
  if (self->pipeline == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->pipeline, self);
  wc_pipeline_stop (self->pipeline);
  g_clear_object (&self->pipeline);
  atomic_fetch_sub_explicit (&running, 1, memory_order_relaxed);
}

/* --- going in --------------------------------------------------------------
 */

void
wc_converter_skip_until (WcConverter *self, GstClockTime pts)
{
  atomic_store_explicit (&self->skip_until, pts, memory_order_relaxed);
}

void
wc_converter_push (WcConverter *self, const guint8 *data, gsize size,
                   GstClockTime pts, gint64 now_us)
{
  GstBuffer *buffer = gst_buffer_new_memdup (data, size);
  gint64 nothing = 0;

  GST_BUFFER_PTS (buffer) = pts;
  atomic_compare_exchange_strong (&self->waiting_since_us, &nothing, now_us);
  gst_app_src_push_buffer (self->source, buffer);
}

const char *
wc_converter_check (WcConverter *self, gint64 now_us)
{
  gint64 since =
      atomic_load_explicit (&self->waiting_since_us, memory_order_relaxed);

  if (self->failure == NULL && since != 0 && now_us - since > STUCK_US)
    self->failure = g_strdup ("nothing comes out of it any more");
  return self->failure;
}

guint64
wc_converter_cpu_us (WcConverter *self)
{
  return atomic_load_explicit (&self->cpu_us, memory_order_relaxed);
}
