/* SPDX-License-Identifier: MIT */
#include "http/whep-events.h"

#include "base/id.h"
#include "http/api.h"
#include "http/event-stream.h"
#include "http/whep-layers.h"
#include "http/whep-session.h"
#include "stats/event-bus.h"

#define KEY "wc-whep-events"
#define RELATION "urn:ietf:params:whep:ext:core:server-sent-events"
#define MAX_STREAMS 8
#define ID_BYTES 8

#define LOOK_AT_LAYERS_MS 500
/* Bit rates change all the time; they are said again no more often than this.
 */
#define RATES_INTERVAL_US (5 * G_USEC_PER_SEC)

enum { ACTIVE, INACTIVE, VIEWERCOUNT, RECONNECT, DRAIN, LAYERS, N_EVENTS };

static const char *const names[N_EVENTS] = {
    "active", "inactive", "viewercount", "reconnect", "drain", "layers"};

/* What a viewer asked for, and the connection that it listens by. */
typedef struct {
  WcSession *session; /* owns it */
  WcEventBus *bus;
  char *id;              /* NULL: ends with its connection */
  guint events;          /* bits */
  gboolean is_active;    /* said so last */
  WcEventStream *stream; /* nullable */
  guint listener;        /* 0 without a stream */
  guint layers_source;   /* the same */
  char *layers;          /* nullable; as said last, without bit rates */
  gint64 layers_us;      /* when */
  WcRegistry *registry;
  WcDrain *drain;
  gulong drain_handler; /* 0 without a stream */
} Listening;

/* Those that @session can be told. */
static guint
events_of (WcSession *session)
{
  guint all = (1u << N_EVENTS) - 1;

  return wc_session_offers_layers (session) ? all : all & ~(1u << LAYERS);
}

