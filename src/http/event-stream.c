/* SPDX-License-Identifier: MIT */
#include "http/event-stream.h"

#include "http/http-connection.h"

#include <string.h>

#define MAX_WAITING (64 * 1024)
/* Often enough for proxies, and to notice who has gone. */
#define HEARTBEAT_S 10
#define HEARTBEAT ":\n\n"
#define RETRY "retry: 2000\n\n"

struct WcEventStream {
  WcRequest *request;
  SoupServerMessage *message;
  WcEventStreamFunc gone;
  gpointer user_data;
  guint heartbeat;
  gsize waiting;   /* bytes that are not written yet */
  gsize allowance; /* of them, what was large by itself */
};

static guint n_streams;

static void
stream_free (WcEventStream *stream)
{
  n_streams--;
  g_source_remove (stream->heartbeat);
  g_signal_handlers_disconnect_by_data (stream->message, stream);
  g_object_unref (stream->message);
  wc_request_unref (stream->request);
  g_free (stream);
}

static void
end (WcEventStream *stream)
{
  stream->gone (stream->user_data);
  stream_free (stream);
}

static void
on_over (SoupServerMessage *message, gpointer user_data)
{
  end (user_data);
}

static void
on_wrote (SoupServerMessage *message, guint size, gpointer user_data)
{
  WcEventStream *stream = user_data;

  stream->waiting -= MIN (stream->waiting, size);
  if (stream->waiting == 0)
    stream->allowance = 0;
}

/* TRUE: it waits to be written. */
static gboolean
append (WcEventStream *stream, const char *text)
{
  gsize size = strlen (text);

  if (stream->waiting + size > stream->allowance + MAX_WAITING)
    return FALSE;
  stream->waiting += size;
  soup_message_body_append (
      soup_server_message_get_response_body (stream->message), SOUP_MEMORY_COPY,
      text, size);
  soup_server_message_unpause (stream->message);
  return TRUE;
}

/* Who does not read will not read the end either. */
static void
cut (WcEventStream *stream)
{
  WcHttpConnection *connection = wc_http_connection_of (stream->message);

  g_signal_handlers_disconnect_by_data (stream->message, stream);
  if (connection != NULL)
    wc_http_connection_close (connection);
  end (stream);
}

static gboolean
on_heartbeat (gpointer user_data)
{
  WcEventStream *stream = user_data;

  if (!wc_request_is_connected (stream->request) || !append (stream, HEARTBEAT))
    cut (stream);
  return G_SOURCE_CONTINUE; /* removed with the stream */
}

gboolean
wc_event_stream_answer_head (WcRequest *request)
{
  if (soup_server_message_get_method (request->message) != SOUP_METHOD_HEAD)
    return FALSE;
  wc_request_set_field (request, "Cache-Control", "no-store");
  wc_request_answer (request, 200, "text/event-stream", NULL, 0);
  return TRUE;
}

WcEventStream *
wc_event_stream_new (WcRequest *request, WcEventStreamFunc gone,
                     gpointer user_data)
{
  if (n_streams >= WC_EVENT_STREAM_MAX) {
    wc_request_set_field (request, "Retry-After", "10");
    wc_request_answer_problem (request, 503, "too many listen to events");
    return NULL;
  }
  WcEventStream *stream = g_new0 (WcEventStream, 1);
  n_streams++;
  stream->request = wc_request_ref (request);
  stream->message = g_object_ref (request->message);
  stream->gone = gone;
  stream->user_data = user_data;
  stream->heartbeat = g_timeout_add_seconds (HEARTBEAT_S, on_heartbeat, stream);
  g_signal_connect (stream->message, "finished", G_CALLBACK (on_over), stream);
  g_signal_connect (stream->message, "disconnected", G_CALLBACK (on_over),
                    stream);
  g_signal_connect (stream->message, "wrote-body-data", G_CALLBACK (on_wrote),
                    stream);
  wc_request_answer_stream (request, "text/event-stream");
  append (stream, RETRY);
  return stream;
}

void
wc_event_stream_format (GString *text, const char *id, const char *event,
                        const char *json)
{
  if (id != NULL)
    g_string_append_printf (text, "id: %s\n", id);
  if (event != NULL)
    g_string_append_printf (text, "event: %s\ndata: %s\n", event, json);
  g_string_append_c (text, '\n');
}

gboolean
wc_event_stream_send (WcEventStream *stream, const char *id, const char *event,
                      const char *json)
{
  g_autoptr (GString) text = g_string_new (NULL);

  wc_event_stream_format (text, id, event, json);
  if (append (stream, text->str))
    return TRUE;
  cut (stream);
  return FALSE;
}

gboolean
wc_event_stream_send_all (WcEventStream *stream, const char *text)
{
  /* An empty chunk would be the end of the body. */
  if (text[0] == '\0')
    return TRUE;
  stream->allowance += strlen (text);
  if (append (stream, text))
    return TRUE;
  cut (stream);
  return FALSE;
}

gboolean
wc_event_stream_is_read (WcEventStream *stream)
{
  return stream->waiting == 0;
}

void
wc_event_stream_close (WcEventStream *stream)
{
  soup_message_body_complete (
      soup_server_message_get_response_body (stream->message));
  soup_server_message_unpause (stream->message);
  stream_free (stream);
}
