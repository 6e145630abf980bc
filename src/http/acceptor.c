/* SPDX-License-Identifier: MIT */
#include "http/acceptor.h"

#include "base/log.h"
#include "http/deadline.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* A message leads to its socket by the address of its client, which is an
 * object of that connection alone. */
#define KEY "wc-socket"
#define BACKLOG 1024
/* Accepted in one go, before others have their turn. */
#define MAX_AT_ONCE 32
/* After running out of descriptors. */
#define PAUSE_MS 100
#define USER_TIMEOUT_MS 60000
/* A connection that sends nothing does not leave the kernel until then. */
#define DEFER_ACCEPT_S 10

static const char too_many[] = "HTTP/1.1 503 Service Unavailable\r\n"
                               "Server: whepcast\r\n"
                               "Retry-After: 5\r\n"
                               "Content-Length: 0\r\n"
                               "Connection: close\r\n\r\n";

struct WcAcceptor {
  SoupServer *soup;
  GSocket *socket;
  GSource *source;
  guint pause_source;
  int other_end; /* see keep_alive () */
};

static void watch (WcAcceptor *acceptor);

GSocket *
wc_acceptor_socket (SoupServerMessage *message)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (message);

  return remote != NULL ? g_object_get_data (G_OBJECT (remote), KEY) : NULL;
}

/* A copy that is only ours: the socket keeps its own, which must not keep it.
 */
static GSocketAddress *
make_remote_address (GSocket *socket)
{
  g_autoptr (GSocketAddress) remote =
      g_socket_get_remote_address (socket, NULL);
  struct sockaddr_storage native;

  if (remote == NULL ||
      !g_socket_address_to_native (remote, &native, sizeof native, NULL))
    return NULL;
  GSocketAddress *copy = g_socket_address_new_from_native (
      &native, (gsize)g_socket_address_get_native_size (remote));
  g_object_set_data_full (G_OBJECT (copy), KEY, g_object_ref (socket),
                          g_object_unref);
  return copy;
}

static void
hand_over (WcAcceptor *acceptor, GSocket *socket)
{
  g_autoptr (GSocketAddress) local = g_socket_get_local_address (socket, NULL);
  g_autoptr (GSocketAddress) remote = make_remote_address (socket);

  if (local == NULL || remote == NULL)
    return; /* gone already */
  if (wc_deadline_count () >= WC_ACCEPTOR_MAX_CONNECTIONS) {
    gssize sent = send (g_socket_get_fd (socket), too_many, sizeof too_many - 1,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* there is nobody to tell */
    return;
  }

  g_autoptr (GSocketConnection) connection =
      g_socket_connection_factory_create_connection (socket);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  wc_deadline_set (socket, WC_DEADLINE_READ_S);
  soup_server_accept_iostream (acceptor->soup, G_IO_STREAM (connection), local,
                               remote, NULL);
}

static gboolean
on_pause_end (gpointer user_data)
{
  WcAcceptor *acceptor = user_data;

  acceptor->pause_source = 0;
  watch (acceptor);
  return G_SOURCE_REMOVE;
}

static gboolean
on_acceptable (GSocket *listener, GIOCondition condition, gpointer user_data)
{
  WcAcceptor *acceptor = user_data;

  for (guint i = 0; i < MAX_AT_ONCE; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GSocket) socket = g_socket_accept (listener, NULL, &error);
    if (socket != NULL) {
      hand_over (acceptor, socket);
      continue;
    }
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
      return G_SOURCE_CONTINUE;
    wc_warning ("a connection cannot be accepted: %s", error->message);
    g_clear_pointer (&acceptor->source, g_source_unref);
    acceptor->pause_source = g_timeout_add (PAUSE_MS, on_pause_end, acceptor);
    return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

static void
watch (WcAcceptor *acceptor)
{
  acceptor->source = g_socket_create_source (acceptor->socket, G_IO_IN, NULL);
  g_source_set_callback (acceptor->source, G_SOURCE_FUNC (on_acceptable),
                         acceptor, NULL);
  g_source_attach (acceptor->source, NULL);
}

/* What is set on a listening socket, its connections inherit. */
static void
set_socket_options (GSocket *socket)
{
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_keepalive (socket, TRUE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_DEFER_ACCEPT, DEFER_ACCEPT_S,
                       NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS,
                       NULL);
}

static GSocket *
open_listener (const char *ip, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string (ip, port);

  if (address == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s is no IP address", ip);
    return NULL;
  }
  g_autoptr (GSocket) socket =
      g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                    G_SOCKET_PROTOCOL_TCP, error);
  if (socket == NULL)
    return NULL;
  set_socket_options (socket);
  if (!g_socket_bind (socket, address, TRUE, error) ||
      !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

/* libsoup keeps connections alive only while it listens itself: this is a
 * socket that nothing ever arrives at, because the other end is ours. */
static gboolean
keep_alive (WcAcceptor *acceptor, GError **error)
{
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 "socketpair: %s", g_strerror (errno));
    return FALSE;
  }
  acceptor->other_end = pair[1];
  g_autoptr (GSocket) nowhere = g_socket_new_from_fd (pair[0], error);
  if (nowhere == NULL) {
    close (pair[0]);
    return FALSE;
  }
  return soup_server_listen_socket (acceptor->soup, nowhere, 0, error);
}

WcAcceptor *
wc_acceptor_new (SoupServer *soup, const char *ip, guint16 port, GError **error)
{
  g_autoptr (WcAcceptor) acceptor = g_new0 (WcAcceptor, 1);

  acceptor->soup = soup;
  acceptor->other_end = -1;
  acceptor->socket = open_listener (ip, port, error);
  if (acceptor->socket == NULL || !keep_alive (acceptor, error)) {
    g_prefix_error (error, "[http] listen=%s:%u: ", ip, port);
    return NULL;
  }
  watch (acceptor);
  return g_steal_pointer (&acceptor);
}

void
wc_acceptor_free (WcAcceptor *acceptor)
{
  if (acceptor->source != NULL) {
    g_source_destroy (acceptor->source);
    g_source_unref (acceptor->source);
  }
  if (acceptor->pause_source != 0)
    g_source_remove (acceptor->pause_source);
  if (acceptor->other_end >= 0)
    close (acceptor->other_end);
  g_clear_object (&acceptor->socket);
  g_free (acceptor);
}

GSocketAddress *
wc_acceptor_address (WcAcceptor *acceptor)
{
  return g_socket_get_local_address (acceptor->socket, NULL);
}
