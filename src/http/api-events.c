/* SPDX-License-Identifier: MIT */
#include "http/api-events.h"

#include "http/api.h"
#include "http/event-stream.h"
#include "http/failover-json.h"
#include "http/figures-json.h"
#include "stats/event-bus.h"

#define FIGURES_MS_MIN 1000
#define FIGURES_MS_MAX 60000

/* One who listens. */
typedef struct {
  const WcHttpContext *context;
  WcEventStream *stream;
  guint listener;
  guint figures; /* source of the main context; 0: not asked for */
} Listening;

static void
on_gone (gpointer user_data)
{
  Listening *listening = user_data;

  wc_event_bus_leave (listening->context->bus, listening->listener);
  g_clear_handle_id (&listening->figures, g_source_remove);
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

static char *
to_text (JsonObject *object)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (root, object);
  return json_to_string (root, FALSE);
}

static void
on_event (WcEventKind kind, WcMountpoint *mountpoint, gpointer user_data)
{
  const Listening *listening = user_data;
  g_autofree char *json = to_text (describe (kind, mountpoint));

  wc_event_stream_send (listening->stream, name_of (kind), json);
}

static gboolean
on_figures (gpointer user_data)
{
  const Listening *listening = user_data;
  g_autofree char *json = NULL;
  g_autofree char *text = NULL;

  /* The next ones replace these. */
  if (!wc_event_stream_is_read (listening->stream))
    return G_SOURCE_CONTINUE;
  json = to_text (wc_figures_json_new (listening->context));
  text = g_strdup_printf ("event: figures\ndata: %s\n\n", json);
  wc_event_stream_send_all (listening->stream, text);
  return G_SOURCE_CONTINUE; /* removed with the stream */
}

static gboolean
send_all_states (const Listening *listening)
{
  g_autoptr (GPtrArray) mountpoints =
      wc_registry_list (listening->context->registry);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < mountpoints->len; i++) {
    g_autofree char *json =
        to_text (describe (WC_EVENT_STATE, mountpoints->pdata[i]));
    g_string_append_printf (text, "event: %s\ndata: %s\n\n",
                            name_of (WC_EVENT_STATE), json);
  }
  return wc_event_stream_send_all (listening->stream, text->str);
}

/* Everything as it is, then what changes. */
void
wc_api_events_read (WcRequest *request)
{
  guint figures_ms = 0;

  if (!wc_api_parse_query_number (request, "figures", FIGURES_MS_MIN,
                                  FIGURES_MS_MAX, &figures_ms) ||
      wc_event_stream_answer_head (request))
    return;
  Listening *listening = g_new0 (Listening, 1);
  listening->context = request->context;
  listening->stream = wc_event_stream_new (request, on_gone, listening);
  if (listening->stream == NULL) {
    g_free (listening);
    return;
  }
  listening->listener =
      wc_event_bus_listen (listening->context->bus, on_event, listening);
  if (figures_ms > 0)
    listening->figures = g_timeout_add (figures_ms, on_figures, listening);
  if (send_all_states (listening) && figures_ms > 0)
    on_figures (listening);
}
