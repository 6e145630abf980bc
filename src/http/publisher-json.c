/* SPDX-License-Identifier: MIT */
#include "http/publisher-json.h"

#include "base/clock.h"
#include "http/api.h"

static void
set_stream (JsonObject *object, const WcIntakeStats *stats)
{
  json_object_set_int_member (object, "ssrc", stats->ssrc);
  json_object_set_int_member (object, "bitrate_bps", stats->bitrate_bps);
  json_object_set_double_member (object, "loss", stats->loss);
  json_object_set_int_member (object, "packets", (gint64)stats->packets);
  json_object_set_int_member (object, "bytes", (gint64)stats->bytes);
  json_object_set_int_member (object, "nacked", (gint64)stats->nacked);
  json_object_set_int_member (object, "repaired", (gint64)stats->repaired);
  json_object_set_int_member (object, "lost", (gint64)stats->lost);
  json_object_set_int_member (object, "plis", (gint64)stats->key_requests);
  json_object_set_int_member (object, "jitter_us", stats->jitter_us);
}

static JsonObject *
layer_json (const WcWhipLayerInfo *layer, const WcIntakeStats *stats)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "rid", layer->rid);
  json_object_set_boolean_member (object, "active", layer->active);
  json_object_set_boolean_member (object, "playing", layer->playing);
  json_object_set_int_member (object, "width", layer->width);
  json_object_set_int_member (object, "height", layer->height);
  set_stream (object, stats);
  return object;
}

static JsonArray *
layers_json (const WcPublisherInfo *info)
{
  JsonArray *layers = json_array_new ();

  for (guint i = 0; i < info->n_layers; i++)
    json_array_add_object_element (
        layers,
        layer_json (&info->layers[i], &info->stats.streams[WC_MEDIA_VIDEO][i]));
  return layers;
}

static JsonArray *
codecs_json (const WcPublisherInfo *info)
{
  JsonArray *codecs = json_array_new ();

  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (info->codecs[i] != NULL)
      json_array_add_string_element (codecs, info->codecs[i]);
  return codecs;
}

/* Of the whole publisher: the sum of the rates, the worst of the losses. */
static void
set_totals (JsonObject *object, const WcPublisherStats *stats)
{
  gint64 bitrate_bps = 0;
  double loss = 0;
  gint rtt_ms = 0;

  for (guint i = 0; i < WC_N_MEDIA; i++)
    for (guint k = 0; k < WC_DEMUX_MAX_LAYERS; k++) {
      const WcIntakeStats *stream = &stats->streams[i][k];
      bitrate_bps += stream->bitrate_bps;
      loss = MAX (loss, stream->loss);
      rtt_ms = MAX (rtt_ms, stream->rtt_ms);
    }
  json_object_set_int_member (object, "bitrate_bps", bitrate_bps);
  json_object_set_double_member (object, "loss", loss);
  if (rtt_ms > 0)
    json_object_set_int_member (object, "rtt_ms", rtt_ms);
  else
    json_object_set_null_member (object, "rtt_ms");
}

static void
set_streams (JsonObject *object, const WcPublisherInfo *info)
{
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    JsonObject *stream;

    if (info->codecs[i] == NULL || (i == WC_MEDIA_VIDEO && info->n_layers > 0))
      continue;
    stream = json_object_new ();
    set_stream (stream, &info->stats.streams[i][0]);
    json_object_set_object_member (object, wc_media_name (i), stream);
  }
  json_object_set_array_member (object, "layers", layers_json (info));
}

JsonObject *
wc_publisher_json_new (WcMountpoint *mountpoint)
{
  char text[WC_ADDRESS_STRLEN];
  WcPublisherInfo info;

  if (!wc_mountpoint_get_publisher (mountpoint, &info))
    return NULL;

  WcSession *session = info.session;
  g_autofree char *since = wc_clock_format (wc_session_since_us (session));
  gboolean publishes = wc_session_state (session) == WC_SESSION_PLAYING;
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "id", wc_session_public_id (session));
  json_object_set_string_member (object, "state",
                                 publishes ? "publishing" : "connecting");
  json_object_set_string_member (object, "since", since);
  wc_api_set_text (object, "address", wc_session_address (session));
  wc_api_set_text (object, "media_address",
                   info.stats.has_address
                       ? wc_address_format (&info.stats.address, text)
                       : NULL);
  wc_api_set_text (object, "media_transport",
                   info.stats.has_address ? info.stats.is_tcp ? "tcp" : "udp"
                                          : NULL);
  wc_api_set_text (object, "user_agent", wc_session_user_agent (session));
  json_object_set_array_member (object, "codecs", codecs_json (&info));
  set_totals (object, &info.stats);
  set_streams (object, &info);
  return object;
}

char *
wc_publish_line_new (const char *url, gboolean with_token)
{
  return g_strdup_printf (
      "ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -re -f lavfi -i "
      "sine=frequency=440 -c:v libx264 -preset veryfast -tune zerolatency "
      "-profile:v baseline -pix_fmt yuv420p -g 60 -c:a libopus -ar 48000 -ac 2 "
      "-f whip%s '%s'",
      with_token ? " -authorization \"$PUBLISH_TOKEN\"" : "", url);
}
