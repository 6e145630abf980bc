/* SPDX-License-Identifier: MIT */
#include "http/stream-json.h"

#include "http/api.h"

static void
set_positive (JsonObject *object, const char *name, guint value)
{
  if (value > 0)
    json_object_set_int_member (object, name, value);
  else
    json_object_set_null_member (object, name);
}

static void
set_rate (JsonObject *object, const char *name, guint milli)
{
  if (milli > 0)
    json_object_set_double_member (object, name, milli / 1000.0);
  else
    json_object_set_null_member (object, name);
}

static void
set_known (JsonObject *object, const char *name, const char *text)
{
  wc_api_set_text (object, name, text[0] != '\0' ? text : NULL);
}

static void
set_video (JsonObject *object, const WcStreamInfo *stream)
{
  const WcVideoFormat *format = &stream->format;

  set_known (object, "profile", format->profile);
  set_known (object, "level", format->level);
  set_positive (object, "width", format->width);
  set_positive (object, "height", format->height);
  set_positive (object, "bit_depth", format->bit_depth);
  set_positive (object, "chroma", format->chroma);
  json_object_set_boolean_member (object, "interlaced", format->interlaced);
  set_rate (object, "frame_rate", stream->frame_rate_milli);
  set_rate (object, "declared_frame_rate", format->frame_rate_milli);
  set_positive (object, "key_frame_interval_ms", stream->key_interval_ms);
  json_object_set_string_member (object, "b_frames",
                                 wc_b_frame_use_name (stream->b_frames));
}

static void
set_loss (JsonObject *object, const WcRtpStats *input)
{
  guint64 expected = input->packets + input->lost;

  json_object_set_double_member (
      object, "loss", expected > 0 ? (double)input->lost / expected : 0);
}

static JsonObject *
stream_new (const WcIngestTrackInfo *info)
{
  JsonObject *object = json_object_new ();

  if (info->media == WC_MEDIA_VIDEO)
    set_video (object, &info->stream);
  set_positive (object, "bitrate_bps", info->stream.bitrate_bps);
  set_loss (object, &info->input);
  if (info->stream.has_drift)
    json_object_set_int_member (object, "clock_drift_ppm",
                                info->stream.drift_ppm);
  else
    json_object_set_null_member (object, "clock_drift_ppm");
  return object;
}

static JsonObject *
conversion_new (const WcIngestTrackInfo *info)
{
  const WcConversionStatus *conversion = &info->conversion;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "to",
                                 wc_codec_info (conversion->target)->name);
  if (info->media == WC_MEDIA_VIDEO)
    json_object_set_string_member (object, "bframes",
                                   wc_bframes_name (conversion->bframes));
  json_object_set_string_member (object, "state",
                                 wc_conversion_state_name (conversion->state));
  wc_api_set_text (object, "reason", conversion->reason);
  json_object_set_int_member (object, "frames_dropped",
                              (gint64)info->stream.frames_dropped);
  json_object_set_int_member (object, "starts", (gint64)conversion->starts);
  json_object_set_int_member (object, "failures", (gint64)conversion->failures);
  json_object_set_int_member (object, "cpu_ms",
                              (gint64)(conversion->cpu_us / 1000));
  json_object_set_double_member (object, "cpu_percent",
                                 conversion->cpu_permille / 10.0);
  return object;
}

void
wc_stream_json_set (JsonObject *track, const WcIngestTrackInfo *info)
{
  const WcConversionStatus *conversion = &info->conversion;
  gboolean idle = conversion->state == WC_CONVERSION_NONE &&
                  conversion->bframes == WC_BFRAMES_PASS &&
                  conversion->reason == NULL;

  json_object_set_object_member (track, "stream", stream_new (info));
  if (idle)
    json_object_set_null_member (track, "conversion");
  else
    json_object_set_object_member (track, "conversion", conversion_new (info));
}

JsonObject *
wc_finding_json_new (const WcFinding *finding)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "severity",
                                 wc_finding_severity_name (finding->severity));
  json_object_set_string_member (object, "code", finding->code);
  wc_api_set_text (object, "media",
                   finding->media >= 0 ? wc_media_name ((WcMedia)finding->media)
                                       : NULL);
  json_object_set_string_member (object, "text", finding->text);
  wc_api_set_text (object, "fix", finding->fix);
  return object;
}

JsonArray *
wc_diagnosis_json_new (const WcIngestTrackInfo tracks[WC_N_MEDIA],
                       WcSender sender)
{
  g_autoptr (GPtrArray) findings = wc_diagnose (tracks, sender);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < findings->len; i++)
    json_array_add_object_element (array,
                                   wc_finding_json_new (findings->pdata[i]));
  return array;
}
