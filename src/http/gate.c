/* SPDX-License-Identifier: MIT */
#include "http/gate.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024
/* In one go, before others have their turn. */
#define MAX_ACCEPTS 32
#define MAX_EVENTS 64
#define TICK_MS 1000
#define CERTIFICATE_TICKS 5
#define USER_TIMEOUT_MS 60000
/* A connection that sends nothing does not leave the kernel until then. */
#define DEFER_ACCEPT_S 10

static const char too_many[] = "HTTP/1.1 503 Service Unavailable\r\n"
                               "Server: whepcast\r\n"
                               "Retry-After: 5\r\n"
                               "Content-Length: 0\r\n"
                               "Connection: close\r\n\r\n";

struct WcGate {
  WcHttpConnections shared;
  int listener;
  gboolean is_listening; /* epoll watches the listener */
  guint source, tick_source;
  guint n_ticks;
  int other_end; /* see keep_alive () */
};

static gboolean
fail (GError **error, const char *what)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", what,
               g_strerror (code));
  return FALSE;
}

static void
listen_to (WcGate *gate, gboolean listening)
{
  struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = NULL}};

  if (listening == gate->is_listening)
    return;
  epoll_ctl (gate->shared.epoll_fd, listening ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
             gate->listener, &event);
  gate->is_listening = listening;
}

/* FALSE: every connection is busy. */
static gboolean
make_room (WcGate *gate)
{
  GQueue *connections = &gate->shared.connections;

  if (connections->length < WC_GATE_MAX_CONNECTIONS)
    return TRUE;
  for (GList *each = connections->head; each != NULL; each = each->next) {
    if (!wc_http_connection_can_be_spared (each->data))
      continue;
    wc_http_connection_close (each->data);
    return TRUE;
  }
  return FALSE;
}

static void
take_connection (WcGate *gate, int fd)
{
  int on = 1;

  if (make_room (gate)) {
    setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    wc_http_connection_start (&gate->shared, fd);
    return;
  }
  gssize sent = gate->shared.tls == NULL
                    ? send (fd, too_many, sizeof too_many - 1,
                            MSG_DONTWAIT | MSG_NOSIGNAL)
                    : 0;
  (void)sent; /* there is nobody to tell */
  close (fd);
}

static void
accept_some (WcGate *gate)
{
  for (guint i = 0; i < MAX_ACCEPTS; i++) {
    int fd = accept4 (gate->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      take_connection (gate, fd);
      continue;
    }
    if (errno == EAGAIN)
      return;
    if (errno == EINTR || errno == ECONNABORTED)
      continue;
    wc_warning ("a connection cannot be accepted: %s", g_strerror (errno));
    listen_to (gate, FALSE); /* until the next tick */
    return;
  }
}

/* Connections may end each other's while a batch is worked through. */
static gboolean
on_events (int fd, GIOCondition condition, gpointer user_data)
{
  WcGate *gate = user_data;
  struct epoll_event events[MAX_EVENTS];
  int n = epoll_wait (fd, events, MAX_EVENTS, 0);

  for (int i = 0; i < n; i++)
    if (events[i].data.ptr != NULL)
      wc_http_connection_ref (events[i].data.ptr);
  for (int i = 0; i < n; i++) {
    g_autoptr (WcHttpConnection) connection = events[i].data.ptr;
    if (connection != NULL)
      wc_http_connection_event (connection, events[i].events);
    else
      accept_some (gate);
  }
  return G_SOURCE_CONTINUE;
}

static void
reload_certificate (WcGate *gate)
{
  g_autoptr (GError) error = NULL;

  if (wc_tls_reload (gate->shared.tls, &error))
    wc_info ("the certificate was read again");
  else
    wc_warning ("the certificate stays as it was: %s", error->message);
}

static gboolean
on_tick (gpointer user_data)
{
  WcGate *gate = user_data;
  gint64 now_us = wc_clock_now_us ();
  GList *next;

  listen_to (gate, TRUE);
  for (GList *each = gate->shared.connections.head; each != NULL; each = next) {
    next = each->next;
    wc_http_connection_check (each->data, now_us);
  }
  if (gate->shared.tls != NULL && ++gate->n_ticks % CERTIFICATE_TICKS == 0 &&
      wc_tls_has_changed (gate->shared.tls))
    reload_certificate (gate);
  return G_SOURCE_CONTINUE;
}

/* What is set on a listening socket, its connections inherit. */
static void
set_socket_options (int fd)
{
  int on = 1, defer_s = DEFER_ACCEPT_S, timeout_ms = USER_TIMEOUT_MS;

  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt (fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer_s, sizeof defer_s);
  setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms,
              sizeof timeout_ms);
}

