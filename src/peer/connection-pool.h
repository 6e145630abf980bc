/* SPDX-License-Identifier: MIT */
/* Connections that were prepared ahead, so that a viewer's join finds its
 * webrtcbin made. Owned by the peer factory. Any thread. */
#pragma once

#include "peer/connection.h"

typedef struct WcConnectionPool WcConnectionPool;

/** @pem: as in WcConnectionParams. Empty at first. */
WcConnectionPool *wc_connection_pool_new (const char *pem, guint size);
/** Closes those that nobody took. */
void wc_connection_pool_free (WcConnectionPool *pool);

/** (transfer full) (nullable: there is none just now) */
WcConnection *wc_connection_pool_take (WcConnectionPool *pool);

/** Prepares until it is full, unless somebody is at it. Control pool. */
void wc_connection_pool_fill (WcConnectionPool *pool);
