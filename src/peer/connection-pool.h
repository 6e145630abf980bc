/* SPDX-License-Identifier: MIT */
/* Connections that wait for a peer, so that a viewer's join finds its webrtcbin
 * made: prepared ahead, or used by a peer before. Owned by the peer factory.
 * Any thread. */
#pragma once

#include "peer/connection.h"

typedef struct WcConnectionPool WcConnectionPool;

/** @pem: as in WcConnectionParams. Empty at first; @size of them wait when
 * there is nothing to do, up to @most while peers come and go. */
WcConnectionPool *wc_connection_pool_new (const char *pem, guint size,
                                          guint most);
/** Closes those that nobody took. */
void wc_connection_pool_free (WcConnectionPool *pool);

/** (transfer full) (nullable: there is none just now) */
WcConnection *wc_connection_pool_take (WcConnectionPool *pool);

/** Keeps it if there is room, else closes it. @connection: (transfer full).
 * @kept: see wc_connection_recycle (). Control pool. */
void wc_connection_pool_give (WcConnectionPool *pool, WcConnection *connection,
                              GByteArray *kept);

/** Prepares or closes some until `size` wait, unless somebody is at it. Control
 * pool. */
void wc_connection_pool_settle (WcConnectionPool *pool);
/** TRUE: `size` of them wait. */
gboolean wc_connection_pool_is_settled (WcConnectionPool *pool);
