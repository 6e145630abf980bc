/* SPDX-License-Identifier: MIT */
/* A connection, and what waits to be done with it: the worker appends, and a
 * pool of threads does it in order, one thread at a time per connection.
 *
 * Owned by whoever opened the connection, a lane or a handshake. Reference-
 * counted: the owner has one reference, a scheduled run another. */
#pragma once

#include "engine/lane.h"
#include "peer/connection.h"

typedef struct WcConnectionQueue WcConnectionQueue;

/** Called by the pool. */
typedef struct {
  /** See wc_connection_queue_keys (). */
  void (*keys) (gpointer user_data);
  /** Nullable: there is no media. */
  void (*media) (WcMedia media, const WcOutgoing *outgoing, gpointer user_data);
} WcConnectionQueueFuncs;

/** @pool: runs wc_connection_queue_run (). @max_datagrams: that wait at most.
 * @funcs is a static table. */
WcConnectionQueue *wc_connection_queue_new (GThreadPool *pool,
                                            guint max_datagrams,
                                            const WcConnectionQueueFuncs *funcs,
                                            gpointer user_data);
void wc_connection_queue_unref (WcConnectionQueue *queue);

/** Before it has one, nothing is taken. @connection: (transfer full). */
void wc_connection_queue_set_connection (WcConnectionQueue *queue,
                                         WcConnection *connection);
/** (transfer none) (nullable) */
WcConnection *wc_connection_queue_connection (WcConnectionQueue *queue);
/** Waits for a run to end and drops what waits; nothing is taken any more.
 * Control pool. (transfer full) (nullable) */
WcConnection *wc_connection_queue_close (WcConnectionQueue *queue);

/* --- any thread ------------------------------------------------------------
 */

/** ICE has a valid pair. */
void wc_connection_queue_connected (WcConnectionQueue *queue);
/** DTLS or SRTCP of the peer; copied, or dropped when too much waits. */
void wc_connection_queue_receive (WcConnectionQueue *queue, const guint8 *data,
                                  gsize size);
/** The connection has its keys: `keys` is called, but not in place, because the
 * handshake is still in webrtcbin's hands. */
void wc_connection_queue_keys (WcConnectionQueue *queue);

/* --- the worker ------------------------------------------------------------
 */

/** Takes all of @n packets, or none (FALSE: no room). */
gboolean wc_connection_queue_send (WcConnectionQueue *queue, WcMedia media,
                                   const WcOutgoing *packets, guint n);
/** Packets that wait or are being sent. */
guint wc_connection_queue_n_media (WcConnectionQueue *queue);

/** The function of the pool. */
void wc_connection_queue_run (gpointer queue, gpointer unused);
