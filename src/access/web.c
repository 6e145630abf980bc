/* SPDX-License-Identifier: MIT */
#include "access/web.h"

#include "ingest/retry-after.h"

#include <libsoup/soup.h>
#include <string.h>

#define READ_SIZE 16384
#define MAX_CONNECTIONS 64
#define MAX_RETRY_AFTER_S 3600

struct WcWeb {
  SoupSession *session;
  guint timeout_ms;
  gsize max_size;
  GQueue waiting; /* of Call */
};

/* Answered exactly once: it is freed by that, and what still comes for it
 * finds it cancelled. */
typedef struct {
  WcWeb *web;
  WcWebFunc func;
  gpointer user_data;
  SoupMessage *message;
  GCancellable *cancellable;
  GInputStream *stream; /* nullable */
  GByteArray *body;
  guint timeout;
} Call;

static void read_more (Call *call);

static guint
retry_after_of (SoupMessage *message)
{
  const char *text = soup_message_headers_get_one (
      soup_message_get_response_headers (message), "Retry-After");

  return wc_retry_after_parse (text, g_get_real_time () / G_USEC_PER_SEC,
                               MAX_RETRY_AFTER_S);
}

static void
call_end (Call *call, const GError *error)
{
  g_autoptr (GBytes) body = g_bytes_new (call->body->data, call->body->len);
  WcWebAnswer answer = {.error = error, .body = body};

  if (error == NULL) {
    answer.status = soup_message_get_status (call->message);
    answer.retry_after_s = retry_after_of (call->message);
  }
  g_queue_remove (&call->web->waiting, call);
  g_cancellable_cancel (call->cancellable);
  if (call->timeout != 0)
    g_source_remove (call->timeout);
  call->func (&answer, call->user_data);
  g_object_unref (call->message);
  g_object_unref (call->cancellable);
  g_clear_object (&call->stream);
  g_byte_array_unref (call->body);
  g_free (call);
}

static void
call_fail (Call *call, const char *reason)
{
  g_autoptr (GError) error =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, reason);

  call_end (call, error);
}

static gboolean
on_timeout (gpointer user_data)
{
  Call *call = user_data;

  call->timeout = 0;
  call_fail (call, "no answer in time");
  return G_SOURCE_REMOVE;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (
      G_INPUT_STREAM (source), result, &error);
  Call *call = user_data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the call is over */
  if (bytes == NULL || g_bytes_get_size (bytes) == 0) {
    call_end (call, error);
    return;
  }
  g_byte_array_append (call->body, g_bytes_get_data (bytes, NULL),
                       (guint)g_bytes_get_size (bytes));
  if (call->body->len > call->web->max_size)
    call_fail (call, "the answer is too large");
  else
    read_more (call);
}

static void
read_more (Call *call)
{
  g_input_stream_read_bytes_async (call->stream, READ_SIZE, G_PRIORITY_DEFAULT,
                                   call->cancellable, on_read, call);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GInputStream *stream =
      soup_session_send_finish (SOUP_SESSION (source), result, &error);
  Call *call = user_data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the call is over */
  if (stream == NULL) {
    call_end (call, error);
    return;
  }
  call->stream = stream;
  read_more (call);
}

static void
start (WcWeb *web, const char *method, const char *url, const char *json,
       const WcWebField *fields, guint n, WcWebFunc func, gpointer user_data)
{
  Call *call = g_new0 (Call, 1);

  call->web = web;
  call->func = func;
  call->user_data = user_data;
  call->message = soup_message_new (method, url);
  call->cancellable = g_cancellable_new ();
  call->body = g_byte_array_new ();
  g_queue_push_tail (&web->waiting, call);
  if (call->message == NULL) {
    call->message = soup_message_new ("GET", "http://localhost/");
    call_fail (call, "the URL is none");
    return;
  }
  soup_message_add_flags (call->message, SOUP_MESSAGE_NO_REDIRECT);
  if (json != NULL) {
    g_autoptr (GBytes) body = g_bytes_new (json, strlen (json));
    soup_message_set_request_body_from_bytes (call->message, "application/json",
                                              body);
  }
  for (guint i = 0; i < n; i++)
    soup_message_headers_append (
        soup_message_get_request_headers (call->message), fields[i].name,
        fields[i].value);
  call->timeout = g_timeout_add (web->timeout_ms, on_timeout, call);
  soup_session_send_async (web->session, call->message, G_PRIORITY_DEFAULT,
                           call->cancellable, on_sent, call);
}

WcWeb *
wc_web_new (guint timeout_ms, gsize max_size)
{
  WcWeb *web = g_new0 (WcWeb, 1);

  /* Each call has a time limit of its own. */
  web->session = soup_session_new_with_options (
      "user-agent", "whepcast", "max-conns", MAX_CONNECTIONS,
      "max-conns-per-host", MAX_CONNECTIONS, NULL);
  web->timeout_ms = timeout_ms;
  web->max_size = max_size;
  g_queue_init (&web->waiting);
  return web;
}

void
wc_web_free (WcWeb *web)
{
  Call *call;

  while ((call = g_queue_peek_head (&web->waiting)) != NULL)
    call_fail (call, "it is not waited for any more");
  g_object_unref (web->session);
  g_free (web);
}

void
wc_web_set_timeout (WcWeb *web, guint timeout_ms)
{
  web->timeout_ms = timeout_ms;
}

void
wc_web_get (WcWeb *web, const char *url, WcWebFunc func, gpointer user_data)
{
  start (web, "GET", url, NULL, NULL, 0, func, user_data);
}

void
wc_web_post (WcWeb *web, const char *url, const char *json, WcWebFunc func,
             gpointer user_data)
{
  start (web, "POST", url, json, NULL, 0, func, user_data);
}

void
wc_web_post_with_fields (WcWeb *web, const char *url, const char *json,
                         const WcWebField *fields, guint n, WcWebFunc func,
                         gpointer user_data)
{
  start (web, "POST", url, json, fields, n, func, user_data);
}

guint
wc_web_n_waiting (WcWeb *web)
{
  return web->waiting.length;
}
