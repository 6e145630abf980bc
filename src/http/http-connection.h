/* SPDX-License-Identifier: MIT */
/* A connection of an HTTP client, between its socket and libsoup.
 *
 *   opening -> head -> body -> serving -> head ...      answering -> lingering
 *
 * `opening` is TLS's handshake, `serving` libsoup's turn: it sees a request
 * when all of it is there, and the next one when it has answered. `answering`
 * is what the gate says by itself, `lingering` reads and throws away what still
 * comes, because a reset would take the answer with it. Each state has a
 * deadline. Reference-counted: the gate, the stream and whoever looks at a
 * message's connection hold references. Main thread. */
#pragma once

#include "http/proxies.h"
#include "http/tls.h"

#include <libsoup/soup.h>

typedef struct WcHttpConnection WcHttpConnection;

/** What the connections of a gate share; the gate owns it. */
typedef struct {
  SoupServer *soup;
  WcTls *tls; /* nullable */
  WcProxies *proxies;
  char *const *cors_origins;
  /** How long a body may be, by method and path, bytes. */
  gsize (*body_limit) (const char *method, const char *path);
  int epoll_fd;
  GQueue connections; /* owned references, oldest first */
  gsize held_bytes;   /* of bodies */
} WcHttpConnections;

/** Takes @fd, non-blocking, into @shared. What the connection is doing when it
 * returns is its own business: it may be over already. */
void wc_http_connection_start (WcHttpConnections *shared, int fd);

WcHttpConnection *wc_http_connection_ref (WcHttpConnection *connection);
void wc_http_connection_unref (WcHttpConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcHttpConnection, wc_http_connection_unref)

/** The connection that @message came by. (transfer none) (nullable) */
WcHttpConnection *wc_http_connection_of (SoupServerMessage *message);

/** FALSE when the client has closed its side. */
gboolean wc_http_connection_is_open (WcHttpConnection *connection);

/** TRUE for one that has not sent its request, or sends nothing more. */
gboolean wc_http_connection_can_be_spared (WcHttpConnection *connection);

/* For the gate. */

/** What epoll said: EPOLLIN and friends. */
void wc_http_connection_event (WcHttpConnection *connection, guint events);
/** Ends it if its deadline has passed. */
void wc_http_connection_check (WcHttpConnection *connection, gint64 now_us);
/** Closes it at once; whoever waits is told. Idempotent. */
void wc_http_connection_close (WcHttpConnection *connection);

/* For libsoup's end. As of GPollableInputStream and GPollableOutputStream. */

gssize wc_http_connection_read (WcHttpConnection *connection, gpointer buffer,
                                gsize size, GError **error);
gssize wc_http_connection_write (WcHttpConnection *connection,
                                 gconstpointer data, gsize size,
                                 GError **error);
/** Ready when read or write is worth a try. (transfer full) */
GSource *wc_http_connection_read_source (WcHttpConnection *connection);
GSource *wc_http_connection_write_source (WcHttpConnection *connection);
gboolean wc_http_connection_is_readable (WcHttpConnection *connection);
/** libsoup has closed its end. */
void wc_http_connection_release (WcHttpConnection *connection);