static gboolean
open_listener (WcGate *gate, const WcConfig *config, GError **error)
{
  WcAddress address;
  struct sockaddr_storage native;

  if (!wc_address_parse (&address, config->listen_ip, config->listen_port)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s is no IP address", config->listen_ip);
    return FALSE;
  }
  int family = address.sa.sa_family;
  socklen_t size = wc_address_to_sockaddr (&address, family, &native);
  gate->listener =
      socket (family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (gate->listener < 0)
    return fail (error, "socket");
  set_socket_options (gate->listener);
  if (bind (gate->listener, (struct sockaddr *)&native, size) != 0)
    return fail (error, "bind");
  return listen (gate->listener, BACKLOG) == 0 || fail (error, "listen");
}

/* libsoup keeps connections alive only while it listens itself: this is a
 * socket that nothing ever arrives at, because the other end is ours. */
static gboolean
keep_alive (WcGate *gate, GError **error)
{
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return fail (error, "socketpair");
  gate->other_end = pair[1];
  g_autoptr (GSocket) nowhere = g_socket_new_from_fd (pair[0], error);
  if (nowhere == NULL) {
    close (pair[0]);
    return FALSE;
  }
  return soup_server_listen_socket (gate->shared.soup, nowhere, 0, error);
}

static gboolean
open_tls (WcGate *gate, const WcConfig *config, GError **error)
{
  if (config->tls_certificate == NULL)
    return TRUE;
  gate->shared.tls =
      wc_tls_new (config->tls_certificate, config->tls_key, error);
  return gate->shared.tls != NULL;
}

static gboolean
open_gate (WcGate *gate, const WcConfig *config, GError **error)
{
  gate->shared.epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (gate->shared.epoll_fd < 0)
    return fail (error, "epoll_create1");
  if (open_listener (gate, config, error) && keep_alive (gate, error))
    return TRUE;
  g_prefix_error (error, "[http] listen=%s:%u: ", config->listen_ip,
                  config->listen_port);
  return FALSE;
}

WcTls *
wc_gate_tls (WcGate *gate)
{
  return gate->shared.tls;
}

void
wc_gate_reload (WcGate *gate, const WcConfig *config, WcTls *tls)
{
  g_clear_pointer (&gate->shared.tls, wc_tls_free);
  gate->shared.tls = tls;
  wc_proxies_free (gate->shared.proxies);
  gate->shared.proxies = wc_proxies_new (config->trusted_proxies);
  gate->shared.cors_origins = config->cors_origins;
}

WcGate *
wc_gate_new (SoupServer *soup, const WcConfig *config,
             WcGateBodyLimit body_limit, GError **error)
{
  g_autoptr (WcGate) gate = g_new0 (WcGate, 1);

  gate->listener = gate->other_end = gate->shared.epoll_fd = -1;
  gate->shared.soup = soup;
  gate->shared.cors_origins = config->cors_origins;
  gate->shared.body_limit = body_limit;
  gate->shared.proxies = wc_proxies_new (config->trusted_proxies);
  if (!open_tls (gate, config, error) || !open_gate (gate, config, error))
    return NULL;
  listen_to (gate, TRUE);
  gate->source =
      g_unix_fd_add (gate->shared.epoll_fd, G_IO_IN, on_events, gate);
  gate->tick_source = g_timeout_add (TICK_MS, on_tick, gate);
  return g_steal_pointer (&gate);
}

static void
close_descriptor (int fd)
{
  if (fd >= 0)
    close (fd);
}

void
wc_gate_free (WcGate *gate)
{
  GList *first;

  if (gate->source != 0)
    g_source_remove (gate->source);
  if (gate->tick_source != 0)
    g_source_remove (gate->tick_source);
  while ((first = gate->shared.connections.head) != NULL)
    wc_http_connection_close (first->data);
  close_descriptor (gate->listener);
  close_descriptor (gate->other_end);
  close_descriptor (gate->shared.epoll_fd);
  g_clear_pointer (&gate->shared.tls, wc_tls_free);
  wc_proxies_free (gate->shared.proxies);
  g_free (gate);
}

void
wc_gate_address (WcGate *gate, WcAddress *address)
{
  struct sockaddr_storage native = {0};
  socklen_t size = sizeof native;

  getsockname (gate->listener, (struct sockaddr *)&native, &size);
  *address = wc_address_from_sockaddr ((struct sockaddr *)&native);
}
