/* SPDX-License-Identifier: MIT */
#include "http/api-drain.h"

#include "config/check.h"
#include "http/api.h"
#include "http/whep.h"

#include <string.h>

#define MAX_DEADLINE_MS 86400000
#define MAX_URL 2048
#define RETRY_AFTER "5"

JsonObject *
wc_api_drain_json_new (WcDrain *drain)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "state",
                                 wc_drain_state_name (wc_drain_state (drain)));
  json_object_set_int_member (object, "left_ms",
                              (gint64)wc_drain_left_ms (drain));
  wc_api_set_text (object, "to", wc_drain_to (drain));
  return object;
}

static gboolean
take_deadline (WcRequest *request, JsonObject *object, guint64 *deadline_ms)
{
  JsonNode *node = json_object_get_member (object, "deadline_ms");
  gint64 value = node != NULL && json_node_get_value_type (node) == G_TYPE_INT64
                     ? json_node_get_int (node)
                     : -1;

  if (value < 0 || value > MAX_DEADLINE_MS) {
    wc_request_answer_problem (
        request, 422,
        "deadline_ms must be given, a whole number of 0 to %d: how long "
        "viewers may stay, in milliseconds",
        MAX_DEADLINE_MS);
    return FALSE;
  }
  *deadline_ms = (guint64)value;
  return TRUE;
}

/* (transfer full) */
static gboolean
take_to (WcRequest *request, JsonObject *object, char **to)
{
  JsonNode *node = json_object_get_member (object, "to");

  *to = NULL;
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  const char *text = json_node_get_value_type (node) == G_TYPE_STRING
                         ? json_node_get_string (node)
                         : "";
  if (strlen (text) > MAX_URL || !wc_check_public_url (text)) {
    wc_request_answer_problem (
        request, 422,
        "to must be null or http(s)://HOST[:PORT][/PATH], which the endpoints "
        "of another server begin with: /whep/{id} follows it");
    return FALSE;
  }
  *to = g_strdup (text);
  while (g_str_has_suffix (*to, "/"))
    (*to)[strlen (*to) - 1] = '\0';
  return TRUE;
}

static gboolean
has_only (WcRequest *request, JsonObject *object)
{
  g_autoptr (GList) names = json_object_get_members (object);

  for (GList *each = names; each != NULL; each = each->next) {
    const char *name = each->data;
    if (g_str_equal (name, "deadline_ms") || g_str_equal (name, "to"))
      continue;
    wc_request_answer_problem (
        request, 422, "unknown key \"%s\"; known are deadline_ms and to", name);
    return FALSE;
  }
  return TRUE;
}

static void
answer_state (WcRequest *request)
{
  wc_request_answer_json (request, 200,
                          wc_api_drain_json_new (request->context->drain));
}

void
wc_api_drain_begin (WcRequest *request)
{
  g_autoptr (JsonObject) object = wc_api_parse_body (request);
  g_autofree char *to = NULL;
  guint64 deadline_ms;

  if (object == NULL || !has_only (request, object) ||
      !take_deadline (request, object, &deadline_ms) ||
      !take_to (request, object, &to))
    return;
  wc_drain_begin (request->context->drain, deadline_ms, to);
  answer_state (request);
}

void
wc_api_drain_end (WcRequest *request)
{
  if (request->context->stopping) {
    wc_request_set_field (request, "Retry-After", RETRY_AFTER);
    wc_request_answer_problem (request, 503,
                               "the server is going down, which cannot be "
                               "taken back");
    return;
  }
  wc_drain_end (request->context->drain);
  answer_state (request);
}

/* The endpoint elsewhere; a token in the query goes there too. (transfer full)
 * (nullable) */
static char *
other_endpoint (WcRequest *request, const char *protocol)
{
  g_autofree char *url = wc_drain_endpoint (request->context->drain, protocol,
                                            request->params.params[0]);
  const char *query =
      g_uri_get_query (soup_server_message_get_uri (request->message));

  if (url == NULL || query == NULL)
    return g_steal_pointer (&url);
  return g_strdup_printf ("%s?%s", url, query);
}

static void
send_away (WcRequest *request, const char *protocol)
{
  g_autofree char *url = other_endpoint (request, protocol);

  if (wc_whep_redirect (request, url))
    return;
  wc_request_set_field (request, "Retry-After", RETRY_AFTER);
  wc_request_answer_problem (request, 503,
                             "the server is being drained and takes nobody");
}

gboolean
wc_api_drain_refuse_viewer (WcRequest *request)
{
  if (wc_drain_state (request->context->drain) == WC_DRAIN_OFF)
    return FALSE;
  send_away (request, "whep");
  return TRUE;
}

gboolean
wc_api_drain_refuse_publisher (WcRequest *request)
{
  if (wc_drain_state (request->context->drain) != WC_DRAIN_OVER)
    return FALSE;
  send_away (request, "whip");
  return TRUE;
}
