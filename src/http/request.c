/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include "base/clock.h"
#include "http/cors.h"
#include "http/forward.h"
#include "http/http-connection.h"
#include "http/problem.h"

#include <string.h>

WcRequest *
wc_request_new (const WcHttpContext *context, SoupServerMessage *message)
{
  WcRequest *request = g_rc_box_new0 (WcRequest);

  request->context = context;
  request->message = g_object_ref (message);
  request->path = "";
  request->started_us = wc_clock_now_us ();
  return request;
}

WcRequest *
wc_request_ref (WcRequest *request)
{
  return g_rc_box_acquire (request);
}

static void
clear (WcRequest *request)
{
  wc_request_detach (request);
  wc_route_params_clear (&request->params);
  g_free (request->allow);
  g_free (request->log_name);
  g_clear_object (&request->session);
}

void
wc_request_unref (WcRequest *request)
{
  g_rc_box_release_full (request, (GDestroyNotify)clear);
}

void
wc_request_detach (WcRequest *request)
{
  request->path = "";
  g_clear_object (&request->message);
}

const char *
wc_request_field (WcRequest *request, const char *name)
{
  if (request->message == NULL)
    return NULL;
  return soup_message_headers_get_list (
      soup_server_message_get_request_headers (request->message), name);
}

char *
wc_request_content_type (WcRequest *request)
{
  const char *field = wc_request_field (request, "Content-Type");

  if (field == NULL)
    return NULL;
  g_autofree char *type = g_strdup (field);
  char *end = strchr (type, ';');
  if (end != NULL)
    *end = '\0';
  g_strstrip (type);
  return g_steal_pointer (&type);
}

gboolean
wc_request_is_type (WcRequest *request, const char *type)
{
  g_autofree char *given = wc_request_content_type (request);
  const char *encoding = wc_request_field (request, "Content-Encoding");

  return given != NULL && g_ascii_strcasecmp (given, type) == 0 &&
         (encoding == NULL || g_ascii_strcasecmp (encoding, "identity") == 0);
}

GBytes *
wc_request_body (WcRequest *request)
{
  if (request->message == NULL)
    return g_bytes_new (NULL, 0);
  return soup_message_body_flatten (
      soup_server_message_get_request_body (request->message));
}

char *
wc_request_address (WcRequest *request)
{
  const char *address = wc_request_field (request, WC_FORWARD_ADDRESS);

  return g_strdup (address != NULL ? address : "unknown");
}

gboolean
wc_request_is_https (WcRequest *request)
{
  return g_strcmp0 (wc_request_field (request, WC_FORWARD_SCHEME), "https") ==
         0;
}

char *
wc_request_log_path (WcRequest *request)
{
  if (request->params.params[1] == NULL)
    return g_strdup (request->path);
  return g_strdup_printf ("%s of %s: %s", request->route->pattern,
                          request->params.params[0],
                          request->log_name != NULL ? request->log_name : "?");
}

gboolean
wc_request_is_connected (WcRequest *request)
{
  WcHttpConnection *connection = request->message != NULL
                                     ? wc_http_connection_of (request->message)
                                     : NULL;

  return connection != NULL && wc_http_connection_is_open (connection);
}

void
wc_request_pause (WcRequest *request)
{
  if (request->message == NULL || request->paused || request->answered)
    return;
  request->paused = TRUE;
  soup_server_message_pause (request->message);
}

void
wc_request_set_field (WcRequest *request, const char *name, const char *value)
{
  if (request->message == NULL || request->answered)
    return;
  soup_message_headers_replace (
      soup_server_message_get_response_headers (request->message), name, value);
}

void
wc_request_add_field (WcRequest *request, const char *name, const char *value)
{
  if (request->message == NULL || request->answered)
    return;
  soup_message_headers_append (
      soup_server_message_get_response_headers (request->message), name, value);
}

/* Fields of every answer. */
static void
set_common_fields (WcRequest *request)
{
  wc_request_set_field (request, "X-Content-Type-Options", "nosniff");
  wc_cors_apply (request->context->config->cors_origins,
                 soup_server_message_get_request_headers (request->message),
                 soup_server_message_get_response_headers (request->message));
}

