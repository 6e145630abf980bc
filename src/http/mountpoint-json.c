/* SPDX-License-Identifier: MIT */
#include "http/mountpoint-json.h"

#include "base/clock.h"
#include "http/api.h"
#include "http/failover-json.h"
#include "http/publisher-json.h"
#include "http/push-line.h"
#include "http/stream-json.h"
#include "http/url.h"
#include "ingest/rtsp-server.h"

static void
set_counters (JsonObject *object, const WcIngestTrackInfo *info)
{
  const WcRtpStats *in = &info->input;

  json_object_set_int_member (object, "packets", (gint64)in->packets);
  json_object_set_int_member (object, "bytes", (gint64)in->bytes);
  json_object_set_int_member (object, "lost", (gint64)in->lost);
  json_object_set_int_member (object, "late", (gint64)in->late);
  json_object_set_int_member (object, "malformed", (gint64)in->malformed);
  json_object_set_int_member (object, "restarts", (gint64)in->restarts);
  json_object_set_double_member (object, "jitter_ms", in->jitter_us / 1000.0);
  json_object_set_int_member (object, "bitrate_bps", info->track.bitrate_bps);
  json_object_set_int_member (object, "frames", (gint64)info->track.frames);
  if (info->media == WC_MEDIA_VIDEO && info->track.last_gop_ms > 0)
    json_object_set_int_member (object, "gop_ms", info->track.last_gop_ms);
  else
    json_object_set_null_member (object, "gop_ms");
  json_object_set_boolean_member (object, "has_start", info->track.has_start);
}

/* Of what was not asked for in tracks: as it comes. */
static JsonObject *
heard_new (const WcIngestTrackInfo *info)
{
  const WcConversionStatus *source = &info->conversion;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "media", wc_media_name (info->media));
  json_object_set_string_member (object, "codec",
                                 wc_codec_info (source->source)->name);
  json_object_set_int_member (object, "clock_rate", source->clock_rate);
  if (info->media == WC_MEDIA_AUDIO)
    json_object_set_int_member (object, "channels", source->channels);
  if (info->input.packets > 0)
    json_object_set_int_member (object, "payload_type", info->payload_type);
  else
    json_object_set_null_member (object, "payload_type");
  if (info->port != 0) {
    wc_api_set_text (object, "address", info->address);
    json_object_set_int_member (object, "port", info->port);
    json_object_set_int_member (object, "rtcp_port", info->rtcp_port);
  }
  wc_api_set_text (object, "fmtp", info->fmtp);
  return object;
}

/* What was asked for can be sent again as it is: what is measured has names of
 * its own. */
static JsonObject *
track_json (const WcIngestTrackInfo *info, const WcTrackSpec *spec)
{
  JsonObject *object =
      spec != NULL ? wc_track_spec_to_json (spec) : heard_new (info);

  wc_api_set_text (object, "profile", info->profile);
  wc_api_set_text (object, "sender", info->source);
  if (info->ssrc != 0)
    json_object_set_int_member (object, "ssrc", info->ssrc);
  else
    json_object_set_null_member (object, "ssrc");
  set_counters (object, info);
  wc_stream_json_set (object, info);
  return object;
}

JsonArray *
wc_tracks_json_new (const WcIngestTrackInfo infos[WC_N_MEDIA],
                    const WcTrackSpec *const specs[WC_N_MEDIA])
{
  static const WcMedia order[] = {WC_MEDIA_VIDEO, WC_MEDIA_AUDIO};
  JsonArray *tracks = json_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (order); i++) {
    WcMedia media = order[i];
    if (infos[media].present)
      json_array_add_object_element (
          tracks,
          track_json (&infos[media], specs != NULL ? specs[media] : NULL));
  }
  return tracks;
}

static char *
push_line (const WcMountpointSpec *spec,
           const WcIngestTrackInfo infos[WC_N_MEDIA],
           const WcTrackSpec *const specs[WC_N_MEDIA], WcRequest *request)
{
  const WcHttpContext *context = request->context;
  g_autofree char *host = wc_url_host (request);

  if (spec->kind == WC_KIND_RTP)
    return wc_push_line_new (infos, specs, host);
  if (spec->kind == WC_KIND_RTSP_PUSH)
    return wc_push_line_new_rtsp (spec, context->config,
                                  wc_rtsp_server_port (context->rtsp), host);
  return NULL;
}

