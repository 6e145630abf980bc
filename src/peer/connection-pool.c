/* SPDX-License-Identifier: MIT */
#include "peer/connection-pool.h"

#include <pthread.h>

struct WcConnectionPool {
  char *pem;
  guint size;
  pthread_mutex_t lock; /* guards the next two */
  GPtrArray *ready;     /* of WcConnection */
  gboolean filling;
};

WcConnectionPool *
wc_connection_pool_new (const char *pem, guint size)
{
  WcConnectionPool *pool = g_new0 (WcConnectionPool, 1);

  pool->pem = g_strdup (pem);
  pool->size = size;
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

WcConnection *
wc_connection_pool_take (WcConnectionPool *pool)
{
  WcConnection *connection = NULL;

  pthread_mutex_lock (&pool->lock);
  if (pool->ready->len > 0)
    connection =
        g_ptr_array_remove_index_fast (pool->ready, pool->ready->len - 1);
  pthread_mutex_unlock (&pool->lock);
  return connection;
}

/* TRUE: one more is wanted, and the caller is to make it. */
static gboolean
put (WcConnectionPool *pool, WcConnection *connection)
{
  gboolean goes_on = connection != NULL || !pool->filling;

  if (connection != NULL)
    g_ptr_array_add (pool->ready, connection);
  if (goes_on)
    pool->filling = pool->ready->len < pool->size;
  return goes_on && pool->filling;
}

void
wc_connection_pool_fill (WcConnectionPool *pool)
{
  WcConnection *connection = NULL;
  gboolean more;

  do {
    pthread_mutex_lock (&pool->lock);
    more = put (pool, connection);
    pthread_mutex_unlock (&pool->lock);
    if (more)
      connection = wc_connection_prepare (pool->pem);
  } while (more);
}
