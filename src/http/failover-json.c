/* SPDX-License-Identifier: MIT */
#include "http/failover-json.h"

#include "base/clock.h"
#include "http/api-mountpoints.h"
#include "http/api.h"
#include "http/mountpoint-json.h"

static void
set_number (JsonObject *object, const char *name, int index)
{
  if (index >= 0)
    json_object_set_int_member (object, name, index + 1);
  else
    json_object_set_null_member (object, name);
}

static void
add_source (JsonObject *object, WcIngestFailover *failover, guint index)
{
  g_autofree char *reason =
      wc_ingest_failover_dup_source_reason (failover, index);

  json_object_set_string_member (
      object, "state",
      wc_ingest_state_name (wc_ingest_failover_source_state (failover, index)));
  wc_api_set_text (object, "reason", reason);
  json_object_set_boolean_member (
      object, "playing", wc_ingest_failover_playing (failover) == (int)index);
}

void
wc_failover_json_add_playing (JsonObject *object, WcMountpoint *mountpoint)
{
  WcIngestFailover *failover = wc_mountpoint_failover (mountpoint);

  if (failover != NULL)
    set_number (object, "playing", wc_ingest_failover_playing (failover));
}

JsonObject *
wc_failover_json_new_switch (WcMountpoint *mountpoint)
{
  WcIngestFailover *failover = wc_mountpoint_failover (mountpoint);
  const WcFailoverSwitch *last =
      failover != NULL ? wc_ingest_failover_last_switch (failover) : NULL;
  g_autofree char *at = NULL;
  JsonObject *object;

  if (last == NULL || last->at_us == 0)
    return NULL;
  object = json_object_new ();
  at = wc_clock_format (last->at_us);
  set_number (object, "from", last->from);
  set_number (object, "to", last->to);
  wc_api_set_text (object, "reason", last->reason);
  json_object_set_string_member (object, "at", at);
  return object;
}

static void
add_switches (JsonObject *object, WcMountpoint *mountpoint)
{
  WcIngestFailover *failover = wc_mountpoint_failover (mountpoint);
  JsonObject *last = wc_failover_json_new_switch (mountpoint);

  json_object_set_int_member (object, "switches",
                              (gint64)wc_ingest_failover_n_switches (failover));
  if (last != NULL)
    json_object_set_object_member (object, "last_switch", last);
  else
    json_object_set_null_member (object, "last_switch");
}

void
wc_failover_json_add (JsonObject *object, WcMountpoint *mountpoint)
{
  WcIngestFailover *failover = wc_mountpoint_failover (mountpoint);
  JsonArray *sources;

  if (failover == NULL)
    return;
  sources = json_object_get_array_member (object, "sources");
  for (guint i = 0; i < wc_ingest_failover_n_sources (failover); i++)
    add_source (json_array_get_object_element (sources, i), failover, i);
  wc_failover_json_add_playing (object, mountpoint);
  set_number (object, "chosen", wc_ingest_failover_chosen (failover));
  add_switches (object, mountpoint);
}

/* --- switching by hand ---------------------------------------------------- */

/* The index, or -1 for null. FALSE: @request was answered. */
static gboolean
read_source (WcRequest *request, JsonObject *body, guint n, int *index)
{
  JsonNode *node = json_object_get_member (body, "source");
  gint64 number;

  if (node != NULL && json_object_get_size (body) == 1) {
    if (JSON_NODE_HOLDS_NULL (node)) {
      *index = -1;
      return TRUE;
    }
    number = JSON_NODE_HOLDS_VALUE (node) &&
                     json_node_get_value_type (node) == G_TYPE_INT64
                 ? json_node_get_int (node)
                 : 0;
    if (number >= 1 && number <= n) {
      *index = (int)number - 1;
      return TRUE;
    }
  }
  wc_request_answer_problem (
      request, 422,
      "the body must be {\"source\": N} with N from 1 to %u, or "
      "{\"source\": null} for the order of the sources",
      n);
  return FALSE;
}

void
wc_api_mountpoint_switch (WcRequest *request)
{
  WcMountpoint *mountpoint = wc_api_require_mountpoint (request);
  g_autoptr (JsonObject) body = NULL;
  WcIngestFailover *failover;
  int index;

  if (mountpoint == NULL)
    return;
  body = wc_api_parse_body (request);
  if (body == NULL)
    return;
  failover = wc_mountpoint_failover (mountpoint);
  if (failover == NULL) {
    wc_request_answer_problem (
        request, 422,
        "mountpoint %s is of kind %s; only one of kind failover has sources "
        "to switch between",
        wc_mountpoint_id (mountpoint),
        wc_kind_name (wc_mountpoint_spec (mountpoint)->kind));
    return;
  }
  if (!read_source (request, body, wc_ingest_failover_n_sources (failover),
                    &index))
    return;
  wc_ingest_failover_choose (failover, index);
  wc_request_answer_json (request, 200,
                          wc_mountpoint_json_new (mountpoint, request));
}
