/* SPDX-License-Identifier: MIT */
#include "ingest/still.h"

#include "ingest/ingest.h"
#include "ingest/pipeline.h"

#include <gst/app/gstappsrc.h>
#include <pthread.h>
#include <stdatomic.h>

/* A decoder that takes longer is stuck. */
#define TIME_LIMIT_MS 5000
/* Of a picture that is very narrow. */
#define MAX_HEIGHT_TO_WIDTH 4

/* What the pipeline's thread takes from and leaves here. */
typedef struct {
  atomic_uint refs;
  pthread_mutex_t lock; /* guards both */
  GBytes *frame;        /* nullable: it has been taken */
  GBytes *jpeg;         /* nullable */
} Exchange;

struct WcStill {
  WcPipeline *pipeline;
  Exchange *exchange;
  WcStillFunc func;
  gpointer user_data;
  guint timeout;
};

typedef struct {
  WcCodec codec;
  const char *pipeline, *caps;
  const char *element, *package; /* which may be missing; Debian's */
} Recipe;

#define LIBAV "gstreamer1.0-libav"
#define BAD "gstreamer1.0-plugins-bad"
#define GOOD "gstreamer1.0-plugins-good"

static const Recipe recipes[] = {
    {WC_CODEC_H264, "still-h264",
     "video/x-h264,stream-format=byte-stream,alignment=au", "avdec_h264",
     LIBAV},
    {WC_CODEC_H265, "still-h265",
     "video/x-h265,stream-format=byte-stream,alignment=au", "avdec_h265",
     LIBAV},
    {WC_CODEC_VP8, "still-vp8", "video/x-vp8", "vp8dec", GOOD},
    {WC_CODEC_VP9, "still-vp9", "video/x-vp9", "vp9dec", GOOD},
    {WC_CODEC_AV1, "still-av1",
     "video/x-av1,stream-format=obu-stream,alignment=tu", "av1dec", BAD},
};

/* --- between the threads -------------------------------------------------- */

static Exchange *
exchange_new (GBytes *frame)
{
  Exchange *exchange = g_new0 (Exchange, 1);

  atomic_init (&exchange->refs, 1);
  pthread_mutex_init (&exchange->lock, NULL);
  exchange->frame = frame;
  return exchange;
}

static Exchange *
exchange_ref (Exchange *exchange)
{
  atomic_fetch_add_explicit (&exchange->refs, 1, memory_order_relaxed);
  return exchange;
}

static void
exchange_unref (gpointer data)
{
  Exchange *exchange = data;

  if (atomic_fetch_sub_explicit (&exchange->refs, 1, memory_order_acq_rel) != 1)
    return;
  g_clear_pointer (&exchange->frame, g_bytes_unref);
  g_clear_pointer (&exchange->jpeg, g_bytes_unref);
  pthread_mutex_destroy (&exchange->lock);
  g_free (exchange);
}

/* --- the pipeline's thread ------------------------------------------------ */

/* An appsrc takes nothing before it runs, so it is given the frame when it
 * asks. */
static void
on_need_data (GstAppSrc *source, guint size, gpointer user_data)
{
  Exchange *exchange = user_data;
  GBytes *frame;

  pthread_mutex_lock (&exchange->lock);
  frame = g_steal_pointer (&exchange->frame);
  pthread_mutex_unlock (&exchange->lock);
  if (frame == NULL)
    return;
  GstBuffer *buffer = gst_buffer_new_wrapped_bytes (frame);
  GST_BUFFER_PTS (buffer) = 0;
  g_bytes_unref (frame);
  gst_app_src_push_buffer (source, buffer);
  gst_app_src_end_of_stream (source);
}

static void
on_sample (GstSample *sample, gpointer user_data)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  Exchange *exchange = user_data;
  GstMapInfo map;

  if (buffer == NULL || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  pthread_mutex_lock (&exchange->lock);
  if (exchange->jpeg == NULL)
    exchange->jpeg = g_bytes_new (map.data, map.size);
  pthread_mutex_unlock (&exchange->lock);
  gst_buffer_unmap (buffer, &map);
}

/* --- the main thread ------------------------------------------------------ */

static void
tell (WcStill *still, const char *reason)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) jpeg = NULL;
  WcStillFunc func = still->func;

  if (func == NULL)
    return;
  still->func = NULL;
  pthread_mutex_lock (&still->exchange->lock);
  jpeg = g_steal_pointer (&still->exchange->jpeg);
  pthread_mutex_unlock (&still->exchange->lock);
  if (jpeg == NULL)
    error = g_error_new (WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                         "its key frame cannot be decoded (damaged, or "
                         "encrypted end to end?): %s",
                         reason);
  func (jpeg, error, still->user_data);
}

