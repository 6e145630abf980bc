/* SPDX-License-Identifier: MIT */
/* The door for TCP: one listening socket and a thread that keeps connections of
 * which nobody knows yet whose they are. The first frame must be a STUN binding
 * request; its USERNAME names the worker (RFC 8445 section 7.2.2), which gets
 * the connection, checks the request and closes what is not authentic.
 *
 * Until then a connection may do nothing but send that one frame, of
 * WC_TCP_FIRST_BYTES at most and within WC_TCP_FIRST_US; there are at most
 * WC_TCP_MAX_PENDING of them (the oldest gives way), of one address at most
 * WC_TCP_MAX_PENDING_OF_ONE (the newest is refused). Strangers so take no time
 * from the workers.
 *
 * Made and freed by the engine. Internal to the engine. */
#pragma once

#include "engine/engine.h"

#define WC_TCP_FIRST_BYTES 1024
#define WC_TCP_FIRST_US (10 * G_USEC_PER_SEC)
#define WC_TCP_MAX_PENDING 1024
/** A whole school may sit behind one address; /64 of IPv6. */
#define WC_TCP_MAX_PENDING_OF_ONE 128

typedef struct WcTcpListener WcTcpListener;

typedef struct {
  guint pending;    /* connections that have not said whose they are */
  guint64 accepted; /* ever */
  guint64 refused;  /* of them: too many, too late, or nonsense */
} WcTcpListenerStats;

/** Listens on @port of all addresses; 0: any free one. Its thread is started by
 * wc_tcp_listener_start (). The error names the port. */
WcTcpListener *wc_tcp_listener_new (WcEngine *engine, guint16 port,
                                    gboolean ipv6, GError **error);
gboolean wc_tcp_listener_start (WcTcpListener *listener, GError **error);
/** Ends the thread; no worker gets a connection any more. */
void wc_tcp_listener_stop (WcTcpListener *listener);
void wc_tcp_listener_free (WcTcpListener *listener);

guint16 wc_tcp_listener_port (const WcTcpListener *listener);
/** Any thread. */
void wc_tcp_listener_get_stats (WcTcpListener *listener,
                                WcTcpListenerStats *stats);
