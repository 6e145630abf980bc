/* SPDX-License-Identifier: MIT */
#include "peer/handshake.h"

#include "peer/certificate.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>

#define MAX_DATAGRAMS 64

typedef enum { ITEM_CONNECTED, ITEM_DATAGRAM, ITEM_KEYS } ItemType;

typedef struct {
  ItemType type;
  gsize size;
  guint8 *data; /* of a datagram */
} Item;

struct WcHandshake {
  atomic_uint refs;
  GThreadPool *pool;
  const WcHandshakeEvents *events;
  gpointer user_data;
  WcConnection *connection;
  GPtrArray *fingerprints; /* of the plan's offer, borrowed */

  pthread_mutex_t lock; /* guards the next four */
  pthread_cond_t idle;
  GArray *queue;      /* of Item */
  gboolean scheduled; /* queued in the pool or running */
  gboolean closed;

  GArray *running; /* the runner's: swapped with queue */
};

static void
clear_item (Item *item)
{
  g_free (item->data);
}

static void
enqueue (WcHandshake *handshake, Item item)
{
  pthread_mutex_lock (&handshake->lock);
  gboolean room =
      !handshake->closed && handshake->connection != NULL &&
      (item.type != ITEM_DATAGRAM || handshake->queue->len < MAX_DATAGRAMS);
  gboolean push = room && !handshake->scheduled;
  if (room)
    g_array_append_val (handshake->queue, item);
  if (push) {
    handshake->scheduled = TRUE;
    atomic_fetch_add (&handshake->refs, 1);
  }
  pthread_mutex_unlock (&handshake->lock);

  if (!room)
    clear_item (&item);
  if (push)
    g_thread_pool_push (handshake->pool, handshake, NULL);
}

void
wc_handshake_connected (WcHandshake *handshake)
{
  enqueue (handshake, (Item){.type = ITEM_CONNECTED});
}

void
wc_handshake_receive (WcHandshake *handshake, const guint8 *data, gsize size)
{
  enqueue (handshake, (Item){.type = ITEM_DATAGRAM,
                             .size = size,
                             .data = g_memdup2 (data, size)});
}

/* --- the connection's side (any thread) ------------------------------------
 */

static void
on_send (const guint8 *data, gsize size, gpointer user_data)
{
  WcHandshake *handshake = user_data;

  handshake->events->send (data, size, handshake->user_data);
}

/* Not in place: the handshake is still in webrtcbin's hands here. */
static void
on_keys (gpointer user_data)
{
  enqueue (user_data, (Item){.type = ITEM_KEYS});
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
check_identity (WcHandshake *handshake)
{
  g_autofree char *pem = wc_connection_dup_peer_pem (handshake->connection);
  WcConnectionKeys keys;

  if (pem == NULL || !wc_certificate_matches (pem, handshake->fingerprints))
    handshake->events->refused ("its certificate is not the one of its offer",
                                handshake->user_data);
  else if (!wc_connection_get_keys (handshake->connection, &keys))
    handshake->events->refused ("it does not do SRTP_AES128_CM_HMAC_SHA1_80",
                                handshake->user_data);
  else
    handshake->events->secured (&keys, handshake->user_data);
  OPENSSL_cleanse (&keys, sizeof keys);
}

static void
run_item (WcHandshake *handshake, const Item *item)
{
  switch (item->type) {
  case ITEM_CONNECTED:
    wc_connection_ice_connected (handshake->connection);
    break;
  case ITEM_DATAGRAM:
    wc_connection_receive (handshake->connection, item->data, item->size);
    break;
  case ITEM_KEYS:
    check_identity (handshake);
    break;
  }
}

static void
take_queue (WcHandshake *handshake)
{
  pthread_mutex_lock (&handshake->lock);
  if (!handshake->closed) {
    GArray *queue = handshake->queue;
    handshake->queue = handshake->running;
    handshake->running = queue;
  }
  pthread_mutex_unlock (&handshake->lock);
}

/* TRUE: nothing is left, and it is not scheduled any more. */
static gboolean
finish_run (WcHandshake *handshake)
{
  pthread_mutex_lock (&handshake->lock);
  gboolean finished = handshake->queue->len == 0 || handshake->closed;
  if (finished) {
    handshake->scheduled = FALSE;
    pthread_cond_broadcast (&handshake->idle);
  }
  pthread_mutex_unlock (&handshake->lock);
  return finished;
}

void
wc_handshake_run (gpointer data, gpointer unused)
{
  WcHandshake *handshake = data;

  take_queue (handshake);
  for (guint i = 0; i < handshake->running->len; i++)
    run_item (handshake, &g_array_index (handshake->running, Item, i));
  g_array_set_size (handshake->running, 0);
  if (finish_run (handshake))
    wc_handshake_unref (handshake);
  else
    g_thread_pool_push (handshake->pool, handshake, NULL);
}

/* --- life -------------------------------------------------------------------
 */

WcHandshake *
wc_handshake_new (GThreadPool *pool, const WcHandshakeEvents *events,
                  gpointer user_data)
{
  WcHandshake *handshake = g_new0 (WcHandshake, 1);

  atomic_init (&handshake->refs, 1);
  handshake->pool = pool;
  handshake->events = events;
  handshake->user_data = user_data;
  pthread_mutex_init (&handshake->lock, NULL);
  pthread_cond_init (&handshake->idle, NULL);
  handshake->queue = g_array_new (FALSE, FALSE, sizeof (Item));
  handshake->running = g_array_new (FALSE, FALSE, sizeof (Item));
  g_array_set_clear_func (handshake->queue, (GDestroyNotify)clear_item);
  g_array_set_clear_func (handshake->running, (GDestroyNotify)clear_item);
  return handshake;
}

void
wc_handshake_unref (WcHandshake *handshake)
{
  if (atomic_fetch_sub (&handshake->refs, 1) != 1)
    return;
  g_array_unref (handshake->queue);
  g_array_unref (handshake->running);
  pthread_cond_destroy (&handshake->idle);
  pthread_mutex_destroy (&handshake->lock);
  g_free (handshake);
}

gboolean
wc_handshake_open (WcHandshake *handshake, const WcConnectionParams *params,
                   GError **error)
{
  WcConnection *connection =
      wc_connection_open (params, &connection_callbacks, handshake, error);

  handshake->fingerprints = params->plan->offer->fingerprints;
  pthread_mutex_lock (&handshake->lock);
  handshake->connection = connection;
  pthread_mutex_unlock (&handshake->lock);
  return connection != NULL;
}

WcConnection *
wc_handshake_close (WcHandshake *handshake)
{
  pthread_mutex_lock (&handshake->lock);
  handshake->closed = TRUE;
  while (handshake->scheduled)
    pthread_cond_wait (&handshake->idle, &handshake->lock);
  g_array_set_size (handshake->queue, 0);
  pthread_mutex_unlock (&handshake->lock);
  return g_steal_pointer (&handshake->connection);
}
