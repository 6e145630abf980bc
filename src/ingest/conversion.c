/* SPDX-License-Identifier: MIT */
#include "ingest/conversion.h"

#include "engine/parameter-sets.h"
#include "ingest/ingest.h"

#define MAX_OPUS_CHANNELS 8

/* What a text stands on; the first of several that is there is taken. */
typedef struct {
  WcCodec source;
  const char *pipeline;
  const char *element; /* the one that may be missing */
  const char *package; /* Debian's */
} Recipe;

#define LIBAV "gstreamer1.0-libav"
#define BAD "gstreamer1.0-plugins-bad"
#define BASE "gstreamer1.0-plugins-base"
#define GOOD "gstreamer1.0-plugins-good"

static const Recipe recipes[] = {
    {WC_CODEC_AAC, "convert-aac", "avdec_aac", LIBAV},
    {WC_CODEC_AAC, "convert-aac-faad", "faad", BAD},
    {WC_CODEC_LATM, "convert-aac", "avdec_aac", LIBAV},
    {WC_CODEC_LATM, "convert-aac-faad", "faad", BAD},
    {WC_CODEC_MPA, "convert-mpa", "mpg123audiodec", GOOD},
    {WC_CODEC_G726_16, "convert-g726", "avdec_g726", LIBAV},
    {WC_CODEC_G726_24, "convert-g726", "avdec_g726", LIBAV},
    {WC_CODEC_G726_32, "convert-g726", "avdec_g726", LIBAV},
    {WC_CODEC_G726_40, "convert-g726", "avdec_g726", LIBAV},
    {WC_CODEC_AAL2_G726_16, "convert-g726", "avdec_g726", LIBAV},
    {WC_CODEC_AAL2_G726_24, "convert-g726", "avdec_g726", LIBAV},
    {WC_CODEC_AAL2_G726_32, "convert-g726", "avdec_g726", LIBAV},
    {WC_CODEC_AAL2_G726_40, "convert-g726", "avdec_g726", LIBAV},
    {WC_CODEC_L16, "convert-pcm", "audioconvert", BASE},
    {WC_CODEC_L8, "convert-pcm", "audioconvert", BASE},
    {WC_CODEC_PCMU, "convert-pcmu", "mulawdec", GOOD},
    {WC_CODEC_PCMA, "convert-pcma", "alawdec", GOOD},
    {WC_CODEC_MULTIOPUS, "convert-opus", "opusdec", BASE},
    {WC_CODEC_H264, "convert-h264", "avdec_h264", LIBAV},
    {WC_CODEC_H265, "convert-h265", "avdec_h265", LIBAV},
};

const WcCodecInfo *
wc_conversion_target (WcCodec source, guint32 clock_rate, guint channels)
{
  const WcCodecInfo *info = wc_codec_info (source);
  gboolean odd = source == WC_CODEC_PCMU || source == WC_CODEC_PCMA
                     ? clock_rate != info->clock_rate || channels > 1
                     : FALSE;

  return odd || !wc_codec_is_played (source) ? wc_codec_info (WC_CODEC_OPUS)
                                             : info;
}

/* --- what is decoded -------------------------------------------------------
 */

static GstCaps *
aac_caps (const WcUnpackFormat *unpack, guint channels)
{
  g_autoptr (GstBuffer) config = NULL;

  config = gst_buffer_new_wrapped_bytes (unpack->config);
  return gst_caps_new_simple (
      "audio/mpeg", "mpegversion", G_TYPE_INT, 4, "stream-format",
      G_TYPE_STRING, "raw", "framed", G_TYPE_BOOLEAN, TRUE, "rate", G_TYPE_INT,
      (gint)unpack->core_rate, "channels", G_TYPE_INT,
      (gint)(unpack->channels > 0 ? unpack->channels : MAX (channels, 1)),
      "codec_data", GST_TYPE_BUFFER, config, NULL);
}

static GstCaps *
g726_caps (WcCodec source)
{
  static const gint rates[] = {16000, 24000, 32000, 40000};
  guint index = ((guint)source - (guint)WC_CODEC_G726_16) % 4;

  return gst_caps_new_simple (
      "audio/x-adpcm", "layout", G_TYPE_STRING, "g726", "bitrate", G_TYPE_INT,
      rates[index], "rate", G_TYPE_INT, 8000, "channels", G_TYPE_INT, 1, NULL);
}

static GstCaps *
simple_caps (const char *name, guint32 rate, guint channels)
{
  return gst_caps_new_simple (name, "rate", G_TYPE_INT, (gint)rate, "channels",
                              G_TYPE_INT, (gint)MAX (channels, 1), NULL);
}

static GstCaps *
pcm_caps (const char *format, guint32 rate, guint channels)
{
  GstCaps *caps = simple_caps ("audio/x-raw", rate, channels);

  gst_caps_set_simple (caps, "format", G_TYPE_STRING, format, "layout",
                       G_TYPE_STRING, "interleaved", NULL);
  if (channels > 2)
    gst_caps_set_simple (caps, "channel-mask", GST_TYPE_BITMASK, (guint64)0,
                         NULL);
  return caps;
}

static gint
fmtp_number (const char *fmtp, const char *key)
{
  g_autofree char *text = wc_fmtp_dup_value (fmtp, key);
  guint64 value = 0;

  if (text == NULL ||
      !g_ascii_string_to_unsigned (text, 10, 0, 255, &value, NULL))
    return -1;
  return (gint)value;
}

/* num_streams, coupled_streams and channel_mapping, of which each names a
 * channel of a stream, or 255. NULL when they do not fit together. */
