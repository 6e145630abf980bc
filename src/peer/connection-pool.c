/* SPDX-License-Identifier: MIT */
#include "peer/connection-pool.h"

#include <pthread.h>

/* At the end of the program waiting is worth it from so many peers on: the
 * chance of a crash goes with what they left behind. */
#define MANY_PEERS 4

struct WcConnectionPool {
  char *pem;
  guint size, most;
  pthread_mutex_t lock; /* guards what follows */
  /* Of WcConnection: prepared; had a peer before; stopped, not free yet. */
  GPtrArray *fresh, *used, *resting;
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
  pool->resting = g_ptr_array_new ();
  pthread_mutex_init (&pool->lock, NULL);
  return pool;
}

/* One that was put there last, and fits @plan unless that is NULL; NULL if
 * there is none. */
static WcConnection *
take (WcConnectionPool *pool, GPtrArray *ready, const WcSdpPlan *plan)
{
  WcConnection *connection = NULL;

  pthread_mutex_lock (&pool->lock);
  for (guint i = ready->len; i > 0 && connection == NULL; i--) {
    if (plan == NULL || wc_connection_fits (ready->pdata[i - 1], plan))
      connection = g_ptr_array_remove_index (ready, i - 1);
  }
  pthread_mutex_unlock (&pool->lock);
  return connection;
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

/* --- ending --------------------------------------------------------------- */

/* One whose time has come; NULL if there is none. */
static WcConnection *
take_rested (WcConnectionPool *pool)
{
  WcConnection *rested = NULL;

  pthread_mutex_lock (&pool->lock);
  for (guint i = 0; i < pool->resting->len && rested == NULL; i++) {
    if (wc_connection_rests_us (pool->resting->pdata[i]) == 0)
      rested = g_ptr_array_remove_index (pool->resting, i);
  }
  pthread_mutex_unlock (&pool->lock);
  return rested;
}

static guint
free_rested (WcConnectionPool *pool)
{
  WcConnection *rested;
  guint n = 0;

  for (; (rested = take_rested (pool)) != NULL; n++)
    wc_connection_free (rested);
  return n;
}

static void
end (WcConnectionPool *pool, WcConnection *connection, GByteArray *kept)
{
  wc_connection_stop (connection, kept);
  put (pool, pool->resting, connection);
  free_rested (pool);
}

static void
end_all (WcConnectionPool *pool, GPtrArray *ready)
{
  WcConnection *connection;

  while ((connection = take (pool, ready, NULL)) != NULL)
    end (pool, connection, NULL);
}

static void
free_resting (WcConnectionPool *pool)
{
  for (guint i = 0; i < pool->resting->len; i++) {
    WcConnection *connection = pool->resting->pdata[i];
    if (wc_connection_n_peers (connection) >= MANY_PEERS)
      g_usleep ((gulong)wc_connection_rests_us (connection));
    wc_connection_free (connection);
  }
  g_ptr_array_set_size (pool->resting, 0);
}

void
wc_connection_pool_free (WcConnectionPool *pool)
{
  end_all (pool, pool->fresh);
  end_all (pool, pool->used);
  free_resting (pool);
  g_ptr_array_unref (pool->fresh);
  g_ptr_array_unref (pool->used);
  g_ptr_array_unref (pool->resting);
  pthread_mutex_destroy (&pool->lock);
  g_free (pool->pem);
  g_free (pool);
}

/* --- using ---------------------------------------------------------------- */

WcConnection *
wc_connection_pool_take (WcConnectionPool *pool, const WcSdpPlan *plan)
{
  WcConnection *connection = take (pool, pool->used, plan);

  return connection != NULL ? connection : take (pool, pool->fresh, plan);
}

/* Several threads of the control pool may find the last place free: one or two
 * too many are no harm. */
void
wc_connection_pool_give (WcConnectionPool *pool, WcConnection *connection,
                         GByteArray *kept)
{
  if (count (pool, pool->used) < pool->most &&
      wc_connection_recycle (connection, kept))
    put (pool, pool->used, connection);
  else
    end (pool, connection, kept);
}

/* They had no peer: nothing rests. */
void
wc_connection_pool_drop_fresh (WcConnectionPool *pool)
{
  end_all (pool, pool->fresh);
}

gboolean
wc_connection_pool_is_settled (WcConnectionPool *pool)
{
  return count (pool, pool->used) == 0 && count (pool, pool->resting) == 0 &&
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

gboolean
wc_connection_pool_settle (WcConnectionPool *pool)
{
  if (set_settling (pool, TRUE))
    return FALSE;
  gboolean freed = count (pool, pool->used) > 0;
  end_all (pool, pool->used);
  freed |= free_rested (pool) > 0;
  while (count (pool, pool->fresh) < pool->size)
    put (pool, pool->fresh, wc_connection_prepare (pool->pem));
  set_settling (pool, FALSE);
  return freed;
}