static char *
list_events (guint events, const char *separator)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < N_EVENTS; i++)
    if (events & (1u << i))
      g_string_append_printf (text, "%s%s", text->len > 0 ? separator : "",
                              names[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
stop_listening (Listening *listening)
{
  if (listening->listener != 0)
    wc_event_bus_leave (listening->bus, listening->listener);
  listening->listener = 0;
  g_clear_signal_handler (&listening->drain_handler, listening->drain);
  g_clear_handle_id (&listening->layers_source, g_source_remove);
  g_clear_pointer (&listening->layers, g_free);
}

static void
listening_free (gpointer data)
{
  Listening *listening = data;

  stop_listening (listening);
  if (listening->stream != NULL)
    wc_event_stream_close (listening->stream);
  g_free (listening->id);
  g_free (listening);
}

static GPtrArray *
list_of (WcSession *session)
{
  return g_object_get_data (G_OBJECT (session), KEY);
}

static void
on_gone (gpointer user_data)
{
  Listening *listening = user_data;

  listening->stream = NULL;
  stop_listening (listening);
  if (listening->id == NULL)
    g_ptr_array_remove (list_of (listening->session), listening);
}

/* FALSE: the stream is no more, nor perhaps @listening. */
static gboolean
say (Listening *listening, guint event, const char *json)
{
  return !(listening->events & (1u << event)) ||
         wc_event_stream_send (listening->stream, NULL, names[event], json);
}

static gboolean
say_state (Listening *listening, WcMountpoint *mountpoint)
{
  gboolean active = wc_mountpoint_state (mountpoint) == WC_MOUNTPOINT_LIVE;

  if (active == listening->is_active)
    return TRUE;
  listening->is_active = active;
  return say (listening, active ? ACTIVE : INACTIVE, "{}");
}

static gboolean
say_viewers (Listening *listening, WcMountpoint *mountpoint)
{
  g_autofree char *json = g_strdup_printf (
      "{\"viewercount\":%u}", wc_mountpoint_n_viewers (mountpoint));

  return say (listening, VIEWERCOUNT, json);
}

/* FALSE as in say (). */
static gboolean
say_layers (Listening *listening, WcMountpoint *mountpoint)
{
  gint64 now_us = g_get_monotonic_time ();
  g_autofree char *shape =
      wc_whep_layers_event (mountpoint, listening->session, FALSE);

  if (g_strcmp0 (shape, listening->layers) == 0 &&
      now_us - listening->layers_us < RATES_INTERVAL_US)
    return TRUE;
  g_free (listening->layers);
  listening->layers = g_steal_pointer (&shape);
  listening->layers_us = now_us;
  g_autofree char *json =
      wc_whep_layers_event (mountpoint, listening->session, TRUE);
  return say (listening, LAYERS, json);
}

/* FALSE as in say (). Takes @object. */
static gboolean
say_object (Listening *listening, guint event, JsonObject *object)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (root, object);
  g_autofree char *json = json_to_string (root, FALSE);
  return say (listening, event, json);
}

/* Where the mountpoint is had while the server is being emptied. (transfer
 * full) (nullable) */
static char *
url_elsewhere (Listening *listening)
{
  return wc_drain_endpoint (listening->drain, "whep",
                            wc_session_mountpoint_id (listening->session));
}

/* FALSE as in say (). */
static gboolean
say_drain (Listening *listening)
{
  JsonObject *object;

  if (wc_drain_state (listening->drain) != WC_DRAIN_ON)
    return TRUE;
  g_autofree char *url = url_elsewhere (listening);
  object = json_object_new ();
  json_object_set_int_member (object, "left_ms",
                              (gint64)wc_drain_left_ms (listening->drain));
  wc_api_set_text (object, "url", url);
  return say_object (listening, DRAIN, object);
}

/* FALSE as in say (). Without `url`: where it was. */
static gboolean
say_reconnect (Listening *listening)
{
  JsonObject *object = json_object_new ();
  g_autofree char *url = url_elsewhere (listening);

  if (url != NULL)
    json_object_set_string_member (object, "url", url);
  return say_object (listening, RECONNECT, object);
}

static void
on_drain_changed (WcDrain *drain, gpointer user_data)
{
  say_drain (user_data);
}

static gboolean
on_look_at_layers (gpointer user_data)
{
  Listening *listening = user_data;
  WcMountpoint *mountpoint = wc_registry_lookup (
      listening->registry, wc_session_mountpoint_id (listening->session));

  if (mountpoint != NULL && !say_layers (listening, mountpoint))
    return G_SOURCE_REMOVE; /* and it has been removed */
  return G_SOURCE_CONTINUE;
}

static void
on_event (const WcEvent *event, gpointer user_data)
{
  Listening *listening = user_data;

  if (g_strcmp0 (wc_mountpoint_id (event->mountpoint),
                 wc_session_mountpoint_id (listening->session)) != 0)
    return;
  switch (event->kind) {
  case WC_EVENT_STATE:
    say_state (listening, event->mountpoint);
    return;
  case WC_EVENT_VIEWERS:
    say_viewers (listening, event->mountpoint);
    return;
  case WC_EVENT_JOINED: /* told as a number */
  case WC_EVENT_LEFT:
    return;
  case WC_EVENT_SWITCH: /* no viewer is to notice */
    return;
  case WC_EVENT_REMOVED: /* the session is ended with it */
    return;
  }
}

/* A session that the viewer did not end may be made again. */
static void
on_session_state (WcSession *session, gpointer user_data)
{
  GPtrArray *list = list_of (session);
  WcSessionState state = wc_session_state (session);

  if (state != WC_SESSION_CLOSING && state != WC_SESSION_CLOSED)
    return;
  g_object_ref (session);
  gboolean left = wc_whep_session_is_deleted (session);
  for (guint i = list->len; i > 0; i--) {
    Listening *listening = list->pdata[i - 1];
    if (listening->stream == NULL || left || say_reconnect (listening))
      g_ptr_array_remove (list, listening);
  }
  g_ptr_array_set_size (list, 0);
  g_object_unref (session);
}

static GPtrArray *
ensure_list (WcSession *session)
{
  GPtrArray *list = list_of (session);

  if (list != NULL)
    return list;
  list = g_ptr_array_new_with_free_func (listening_free);
  g_object_set_data_full (G_OBJECT (session), KEY, list,
                          (GDestroyNotify)g_ptr_array_unref);
  g_signal_connect (session, "state-changed", G_CALLBACK (on_session_state),
                    NULL);
  return list;
}

/* NULL after an answer: the session is ending, or has too many. */
static Listening *
make_listening (WcRequest *request, guint events)
{
  WcSession *session = wc_whep_session_require (request);

  if (session == NULL)
    return NULL;
  GPtrArray *list = ensure_list (session);
  if (wc_session_state (session) >= WC_SESSION_CLOSING) {
    wc_request_answer_problem (request, 404, "the session is over");
    return NULL;
  }
  if (list->len >= MAX_STREAMS) {
    wc_request_answer_problem (
        request, 409, "the session has %d event streams already", MAX_STREAMS);
    return NULL;
  }
  Listening *listening = g_new0 (Listening, 1);
  listening->session = session;
  listening->bus = request->context->bus;
  listening->registry = request->context->registry;
  listening->drain = request->context->drain;
  listening->events = events;
  g_ptr_array_add (list, listening);
  return listening;
}

static void
attach (WcRequest *request, Listening *listening)
{
  WcMountpoint *mountpoint =
      wc_registry_lookup (request->context->registry,
                          wc_session_mountpoint_id (listening->session));

  stop_listening (listening);
  if (listening->stream != NULL)
    wc_event_stream_close (g_steal_pointer (&listening->stream));
  listening->is_active = FALSE;
  listening->stream = wc_event_stream_new (request, on_gone, listening);
  if (listening->stream == NULL) {
    if (listening->id == NULL)
      g_ptr_array_remove (list_of (listening->session), listening);
    return;
  }
  listening->listener =
      wc_event_bus_listen (listening->bus, on_event, listening);
  listening->drain_handler = g_signal_connect (
      listening->drain, "changed", G_CALLBACK (on_drain_changed), listening);
  if (listening->events & (1u << LAYERS))
    listening->layers_source =
        g_timeout_add (LOOK_AT_LAYERS_MS, on_look_at_layers, listening);
  if (mountpoint == NULL || !say_state (listening, mountpoint) ||
      !say_viewers (listening, mountpoint) || !say_drain (listening))
    return;
  if (listening->events & (1u << LAYERS))
    say_layers (listening, mountpoint);
}

void
wc_whep_events_announce (WcRequest *request, WcSession *session)
{
  /* `drain` is ours; but a player may ask only for what is announced, and
   * passes over what it does not know. */
  g_autofree char *events = list_events (events_of (session), ",");
  g_autofree char *link = g_strdup_printf (
      "</whep/%s/%s/events>; rel=\"" RELATION "\"; events=\"%s\"",
      wc_session_mountpoint_id (session), wc_session_secret (session), events);

  wc_request_add_field (request, "Link", link);
}

/* The bits of a JSON list of names, out of @all; 0 if it is none. */
static guint
parse_events (WcRequest *request, guint all)
{
  g_autoptr (GBytes) body = wc_request_body (request);
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  guint events = 0;

  if (size == 0)
    return all;
  if (!wc_api_json_is_safe (text, size, NULL) ||
      !json_parser_load_from_data (parser, text, (gssize)size, NULL) ||
      json_parser_get_root (parser) == NULL ||
      !JSON_NODE_HOLDS_ARRAY (json_parser_get_root (parser)))
    return 0;
  JsonArray *array = json_node_get_array (json_parser_get_root (parser));
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *item = json_array_get_element (array, i);
    guint event = 0;
    while (event < N_EVENTS &&
           (json_node_get_value_type (item) != G_TYPE_STRING ||
            !g_str_equal (json_node_get_string (item), names[event])))
      event++;
    if (event == N_EVENTS || !(all & (1u << event)))
      return 0;
    events |= 1u << event;
  }
  return events;
}

