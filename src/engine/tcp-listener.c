/* SPDX-License-Identifier: MIT */
#include "engine/tcp-listener.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine-private.h"
#include "engine/framing.h"
#include "engine/worker-tcp.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS 64
#define ACCEPTS_AT_ONCE 64
/* When there are no descriptors left: how long until the next try. */
#define PAUSE_US (100 * 1000)

typedef struct {
  GList link; /* of the listener's queue; its data is this */
  int fd;     /* -1: done with */
  WcAddress remote, local;
  gint64 due_us;
  gsize size;
  guint8 data[WC_TCP_FIRST_BYTES];
} Pending;

struct WcTcpListener {
  WcEngine *engine;
  int listen_fd, epoll_fd, event_fd;
  guint16 port;
  pthread_t thread;
  gboolean started;
  atomic_bool quit;

  GQueue pending;         /* of Pending, oldest first */
  GQueue done;            /* of Pending: events may still name them */
  GHashTable *by_address; /* WcAddress * without a port -> number of pending */
  gint64 paused_until_us; /* 0: it is accepting */
  gboolean warned;

  atomic_uint n_pending;
  atomic_ullong accepted, refused;
};

/* --- how many of one address ---------------------------------------------- */

static WcAddress
key_of (const WcAddress *remote)
{
  WcAddress key = *remote;

  wc_address_set_port (&key, 0);
  if (key.sa.sa_family == AF_INET6)
    memset (key.in6.sin6_addr.s6_addr + 8, 0, 8);
  return key;
}

static guint
count_of (const WcTcpListener *listener, const WcAddress *remote)
{
  WcAddress key = key_of (remote);

  return GPOINTER_TO_UINT (g_hash_table_lookup (listener->by_address, &key));
}

static void
add_to_count (WcTcpListener *listener, const WcAddress *remote, int by)
{
  WcAddress key = key_of (remote);
  guint n = count_of (listener, remote) + (guint)by;

  if (n == 0)
    g_hash_table_remove (listener->by_address, &key);
  else
    g_hash_table_replace (listener->by_address, g_memdup2 (&key, sizeof key),
                          GUINT_TO_POINTER (n));
}

/* --- connections ---------------------------------------------------------- */

/* It is freed when the events of this turn are through. */
static void
forget (WcTcpListener *listener, Pending *pending)
{
  g_queue_unlink (&listener->pending, &pending->link);
  g_queue_push_tail_link (&listener->done, &pending->link);
  add_to_count (listener, &pending->remote, -1);
  atomic_fetch_sub (&listener->n_pending, 1);
  pending->fd = -1;
}

static void
refuse (WcTcpListener *listener, Pending *pending)
{
  close (pending->fd);
  forget (listener, pending);
  atomic_fetch_add (&listener->refused, 1);
}

static void
free_done (WcTcpListener *listener)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&listener->done)) != NULL)
    g_free (link->data);
}

static gboolean
watch (WcTcpListener *listener, int fd, gpointer name)
{
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = name};

  return epoll_ctl (listener->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static WcAddress
local_of (int fd)
{
  struct sockaddr_storage sa = {0};
  socklen_t size = sizeof sa;

  if (getsockname (fd, (struct sockaddr *)&sa, &size) != 0)
    return (WcAddress){0};
  return wc_address_from_sockaddr ((struct sockaddr *)&sa);
}

static void
take_in (WcTcpListener *listener, int fd, const WcAddress *remote)
{
  atomic_fetch_add (&listener->accepted, 1);
  if (count_of (listener, remote) >= WC_TCP_MAX_PENDING_OF_ONE) {
    atomic_fetch_add (&listener->refused, 1);
    close (fd);
    return;
  }
  if (listener->pending.length >= WC_TCP_MAX_PENDING)
    refuse (listener, listener->pending.head->data);

  Pending *pending = g_new (Pending, 1);
  pending->link = (GList){.data = pending};
  pending->fd = fd;
  pending->remote = *remote;
  pending->local = local_of (fd);
  pending->due_us = wc_clock_now_us () + WC_TCP_FIRST_US;
  pending->size = 0;
  g_queue_push_tail_link (&listener->pending, &pending->link);
  add_to_count (listener, remote, 1);
  atomic_fetch_add (&listener->n_pending, 1);
  if (!watch (listener, fd, pending))
    refuse (listener, pending);
}

/* The backlog goes on waiting; without this the loop would spin on it. */
static void
pause_accepting (WcTcpListener *listener)
{
  if (!listener->warned)
    wc_warning ("TCP port %u: no connection can be accepted: %s",
                listener->port, g_strerror (errno));
  listener->warned = TRUE;
  listener->paused_until_us = wc_clock_now_us () + PAUSE_US;
  epoll_ctl (listener->epoll_fd, EPOLL_CTL_DEL, listener->listen_fd, NULL);
}

static void
maybe_resume_accepting (WcTcpListener *listener, gint64 now_us)
{
  if (listener->paused_until_us == 0 || now_us < listener->paused_until_us)
    return;
  listener->paused_until_us = 0;
  watch (listener, listener->listen_fd, &listener->listen_fd);
}

static void
accept_some (WcTcpListener *listener)
{
  for (guint i = 0; i < ACCEPTS_AT_ONCE; i++) {
    struct sockaddr_storage sa = {0};
    socklen_t size = sizeof sa;
    int fd = accept4 (listener->listen_fd, (struct sockaddr *)&sa, &size,
                      SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                   errno == ENOMEM))
      pause_accepting (listener);
    if (fd < 0)
      return; /* nothing more, or the first in the queue is gone again */
    WcAddress remote = wc_address_from_sockaddr ((struct sockaddr *)&sa);
    take_in (listener, fd, &remote);
  }
}

