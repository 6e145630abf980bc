/* SPDX-License-Identifier: MIT */
#include "peer/handshake.h"

#include "peer/certificate.h"
#include "peer/connection-queue.h"

#include <openssl/crypto.h>

#define MAX_DATAGRAMS 64

struct WcHandshake {
  const WcHandshakeEvents *events;
  gpointer user_data;
  WcConnectionQueue *queue;
  GPtrArray *fingerprints; /* of the plan's offer, borrowed */
};

/* --- the connection's side (any thread) ------------------------------------
 */

static void
on_send (const guint8 *data, gsize size, gpointer user_data)
{
  WcHandshake *handshake = user_data;

  handshake->events->send (data, size, handshake->user_data);
}

static void
on_keys (gpointer user_data)
{
  WcHandshake *handshake = user_data;

  wc_connection_queue_keys (handshake->queue);
}

/* webrtcbin gets no SRTCP, so there is none. */
static void
on_rtcp (const guint8 *data, gsize size, gpointer user_data)
{
}

static void
on_closed (gpointer user_data)
{
  WcHandshake *handshake = user_data;

  handshake->events->left (handshake->user_data);
}

static const WcConnectionCallbacks connection_callbacks = {
    .send = on_send,
    .keys = on_keys,
    .rtcp = on_rtcp,
    .dtls_closed = on_closed,
};

/* --- running (handshake pool) -----------------------------------------------
 */

/* RFC 8827 section 6.5: who has the keys must be who wrote the offer. */
static void
check_identity (gpointer user_data)
{
  WcHandshake *handshake = user_data;
  WcConnection *connection = wc_connection_queue_connection (handshake->queue);
  g_autofree char *pem = wc_connection_dup_peer_pem (connection);
  WcConnectionKeys keys;

  if (pem == NULL || !wc_certificate_matches (pem, handshake->fingerprints))
    handshake->events->refused ("its certificate is not the one of its offer",
                                handshake->user_data);
  else if (!wc_connection_get_keys (connection, &keys))
    handshake->events->refused ("it does not do SRTP_AES128_CM_HMAC_SHA1_80",
                                handshake->user_data);
  else
    handshake->events->secured (&keys, handshake->user_data);
  OPENSSL_cleanse (&keys, sizeof keys);
}

static const WcConnectionQueueFuncs queue_funcs = {.keys = check_identity};

/* --- life -------------------------------------------------------------------
 */

WcHandshake *
wc_handshake_new (GThreadPool *pool, const WcHandshakeEvents *events,
                  gpointer user_data)
{
  WcHandshake *handshake = g_new0 (WcHandshake, 1);

  handshake->events = events;
  handshake->user_data = user_data;
  handshake->queue =
      wc_connection_queue_new (pool, MAX_DATAGRAMS, &queue_funcs, handshake);
  return handshake;
}

void
wc_handshake_free (WcHandshake *handshake)
{
  wc_connection_queue_unref (handshake->queue);
  g_free (handshake);
}

gboolean
wc_handshake_open (WcHandshake *handshake, const WcConnectionParams *params,
                   GError **error)
{
  WcConnection *connection = wc_connection_new (params);

  handshake->fingerprints = params->plan->offer->fingerprints;
  wc_connection_queue_set_connection (handshake->queue, connection);
  return wc_connection_open (connection, params, &connection_callbacks,
                             handshake, error);
}

WcConnection *
wc_handshake_close (WcHandshake *handshake)
{
  return wc_connection_queue_close (handshake->queue);
}

void
wc_handshake_connected (WcHandshake *handshake)
{
  wc_connection_queue_connected (handshake->queue);
}

void
wc_handshake_receive (WcHandshake *handshake, const guint8 *data, gsize size)
{
  wc_connection_queue_receive (handshake->queue, data, size);
}