void
wc_whep_events_create (WcRequest *request)
{
  g_autofree char *type = wc_request_content_type (request);
  WcSession *session = wc_whep_session_require (request);

  if (session == NULL)
    return;
  guint events = parse_events (request, events_of (session));

  if (type != NULL && !wc_request_is_type (request, "application/json")) {
    wc_request_set_field (request, "Accept-Post", "application/json");
    wc_request_answer_problem (request, 415,
                               "the body must be application/json");
    return;
  }
  if (events == 0) {
    g_autofree char *list = list_events (events_of (session), ", ");
    wc_request_answer_problem (request, 400, "the body must be a list of %s",
                               list);
    return;
  }
  Listening *listening = make_listening (request, events);
  if (listening == NULL)
    return;
  listening->id = wc_id_random_hex (ID_BYTES);
  g_autofree char *location =
      g_strdup_printf ("%s/%s", request->path, listening->id);
  wc_request_set_field (request, "Location", location);
  wc_request_set_field (request, "Cache-Control", "no-store");
  wc_request_answer (request, 201, NULL, NULL, 0);
}

void
wc_whep_events_read_all (WcRequest *request)
{
  WcSession *session = wc_whep_session_require (request);

  if (session == NULL || wc_event_stream_answer_head (request))
    return;
  Listening *listening = make_listening (request, events_of (session));
  if (listening != NULL)
    attach (request, listening);
}

/* NULL after a 404. */
static Listening *
require_listening (WcRequest *request)
{
  WcSession *session = wc_whep_session_require (request);
  GPtrArray *list = session != NULL ? list_of (session) : NULL;

  for (guint i = 0; list != NULL && i < list->len; i++) {
    Listening *listening = list->pdata[i];
    if (g_strcmp0 (listening->id, request->params.params[2]) == 0)
      return listening;
  }
  if (session != NULL)
    wc_request_answer_problem (request, 404, "there is no such event stream");
  return NULL;
}

void
wc_whep_events_read (WcRequest *request)
{
  Listening *listening = require_listening (request);

  if (listening != NULL && !wc_event_stream_answer_head (request))
    attach (request, listening);
}

void
wc_whep_events_delete (WcRequest *request)
{
  Listening *listening = require_listening (request);

  if (listening == NULL)
    return;
  g_ptr_array_remove (list_of (listening->session), listening);
  wc_request_answer (request, 200, NULL, NULL, 0);
}
