/* SPDX-License-Identifier: MIT */
#include "common/http.h"

#include "base/address.h"
#include "base/clock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_RESPONSE (4 * 1024 * 1024)
#define DEFAULT_TIMEOUT_MS 15000

struct _TcHttp {
  int fd;
  TcWatch *watch;
  TcTimer *timer;
  TcHttpFunc func;
  gpointer data;
  GString *out;
  gsize sent;
  GString *in;
  gsize body_at; /* 0: the head is not complete */
  gint64 length; /* of the body; -1: until the end */
  gboolean chunked;
  TcHttpResponse response;
  const char *early_error;
};

static void
finish (TcHttp *http, const char *error)
{
  TcHttpFunc func = g_steal_pointer (&http->func);

  g_clear_pointer (&http->watch, tc_watch_free);
  tc_timer_unset (http->timer);
  http->response.end_us = wc_clock_now_us ();
  if (error != NULL) {
    http->response.error = error;
    http->response.status = 0;
  }
  if (func != NULL)
    func (&http->response, http->data);
}

static void
on_timeout (gpointer data)
{
  TcHttp *http = data;

  finish (http,
          http->early_error != NULL ? http->early_error : "no answer in time");
}

static void
take_header (TcHttp *http, const char *line)
{
  const char *colon = strchr (line, ':');
  g_autofree char *name = NULL;
  const char *former;

  if (colon == NULL)
    return;
  name = g_ascii_strdown (line, colon - line);
  former = g_hash_table_lookup (http->response.headers, name);
  if (former != NULL) {
    char *both = g_strdup_printf ("%s,%s", former, colon + 1);

    g_hash_table_replace (http->response.headers, g_steal_pointer (&name),
                          g_strchomp (both));
    return;
  }
  g_hash_table_insert (http->response.headers, g_steal_pointer (&name),
                       g_strstrip (g_strdup (colon + 1)));
}

static gboolean
take_head (TcHttp *http)
{
  const char *end = strstr (http->in->str, "\r\n\r\n");
  g_autofree char *head = NULL;
  g_auto (GStrv) lines = NULL;
  const char *value;

  if (end == NULL)
    return FALSE;
  head = g_strndup (http->in->str, (gsize)(end - http->in->str));
  lines = g_strsplit (head, "\r\n", -1);
  if (strncmp (lines[0], "HTTP/1.", 7) == 0 && strlen (lines[0]) >= 12)
    http->response.status = (guint)atoi (lines[0] + 9);
  for (guint i = 1; lines[i] != NULL; i++)
    take_header (http, lines[i]);
  http->body_at = (gsize)(end + 4 - http->in->str);
  value = g_hash_table_lookup (http->response.headers, "content-length");
  http->length = value != NULL ? g_ascii_strtoll (value, NULL, 10) : -1;
  value = g_hash_table_lookup (http->response.headers, "transfer-encoding");
  http->chunked = value != NULL && strstr (value, "chunked") != NULL;
  if (http->response.status == 204 || http->response.status == 304)
    http->length = 0;
  return TRUE;
}

/* TRUE when the last chunk is there; the body holds what came by then. */
static gboolean
read_chunks (TcHttp *http)
{
  const char *at = http->in->str + http->body_at;
  const char *end = http->in->str + http->in->len;

  g_string_truncate (http->response.body, 0);
  for (;;) {
    const char *line = memchr (at, '\n', (gsize)(end - at));
    gsize size = line != NULL ? (gsize)g_ascii_strtoull (at, NULL, 16) : 0;

    if (line == NULL || size + 2 > (gsize)(end - (line + 1)))
      return line != NULL && size == 0;
    if (size == 0)
      return TRUE;
    g_string_append_len (http->response.body, line + 1, (gssize)size);
    at = line + 1 + size + 2;
  }
}

static gboolean
is_complete (TcHttp *http, gboolean at_end)
{
  gsize have;

  if (http->body_at == 0 && !take_head (http))
    return FALSE;
  if (http->chunked)
    return read_chunks (http);
  have = http->in->len - http->body_at;
  if (http->length >= 0 ? have < (gsize)http->length : !at_end)
    return FALSE;
  g_string_truncate (http->response.body, 0);
  g_string_append_len (
      http->response.body, http->in->str + http->body_at,
      (gssize)(http->length >= 0 ? http->length : (gint64)have));
  return TRUE;
}

static void
receive (TcHttp *http)
{
  char buffer[16384];
  gssize n = recv (http->fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n < 0) {
    finish (http, g_strerror (errno));
    return;
  }
  g_string_append_len (http->in, buffer, n);
  if (is_complete (http, n == 0))
    finish (http, http->response.status == 0 ? "not HTTP" : NULL);
  else if (n == 0)
    finish (http, "connection closed early");
  else if (http->in->len > MAX_RESPONSE)
    finish (http, "response too large");
}

