/* SPDX-License-Identifier: MIT */
#include "http/whep-layers.h"

#include "http/api.h"
#include "http/whep-session.h"

#define RELATION "urn:ietf:params:whep:ext:core:layer"
#define MAX_SIZE 65535

void
wc_whep_layers_announce (WcRequest *request, WcSession *session)
{
  if (!wc_session_offers_layers (session))
    return;
  g_autofree char *link = g_strdup_printf (
      "</whep/%s/%s/layer>; rel=\"" RELATION "\"",
      wc_session_mountpoint_id (session), wc_session_secret (session));

  wc_request_add_field (request, "Link", link);
}

/* --- the event ------------------------------------------------------------ */

static JsonObject *
layer_json (const WcWhipLayerInfo *info, gboolean playing, gboolean with_rates)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "rid", info->rid);
  if (!info->active) /* that is what no bit rate says */
    return object;
  json_object_set_int_member (object, "bitrate",
                              with_rates ? info->bitrate_bps : 1);
  if (info->width > 0) {
    json_object_set_int_member (object, "width", info->width);
    json_object_set_int_member (object, "height", info->height);
  }
  json_object_set_boolean_member (object, "playing", playing);
  return object;
}

char *
wc_whep_layers_event (WcMountpoint *mountpoint, WcSession *session,
                      gboolean with_rates)
{
  WcWhipLayerInfo infos[WC_LAYERS_MAX];
  guint n = wc_mountpoint_get_layers (mountpoint, infos);
  gint playing = wc_mountpoint_session_layer (mountpoint, session);
  g_autofree char *line =
      g_strdup_printf ("%d", wc_session_video_index (session));
  JsonArray *layers = json_array_new ();
  JsonObject *object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  for (guint i = 0; i < n; i++)
    json_array_add_object_element (
        layers, layer_json (&infos[i], (gint)i == playing, with_rates));
  json_object_set_array_member (object, line, layers);
  json_node_take_object (node, object);
  return json_to_string (node, FALSE);
}

/* --- the choice ----------------------------------------------------------- */

static gboolean
read_text (WcRequest *request, JsonObject *body, const char *name,
           const char **value)
{
  JsonNode *node = json_object_get_member (body, name);

  *value = NULL;
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (json_node_get_value_type (node) == G_TYPE_STRING) {
    *value = json_node_get_string (node);
    return TRUE;
  }
  wc_request_answer_problem (request, 422, "%s must be a string", name);
  return FALSE;
}

static gboolean
read_size (WcRequest *request, JsonObject *body, const char *name, guint *value)
{
  JsonNode *node = json_object_get_member (body, name);

  *value = 0;
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (json_node_get_value_type (node) == G_TYPE_INT64) {
    gint64 size = json_node_get_int (node);
    if (size >= 1 && size <= MAX_SIZE) {
      *value = (guint)size;
      return TRUE;
    }
  }
  wc_request_answer_problem (request, 422, "%s must be a number from 1 to %d",
                             name, MAX_SIZE);
  return FALSE;
}

/* Only the video has layers. */
static gboolean
check_media (WcRequest *request, JsonObject *body, WcSession *session)
{
  g_autofree char *line =
      g_strdup_printf ("%d", wc_session_video_index (session));
  const char *media;

  if (!read_text (request, body, "mediaId", &media))
    return FALSE;
  if (media == NULL || g_str_equal (media, line))
    return TRUE;
  wc_request_answer_problem (
      request, 422, "mediaId must be \"%s\", the m-line of the video", line);
  return FALSE;
}

static gboolean
check_scalability (WcRequest *request, JsonObject *body)
{
  static const char *const names[] = {"spatialLayerId", "temporalLayerId"};

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (json_object_has_member (body, names[i])) {
      wc_request_answer_problem (
          request, 422, "%s cannot be chosen: layers are chosen by rid",
          names[i]);
      return FALSE;
    }
  return TRUE;
}

/* `encodingId` is what the draft said before, and some players still do. */
static gboolean
read_wish (WcRequest *request, JsonObject *body, WcLayerWish *wish)
{
  const char *rid, *encoding;

  if (!read_text (request, body, "rid", &rid) ||
      !read_text (request, body, "encodingId", &encoding) ||
      !read_size (request, body, "maxWidth", &wish->max_width) ||
      !read_size (request, body, "maxHeight", &wish->max_height))
    return FALSE;
  wish->rid = (char *)(rid != NULL ? rid : encoding);
  return TRUE;
}

void
wc_whep_layers_select (WcRequest *request)
{
  WcSession *session = wc_whep_session_require (request);
  g_autoptr (JsonObject) body =
      session != NULL ? wc_api_parse_body (request) : NULL;
  g_autoptr (GError) error = NULL;
  WcLayerWish wish = {0};

  if (body == NULL || !check_media (request, body, session) ||
      !check_scalability (request, body) || !read_wish (request, body, &wish))
    return;
  WcMountpoint *mountpoint = wc_registry_lookup (request->context->registry,
                                                 request->params.params[0]);
  if (mountpoint == NULL)
    wc_request_answer_problem (request, 404, "the mountpoint is gone");
  else if (wc_mountpoint_wish_layer (mountpoint, session, &wish, &error))
    wc_request_answer (request, 200, NULL, NULL, 0);
  else
    wc_request_answer_error (request, error);
}