/* Also at the end of the stream, which here is how it succeeds. */
static void
on_failed (WcPipeline *pipeline, const char *reason, WcStill *still)
{
  tell (still, reason);
}

static gboolean
on_timeout (gpointer user_data)
{
  WcStill *still = user_data;

  still->timeout = 0;
  tell (still, "the decoder does not come to an end");
  return G_SOURCE_REMOVE;
}

static const Recipe *
find_recipe (WcCodec codec, GError **error)
{
  const Recipe *recipe = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (recipes) && recipe == NULL; i++)
    if (recipes[i].codec == codec)
      recipe = &recipes[i];
  g_return_val_if_fail (recipe != NULL, NULL); /* a track of sound */
  if (wc_pipeline_has_element (recipe->element))
    return recipe;
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
               "%s cannot be decoded: GStreamer's %s is missing: install %s",
               wc_codec_info (codec)->name, recipe->element, recipe->package);
  return NULL;
}

static gboolean
check_size (const WcKeyFrame *frame, GError **error)
{
  if (frame->width == 0 || frame->height == 0)
    g_set_error_literal (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                         "its key frame does not say how large the picture is "
                         "(damaged, or encrypted end to end?)");
  else if ((guint64)frame->width * frame->height > WC_STILL_MAX_PIXELS)
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                 "its picture of %ux%u is larger than what is decoded here, "
                 "%u pixels",
                 frame->width, frame->height, WC_STILL_MAX_PIXELS);
  else
    return TRUE;
  return FALSE;
}

static gboolean
set_caps (WcPipeline *pipeline, const Recipe *recipe, guint width,
          GError **error)
{
  g_autoptr (GstCaps) in = gst_caps_from_string (recipe->caps);
  g_autoptr (GstCaps) size = gst_caps_new_simple (
      "video/x-raw", "format", G_TYPE_STRING, "RGBx", "pixel-aspect-ratio",
      GST_TYPE_FRACTION, 1, 1, "width", GST_TYPE_INT_RANGE, 1, (gint)width,
      "height", GST_TYPE_INT_RANGE, 1, (gint)width * MAX_HEIGHT_TO_WIDTH, NULL);

  return wc_pipeline_set_caps (pipeline, "in", "caps", in, error) &&
         wc_pipeline_set_caps (pipeline, "size", "caps", size, error);
}

static gboolean
connect_ends (WcStill *still, GError **error)
{
  GstAppSrcCallbacks callbacks = {.need_data = on_need_data};
  g_autoptr (GstElement) source = NULL;

  if (!wc_pipeline_connect_sink (still->pipeline, "out", on_sample,
                                 exchange_ref (still->exchange), exchange_unref,
                                 error))
    return FALSE;
  source = wc_pipeline_get_element (still->pipeline, "in", error);
  if (source == NULL)
    return FALSE;
  gst_app_src_set_callbacks (GST_APP_SRC (source), &callbacks,
                             exchange_ref (still->exchange), exchange_unref);
  return TRUE;
}

WcStill *
wc_still_new (const WcKeyFrame *frame, guint width, const char *label,
              WcStillFunc func, gpointer user_data, GError **error)
{
  const Recipe *recipe = find_recipe (frame->codec, error);
  g_autoptr (WcStill) still = NULL;
  GBytes *bitstream;

  if (recipe == NULL || !check_size (frame, error))
    return NULL;
  bitstream = wc_key_frame_unpack (frame);
  if (bitstream == NULL) {
    g_set_error_literal (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                         "its key frame is damaged");
    return NULL;
  }
  still = g_new0 (WcStill, 1);
  still->exchange = exchange_new (bitstream);
  still->func = func;
  still->user_data = user_data;
  still->pipeline = wc_pipeline_new (recipe->pipeline, label, error);
  if (still->pipeline == NULL ||
      !set_caps (still->pipeline, recipe, width, error) ||
      !connect_ends (still, error))
    return NULL;
  g_signal_connect (still->pipeline, "failed", G_CALLBACK (on_failed), still);
  still->timeout = g_timeout_add (TIME_LIMIT_MS, on_timeout, still);
  wc_pipeline_play (still->pipeline);
  return g_steal_pointer (&still);
}

void
wc_still_free (WcStill *still)
{
  if (still->timeout != 0)
    g_source_remove (still->timeout);
  if (still->pipeline != NULL) {
    g_signal_handlers_disconnect_by_data (still->pipeline, still);
    wc_pipeline_stop (still->pipeline);
    g_object_unref (still->pipeline);
  }
  exchange_unref (still->exchange);
  g_free (still);
}
