/* SPDX-License-Identifier: MIT */
#include "http/gate.h"

#include "http/api.h"
#include "http/hang-up.h"
#include "http/routes.h"

#include <string.h>

#define API_PREFIX "/api/"

static SoupMessageHeaders *
fields_of (WcRequest *request)
{
  return soup_server_message_get_request_headers (request->message);
}

static gboolean
has_body (WcRequest *request)
{
  SoupMessageHeaders *fields = fields_of (request);

  return soup_message_headers_get_encoding (fields) == SOUP_ENCODING_CHUNKED ||
         soup_message_headers_get_content_length (fields) > 0;
}

/* Ends the exchange after the answer: what follows on the connection is not
 * trusted, or not worth reading. */
static void
close_afterwards (WcRequest *request)
{
  wc_request_set_field (request, "Connection", "close");
}

/* The parser of libsoup 3.2 joins, takes the last or ignores where others
 * refuse; what could be read in two ways is not taken at all (RFC 9112
 * section 11.2). */
static gboolean
check_framing (WcRequest *request)
{
  const char *host = wc_request_field (request, "Host");
  const char *encoding = wc_request_field (request, "Transfer-Encoding");
  const char *length = wc_request_field (request, "Content-Length");
  const char *problem = NULL;

  if (host != NULL && strchr (host, ',') != NULL)
    problem = "more than one Host";
  else if (encoding != NULL && length != NULL)
    problem = "Content-Length besides Transfer-Encoding";
  else if (encoding != NULL && soup_server_message_get_http_version (
                                   request->message) == SOUP_HTTP_1_0)
    problem = "Transfer-Encoding in HTTP/1.0";
  else if (length != NULL && strspn (length, "0123456789") != strlen (length))
    problem = "a Content-Length that is no number";
  if (problem == NULL)
    return TRUE;

  wc_request_answer_problem (request, 400, "%s", problem);
  return FALSE;
}

static gboolean
check_size (WcRequest *request)
{
  GUri *uri = soup_server_message_get_uri (request->message);
  const char *query = g_uri_get_query (uri);
  SoupMessageHeadersIter iter;
  const char *name, *value;
  guint n = 0;

  soup_message_headers_iter_init (&iter, fields_of (request));
  while (soup_message_headers_iter_next (&iter, &name, &value))
    n++;

  if (n > WC_GATE_MAX_FIELDS) {
    close_afterwards (request);
    wc_request_answer_problem (request, 431, "more than %d header fields",
                               WC_GATE_MAX_FIELDS);
    return FALSE;
  }
  if (query != NULL && strlen (query) > WC_GATE_MAX_QUERY) {
    wc_request_answer_problem (request, 414, "a query of more than %d bytes",
                               WC_GATE_MAX_QUERY);
    return FALSE;
  }
  return TRUE;
}

/* What the API has is told only to those who may use it. */
static gboolean
check_unrouted (WcRequest *request)
{
  return !g_str_has_prefix (request->path, API_PREFIX) ||
         wc_api_check (request);
}

static gboolean
check_route (WcRequest *request)
{
  const char *name = soup_server_message_get_method (request->message);

  if (soup_server_message_is_options_ping (request->message)) {
    wc_request_answer (request, 200, NULL, NULL, 0);
    return FALSE;
  }

  switch (wc_routes_find (request, wc_method_parse (name))) {
  case WC_ROUTE_FOUND:
    return request->route->check == NULL || request->route->check (request);
  case WC_ROUTE_BAD_PATH:
    wc_request_answer_problem (request, 400, "not a path of this server");
    return FALSE;
  case WC_ROUTE_NO_PATH:
    if (!check_unrouted (request))
      return FALSE;
    wc_request_answer_problem (request, 404, "there is nothing here");
    return FALSE;
  case WC_ROUTE_NO_METHOD:
    if (!check_unrouted (request))
      return FALSE;
    wc_request_set_field (request, "Allow", request->allow);
    wc_request_answer_problem (request, 405, "%s does not work here; %s do",
                               name, request->allow);
    return FALSE;
  }
  return FALSE;
}

static gsize
body_limit (WcRequest *request)
{
  return request->route != NULL ? request->route->body_limit : 0;
}

static gboolean
check_length (WcRequest *request)
{
  goffset length =
      soup_message_headers_get_content_length (fields_of (request));

  if (length < 0 || (guint64)length <= body_limit (request))
    return TRUE;
  wc_request_answer_problem (request, 413,
                             "the body may be %" G_GSIZE_FORMAT " bytes long",
                             body_limit (request));
  return FALSE;
}

void
wc_gate_check_headers (WcRequest *request)
{
  SoupMessageHeaders *fields = fields_of (request);

  request->path =
      g_uri_get_path (soup_server_message_get_uri (request->message));
  /* libsoup would answer ranges by itself, and reuse a connection after chunks
   * that it reads too liberally. */
  soup_message_headers_remove (fields, "Range");
  if (soup_message_headers_get_encoding (fields) == SOUP_ENCODING_CHUNKED)
    close_afterwards (request);

  gboolean framed = check_framing (request);
  if (framed && check_size (request) && check_route (request) &&
      check_length (request))
    return;

  soup_message_body_set_accumulate (
      soup_server_message_get_request_body (request->message), FALSE);
  if (has_body (request) || !framed)
    wc_hang_up (request->message);
}

void
wc_gate_check_chunk (WcRequest *request, gsize size)
{
  request->body_received += size;
  if (request->answered || request->body_received <= body_limit (request))
    return;
  wc_request_answer_problem (request, 413,
                             "the body may be %" G_GSIZE_FORMAT " bytes long",
                             body_limit (request));
  wc_hang_up (request->message);
}
