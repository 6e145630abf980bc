/* SPDX-License-Identifier: MIT */
#include "engine/tcp.h"

#include "engine/framing.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_WAITING (WC_TCP_BUFFER_BYTES + WC_TCP_RESERVE_BYTES)
/* What the kernel may hold that the network does not take yet. */
#define UNSENT_BYTES (64 * 1024)

static void
set_option (int fd, int name, int value)
{
  /* Best effort: they make it faster, not right. */
  int unused = setsockopt (fd, IPPROTO_TCP, name, &value, sizeof value);
  (void)unused;
}

WcTcp *
wc_tcp_new (int fd, const WcAddress *remote, const WcAddress *local,
            int epoll_fd)
{
  WcTcp *tcp = g_new0 (WcTcp, 1);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = tcp};

  atomic_init (&tcp->refs, 1);
  tcp->remote = *remote;
  tcp->local = *local;
  tcp->epoll_fd = epoll_fd;
  tcp->fd = fd;
  pthread_mutex_init (&tcp->lock, NULL);
  set_option (fd, TCP_NODELAY, 1);
  set_option (fd, TCP_NOTSENT_LOWAT, UNSENT_BYTES);
  tcp->broken = epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0;
  return tcp;
}

WcTcp *
wc_tcp_ref (WcTcp *tcp)
{
  atomic_fetch_add_explicit (&tcp->refs, 1, memory_order_relaxed);
  return tcp;
}

void
wc_tcp_unref (WcTcp *tcp)
{
  if (atomic_fetch_sub_explicit (&tcp->refs, 1, memory_order_acq_rel) != 1)
    return;
  if (tcp->fd >= 0)
    close (tcp->fd);
  g_free (tcp->waiting);
  pthread_mutex_destroy (&tcp->lock);
  g_free (tcp);
}

/* --- sending -------------------------------------------------------------- */

/* With the lock held, as all of these. */
static void
watch_writable (WcTcp *tcp)
{
  gboolean wanted = tcp->n_waiting > 0;
  struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0),
                              .data.ptr = tcp};

  if (wanted == tcp->wants_writable || tcp->fd < 0)
    return;
  tcp->wants_writable = wanted;
  epoll_ctl (tcp->epoll_fd, EPOLL_CTL_MOD, tcp->fd, &event);
}

/* Returns how much the kernel took. */
static gsize
write_some (WcTcp *tcp, struct iovec *parts, guint n)
{
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = n};
  gssize taken;

  do
    taken = sendmsg (tcp->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (taken < 0 && errno == EINTR);
  if (taken < 0 && errno != EAGAIN)
    tcp->broken = TRUE;
  return taken > 0 ? (gsize)taken : 0;
}

/* What the kernel did not take: all but the first @skip bytes. */
static void
keep_waiting (WcTcp *tcp, const struct iovec *parts, guint n, gsize skip)
{
  for (guint i = 0; i < n; i++) {
    gsize gone = MIN (skip, parts[i].iov_len);
    gsize left = parts[i].iov_len - gone;

    skip -= gone;
    if (left > 0 && tcp->waiting == NULL)
      tcp->waiting = g_malloc (MAX_WAITING);
    if (left > 0)
      memcpy (tcp->waiting + tcp->n_waiting,
              (const guint8 *)parts[i].iov_base + gone, left);
    tcp->n_waiting += left;
  }
}

static gboolean
write_all (WcTcp *tcp, struct iovec *parts, guint n, gsize size)
{
  gsize taken = 0;

  if (tcp->fd < 0 || tcp->broken || tcp->n_waiting + size > MAX_WAITING)
    return FALSE;
  if (tcp->n_waiting == 0)
    taken = write_some (tcp, parts, n);
  if (tcp->broken)
    return FALSE;
  keep_waiting (tcp, parts, n, taken);
  watch_writable (tcp);
  return TRUE;
}

gboolean
wc_tcp_send (WcTcp *tcp, const void *data, gsize size)
{
  guint8 header[WC_FRAMING_HEADER];
  struct iovec parts[] = {{header, sizeof header}, {(void *)data, size}};

  wc_framing_write_header (header, size);
  pthread_mutex_lock (&tcp->lock);
  gboolean sent = write_all (tcp, parts, 2, sizeof header + size);
  pthread_mutex_unlock (&tcp->lock);
  return sent;
}

gboolean
wc_tcp_has_room (WcTcp *tcp, gsize size)
{
  pthread_mutex_lock (&tcp->lock);
  gboolean room = tcp->fd >= 0 && !tcp->broken &&
                  tcp->n_waiting + tcp->promised + size <= WC_TCP_BUFFER_BYTES;
  pthread_mutex_unlock (&tcp->lock);
  return room;
}

gboolean
wc_tcp_write (WcTcp *tcp, const guint8 *frames, gsize size)
{
  struct iovec part = {(void *)frames, size};

  pthread_mutex_lock (&tcp->lock);
  gboolean sent = write_all (tcp, &part, 1, size);
  pthread_mutex_unlock (&tcp->lock);
  return sent;
}

void
wc_tcp_flush (WcTcp *tcp)
{
  pthread_mutex_lock (&tcp->lock);
  if (tcp->fd >= 0 && tcp->n_waiting > 0) {
    struct iovec part = {tcp->waiting, tcp->n_waiting};
    gsize taken = write_some (tcp, &part, 1);

    tcp->n_waiting -= taken;
    memmove (tcp->waiting, tcp->waiting + taken, tcp->n_waiting);
    if (tcp->n_waiting == 0)
      g_clear_pointer (&tcp->waiting, g_free);
    watch_writable (tcp);
  }
  pthread_mutex_unlock (&tcp->lock);
}

/* --- receiving ------------------------------------------------------------ */

gssize
wc_tcp_receive (WcTcp *tcp, guint8 *buffer, gsize max)
{
  gsize kept = tcp->n_partial;
  gssize n;

  memcpy (buffer, tcp->partial, kept);
  tcp->n_partial = 0;
  /* Only this thread closes it. */
  do
    n = recv (tcp->fd, buffer + kept, max - kept, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n == 0 || (n < 0 && errno != EAGAIN))
    return -1;
  return (gssize)kept + MAX (n, 0);
}

void
wc_tcp_keep (WcTcp *tcp, const guint8 *data, gsize size)
{
  g_assert (size <= sizeof tcp->partial);
  memcpy (tcp->partial, data, size);
  tcp->n_partial = size;
}

/* --- the end -------------------------------------------------------------- */

gboolean
wc_tcp_is_closed (WcTcp *tcp)
{
  return tcp->fd < 0; /* only its worker closes it */
}

/* A socket with something unread is reset, and what it was sending is lost:
 * a last word must not be. */
static void
discard_unread (int fd)
{
  guint8 rest[4096];

  for (guint i = 0; i < 16; i++)
    if (recv (fd, rest, sizeof rest, MSG_DONTWAIT) <= 0)
      return;
}

void
wc_tcp_close (WcTcp *tcp)
{
  pthread_mutex_lock (&tcp->lock);
  if (tcp->fd >= 0) {
    discard_unread (tcp->fd);
    close (tcp->fd);
  }
  tcp->fd = -1;
  g_clear_pointer (&tcp->waiting, g_free);
  tcp->n_waiting = 0;
  pthread_mutex_unlock (&tcp->lock);
}
