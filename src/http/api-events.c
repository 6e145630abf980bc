/* SPDX-License-Identifier: MIT */
#include "http/api-events.h"

#include "http/api.h"
#include "http/event-stream.h"
#include "http/failover-json.h"
#include "stats/event-bus.h"

/* One who listens. */
typedef struct {
  WcEventBus *bus;
  WcEventStream *stream;
  guint listener;
} Listening;

static void
on_gone (gpointer user_data)
{
  Listening *listening = user_data;

  wc_event_bus_leave (listening->bus, listening->listener);
  g_free (listening);
}

static void
add_state (JsonObject *object, WcMountpoint *mountpoint)
{
  json_object_set_string_member (
      object, "state",
      wc_mountpoint_state_name (wc_mountpoint_state (mountpoint)));
  wc_api_set_text (object, "reason", wc_mountpoint_reason (mountpoint));
  json_object_set_int_member (object, "viewers",
                              wc_mountpoint_n_viewers (mountpoint));
  wc_failover_json_add_playing (object, mountpoint);
}

static const char *
name_of (WcEventKind kind)
{
  switch (kind) {
  case WC_EVENT_STATE:
  case WC_EVENT_VIEWERS:
    return "mountpoint";
  case WC_EVENT_SWITCH:
    return "switch";
  case WC_EVENT_REMOVED:
    return "removed";
  }
  g_return_val_if_reached ("mountpoint");
}

static JsonObject *
describe (WcEventKind kind, WcMountpoint *mountpoint)
{
  JsonObject *object =
      kind == WC_EVENT_SWITCH ? wc_failover_json_new_switch (mountpoint) : NULL;

  if (object == NULL)
    object = json_object_new ();
  json_object_set_string_member (object, "id", wc_mountpoint_id (mountpoint));
  if (kind == WC_EVENT_STATE || kind == WC_EVENT_VIEWERS)
    add_state (object, mountpoint);
  return object;
}

static gboolean
say (Listening *listening, WcEventKind kind, WcMountpoint *mountpoint)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *json = NULL;

  json_node_take_object (root, describe (kind, mountpoint));
  json = json_to_string (root, FALSE);
  return wc_event_stream_send (listening->stream, name_of (kind), json);
}

static void
on_event (WcEventKind kind, WcMountpoint *mountpoint, gpointer user_data)
{
  say (user_data, kind, mountpoint);
}

/* Everything as it is, then what changes. */
void
wc_api_events_read (WcRequest *request)
{
  g_autoptr (GPtrArray) mountpoints =
      wc_registry_list (request->context->registry);
  if (wc_event_stream_answer_head (request))
    return;
  Listening *listening = g_new0 (Listening, 1);
  listening->bus = request->context->bus;
  listening->stream = wc_event_stream_new (request, on_gone, listening);
  if (listening->stream == NULL) {
    g_free (listening);
    return;
  }
  listening->listener =
      wc_event_bus_listen (listening->bus, on_event, listening);
  for (guint i = 0; i < mountpoints->len; i++)
    if (!say (listening, WC_EVENT_STATE, mountpoints->pdata[i]))
      return;
}
