/* SPDX-License-Identifier: MIT */
#include "http/hang-up.h"

#include "http/acceptor.h"
#include "http/problem.h"

#include <errno.h>
#include <sys/socket.h>

#define LINGER_S 2
#define LINGER_MAX_BYTES (1024 * 1024)

/* A connection that only waits for its end, and owns itself. */
typedef struct {
  GIOStream *stream;
  GSource *readable;
  guint timeout;
  gsize thrown_away;
} Linger;

static void
linger_free (Linger *linger)
{
  g_source_remove (linger->timeout);
  g_source_destroy (linger->readable);
  g_source_unref (linger->readable);
  g_io_stream_close (linger->stream, NULL, NULL);
  g_object_unref (linger->stream);
  g_free (linger);
}

static gboolean
on_linger_end (gpointer user_data)
{
  linger_free (user_data);
  return G_SOURCE_CONTINUE; /* it is removed already */
}

static gboolean
on_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  Linger *linger = user_data;
  char buffer[16384];
  gssize n =
      recv (g_socket_get_fd (socket), buffer, sizeof buffer, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  linger->thrown_away += n > 0 ? (gsize)n : 0;
  if (n <= 0 || linger->thrown_away >= LINGER_MAX_BYTES)
    linger_free (linger);
  return G_SOURCE_CONTINUE;
}

static void
linger (GIOStream *stream, GSocket *socket)
{
  Linger *rest = g_new0 (Linger, 1);

  rest->stream = g_object_ref (stream);
  rest->readable = g_socket_create_source (socket, G_IO_IN | G_IO_HUP, NULL);
  g_source_set_callback (rest->readable, G_SOURCE_FUNC (on_readable), rest,
                         NULL);
  g_source_attach (rest->readable, NULL);
  rest->timeout = g_timeout_add_seconds (LINGER_S, on_linger_end, rest);
}

static GString *
write_response (SoupServerMessage *message)
{
  guint status = soup_server_message_get_status (message);
  g_autoptr (GBytes) body = soup_message_body_flatten (
      soup_server_message_get_response_body (message));
  GString *text = g_string_new (NULL);
  SoupMessageHeadersIter iter;
  const char *name, *value;

  g_string_append_printf (text, "HTTP/1.1 %u %s\r\n", status,
                          wc_problem_title (status));
  soup_message_headers_iter_init (
      &iter, soup_server_message_get_response_headers (message));
  while (soup_message_headers_iter_next (&iter, &name, &value))
    if (g_ascii_strcasecmp (name, "Content-Length") != 0 &&
        g_ascii_strcasecmp (name, "Connection") != 0)
      g_string_append_printf (text, "%s: %s\r\n", name, value);
  g_string_append_printf (
      text, "Content-Length: %" G_GSIZE_FORMAT "\r\nConnection: close\r\n\r\n",
      g_bytes_get_size (body));
  g_string_append_len (text, g_bytes_get_data (body, NULL),
                       (gssize)g_bytes_get_size (body));
  return text;
}

void
wc_hang_up (SoupServerMessage *message)
{
  GSocket *socket = wc_acceptor_socket (message);
  g_autoptr (GString) text = write_response (message);

  if (socket == NULL)
    return;
  g_object_ref (socket);
  g_autoptr (GIOStream) stream = soup_server_message_steal_connection (message);
  int fd = g_socket_get_fd (socket);
  /* One page of text fits the send buffer of a connection that sent nothing. */
  if (send (fd, text->str, text->len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 &&
      shutdown (fd, SHUT_WR) == 0 && stream != NULL)
    linger (stream, socket);
  else if (stream != NULL)
    g_io_stream_close (stream, NULL, NULL);
  g_object_unref (socket);
}