void
wc_request_answer_stream (WcRequest *request, const char *type)
{
  if (request->message == NULL || request->answered)
    return;
  set_common_fields (request);
  wc_request_set_field (request, "Content-Type", type);
  wc_request_set_field (request, "Cache-Control", "no-store");
  wc_request_set_field (request, "X-Accel-Buffering", "no");
  soup_message_headers_set_encoding (
      soup_server_message_get_response_headers (request->message),
      SOUP_ENCODING_EOF);
  soup_message_body_set_accumulate (
      soup_server_message_get_response_body (request->message), FALSE);
  soup_server_message_set_status (request->message, 200, NULL);
  request->answered = TRUE;
}

/* libsoup takes the missing Content-Length of a 204 for a body that ends with
 * the connection, and would close that. */
static void
on_wrote_no_content (SoupServerMessage *message, gpointer user_data)
{
  soup_message_headers_set_encoding (
      soup_server_message_get_response_headers (message), SOUP_ENCODING_NONE);
}

void
wc_request_answer (WcRequest *request, guint status, const char *type,
                   const char *body, gsize size)
{
  if (request->message == NULL || request->answered)
    return;

  set_common_fields (request);
  if (type != NULL && size > 0)
    soup_server_message_set_response (request->message, type, SOUP_MEMORY_COPY,
                                      body, size);
  else if (type != NULL)
    wc_request_set_field (request, "Content-Type", type);
  if (status == 204)
    g_signal_connect (request->message, "wrote-headers",
                      G_CALLBACK (on_wrote_no_content), NULL);
  soup_server_message_set_status (request->message, status,
                                  status < 400 ? NULL
                                               : wc_problem_title (status));

  request->answered = TRUE;
  if (request->paused) {
    request->paused = FALSE;
    soup_server_message_unpause (request->message);
  }
}

void
wc_request_answer_options (WcRequest *request)
{
  wc_request_set_field (request, "Allow", request->allow);
  wc_cors_apply_options (
      request->context->config->cors_origins,
      soup_server_message_get_request_headers (request->message),
      soup_server_message_get_response_headers (request->message));
  wc_request_answer (request, 200, NULL, NULL, 0);
}

void
wc_request_answer_json (WcRequest *request, guint status, JsonObject *object)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (root, object);
  g_autofree char *text = json_to_string (root, FALSE);
  wc_request_set_field (request, "Cache-Control", "no-store");
  wc_request_answer (request, status, "application/json", text, strlen (text));
}

static void
answer_problem (WcRequest *request, guint status, const char *detail)
{
  g_autofree char *text = wc_problem_write (status, detail);

  wc_request_set_field (request, "Cache-Control", "no-store");
  wc_request_answer (request, status, "application/problem+json", text,
                     strlen (text));
}

void
wc_request_answer_problem (WcRequest *request, guint status, const char *format,
                           ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *detail = g_strdup_vprintf (format, args);
  va_end (args);
  answer_problem (request, status, detail);
}

void
wc_request_answer_error (WcRequest *request, const GError *error)
{
  WcProblem problem = wc_problem_from_error (error);

  if (problem.status >= 500 && problem.status != 503) {
    g_autofree char *path = wc_request_log_path (request);
    wc_warning ("%s: %s", path, error->message);
  }
  if (problem.retry_after_s > 0) {
    g_autofree char *seconds = g_strdup_printf ("%u", problem.retry_after_s);
    wc_request_set_field (request, "Retry-After", seconds);
  }
  answer_problem (request, problem.status, error->message);
}

void
wc_request_answer_stopping (WcRequest *request)
{
  wc_request_set_field (request, "Retry-After", "5");
  answer_problem (request, 503, "the server is stopping");
}

void
wc_request_answer_unauthorised (WcRequest *request, gboolean invalid)
{
  wc_request_set_field (request, "WWW-Authenticate",
                        invalid ? "Bearer realm=\"whepcast\", "
                                  "error=\"invalid_token\""
                                : "Bearer realm=\"whepcast\"");
  answer_problem (request, 401,
                  invalid ? "the token is not the right one"
                          : "a token is needed: Authorization: Bearer TOKEN");
}
