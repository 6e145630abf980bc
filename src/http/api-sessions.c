/* SPDX-License-Identifier: MIT */
#include "http/api-sessions.h"

#include "base/clock.h"
#include "http/api-mountpoints.h"
#include "http/api.h"

static JsonArray *
tracks_json (guint media_mask)
{
  JsonArray *tracks = json_array_new ();

  for (guint media = 0; media < WC_N_MEDIA; media++)
    if (media_mask & (1u << media))
      json_array_add_string_element (tracks, wc_media_name (media));
  return tracks;
}

static void
set_stats (JsonObject *object, const WcViewerPeerStats *stats)
{
  char text[WC_ADDRESS_STRLEN];

  wc_api_set_text (
      object, "media_address",
      stats->has_address ? wc_address_format (&stats->address, text) : NULL);
  wc_api_set_text (object, "media_transport",
                   stats->has_address ? stats->is_tcp ? "tcp" : "udp" : NULL);
  if (stats->rtt_ms >= 0)
    json_object_set_int_member (object, "rtt_ms", stats->rtt_ms);
  else
    json_object_set_null_member (object, "rtt_ms");
  json_object_set_double_member (object, "loss", stats->loss);
  json_object_set_int_member (object, "bitrate_bps", stats->bitrate_bps);
  json_object_set_int_member (object, "packets_sent",
                              (gint64)stats->packets_sent);
  json_object_set_int_member (object, "bytes_sent", (gint64)stats->bytes_sent);
  json_object_set_int_member (object, "packets_dropped",
                              (gint64)stats->packets_dropped);
  json_object_set_int_member (object, "nacks", stats->nacks);
  json_object_set_int_member (object, "resent", stats->resent);
  json_object_set_int_member (object, "jitter_ms", stats->jitter_ms);
  json_object_set_int_member (object, "estimated_bps",
                              (gint64)stats->estimated_bps);
  json_object_set_int_member (object, "plis", stats->plis);
}

/* Of a viewer of a simulcast: the layer that it is sent, and what it wants. */
static void
set_layer (JsonObject *object, WcMountpoint *mountpoint, WcSession *session)
{
  WcWhipLayerInfo infos[WC_LAYERS_MAX];
  guint n = wc_mountpoint_get_layers (mountpoint, infos);
  gint layer = n > 0 && wc_session_video_index (session) >= 0
                   ? wc_mountpoint_session_layer (mountpoint, session)
                   : -1;
  const WcLayerWish *wish = wc_session_layer_wish (session);

  wc_api_set_text (object, "layer",
                   layer >= 0 && layer < (gint)n ? infos[layer].rid : NULL);
  json_object_set_string_member (object, "layer_choice",
                                 wish->rid != NULL ? wish->rid : "auto");
}

static JsonObject *
session_json (WcMountpoint *mountpoint, WcSession *session, WcLaneKind lane)
{
  JsonObject *object = json_object_new ();
  g_autofree char *since = wc_clock_format (wc_session_since_us (session));
  WcViewerPeerStats stats = {.rtt_ms = -1};

  wc_session_get_stats (session, &stats);
  json_object_set_string_member (object, "id", wc_session_public_id (session));
  json_object_set_string_member (object, "mountpoint",
                                 wc_session_mountpoint_id (session));
  json_object_set_string_member (
      object, "state", wc_session_state_name (wc_session_state (session)));
  json_object_set_string_member (object, "since", since);
  wc_api_set_text (object, "address", wc_session_address (session));
  wc_api_set_text (object, "user_agent", wc_session_user_agent (session));
  json_object_set_array_member (object, "tracks",
                                tracks_json (wc_session_media (session)));
  json_object_set_string_member (object, "lane", wc_api_lane_name (lane));
  set_layer (object, mountpoint, session);
  set_stats (object, &stats);
  return object;
}

void
wc_api_sessions_list (WcRequest *request)
{
  WcMountpoint *mountpoint = wc_api_require_mountpoint (request);
  guint offset, limit;

  if (mountpoint == NULL || !wc_api_parse_range (request, &offset, &limit))
    return;

  g_autoptr (GPtrArray) list = wc_mountpoint_list_sessions (mountpoint);
  JsonArray *items = json_array_new ();
  for (guint i = offset; i < list->len && i - offset < limit; i++)
    json_array_add_object_element (
        items, session_json (mountpoint, list->pdata[i],
                             request->context->config->lane));

  JsonObject *object = json_object_new ();
  json_object_set_array_member (object, "items", items);
  json_object_set_int_member (object, "total", list->len);
  wc_request_answer_json (request, 200, object);
}

void
wc_api_session_end (WcRequest *request)
{
  const char *id = request->params.params[0];
  WcSession *session =
      wc_registry_find_session_by_public_id (request->context->registry, id);

  if (session == NULL || !wc_session_close (session, "ended by the operator")) {
    wc_request_answer_problem (request, 404, "there is no session %s", id);
    return;
  }
  wc_request_answer (request, 204, NULL, NULL, 0);
}
