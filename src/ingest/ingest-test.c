/* SPDX-License-Identifier: MIT */
#include "ingest/ingest-test.h"

#include "ingest/pipeline.h"

#define KEY_FRAME_INTERVAL_S 2

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
  WcIngestRemote parent;
  guint variant;
  WcPipeline *pipeline; /* NULL: not connected */
};

G_DEFINE_FINAL_TYPE (WcIngestTest, wc_ingest_test, WC_TYPE_INGEST_REMOTE)

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
    if (!wc_pipeline_connect_sink (pipeline, sink_names[i],
                                   wc_source_track_take_timed_sample,
                                   wc_source_track_ref (wc_ingest_remote_track (
                                       WC_INGEST_REMOTE (self), i)),
                                   wc_source_track_unref, error))
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

static gboolean
announce (WcIngestTest *self, WcCodec codec, guint8 payload_type,
          GError **error)
{
  const WcCodecInfo *info = wc_codec_info (codec);
  WcSourceFormat format = {
      .media = info->media,
      .payload_type = payload_type,
      .clock_rate = info->clock_rate,
      .channels = info->channels,
  };
  g_autofree char *encoding = g_ascii_strup (info->name, -1);

  g_strlcpy (format.encoding, encoding, sizeof format.encoding);
  return wc_source_track_set_format (
      wc_ingest_remote_track (WC_INGEST_REMOTE (self), info->media), &format,
      error);
}

static void
on_pipeline_failed (WcPipeline *pipeline, const char *reason,
                    WcIngestTest *self)
{
  wc_ingest_remote_failed (WC_INGEST_REMOTE (self), WC_REMOTE_CONFIGURATION,
                           reason);
}

/* --- WcIngestRemote --------------------------------------------------------
 */

static gboolean
wc_ingest_test_connect (WcIngestRemote *remote, GError **error)
{
  WcIngestTest *self = WC_INGEST_TEST (remote);
  WcPipeline *pipeline;

  if (!announce (self, variants[self->variant].codec, 96, error) ||
      !announce (self, WC_CODEC_OPUS, 111, error))
    return FALSE;
  pipeline = make_pipeline (self, error);
  if (pipeline == NULL)
    return FALSE;
  self->pipeline = pipeline;
  g_signal_connect (pipeline, "failed", G_CALLBACK (on_pipeline_failed), self);
  wc_pipeline_play (pipeline);
  return TRUE;
}

static void
wc_ingest_test_disconnect (WcIngestRemote *remote)
{
  WcIngestTest *self = WC_INGEST_TEST (remote);

  if (self->pipeline == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->pipeline, self);
  wc_pipeline_stop (self->pipeline);
  g_clear_object (&self->pipeline);
}

static void
wc_ingest_test_ask_key_frame (WcIngestRemote *remote, WcMedia media)
{
  WcIngestTest *self = WC_INGEST_TEST (remote);

  if (self->pipeline != NULL)
    wc_pipeline_force_key_frame (self->pipeline, sink_names[media]);
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

WcIngest *
wc_ingest_test_new (WcMountpointSpec *spec, const WcIngestContext *context,
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
  self->variant = variant;
  wc_ingest_remote_init_source (WC_INGEST_REMOTE (self), spec, context);
  return WC_INGEST (self);
}

/* --- GObject ---------------------------------------------------------------
 */

static void
wc_ingest_test_class_init (WcIngestTestClass *klass)
{
  WcIngestRemoteClass *remote_class = WC_INGEST_REMOTE_CLASS (klass);

  remote_class->pulls = TRUE;
  remote_class->connect = wc_ingest_test_connect;
  remote_class->disconnect = wc_ingest_test_disconnect;
  remote_class->ask_key_frame = wc_ingest_test_ask_key_frame;
}

static void
wc_ingest_test_init (WcIngestTest *self)
{
}
