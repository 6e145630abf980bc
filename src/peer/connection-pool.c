/* SPDX-License-Identifier: MIT */
#include "peer/connection-pool.h"

#include <pthread.h>

struct WcConnectionPool {
  char *pem;
  guint size, most;
  pthread_mutex_t lock; /* guards the next two */
  GPtrArray *ready;     /* of WcConnection */
  gboolean settling;
};

WcConnectionPool *
wc_connection_pool_new (const char *pem, guint size, guint most)
{
  WcConnectionPool *pool = g_new0 (WcConnectionPool, 1);

  pool->pem = g_strdup (pem);
  pool->size = size;
  pool->most = most;
  pool->ready = g_ptr_array_new ();
  pthread_mutex_init (&pool->lock, NULL);
  return pool;
}

void
wc_connection_pool_free (WcConnectionPool *pool)
{
  for (guint i = 0; i < pool->ready->len; i++)
    wc_connection_close (pool->ready->pdata[i], NULL);
  g_ptr_array_unref (pool->ready);
  pthread_mutex_destroy (&pool->lock);
  g_free (pool->pem);
  g_free (pool);
}

/* Of more than @n. */
static WcConnection *
take_above (WcConnectionPool *pool, guint n)
{
  WcConnection *connection = NULL;

  pthread_mutex_lock (&pool->lock);
  if (pool->ready->len > n)
    connection =
        g_ptr_array_remove_index_fast (pool->ready, pool->ready->len - 1);
  pthread_mutex_unlock (&pool->lock);
  return connection;
}

WcConnection *
wc_connection_pool_take (WcConnectionPool *pool)
{
  return take_above (pool, 0);
}

static guint
n_ready (WcConnectionPool *pool)
{
  pthread_mutex_lock (&pool->lock);
  guint n = pool->ready->len;
  pthread_mutex_unlock (&pool->lock);
  return n;
}

static void
put (WcConnectionPool *pool, WcConnection *connection)
{
  pthread_mutex_lock (&pool->lock);
  g_ptr_array_add (pool->ready, connection);
  pthread_mutex_unlock (&pool->lock);
}

/* Several threads of the control pool may find the last place free: one or two
 * too many are no harm. */
void
wc_connection_pool_give (WcConnectionPool *pool, WcConnection *connection,
                         GByteArray *kept)
{
  if (n_ready (pool) >= pool->most)
    wc_connection_close (connection, kept);
  else if (wc_connection_recycle (connection, kept))
    put (pool, connection);
}

gboolean
wc_connection_pool_is_settled (WcConnectionPool *pool)
{
  return n_ready (pool) == pool->size;
}

static gboolean
set_settling (WcConnectionPool *pool, gboolean settling)
{
  pthread_mutex_lock (&pool->lock);
  gboolean before = pool->settling;
  pool->settling = settling;
  pthread_mutex_unlock (&pool->lock);
  return before;
}

void
wc_connection_pool_settle (WcConnectionPool *pool)
{
  WcConnection *surplus;

  if (set_settling (pool, TRUE))
    return;
  while ((surplus = take_above (pool, pool->size)) != NULL)
    wc_connection_close (surplus, NULL);
  while (n_ready (pool) < pool->size)
    put (pool, wc_connection_prepare (pool->pem));
  set_settling (pool, FALSE);
}
