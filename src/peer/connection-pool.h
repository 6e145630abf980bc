/* SPDX-License-Identifier: MIT */
/* Connections that wait for a peer, so that a viewer's join finds its webrtcbin
 * made: prepared ahead, or used by a peer before. Owned by the peer factory.
 * Any thread. */
#pragma once

#include "peer/connection.h"

typedef struct WcConnectionPool WcConnectionPool;

/** @pem: as in WcConnectionParams. Empty at first. When there is nothing to do
 * @size wait that nobody has used; while peers come and go up to @most used
 * ones besides. */
WcConnectionPool *wc_connection_pool_new (const char *pem, guint size,
                                          guint most);
/** Closes those that nobody took. */
void wc_connection_pool_free (WcConnectionPool *pool);

/** One that fits @plan; those used before come first. (transfer full)
 * (nullable: there is none just now) */
WcConnection *wc_connection_pool_take (WcConnectionPool *pool,
                                       const WcSdpPlan *plan);

/** Keeps it if there is room, else stops it, and frees it once it has rested
 * (wc_connection_stop ()). @connection: (transfer full).
 * @kept: see wc_connection_recycle (). Control pool. */
void wc_connection_pool_give (WcConnectionPool *pool, WcConnection *connection,
                              GByteArray *kept);

/** Ends the used ones, which have more threads and memory, and prepares
 * others until `size` wait, unless somebody is at it. TRUE: it freed some.
 * Control pool. */
gboolean wc_connection_pool_settle (WcConnectionPool *pool);
/** Ends those that nobody has used. Control pool. */
void wc_connection_pool_drop_fresh (WcConnectionPool *pool);
/** TRUE: there is nothing to settle. */
gboolean wc_connection_pool_is_settled (WcConnectionPool *pool);
