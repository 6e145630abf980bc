/* SPDX-License-Identifier: MIT */
/* A connection whose webrtcbin negotiates and does DTLS, and nothing else: its
 * media goes past it, by the engine. Datagrams are queued by a worker and run
 * in order on the handshake pool (connection-queue.h).
 *
 * Owns the connection; the peer owns it. */
#pragma once

#include "peer/connection.h"

typedef struct WcHandshake WcHandshake;

/** On any thread; may only post, but for send. */
typedef struct {
  /** A datagram for the peer. */
  void (*send) (const guint8 *data, gsize size, gpointer user_data);
  /** Keys are agreed and the certificate is the one of the offer. */
  void (*secured) (const WcConnectionKeys *keys, gpointer user_data);
  /** It is not, or SRTP was not agreed on as we can do it. */
  void (*refused) (const char *reason, gpointer user_data);
  /** The peer closed DTLS, or DTLS failed. */
  void (*left) (gpointer user_data);
} WcHandshakeEvents;

/** @pool: runs wc_connection_queue_run (). @events is a static table. */
WcHandshake *wc_handshake_new (GThreadPool *pool,
                               const WcHandshakeEvents *events,
                               gpointer user_data);
/** One that was opened is closed before. */
void wc_handshake_free (WcHandshake *handshake);

/** Control pool. To be closed also if it fails. */
gboolean wc_handshake_open (WcHandshake *handshake,
                            const WcConnectionParams *params, GError **error);
/** Control pool: waits for a run to end and drops the queue; the engine must be
 * done with it. Returns the connection, to be closed or recycled while the
 * handshake lives (transfer full) (nullable). */
WcConnection *wc_handshake_close (WcHandshake *handshake);

/** ICE has a valid pair: DTLS begins. Any thread, after open. */
void wc_handshake_connected (WcHandshake *handshake);
/** A DTLS datagram; copied. Any thread, after open. */
void wc_handshake_receive (WcHandshake *handshake, const guint8 *data,
                           gsize size);
