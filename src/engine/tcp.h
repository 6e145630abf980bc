/* SPDX-License-Identifier: MIT */
/* A TCP connection of a peer whose UDP is blocked (RFC 6544, passive side):
 * STUN, DTLS, SRTP and SRTCP as over UDP, each in a frame (engine/framing).
 *
 * Nobody waits for it: what the kernel does not take now is kept, whole frames
 * only and no more than WC_TCP_BUFFER_BYTES of media, and goes out when there
 * is room. The kernel itself is asked to keep little that it cannot send yet,
 * so that a slow viewer is late by a second at most and not by megabytes.
 *
 * It belongs to the worker of its endpoint, which reads and closes it; anybody
 * may send. Reference-counted. Internal to the engine. */
#pragma once

#include "base/address.h"
#include "engine/udp.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct WcEndpoint WcEndpoint;

/** Of media that waits to be sent. */
#define WC_TCP_BUFFER_BYTES (256 * 1024)
/** Beyond that: for STUN, DTLS and RTCP, so that a viewer that is slow is not
 * taken for dead. */
#define WC_TCP_RESERVE_BYTES (16 * 1024)

struct WcTcp {
  atomic_uint refs;
  WcAddress remote, local;

  /* the worker's */
  int epoll_fd;         /* borrowed */
  WcEndpoint *endpoint; /* borrowed, nullable: passed ICE for this one */
  gsize promised;       /* bytes that the worker's batch is going to write */
  gsize n_partial;
  guint8 partial[2 + WC_UDP_DATAGRAM_SIZE]; /* the begin of a frame */

  pthread_mutex_t lock; /* guards the rest */
  int fd;               /* -1: closed */
  gboolean broken;      /* the other side is gone; the worker will notice */
  gboolean wants_writable;
  guint8 *waiting; /* nullable; WC_TCP_BUFFER_BYTES + WC_TCP_RESERVE_BYTES */
  gsize n_waiting;
};

/** Takes @fd, which must not block, over; epoll names it by the returned
 * pointer. (transfer full) */
WcTcp *wc_tcp_new (int fd, const WcAddress *remote, const WcAddress *local,
                   int epoll_fd);

/* --- any thread ----------------------------------------------------------- */

WcTcp *wc_tcp_ref (WcTcp *tcp);
void wc_tcp_unref (WcTcp *tcp);

/** Frames a datagram and sends it, now or when there is room. FALSE: there is
 * no room for it, or the connection is gone. */
gboolean wc_tcp_send (WcTcp *tcp, const void *data, gsize size);

/* --- the worker ----------------------------------------------------------- */

/** Whether @size more bytes of media could be written, besides what is
 * promised. */
gboolean wc_tcp_has_room (WcTcp *tcp, gsize size);
/** Whole frames, headers included, that there was room for. FALSE: the
 * connection is gone. */
gboolean wc_tcp_write (WcTcp *tcp, const guint8 *frames, gsize size);
/** The kernel has room again. */
void wc_tcp_flush (WcTcp *tcp);

/** Reads what is there into @buffer, behind what was kept. Returns how much
 * @buffer holds; -1: the other side has closed it or it broke. */
gssize wc_tcp_receive (WcTcp *tcp, guint8 *buffer, gsize max);
/** Keeps the begin of a frame until the rest comes. */
void wc_tcp_keep (WcTcp *tcp, const guint8 *data, gsize size);

gboolean wc_tcp_is_closed (WcTcp *tcp);
/** Sends do nothing from here on. What waited for room is lost, what the kernel
 * has is still sent. */
void wc_tcp_close (WcTcp *tcp);
