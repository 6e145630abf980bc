/* SPDX-License-Identifier: MIT */
#include "ingest/ingest-test.h"

#include "base/clock.h"
#include "ingest/pipeline.h"
#include "ingest/test-track.h"

#define TICK_MS 100
#define RETRY_MS 5000
#define KEY_FRAME_INTERVAL_S 2
#define KEY_FRAME_REQUEST_US (500 * 1000)

/* In order of preference. */
static const struct {
  const char *encoder; /* the element */
  const char *pipeline;
  WcCodec codec;
  const char *interval; /* the property: frames from key frame to key frame */
} variants[] = {
    {"x264enc", "test-x264", WC_CODEC_H264, "key-int-max"},
    {"openh264enc", "test-openh264", WC_CODEC_H264, "gop-size"},
    {"vp8enc", "test-vp8", WC_CODEC_VP8, "keyframe-max-dist"},
};

static const char *const sink_names[WC_N_MEDIA] = {
    [WC_MEDIA_AUDIO] = "audio",
    [WC_MEDIA_VIDEO] = "video",
};

struct _WcIngestTest {
  WcIngest parent;
  guint variant;
  WcTrackSpec *specs[WC_N_MEDIA];
  WcTestTrack *inputs[WC_N_MEDIA];
  WcPipeline *pipeline; /* NULL: stopped, or to be made anew */
  gboolean started;
  guint tick_source, retry_source;
  gint64 last_request_us;
};

G_DEFINE_FINAL_TYPE (WcIngestTest, wc_ingest_test, WC_TYPE_INGEST)

/* --- the pipeline ----------------------------------------------------------
 */

static gboolean
set_format (WcIngestTest *self, WcPipeline *pipeline, GError **error)
{
  const WcMountpointSpec *spec = wc_ingest_spec (WC_INGEST (self));
  g_autoptr (GstCaps) caps = gst_caps_new_simple (
      "video/x-raw", "width", G_TYPE_INT, (int)spec->test_width, "height",
      G_TYPE_INT, (int)spec->test_height, "framerate", GST_TYPE_FRACTION,
      (int)spec->test_fps, 1, NULL);

  return wc_pipeline_set_caps (pipeline, "format", "caps", caps, error) &&
         wc_pipeline_set_uint (pipeline, "encoder",
                               variants[self->variant].interval,
                               spec->test_fps * KEY_FRAME_INTERVAL_S, error);
}

static gboolean
connect_sinks (WcIngestTest *self, WcPipeline *pipeline, GError **error)
{
  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (!wc_pipeline_connect_sink (
            pipeline, sink_names[i], wc_test_track_take_sample,
            wc_test_track_ref (self->inputs[i]), wc_test_track_unref, error))
      return FALSE;
  return TRUE;
}

static WcPipeline *
make_pipeline (WcIngestTest *self, GError **error)
{
  g_autoptr (WcPipeline) pipeline =
      wc_pipeline_new (variants[self->variant].pipeline,
                       wc_ingest_spec (WC_INGEST (self))->id, error);

  if (pipeline == NULL || !set_format (self, pipeline, error) ||
      !connect_sinks (self, pipeline, error))
    return NULL;
  return g_steal_pointer (&pipeline);
}

static void
drop_pipeline (WcIngestTest *self)
{
  if (self->pipeline == NULL)
    return;
  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_test_track_close (self->inputs[i]);
  g_signal_handlers_disconnect_by_data (self->pipeline, self);
  wc_pipeline_stop (self->pipeline);
  g_clear_object (&self->pipeline);
}

static void ensure_pipeline (WcIngestTest *self);

static gboolean
on_retry (gpointer user_data)
{
  WcIngestTest *self = user_data;

  self->retry_source = 0;
  ensure_pipeline (self);
  return G_SOURCE_REMOVE;
}

static void
fail (WcIngestTest *self, const char *reason)
{
  drop_pipeline (self);
  if (self->retry_source == 0)
    self->retry_source = g_timeout_add (RETRY_MS, on_retry, self);
  wc_ingest_set_state (WC_INGEST (self), WC_INGEST_FAILED, reason);
}

static void
on_pipeline_failed (WcPipeline *pipeline, const char *reason,
                    WcIngestTest *self)
{
  fail (self, reason);
}

static void
ensure_pipeline (WcIngestTest *self)
{
  g_autoptr (GError) error = NULL;

  if (self->pipeline != NULL)
    return;
  self->pipeline = make_pipeline (self, &error);
  if (self->pipeline == NULL) {
    fail (self, error->message);
    return;
  }
  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_test_track_open (self->inputs[i]);
  g_signal_connect (self->pipeline, "failed", G_CALLBACK (on_pipeline_failed),
                    self);
  wc_pipeline_play (self->pipeline);
  wc_ingest_set_state (WC_INGEST (self), WC_INGEST_STARTING, NULL);
}

/* --- state -----------------------------------------------------------------
 */

static gboolean
is_silent (WcIngestTest *self, const WcTrackStats *stats)
{
  guint timeout_ms = wc_ingest_spec (WC_INGEST (self))->source_timeout_ms;

  return wc_clock_now_us () - stats->last_append_us > (gint64)timeout_ms * 1000;
}

/* It is live when both are; a machine too slow for the picture shows as lost.
 */
