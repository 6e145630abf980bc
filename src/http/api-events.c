/* SPDX-License-Identifier: MIT */
#include "http/api-events.h"

#include "http/api.h"
#include "http/event-stream.h"
#include "http/figures-json.h"

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

  wc_event_log_leave (listening->context->events, listening->listener);
  g_clear_handle_id (&listening->figures, g_source_remove);
  g_free (listening);
}

static void
on_event (const WcEventRecord *record, gpointer user_data)
{
  const Listening *listening = user_data;

  wc_event_stream_send (listening->stream, record->id, record->name,
                        record->json);
}

/* What happened has an id; how much there is of everything has none. */
static gboolean
on_figures (gpointer user_data)
{
  const Listening *listening = user_data;
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GString) text = NULL;
  g_autofree char *json = NULL;

  /* The next ones replace these. */
  if (!wc_event_stream_is_read (listening->stream))
    return G_SOURCE_CONTINUE;
  root = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (root, wc_figures_json_new (listening->context));
  json = json_to_string (root, FALSE);
  text = g_string_new (NULL);
  wc_event_stream_format (text, NULL, "figures", json);
  wc_event_stream_send_all (listening->stream, text->str);
  return G_SOURCE_CONTINUE; /* removed with the stream */
}

/* --- the beginning -------------------------------------------------------- */

static void
on_missed (const WcEventRecord *record, gpointer user_data)
{
  wc_event_stream_format (user_data, record->id, record->name, record->json);
}

/* The id comes last: who is cut off before it is told all of it again. */
static void
add_everything (GString *text, const WcHttpContext *context)
{
  g_autoptr (GPtrArray) mountpoints = wc_registry_list (context->registry);
  g_autofree char *id = wc_event_log_dup_newest_id (context->events);

  for (guint i = 0; i < mountpoints->len; i++) {
    g_autofree char *json = wc_event_log_describe (mountpoints->pdata[i]);
    wc_event_stream_format (text, NULL, "mountpoint", json);
  }
  wc_event_stream_format (text, id, NULL, NULL);
}

/* What happened since the client was here last; or everything as it is, and
 * when it was here before, that it must forget what it knows. */
static GString *
write_opening (WcRequest *request)
{
  const char *last_id = wc_request_field (request, "Last-Event-ID");
  const WcHttpContext *context = request->context;
  GString *text = g_string_new (NULL);

  if (last_id != NULL &&
      wc_event_log_replay (context->events, last_id, on_missed, text))
    return text;
  if (last_id != NULL)
    wc_event_stream_format (text, NULL, "reset", "{}");
  add_everything (text, context);
  return text;
}

void
wc_api_events_read (WcRequest *request)
{
  g_autoptr (GString) opening = NULL;
  guint figures_ms = 0;

  if (!wc_api_parse_query_number (request, "figures", FIGURES_MS_MIN,
                                  FIGURES_MS_MAX, &figures_ms) ||
      wc_event_stream_answer_head (request))
    return;
  Listening *listening = g_new0 (Listening, 1);
  listening->context = request->context;
  opening = write_opening (request);
  listening->stream = wc_event_stream_new (request, on_gone, listening);
  if (listening->stream == NULL) {
    g_free (listening);
    return;
  }
  listening->listener =
      wc_event_log_listen (listening->context->events, on_event, listening);
  if (figures_ms > 0)
    listening->figures = g_timeout_add (figures_ms, on_figures, listening);
  if (wc_event_stream_send_all (listening->stream, opening->str) &&
      figures_ms > 0)
    on_figures (listening);
}