/* --- the first frame ------------------------------------------------------ */

/* Whose it says it is. */
static gboolean
find_owner (const WcTcpListener *listener, const Pending *pending,
            gsize frame_size, guint *owner)
{
  char ufrag[WC_STUN_UFRAG_SIZE];
  const guint8 *frame = pending->data + WC_FRAMING_HEADER;

  return frame_size > 0 && wc_stun_is_stun (frame[0]) &&
         wc_stun_peek_ufrag (frame, frame_size, ufrag) &&
         wc_engine_owner_of (listener->engine, ufrag, owner);
}

static void
hand_over (WcTcpListener *listener, Pending *pending, gsize frame_size)
{
  guint owner;

  if (!find_owner (listener, pending, frame_size, &owner)) {
    refuse (listener, pending);
    return;
  }
  /* The worker's epoll is to have it alone. */
  epoll_ctl (listener->epoll_fd, EPOLL_CTL_DEL, pending->fd, NULL);
  wc_worker_post_tcp (wc_engine_worker (listener->engine, owner), pending->fd,
                      &pending->remote, &pending->local, pending->data,
                      pending->size);
  forget (listener, pending);
}

static void
read_first (WcTcpListener *listener, Pending *pending)
{
  gsize frame_size;
  gssize n = recv (pending->fd, pending->data + pending->size,
                   sizeof pending->data - pending->size, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0) {
    refuse (listener, pending);
    return;
  }
  pending->size += (gsize)n;
  switch (wc_framing_peek (pending->data, pending->size,
                           sizeof pending->data - WC_FRAMING_HEADER,
                           &frame_size)) {
  case WC_FRAMING_PARTIAL:
    break;
  case WC_FRAMING_TOO_LARGE:
    refuse (listener, pending);
    break;
  case WC_FRAMING_WHOLE:
    hand_over (listener, pending, frame_size);
    break;
  }
}

/* --- the loop ------------------------------------------------------------- */

static void
refuse_late (WcTcpListener *listener, gint64 now_us)
{
  while (listener->pending.head != NULL) {
    Pending *oldest = listener->pending.head->data;
    if (now_us < oldest->due_us)
      return;
    refuse (listener, oldest);
  }
}

static int
timeout_ms (const WcTcpListener *listener)
{
  gint64 at_us = G_MAXINT64;

  if (listener->pending.head != NULL)
    at_us = ((Pending *)listener->pending.head->data)->due_us;
  if (listener->paused_until_us != 0)
    at_us = MIN (at_us, listener->paused_until_us);
  if (at_us == G_MAXINT64)
    return -1;
  return (int)(MAX (at_us - wc_clock_now_us () + 999, 0) / 1000);
}

static void
dispatch (WcTcpListener *listener, gpointer name)
{
  Pending *pending = name;

  if (name == &listener->listen_fd)
    accept_some (listener);
  else if (name != &listener->event_fd && pending->fd >= 0)
    read_first (listener, pending);
}

