/* SPDX-License-Identifier: MIT */
#include "peer/connection-queue.h"

#include <pthread.h>
#include <stdatomic.h>

/* About half a second of 10 Mbit/s; beyond it the viewer skips. */
#define MAX_MEDIA 600

typedef enum { ITEM_CONNECTED, ITEM_DATAGRAM, ITEM_KEYS, ITEM_MEDIA } ItemType;

typedef struct {
  ItemType type;
  WcMedia media;
  WcOutgoing outgoing; /* with a reference to its packet */
  gsize size;
  guint8 *data; /* of a datagram */
} Item;

struct WcConnectionQueue {
  atomic_uint refs;
  GThreadPool *pool;
  const WcConnectionQueueFuncs *funcs;
  gpointer user_data;
  guint max_datagrams;

  pthread_mutex_t lock; /* guards the next eight */
  pthread_cond_t idle;
  WcConnection *connection; /* while it is scheduled the runner's */
  GArray *waiting;          /* of Item */
  guint n_media, n_datagrams;
  guint n_running;    /* media of the run that goes on */
  gboolean scheduled; /* queued in the pool or running */
  gboolean closed;

  GArray *running; /* the runner's: swapped with waiting */
};

static void
clear_item (Item *item)
{
  if (item->type == ITEM_MEDIA)
    wc_packet_unref (item->outgoing.packet);
  g_free (item->data);
}

/* --- taking --------------------------------------------------------------- */

/* With the lock held. TRUE: the caller must push the queue to the pool. */
static gboolean
schedule (WcConnectionQueue *queue)
{
  if (queue->scheduled)
    return FALSE;
  queue->scheduled = TRUE;
  atomic_fetch_add (&queue->refs, 1);
  return TRUE;
}

/* With the lock held. */
static gboolean
takes (const WcConnectionQueue *queue)
{
  return !queue->closed && queue->connection != NULL;
}

static void
enqueue (WcConnectionQueue *queue, Item item)
{
  pthread_mutex_lock (&queue->lock);
  gboolean room = takes (queue) && (item.type != ITEM_DATAGRAM ||
                                    queue->n_datagrams < queue->max_datagrams);
  if (room) {
    queue->n_datagrams += item.type == ITEM_DATAGRAM;
    g_array_append_val (queue->waiting, item);
  }
  gboolean push = room && schedule (queue);
  pthread_mutex_unlock (&queue->lock);

  if (!room)
    clear_item (&item);
  if (push)
    g_thread_pool_push (queue->pool, queue, NULL);
}

void
wc_connection_queue_connected (WcConnectionQueue *queue)
{
  enqueue (queue, (Item){.type = ITEM_CONNECTED});
}

void
wc_connection_queue_receive (WcConnectionQueue *queue, const guint8 *data,
                             gsize size)
{
  enqueue (queue, (Item){.type = ITEM_DATAGRAM,
                         .size = size,
                         .data = g_memdup2 (data, size)});
}

void
wc_connection_queue_keys (WcConnectionQueue *queue)
{
  enqueue (queue, (Item){.type = ITEM_KEYS});
}

gboolean
wc_connection_queue_send (WcConnectionQueue *queue, WcMedia media,
                          const WcOutgoing *packets, guint n)
{
  pthread_mutex_lock (&queue->lock);
  gboolean room = takes (queue) && queue->n_media + n <= MAX_MEDIA;
  for (guint i = 0; room && i < n; i++) {
    Item item = {ITEM_MEDIA, media, packets[i], 0, NULL};
    wc_packet_ref (packets[i].packet);
    g_array_append_val (queue->waiting, item);
  }
  queue->n_media += room ? n : 0;
  gboolean push = room && schedule (queue);
  pthread_mutex_unlock (&queue->lock);

  if (push)
    g_thread_pool_push (queue->pool, queue, NULL);
  return room;
}

guint
wc_connection_queue_n_media (WcConnectionQueue *queue)
{
  pthread_mutex_lock (&queue->lock);
  guint n = queue->n_media + queue->n_running;
  pthread_mutex_unlock (&queue->lock);
  return n;
}

/* --- running (the pool) --------------------------------------------------- */

