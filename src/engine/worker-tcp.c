/* SPDX-License-Identifier: MIT */
#include "engine/worker-tcp.h"

#include "engine/endpoint.h"
#include "engine/framing.h"

#include <string.h>
#include <sys/epoll.h>

/* --- the end -------------------------------------------------------------- */

/* Events of this turn may still name it: it is freed when they are through. */
void
wc_worker_drop_tcp (WcWorker *worker, WcTcp *tcp)
{
  if (wc_tcp_is_closed (tcp))
    return;
  wc_tcp_close (tcp);
  if (tcp->endpoint != NULL)
    wc_endpoint_lost_tcp (tcp->endpoint, tcp);
  g_ptr_array_add (worker->closed_tcp, tcp);
  atomic_fetch_sub (&worker->n_tcp, 1);
}

static void
on_close (WcWorker *worker, gpointer data)
{
  WcTcp *tcp = data;

  wc_worker_drop_tcp (worker, tcp);
  wc_tcp_unref (tcp);
}

void
wc_worker_post_close_tcp (WcWorker *worker, WcTcp *tcp)
{
  wc_worker_post (worker, on_close, tcp);
}

/* --- what comes ----------------------------------------------------------- */

static void
reject (WcWorker *worker)
{
  atomic_fetch_add_explicit (&worker->stun_rejected, 1, memory_order_relaxed);
}

/* A connection is one endpoint's: a request for another comes to nothing. */
static void
on_stun (WcWorker *worker, const WcDatagram *datagram)
{
  char ufrag[WC_STUN_UFRAG_SIZE];
  WcEndpoint *endpoint = NULL;
  WcTcp *tcp = datagram->tcp;

  if (wc_stun_peek_ufrag (datagram->data, datagram->size, ufrag))
    endpoint = wc_worker_find_ufrag (worker, ufrag);
  if (endpoint != NULL && (tcp->endpoint == NULL || tcp->endpoint == endpoint))
    wc_endpoint_on_stun (endpoint, ufrag, datagram);
  else
    reject (worker);
}

static void
on_frame (WcWorker *worker, WcTcp *tcp, const guint8 *data, gsize size)
{
  WcDatagram *datagram = worker->datagrams;

  if (size == 0)
    return;
  datagram->from = tcp->remote;
  datagram->local = tcp->local;
  datagram->tcp = tcp;
  datagram->size = (guint)size;
  memcpy (datagram->data, data, size);
  atomic_fetch_add_explicit (&worker->datagrams_in, 1, memory_order_relaxed);
  if (wc_stun_is_stun (data[0]))
    on_stun (worker, datagram);
  else if (tcp->endpoint != NULL)
    wc_endpoint_on_datagram (tcp->endpoint, datagram);
  else
    atomic_fetch_add_explicit (&worker->stray, 1, memory_order_relaxed);
}

/* What a frame says may close the connection. */
static void
take (WcWorker *worker, WcTcp *tcp, const guint8 *data, gsize size)
{
  gsize at = 0, frame_size;
  WcFraming framing;

  while (!wc_tcp_is_closed (tcp) &&
         (framing = wc_framing_peek (data + at, size - at, WC_UDP_DATAGRAM_SIZE,
                                     &frame_size)) == WC_FRAMING_WHOLE) {
    on_frame (worker, tcp, data + at + WC_FRAMING_HEADER, frame_size);
    at += WC_FRAMING_HEADER + frame_size;
  }
  if (wc_tcp_is_closed (tcp))
    return;
  if (framing == WC_FRAMING_TOO_LARGE)
    wc_worker_drop_tcp (worker, tcp);
  else
    wc_tcp_keep (tcp, data + at, size - at);
}

void
wc_worker_on_tcp (WcWorker *worker, WcTcp *tcp, guint32 events)
{
  if (wc_tcp_is_closed (tcp))
    return;
  if (events & EPOLLOUT)
    wc_tcp_flush (tcp);
  if ((events & ~(guint32)EPOLLOUT) == 0)
    return;
  gssize n = wc_tcp_receive (tcp, worker->stream, sizeof worker->stream);
  if (n < 0)
    wc_worker_drop_tcp (worker, tcp);
  else
    take (worker, tcp, worker->stream, (gsize)n);
}

/* --- from the listener ---------------------------------------------------- */

typedef struct {
  int fd;
  WcAddress remote, local;
  gsize size;
  guint8 data[];
} Arrival;

static void
on_arrival (WcWorker *worker, gpointer data)
{
  Arrival *arrival = data;
  WcTcp *tcp = wc_tcp_new (arrival->fd, &arrival->remote, &arrival->local,
                           worker->epoll_fd);

  atomic_fetch_add (&worker->n_tcp, 1);
  take (worker, tcp, arrival->data, arrival->size);
  if (tcp->endpoint == NULL)
    wc_worker_drop_tcp (worker, tcp);
  g_free (arrival);
}

void
wc_worker_post_tcp (WcWorker *worker, int fd, const WcAddress *remote,
                    const WcAddress *local, const guint8 *data, gsize size)
{
  Arrival *arrival = g_malloc (sizeof *arrival + size);

  *arrival = (Arrival){fd, *remote, *local, size};
  memcpy (arrival->data, data, size);
  wc_worker_post (worker, on_arrival, arrival);
}
