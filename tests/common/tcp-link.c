/* SPDX-License-Identifier: MIT */
#include "common/tcp-link.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER 2

struct _TcTcpLink {
  TcLoop *loop;
  TcTcpLinkCallbacks callbacks;
  WcAddress to;
  int fd; /* -1: closed */
  TcWatch *watch;
  GByteArray *out, *in;
  gboolean deaf;
};

static void
watch_what_matters (TcTcpLink *link)
{
  guint32 events = (link->deaf ? 0u : (guint32)EPOLLIN) |
                   (link->out->len > 0 ? (guint32)EPOLLOUT : 0u);

  if (link->watch != NULL)
    tc_watch_set_events (link->watch, events);
}

static void
close_link (TcTcpLink *link)
{
  g_clear_pointer (&link->watch, tc_watch_free);
  if (link->fd >= 0)
    close (link->fd);
  link->fd = -1;
}

static void
lose (TcTcpLink *link)
{
  close_link (link);
  link->callbacks.closed (link->callbacks.data);
}

static void
write_out (TcTcpLink *link)
{
  gssize n = send (link->fd, link->out->data, link->out->len,
                   MSG_DONTWAIT | MSG_NOSIGNAL);

  if (n > 0)
    g_byte_array_remove_range (link->out, 0, (guint)n);
  watch_what_matters (link);
}

static void
deliver (TcTcpLink *link)
{
  guint at = 0;

  while (link->in->len - at >= HEADER) {
    const guint8 *frame = link->in->data + at;
    guint size = (guint)(frame[0] << 8 | frame[1]);
    if (link->in->len - at - HEADER < size)
      break;
    link->callbacks.datagram (&link->to, frame + HEADER, size,
                              link->callbacks.data);
    at += HEADER + size;
  }
  g_byte_array_remove_range (link->in, 0, at);
  link->callbacks.received (link->callbacks.data);
}

static void
read_in (TcTcpLink *link)
{
  static _Thread_local guint8 buffer[65536];
  gssize n = recv (link->fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n > 0) {
    g_byte_array_append (link->in, buffer, (guint)n);
    deliver (link);
  } else if (n == 0 || errno != EAGAIN) {
    lose (link);
  }
}

static void
on_events (guint32 events, gpointer data)
{
  TcTcpLink *link = data;

  if ((events & EPOLLOUT) && link->out->len > 0)
    write_out (link);
  if (events & EPOLLIN)
    read_in (link);
  else if (events & (EPOLLERR | EPOLLHUP))
    lose (link);
}

TcTcpLink *
tc_tcp_link_new (TcLoop *loop, const char *local, const WcAddress *to,
                 const TcTcpLinkCallbacks *callbacks)
{
  TcTcpLink *link = g_new0 (TcTcpLink, 1);
  int family = to->sa.sa_family, one = 1;
  struct sockaddr_storage storage;
  WcAddress address;
  socklen_t size;

  link->loop = loop;
  link->callbacks = *callbacks;
  link->to = *to;
  link->out = g_byte_array_new ();
  link->in = g_byte_array_new ();
  link->fd = socket (family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  g_assert_cmpint (link->fd, >=, 0);
  setsockopt (link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (local != NULL && wc_address_parse (&address, local, 0)) {
    size = wc_address_to_sockaddr (&address, family, &storage);
    g_assert_cmpint (bind (link->fd, (struct sockaddr *)&storage, size), ==, 0);
  }
  size = wc_address_to_sockaddr (to, family, &storage);
  /* A refusal shows as an event. */
  (void)!connect (link->fd, (struct sockaddr *)&storage, size);
  link->watch = tc_watch_new (loop, link->fd, EPOLLIN, on_events, link);
  return link;
}

void
tc_tcp_link_free (TcTcpLink *link)
{
  close_link (link);
  g_byte_array_unref (link->out);
  g_byte_array_unref (link->in);
  g_free (link);
}

void
tc_tcp_link_send (TcTcpLink *link, const guint8 *data, gsize size)
{
  guint8 header[HEADER] = {(guint8)(size >> 8), (guint8)size};

  if (link->fd < 0)
    return;
  g_byte_array_append (link->out, header, sizeof header);
  g_byte_array_append (link->out, data, (guint)size);
  write_out (link);
}

void
tc_tcp_link_set_reading (TcTcpLink *link, gboolean reading)
{
  link->deaf = !reading;
  watch_what_matters (link);
}
