/* SPDX-License-Identifier: MIT */
#include "http/api-probe.h"

#include "http/api.h"
#include "http/mountpoint-json.h"
#include "http/stream-json.h"
#include "mountpoint/probe.h"

#define MAX_TIMEOUT_MS 60000

static JsonObject *
result_json (const WcProbeResult *result)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "state",
                                 wc_ingest_state_name (result->state));
  wc_api_set_text (object, "reason", result->reason);
  json_object_set_boolean_member (object, "complete", result->complete);
  json_object_set_int_member (object, "elapsed_ms", result->elapsed_ms);
  json_object_set_array_member (object, "tracks",
                                wc_tracks_json_new (result->tracks, NULL));
  json_object_set_array_member (
      object, "diagnosis",
      wc_diagnosis_json_new (result->tracks, WC_SENDER_ENCODER));
  return object;
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (WcRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (WcProbeResult) found =
      wc_registry_probe_finish (WC_REGISTRY (source), result, &error);

  if (found != NULL)
    wc_request_answer_json (request, 200, result_json (found));
  else
    wc_request_answer_error (request, error);
}

static gboolean
refuse (WcRequest *request, const char *text)
{
  wc_request_answer_problem (request, 422, "%s", text);
  return FALSE;
}

static gboolean
is_integer (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) &&
         json_node_get_value_type (node) == G_TYPE_INT64;
}

/* FALSE after an answer. */
static gboolean
read_timeout (WcRequest *request, JsonObject *body, guint *timeout_ms)
{
  JsonNode *node = json_object_get_member (body, "timeout_ms");
  gint64 value = WC_PROBE_TIMEOUT_MS;

  if (node != NULL && is_integer (node))
    value = json_node_get_int (node);
  else if (node != NULL)
    value = 0;
  if (value < 1000 || value > MAX_TIMEOUT_MS)
    return refuse (request, "key \"timeout_ms\": 1000 to 60000 is allowed");
  *timeout_ms = (guint)value;
  return TRUE;
}

static gboolean
check_members (WcRequest *request, JsonObject *body)
{
  g_autoptr (GList) members = json_object_get_members (body);

  for (GList *l = members; l != NULL; l = l->next)
    if (!g_str_equal (l->data, "source") &&
        !g_str_equal (l->data, "timeout_ms"))
      return refuse (request, "known keys: source, timeout_ms");
  return TRUE;
}

/* A create request without an id, which it is given here. NULL after an answer.
 */
static WcMountpointSpec *
read_source (WcRequest *request, JsonObject *body)
{
  JsonNode *node = json_object_get_member (body, "source");
  g_autoptr (GError) error = NULL;
  WcMountpointSpec *spec;
  JsonObject *source;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node)) {
    refuse (request,
            "\"source\" must be an object: a source with the keys of a "
            "mountpoint");
    return NULL;
  }
  source = json_node_get_object (node);
  if (json_object_has_member (source, "id")) {
    refuse (request, "key \"id\" of \"source\": leave it out");
    return NULL;
  }
  json_object_set_string_member (source, "id", "probe");
  spec = wc_mountpoint_spec_from_json (source, &error);
  if (spec == NULL)
    wc_request_answer_error (request, error);
  return spec;
}

void
wc_api_probe (WcRequest *request)
{
  g_autoptr (JsonObject) body = wc_api_parse_body (request);
  guint timeout_ms;

  if (body == NULL || !check_members (request, body) ||
      !read_timeout (request, body, &timeout_ms))
    return;
  g_autoptr (WcMountpointSpec) spec = read_source (request, body);
  if (spec == NULL)
    return;
  wc_request_pause (request);
  wc_registry_probe_async (request->context->registry, spec, timeout_ms,
                           on_probed, wc_request_ref (request));
}