static void
transmit (TcHttp *http)
{
  gssize n = send (http->fd, http->out->str + http->sent,
                   http->out->len - http->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

  if (n < 0 && errno != EAGAIN && errno != EINTR) {
    finish (http, g_strerror (errno));
    return;
  }
  http->sent += (gsize)MAX (n, 0);
  if (http->sent == http->out->len)
    tc_watch_set_events (http->watch, EPOLLIN);
}

static void
note_local_ip (TcHttp *http)
{
  struct sockaddr_storage storage;
  socklen_t size = sizeof storage;
  WcAddress address;
  char text[WC_ADDRESS_STRLEN];

  if (getsockname (http->fd, (struct sockaddr *)&storage, &size) != 0)
    return;
  address = wc_address_from_sockaddr ((struct sockaddr *)&storage);
  g_strlcpy (http->response.local_ip, wc_address_ip (&address, text),
             sizeof http->response.local_ip);
}

static void
on_ready (guint32 events, gpointer data)
{
  TcHttp *http = data;
  int error = 0;
  socklen_t size = sizeof error;

  if (getsockopt (http->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
      error != 0) {
    finish (http, g_strerror (error));
    return;
  }
  if ((events & EPOLLOUT) != 0 && http->sent < http->out->len) {
    note_local_ip (http);
    transmit (http);
  } else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    receive (http);
  }
}

static gboolean
open_connection (TcHttp *http, TcLoop *loop, GUri *uri)
{
  int port = g_uri_get_port (uri);
  g_autofree char *service = g_strdup_printf ("%d", port > 0 ? port : 80);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *list = NULL;
  int one = 1;
  int result;

  if (getaddrinfo (g_uri_get_host (uri), service, &hints, &list) != 0)
    return FALSE;
  http->fd =
      socket (list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt (http->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  result = connect (http->fd, list->ai_addr, list->ai_addrlen);
  freeaddrinfo (list);
  if (result != 0 && errno != EINPROGRESS)
    return FALSE;
  http->watch =
      tc_watch_new (loop, http->fd, EPOLLIN | EPOLLOUT, on_ready, http);
  return TRUE;
}

static void
write_request (GString *out, const TcHttpRequest *request, GUri *uri)
{
  const char *path = g_uri_get_path (uri);
  const char *query = g_uri_get_query (uri);
  const char *host = g_uri_get_host (uri);
  gboolean is_ipv6 = strchr (host, ':') != NULL;
  gsize length = request->body != NULL ? strlen (request->body) : 0;

  g_string_printf (out, "%s %s%s%s HTTP/1.1\r\nHost: %s%s%s", request->method,
                   path[0] != '\0' ? path : "/", query != NULL ? "?" : "",
                   query != NULL ? query : "", is_ipv6 ? "[" : "", host,
                   is_ipv6 ? "]" : "");
  if (g_uri_get_port (uri) > 0)
    g_string_append_printf (out, ":%d", g_uri_get_port (uri));
  g_string_append (out, "\r\nConnection: close\r\n");
  if (request->content_type != NULL)
    g_string_append_printf (out, "Content-Type: %s\r\n", request->content_type);
  if (request->token != NULL)
    g_string_append_printf (out, "Authorization: Bearer %s\r\n",
                            request->token);
  if (request->headers != NULL)
    g_string_append (out, request->headers);
  if (request->body != NULL || strcmp (request->method, "POST") == 0)
    g_string_append_printf (out, "Content-Length: %" G_GSIZE_FORMAT "\r\n",
                            length);
  g_string_append_printf (out, "\r\n%s",
                          request->body != NULL ? request->body : "");
}

static void
fail_soon (TcHttp *http, const char *error)
{
  http->early_error = error;
  tc_timer_set (http->timer, 0);
}

TcHttp *
tc_http_new (TcLoop *loop, const TcHttpRequest *request, TcHttpFunc func,
             gpointer data)
{
  TcHttp *http = g_new0 (TcHttp, 1);
  g_autoptr (GUri) uri = g_uri_parse (
      request->url, G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY, NULL);
  guint timeout_ms =
      request->timeout_ms != 0 ? request->timeout_ms : DEFAULT_TIMEOUT_MS;

  http->fd = -1;
  http->func = func;
  http->data = data;
  http->out = g_string_new (NULL);
  http->in = g_string_new (NULL);
  http->response.headers =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  http->response.body = g_string_new (NULL);
  http->timer = tc_timer_new (loop, on_timeout, http);
  tc_timer_set (http->timer,
                wc_clock_now_us () + timeout_ms * G_GINT64_CONSTANT (1000));
  if (uri == NULL || g_strcmp0 (g_uri_get_scheme (uri), "http") != 0 ||
      g_uri_get_host (uri) == NULL) {
    fail_soon (http, "not an http:// URL");
    return http;
  }
  write_request (http->out, request, uri);
  if (!open_connection (http, loop, uri))
    fail_soon (http, "cannot connect");
  return http;
}

void
tc_http_free (TcHttp *http)
{
  g_clear_pointer (&http->watch, tc_watch_free);
  tc_timer_free (http->timer);
  if (http->fd >= 0)
    close (http->fd);
  g_string_free (http->out, TRUE);
  g_string_free (http->in, TRUE);
  g_string_free (http->response.body, TRUE);
  g_hash_table_unref (http->response.headers);
  g_free (http);
}

typedef struct {
  gboolean done;
  guint status;
  char *body;
} Run;

static void
on_run_done (const TcHttpResponse *response, gpointer data)
{
  Run *run = data;

  run->done = TRUE;
  run->status = response->status;
  run->body = g_strdup (response->body->str);
}

static gboolean
is_run_done (gpointer data)
{
  return ((Run *)data)->done;
}

guint
tc_http_run (TcLoop *loop, const TcHttpRequest *request, char **body)
{
  Run run = {0};
  TcHttp *http = tc_http_new (loop, request, on_run_done, &run);

  tc_loop_run (loop, 60000, is_run_done, &run);
  tc_http_free (http);
  if (body != NULL)
    *body = g_steal_pointer (&run.body);
  g_free (run.body);
  return run.status;
}
