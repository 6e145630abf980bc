/* SPDX-License-Identifier: MIT */
#include "peer/connection-pool.h"

#include <pthread.h>

struct WcConnectionPool {
  char *pem;
  guint size, most;
  pthread_mutex_t lock;    /* guards the next three */
  GPtrArray *fresh, *used; /* of WcConnection: prepared; had a peer before */
  gboolean settling;
};

WcConnectionPool *
wc_connection_pool_new (const char *pem, guint size, guint most)
{
  WcConnectionPool *pool = g_new0 (WcConnectionPool, 1);

  pool->pem = g_strdup (pem);
  pool->size = size;
  pool->most = most;
  pool->fresh = g_ptr_array_new ();
  pool->used = g_ptr_array_new ();
  pthread_mutex_init (&pool->lock, NULL);
  return pool;
}

static void
close_all (GPtrArray *ready)
{
  for (guint i = 0; i < ready->len; i++)
    wc_connection_close (ready->pdata[i], NULL);
  g_ptr_array_unref (ready);
}

void
wc_connection_pool_free (WcConnectionPool *pool)
{
  close_all (pool->fresh);
  close_all (pool->used);
  pthread_mutex_destroy (&pool->lock);
  g_free (pool->pem);
  g_free (pool);
}

/* One that was put there last; NULL if there are none. */
static WcConnection *
take (WcConnectionPool *pool, GPtrArray *ready)
{
  WcConnection *connection = NULL;

  pthread_mutex_lock (&pool->lock);
  if (ready->len > 0)
    connection = g_ptr_array_remove_index_fast (ready, ready->len - 1);
  pthread_mutex_unlock (&pool->lock);
  return connection;
}

WcConnection *
wc_connection_pool_take (WcConnectionPool *pool)
{
  WcConnection *connection = take (pool, pool->used);

  return connection != NULL ? connection : take (pool, pool->fresh);
}

static void
put (WcConnectionPool *pool, GPtrArray *ready, WcConnection *connection)
{
  pthread_mutex_lock (&pool->lock);
  g_ptr_array_add (ready, connection);
  pthread_mutex_unlock (&pool->lock);
}

static guint
count (WcConnectionPool *pool, const GPtrArray *ready)
{
  pthread_mutex_lock (&pool->lock);
  guint n = ready->len;
  pthread_mutex_unlock (&pool->lock);
  return n;
}

/* Several threads of the control pool may find the last place free: one or two
 * too many are no harm. */
void
wc_connection_pool_give (WcConnectionPool *pool, WcConnection *connection,
                         GByteArray *kept)
{
  if (count (pool, pool->used) >= pool->most)
    wc_connection_close (connection, kept);
  else if (wc_connection_recycle (connection, kept))
    put (pool, pool->used, connection);
}

gboolean
wc_connection_pool_is_settled (WcConnectionPool *pool)
{
  return count (pool, pool->used) == 0 &&
         count (pool, pool->fresh) == pool->size;
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
  WcConnection *used;

  if (set_settling (pool, TRUE))
    return;
  while ((used = take (pool, pool->used)) != NULL)
    wc_connection_close (used, NULL);
  while (count (pool, pool->fresh) < pool->size)
    put (pool, pool->fresh, wc_connection_prepare (pool->pem));
  set_settling (pool, FALSE);
}