static void
update_state (WcIngestTest *self)
{
  WcIngest *ingest = WC_INGEST (self);
  WcIngestState state = wc_ingest_state (ingest);
  gboolean has_start = TRUE, silent = TRUE;

  for (guint i = 0; i < WC_N_MEDIA; i++) {
    WcTrackStats stats;
    wc_test_track_flush (self->inputs[i], wc_clock_now_us ());
    wc_track_get_stats (wc_ingest_track (ingest, i), &stats);
    has_start &= stats.has_start;
    silent &= is_silent (self, &stats);
  }
  if (state == WC_INGEST_LIVE && silent)
    wc_ingest_set_state (ingest, WC_INGEST_LOST,
                         "the test pipeline makes no packets");
  else if (state != WC_INGEST_FAILED && has_start && !silent)
    wc_ingest_set_state (ingest, WC_INGEST_LIVE, NULL);
}

static gboolean
on_tick (gpointer user_data)
{
  WcIngestTest *self = user_data;

  g_object_ref (self); /* a handler may drop us */
  update_state (self);
  g_object_unref (self);
  return G_SOURCE_CONTINUE;
}

/* --- WcIngest --------------------------------------------------------------
 */

static void
wc_ingest_test_start (WcIngest *ingest)
{
  WcIngestTest *self = WC_INGEST_TEST (ingest);

  if (self->started)
    return;
  self->started = TRUE;
  self->tick_source = g_timeout_add (TICK_MS, on_tick, self);
  ensure_pipeline (self);
}

static void
stop_sources (WcIngestTest *self)
{
  self->started = FALSE;
  g_clear_handle_id (&self->tick_source, g_source_remove);
  g_clear_handle_id (&self->retry_source, g_source_remove);
}

static void
wc_ingest_test_stop (WcIngest *ingest)
{
  WcIngestTest *self = WC_INGEST_TEST (ingest);

  if (!self->started)
    return;
  stop_sources (self);
  drop_pipeline (self);
  wc_ingest_set_state (ingest, WC_INGEST_IDLE, NULL);
}

static void
wc_ingest_test_request_key_frame (WcIngest *ingest, WcMedia media)
{
  WcIngestTest *self = WC_INGEST_TEST (ingest);
  gint64 now_us = wc_clock_now_us ();

  if (self->pipeline == NULL || media != WC_MEDIA_VIDEO ||
      now_us - self->last_request_us < KEY_FRAME_REQUEST_US)
    return;
  self->last_request_us = now_us;
  wc_pipeline_force_key_frame (self->pipeline, sink_names[media]);
}

static void
wc_ingest_test_get_track_info (WcIngest *ingest, WcMedia media,
                               WcIngestTrackInfo *info)
{
  WcIngestTest *self = WC_INGEST_TEST (ingest);

  wc_ingest_fill_track_info (ingest, self->specs[media], info);
  wc_test_track_get_stats (self->inputs[media], &info->input);
}

/* --- making one ------------------------------------------------------------
 */

static gboolean
find_variant (guint *variant)
{
  for (guint i = 0; i < G_N_ELEMENTS (variants); i++) {
    g_autoptr (GstElementFactory) factory =
        gst_element_factory_find (variants[i].encoder);
    if (factory == NULL)
      continue;
    *variant = i;
    return TRUE;
  }
  return FALSE;
}

static void
add_input (WcIngestTest *self, WcCodec codec, guint8 payload_type,
           WcSourceClock *clock)
{
  const WcCodecInfo *info = wc_codec_info (codec);
  WcTrackSpec *spec = wc_track_spec_new ();

  spec->media = info->media;
  spec->codec = codec;
  spec->clock_rate = info->clock_rate;
  spec->channels = info->channels;
  spec->payload_type = payload_type;
  self->specs[info->media] = spec;
  self->inputs[info->media] =
      wc_test_track_new (wc_ingest_add_track (WC_INGEST (self), spec), clock);
}

WcIngest *
wc_ingest_test_new (WcMountpointSpec *spec, const WcConfig *config,
                    GError **error)
{
  guint variant;

  if (!find_variant (&variant)) {
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
                 "mountpoint \"%s\": GStreamer has no encoder for the test "
                 "picture; install gstreamer1.0-plugins-ugly (x264enc) or "
                 "gstreamer1.0-plugins-good (vp8enc)",
                 spec->id);
    return NULL;
  }

  WcIngestTest *self = g_object_new (WC_TYPE_INGEST_TEST, NULL);
  WcSourceClock *clock = wc_source_clock_new ();
  self->variant = variant;
  wc_ingest_init_source (WC_INGEST (self), spec, config);
  add_input (self, variants[variant].codec, 96, clock);
  add_input (self, WC_CODEC_OPUS, 111, clock);
  wc_source_clock_unref (clock);
  return WC_INGEST (self);
}

/* --- GObject ---------------------------------------------------------------
 */

static void
wc_ingest_test_dispose (GObject *object)
{
  WcIngestTest *self = WC_INGEST_TEST (object);

  stop_sources (self);
  drop_pipeline (self);
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    g_clear_pointer (&self->inputs[i], wc_test_track_unref);
    g_clear_pointer (&self->specs[i], wc_track_spec_free);
  }
  G_OBJECT_CLASS (wc_ingest_test_parent_class)->dispose (object);
}

static void
wc_ingest_test_class_init (WcIngestTestClass *klass)
{
  WcIngestClass *ingest_class = WC_INGEST_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = wc_ingest_test_dispose;
  ingest_class->start = wc_ingest_test_start;
  ingest_class->stop = wc_ingest_test_stop;
  ingest_class->request_key_frame = wc_ingest_test_request_key_frame;
  ingest_class->get_track_info = wc_ingest_test_get_track_info;
}

static void
wc_ingest_test_init (WcIngestTest *self)
{
}