static void
run_item (WcConnectionQueue *queue, const Item *item)
{
  switch (item->type) {
  case ITEM_CONNECTED:
    wc_connection_ice_connected (queue->connection);
    break;
  case ITEM_DATAGRAM:
    wc_connection_receive (queue->connection, item->data, item->size);
    break;
  case ITEM_KEYS:
    queue->funcs->keys (queue->user_data);
    break;
  case ITEM_MEDIA:
    queue->funcs->media (item->media, &item->outgoing, queue->user_data);
    break;
  }
}

static void
take_waiting (WcConnectionQueue *queue)
{
  pthread_mutex_lock (&queue->lock);
  if (!queue->closed) {
    GArray *waiting = queue->waiting;
    queue->waiting = queue->running;
    queue->running = waiting;
    queue->n_running = queue->n_media;
    queue->n_media = 0;
    queue->n_datagrams = 0;
  }
  pthread_mutex_unlock (&queue->lock);
}

/* TRUE: nothing is left, and the queue is not scheduled any more. */
static gboolean
finish_run (WcConnectionQueue *queue)
{
  pthread_mutex_lock (&queue->lock);
  gboolean finished = queue->waiting->len == 0 || queue->closed;
  queue->n_running = 0;
  if (finished) {
    queue->scheduled = FALSE;
    pthread_cond_broadcast (&queue->idle);
  }
  pthread_mutex_unlock (&queue->lock);
  return finished;
}

/* What came meanwhile waits behind the other peers' turns: one who sends
 * without end must not keep a thread of the pool. */
void
wc_connection_queue_run (gpointer data, gpointer unused)
{
  WcConnectionQueue *queue = data;

  take_waiting (queue);
  for (guint i = 0; i < queue->running->len; i++)
    run_item (queue, &g_array_index (queue->running, Item, i));
  g_array_set_size (queue->running, 0);
  if (finish_run (queue))
    wc_connection_queue_unref (queue);
  else
    g_thread_pool_push (queue->pool, queue, NULL);
}

/* --- life ----------------------------------------------------------------- */

static GArray *
new_items (void)
{
  GArray *items = g_array_new (FALSE, FALSE, sizeof (Item));

  g_array_set_clear_func (items, (GDestroyNotify)clear_item);
  return items;
}

WcConnectionQueue *
wc_connection_queue_new (GThreadPool *pool, guint max_datagrams,
                         const WcConnectionQueueFuncs *funcs,
                         gpointer user_data)
{
  WcConnectionQueue *queue = g_new0 (WcConnectionQueue, 1);

  atomic_init (&queue->refs, 1);
  queue->pool = pool;
  queue->funcs = funcs;
  queue->user_data = user_data;
  queue->max_datagrams = max_datagrams;
  pthread_mutex_init (&queue->lock, NULL);
  pthread_cond_init (&queue->idle, NULL);
  queue->waiting = new_items ();
  queue->running = new_items ();
  return queue;
}

void
wc_connection_queue_unref (WcConnectionQueue *queue)
{
  if (atomic_fetch_sub (&queue->refs, 1) != 1)
    return;
  g_array_unref (queue->waiting);
  g_array_unref (queue->running);
  pthread_cond_destroy (&queue->idle);
  pthread_mutex_destroy (&queue->lock);
  g_free (queue);
}

void
wc_connection_queue_set_connection (WcConnectionQueue *queue,
                                    WcConnection *connection)
{
  pthread_mutex_lock (&queue->lock);
  queue->connection = connection;
  pthread_mutex_unlock (&queue->lock);
}

WcConnection *
wc_connection_queue_connection (WcConnectionQueue *queue)
{
  return queue->connection;
}

WcConnection *
wc_connection_queue_close (WcConnectionQueue *queue)
{
  pthread_mutex_lock (&queue->lock);
  queue->closed = TRUE;
  while (queue->scheduled)
    pthread_cond_wait (&queue->idle, &queue->lock);
  g_array_set_size (queue->waiting, 0);
  WcConnection *connection = g_steal_pointer (&queue->connection);
  pthread_mutex_unlock (&queue->lock);
  return connection;
}