static void *
run (void *data)
{
  WcTcpListener *listener = data;
  struct epoll_event events[EVENTS];

  while (!atomic_load (&listener->quit)) {
    int n =
        epoll_wait (listener->epoll_fd, events, EVENTS, timeout_ms (listener));
    for (int i = 0; i < n; i++)
      dispatch (listener, events[i].data.ptr);
    gint64 now_us = wc_clock_now_us ();
    refuse_late (listener, now_us);
    maybe_resume_accepting (listener, now_us);
    free_done (listener);
  }
  return NULL;
}

/* --- life ----------------------------------------------------------------- */

static int
open_socket (guint16 port, gboolean ipv6)
{
  int family = ipv6 ? AF_INET6 : AF_INET;
  int fd = socket (family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int yes = 1, no = 0;
  struct sockaddr_storage sa;
  WcAddress any;

  if (fd < 0)
    return -1;
  wc_address_parse (&any, ipv6 ? "::" : "0.0.0.0", port);
  socklen_t size = wc_address_to_sockaddr (&any, family, &sa);
  if ((ipv6 &&
       setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) != 0) ||
      setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      bind (fd, (struct sockaddr *)&sa, size) != 0 ||
      listen (fd, SOMAXCONN) != 0) {
    int saved = errno;
    close (fd);
    errno = saved;
    return -1;
  }
  return fd;
}

static void
set_error (GError **error, guint16 port)
{
  gboolean in_use = errno == EADDRINUSE;

  g_set_error (error, WC_ENGINE_ERROR,
               in_use ? WC_ENGINE_ERROR_IN_USE : WC_ENGINE_ERROR_SOCKET,
               "TCP port %u: %s%s", port, g_strerror (errno),
               in_use ? "; another program has it: choose another [ice] "
                        "tcp-port, or 0 for none"
                      : "");
}

WcTcpListener *
wc_tcp_listener_new (WcEngine *engine, guint16 port, gboolean ipv6,
                     GError **error)
{
  int fd = open_socket (port, ipv6);

  if (fd < 0) {
    set_error (error, port);
    return NULL;
  }
  /* Connections that are accepted inherit it. */
  if (engine->config.dscp != 0)
    wc_udp_mark (fd, ipv6 ? AF_INET6 : AF_INET, engine->config.dscp);
  WcAddress local = local_of (fd);
  WcTcpListener *listener = g_new0 (WcTcpListener, 1);

  listener->engine = engine;
  listener->listen_fd = fd;
  listener->port = wc_address_port (&local);
  listener->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  listener->event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  listener->by_address = g_hash_table_new_full (
      wc_address_hash_func, wc_address_equal_func, g_free, NULL);
  return listener;
}

gboolean
wc_tcp_listener_start (WcTcpListener *listener, GError **error)
{
  /* A descriptor that is missing fails here, as EBADF. */
  if (!watch (listener, listener->event_fd, &listener->event_fd) ||
      !watch (listener, listener->listen_fd, &listener->listen_fd) ||
      (errno = pthread_create (&listener->thread, NULL, run, listener)) != 0) {
    set_error (error, listener->port);
    return FALSE;
  }
  listener->started = TRUE;
  pthread_setname_np (listener->thread, "tcp-listener");
  return TRUE;
}

void
wc_tcp_listener_stop (WcTcpListener *listener)
{
  guint64 one = 1;

  if (!listener->started)
    return;
  atomic_store (&listener->quit, TRUE);
  gssize written = write (listener->event_fd, &one, sizeof one);
  (void)written; /* it cannot be full */
  pthread_join (listener->thread, NULL);
  listener->started = FALSE;
}

void
wc_tcp_listener_free (WcTcpListener *listener)
{
  wc_tcp_listener_stop (listener);
  while (listener->pending.head != NULL)
    refuse (listener, listener->pending.head->data);
  free_done (listener);
  g_hash_table_unref (listener->by_address);
  close (listener->listen_fd);
  if (listener->epoll_fd >= 0)
    close (listener->epoll_fd);
  if (listener->event_fd >= 0)
    close (listener->event_fd);
  g_free (listener);
}

guint16
wc_tcp_listener_port (const WcTcpListener *listener)
{
  return listener->port;
}

void
wc_tcp_listener_get_stats (WcTcpListener *listener, WcTcpListenerStats *stats)
{
  *stats = (WcTcpListenerStats){
      .pending = atomic_load (&listener->n_pending),
      .accepted = atomic_load (&listener->accepted),
      .refused = atomic_load (&listener->refused),
  };
}