static GstCaps *
multiopus_caps (guint channels, const char *fmtp)
{
  g_autofree char *list = wc_fmtp_dup_value (fmtp, "channel_mapping");
  g_auto (GStrv) items = g_strsplit (list != NULL ? list : "", ",", 32);
  gint streams = fmtp_number (fmtp, "num_streams");
  gint coupled = fmtp_number (fmtp, "coupled_streams");
  g_auto (GValue) mapping = G_VALUE_INIT;
  GstCaps *caps;

  if (channels < 1 || channels > MAX_OPUS_CHANNELS || streams < 1 ||
      coupled < 0 || coupled > streams || g_strv_length (items) != channels)
    return NULL;
  gst_value_array_init (&mapping, channels);
  for (guint i = 0; i < channels; i++) {
    g_auto (GValue) item = G_VALUE_INIT;
    guint64 value;
    if (!g_ascii_string_to_unsigned (g_strstrip (items[i]), 10, 0, 255, &value,
                                     NULL) ||
        (value >= (guint)(streams + coupled) && value != 255))
      return NULL;
    g_value_init (&item, G_TYPE_INT);
    g_value_set_int (&item, (gint)value);
    gst_value_array_append_value (&mapping, &item);
  }
  caps = gst_caps_new_simple (
      "audio/x-opus", "rate", G_TYPE_INT, 48000, "channels", G_TYPE_INT,
      (gint)channels, "channel-mapping-family", G_TYPE_INT, 1, "stream-count",
      G_TYPE_INT, streams, "coupled-count", G_TYPE_INT, coupled, NULL);
  gst_caps_set_value (caps, "channel-mapping", &mapping);
  return caps;
}

static GstCaps *
make_caps (const WcConversion *conversion, guint32 rate, guint channels,
           const char *fmtp)
{
  WcCodec source = conversion->source;

  if (source == WC_CODEC_AAC || source == WC_CODEC_LATM)
    return aac_caps (&conversion->unpack, channels);
  if (source == WC_CODEC_MPA)
    return gst_caps_new_simple ("audio/mpeg", "mpegversion", G_TYPE_INT, 1,
                                NULL);
  if (source == WC_CODEC_L16)
    return pcm_caps ("S16BE", rate, channels);
  if (source == WC_CODEC_L8)
    return pcm_caps ("U8", rate, channels);
  if (source == WC_CODEC_PCMU)
    return simple_caps ("audio/x-mulaw", rate, channels);
  if (source == WC_CODEC_PCMA)
    return simple_caps ("audio/x-alaw", rate, channels);
  if (source == WC_CODEC_MULTIOPUS)
    return multiopus_caps (channels, fmtp != NULL ? fmtp : "");
  if (source == WC_CODEC_H264 || source == WC_CODEC_H265)
    return gst_caps_new_simple (source == WC_CODEC_H264 ? "video/x-h264"
                                                        : "video/x-h265",
                                "stream-format", G_TYPE_STRING, "byte-stream",
                                "alignment", G_TYPE_STRING, "au", NULL);
  return g726_caps (source);
}

/* --- which text ------------------------------------------------------------
 */

static gboolean
has_element (const char *name)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (name);

  return factory != NULL;
}

static void
choose_pipeline (WcConversion *conversion)
{
  g_autoptr (GString) missing = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (recipes); i++) {
    const Recipe *recipe = &recipes[i];

    if (recipe->source != conversion->source)
      continue;
    if (has_element (recipe->element)) {
      conversion->pipeline = recipe->pipeline;
      return;
    }
    g_string_append_printf (missing, "%sGStreamer's %s is missing: install %s",
                            missing->len > 0 ? ", or " : "", recipe->element,
                            recipe->package);
  }
  conversion->missing = g_strdup (missing->str);
}

static gboolean
refuse (WcCodec source, const char *reason, GError **error)
{
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID, "%s: %s",
               wc_codec_info (source)->name, reason);
  return FALSE;
}

/* The RTP clock is that of the samples, or with SBR twice that of the core. */
static gboolean
check_rate (const WcConversion *conversion, GError **error)
{
  guint32 clock_rate = conversion->unpack.clock_rate;
  guint32 core_rate = conversion->unpack.core_rate;

  if (core_rate == 0 || clock_rate == core_rate || clock_rate == 2 * core_rate)
    return TRUE;
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
               "%s: its clock rate is %u, but config= of its fmtp says %u",
               wc_codec_info (conversion->source)->name, clock_rate, core_rate);
  return FALSE;
}

WcConversion *
wc_conversion_new (WcCodec source, guint32 clock_rate, guint channels,
                   const char *fmtp, GError **error)
{
  g_autoptr (WcConversion) conversion = g_new0 (WcConversion, 1);
  const char *reason = NULL;

  conversion->source = source;
  conversion->target = wc_conversion_target (source, clock_rate, channels);
  if (!wc_unpack_format_read (&conversion->unpack, source, clock_rate, fmtp,
                              &reason)) {
    refuse (source, reason, error);
    return NULL;
  }
  if (!check_rate (conversion, error))
    return NULL;
  conversion->caps = make_caps (conversion, clock_rate, channels, fmtp);
  if (conversion->caps == NULL) {
    refuse (source,
            "its fmtp needs num_streams, coupled_streams and channel_mapping "
            "that fit its channels",
            error);
    return NULL;
  }
  choose_pipeline (conversion);
  return g_steal_pointer (&conversion);
}

void
wc_conversion_free (WcConversion *conversion)
{
  gst_clear_caps (&conversion->caps);
  wc_unpack_format_clear (&conversion->unpack);
  g_free (conversion->missing);
  g_free (conversion);
}
