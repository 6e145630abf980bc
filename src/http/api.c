/* SPDX-License-Identifier: MIT */
#include "http/api.h"

#include "http/grant.h"

#define TYPE_JSON "application/json"
#define MAX_DEPTH 16
#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000

gboolean
wc_api_check (WcRequest *request)
{
  return wc_grant (request, WC_ACCESS_MANAGE, NULL);
}

gboolean
wc_api_check_mountpoint (WcRequest *request)
{
  WcMountpoint *mountpoint = wc_registry_lookup (request->context->registry,
                                                 request->params.params[0]);

  return wc_grant (request, WC_ACCESS_MANAGE,
                   mountpoint != NULL ? wc_mountpoint_spec (mountpoint) : NULL);
}

/* How deep brackets that are not in strings are nested. */
static guint
nesting (const char *text, gsize size)
{
  guint depth = 0, deepest = 0;
  gboolean in_string = FALSE;

  for (gsize i = 0; i < size; i++) {
    char c = text[i];
    if (in_string && c == '\\')
      i++;
    else if (c == '"')
      in_string = !in_string;
    else if (!in_string && (c == '{' || c == '['))
      deepest = MAX (deepest, ++depth);
    else if (!in_string && (c == '}' || c == ']') && depth > 0)
      depth--;
  }
  return deepest;
}

gboolean
wc_api_json_is_safe (const char *text, gsize size, GError **error)
{
  const char *end;

  if (!g_utf8_validate_len (text, size, &end)) {
    g_set_error (error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_INVALID_DATA,
                 "byte %" G_GSIZE_FORMAT ": not UTF-8", (gsize)(end - text));
    return FALSE;
  }
  if (nesting (text, size) > MAX_DEPTH) {
    g_set_error (error, JSON_PARSER_ERROR, JSON_PARSER_ERROR_INVALID_DATA,
                 "nested deeper than %d", MAX_DEPTH);
    return FALSE;
  }
  return TRUE;
}

JsonObject *
wc_api_parse_body (WcRequest *request)
{
  if (!wc_request_is_type (request, TYPE_JSON)) {
    wc_request_answer_problem (request, 415, "the body must be " TYPE_JSON);
    return NULL;
  }

  g_autoptr (GBytes) body = wc_request_body (request);
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  if (size == 0) {
    wc_request_answer_problem (request, 400, "the body is empty");
    return NULL;
  }
  if (!wc_api_json_is_safe (text, size, &error) ||
      !json_parser_load_from_data (parser, text, (gssize)size, &error)) {
    wc_request_answer_problem (request, 400, "not JSON: %s", error->message);
    return NULL;
  }

  JsonNode *root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root)) {
    wc_request_answer_problem (request, 400, "the body must be a JSON object");
    return NULL;
  }
  return json_object_ref (json_node_get_object (root));
}

gboolean
wc_api_parse_query_number (WcRequest *request, const char *name, guint min,
                           guint max, guint *value)
{
  const char *query =
      g_uri_get_query (soup_server_message_get_uri (request->message));
  g_autoptr (GHashTable) fields =
      query != NULL ? soup_form_decode (query) : NULL;
  const char *text = fields != NULL ? g_hash_table_lookup (fields, name) : NULL;
  guint64 number;

  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_unsigned (text, 10, min, max, &number, NULL)) {
    wc_request_answer_problem (request, 400, "%s must be a number of %u to %u",
                               name, min, max);
    return FALSE;
  }
  *value = (guint)number;
  return TRUE;
}

gboolean
wc_api_parse_range (WcRequest *request, guint *offset, guint *limit)
{
  *offset = 0;
  *limit = LIMIT_DEFAULT;
  return wc_api_parse_query_number (request, "offset", 0, G_MAXINT, offset) &&
         wc_api_parse_query_number (request, "limit", 0, LIMIT_MAX, limit);
}

void
wc_api_set_text (JsonObject *object, const char *name, const char *value)
{
  if (value != NULL)
    json_object_set_string_member (object, name, value);
  else
    json_object_set_null_member (object, name);
}

const char *
wc_api_lane_name (WcLaneKind lane)
{
  return lane == WC_LANE_DIRECT ? "direct" : "webrtcbin";
}