static WcSender
sender_of (WcMountpoint *mountpoint)
{
  WcPublisherInfo info;

  return wc_mountpoint_get_publisher (mountpoint, &info)
             ? wc_sender_of_user_agent (wc_session_user_agent (info.session))
             : WC_SENDER_ENCODER;
}

static void
set_tracks (JsonObject *object, WcMountpoint *mountpoint, WcRequest *request)
{
  const WcMountpointSpec *spec = wc_mountpoint_spec (mountpoint);
  WcIngestTrackInfo infos[WC_N_MEDIA] = {0};
  const WcTrackSpec *specs[WC_N_MEDIA] = {NULL};

  for (guint media = 0; media < WC_N_MEDIA; media++) {
    specs[media] = wc_mountpoint_spec_track (spec, media);
    wc_mountpoint_get_track_info (mountpoint, media, &infos[media]);
  }
  json_object_set_array_member (object, "tracks",
                                wc_tracks_json_new (infos, specs));
  json_object_set_array_member (
      object, "diagnosis",
      wc_diagnosis_json_new (infos, sender_of (mountpoint)));

  g_autofree char *push = push_line (spec, infos, specs, request);
  wc_api_set_text (object, "push", push);
  for (guint media = 0; media < WC_N_MEDIA; media++)
    wc_ingest_track_info_clear (&infos[media]);
}

static void
set_urls (JsonObject *object, const char *id, WcRequest *request)
{
  g_autofree char *whep_path = g_strconcat ("/whep/", id, NULL);
  g_autofree char *watch_path = g_strconcat ("/watch/", id, NULL);
  g_autofree char *whep_url = wc_url_absolute (request, whep_path);
  g_autofree char *watch_url = wc_url_absolute (request, watch_path);

  json_object_set_string_member (object, "whep_url", whep_url);
  json_object_set_string_member (object, "watch_url", watch_url);
}

/* Of kind=whip: where and how to publish, and who does. */
static void
set_publisher (JsonObject *object, WcMountpoint *mountpoint, WcRequest *request)
{
  const WcMountpointSpec *spec = wc_mountpoint_spec (mountpoint);
  g_autofree char *whip_path = g_strconcat ("/whip/", spec->id, NULL);
  g_autofree char *page_path = g_strconcat ("/publish/", spec->id, NULL);
  g_autofree char *whip_url = wc_url_absolute (request, whip_path);
  g_autofree char *page_url = wc_url_absolute (request, page_path);
  g_autofree char *line =
      wc_publish_line_new (whip_url, spec->publish_token != NULL);
  JsonObject *publisher = wc_publisher_json_new (mountpoint);

  json_object_set_string_member (object, "whip_url", whip_url);
  json_object_set_string_member (object, "publish_url", page_url);
  wc_api_set_text (object, "push", line);
  if (publisher != NULL)
    json_object_set_object_member (object, "publisher", publisher);
  else
    json_object_set_null_member (object, "publisher");
}

JsonObject *
wc_mountpoint_json_new (WcMountpoint *mountpoint, WcRequest *request)
{
  /* What can be written, and over it what can only be read. */
  JsonObject *object =
      wc_mountpoint_spec_to_json (wc_mountpoint_spec (mountpoint), TRUE);
  WcMountpointState state = wc_mountpoint_state (mountpoint);
  g_autofree char *since =
      wc_clock_format (wc_mountpoint_since_us (mountpoint));

  if (!json_object_has_member (object, "title"))
    json_object_set_null_member (object, "title");
  json_object_set_string_member (
      object, "origin", wc_origin_name (wc_mountpoint_origin (mountpoint)));
  json_object_set_string_member (object, "state",
                                 wc_mountpoint_state_name (state));
  wc_api_set_text (object, "reason", wc_mountpoint_reason (mountpoint));
  json_object_set_string_member (object, "since", since);
  json_object_set_int_member (object, "viewers",
                              wc_mountpoint_n_viewers (mountpoint));
  json_object_set_string_member (
      object, "lane", wc_api_lane_name (request->context->config->lane));
  set_tracks (object, mountpoint, request);
  wc_failover_json_add (object, mountpoint);
  set_urls (object, wc_mountpoint_id (mountpoint), request);
  if (wc_mountpoint_spec (mountpoint)->kind == WC_KIND_WHIP)
    set_publisher (object, mountpoint, request);
  return object;
}
