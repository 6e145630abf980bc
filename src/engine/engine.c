/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "engine/engine-private.h"
#include "engine/udp.h"

/* Of a number that is free both for UDP and for TCP. */
#define MAX_CHOICES 16

G_DEFINE_QUARK (wc_engine_error_quark, wc_engine_error)

/* All are there before one runs: any may pass a datagram to any other. */
static gboolean
start_threads (WcEngine *engine, const WcUdp *sockets, GError **error)
{
  engine->n_workers = engine->config.workers;
  for (guint i = 0; i < engine->n_workers; i++)
    wc_worker_init (&engine->workers[i], engine, i, sockets[i]);
  for (guint i = 0; i < engine->n_workers; i++)
    if (!wc_worker_start (&engine->workers[i], error))
      return FALSE;
  return engine->tcp == NULL || wc_tcp_listener_start (engine->tcp, error);
}

static gboolean
open_tcp (WcEngine *engine, gboolean ipv6, GError **error)
{
  const WcEngineConfig *config = &engine->config;

  if (!config->tcp)
    return TRUE;
  engine->tcp = wc_tcp_listener_new (
      engine, config->tcp_port != 0 ? config->tcp_port : engine->udp_port, ipv6,
      error);
  return engine->tcp != NULL;
}

static gboolean
try_sockets (WcEngine *engine, WcUdp *sockets, GError **error)
{
  const WcEngineConfig *config = &engine->config;

  engine->udp_port = config->udp_port;
  if (!wc_udp_open_shared (sockets, config->workers, &engine->udp_port,
                           config->ipv6, error))
    return FALSE;
  for (guint i = 0; config->dscp != 0 && i < config->workers; i++)
    wc_udp_mark (sockets[i].fd, sockets[i].family, config->dscp);
  if (open_tcp (engine, sockets[0].family == AF_INET6, error))
    return TRUE;
  for (guint i = 0; i < config->workers; i++)
    wc_udp_close (&sockets[i]);
  return FALSE;
}

/* A UDP port that is free need not be a free TCP port. */
static gboolean
open_sockets (WcEngine *engine, WcUdp *sockets, GError **error)
{
  gboolean may_choose =
      engine->config.udp_port == 0 && engine->config.tcp_port == 0;

  for (guint i = 1; may_choose && i < MAX_CHOICES; i++) {
    g_autoptr (GError) cause = NULL;
    if (try_sockets (engine, sockets, &cause))
      return TRUE;
    if (!g_error_matches (cause, WC_ENGINE_ERROR, WC_ENGINE_ERROR_IN_USE))
      break;
  }
  return try_sockets (engine, sockets, error);
}

void
wc_engine_set_timeouts (WcEngine *engine, guint connect_timeout_ms,
                        guint consent_timeout_ms)
{
  engine->connect_timeout_ms = connect_timeout_ms;
  engine->consent_timeout_ms = consent_timeout_ms;
}

void
wc_engine_set_fast_start (WcEngine *engine, gboolean fast_start)
{
  engine->fast_start = fast_start;
}

WcEngine *
wc_engine_new (const WcEngineConfig *config, GError **error)
{
  g_return_val_if_fail (config->workers >= 1 && config->workers <= 64, NULL);
  g_autoptr (WcEngine) engine = g_new0 (WcEngine, 1);
  g_autofree WcUdp *sockets = g_new (WcUdp, config->workers);

  engine->config = *config;
  wc_engine_set_timeouts (engine, config->connect_timeout_ms,
                          config->consent_timeout_ms);
  wc_engine_set_fast_start (engine, config->fast_start);
  engine->workers = g_new0 (WcWorker, config->workers);
  pthread_rwlock_init (&engine->owners_lock, NULL);
  engine->owners = g_hash_table_new_full (wc_address_hash_func,
                                          wc_address_equal_func, g_free, NULL);
  if (!open_sockets (engine, sockets, error) ||
      !start_threads (engine, sockets, error))
    return NULL;
  return g_steal_pointer (&engine);
}

void
wc_engine_free (WcEngine *engine)
{
  if (engine->tcp != NULL)
    wc_tcp_listener_stop (engine->tcp);
  for (guint i = 0; i < engine->n_workers; i++)
    wc_worker_stop (&engine->workers[i]);
  for (guint i = 0; i < engine->n_workers; i++)
    wc_worker_clear (&engine->workers[i]);
  g_clear_pointer (&engine->tcp, wc_tcp_listener_free);
  g_free (engine->workers);
  g_hash_table_unref (engine->owners);
  pthread_rwlock_destroy (&engine->owners_lock);
  g_free (engine);
}

guint16
wc_engine_udp_port (const WcEngine *engine)
{
  return engine->udp_port;
}

guint16
wc_engine_tcp_port (const WcEngine *engine)
{
  return engine->tcp != NULL ? wc_tcp_listener_port (engine->tcp) : 0;
}

gboolean
wc_engine_has_ipv6 (const WcEngine *engine)
{
  return engine->workers[0].udp.family == AF_INET6;
}

void
wc_engine_udp_buffers (const WcEngine *engine, guint *receive, guint *send,
                       guint *wanted)
{
  wc_udp_get_buffers (&engine->workers[0].udp, receive, send, wanted);
}

WcWorker *
wc_engine_worker (WcEngine *engine, guint index)
{
  return &engine->workers[index];
}

WcWorker *
wc_engine_choose_worker (WcEngine *engine)
{
  guint turn = atomic_fetch_add (&engine->next_worker, 1);

  return &engine->workers[turn % engine->n_workers];
}

gboolean
wc_engine_owner_of (const WcEngine *engine, const char *ufrag, guint *owner)
{
  int high = g_ascii_xdigit_value (ufrag[0]);
  int low = high >= 0 ? g_ascii_xdigit_value (ufrag[1]) : -1;

  if (high < 0 || low < 0 || (guint)(high * 16 + low) >= engine->n_workers)
    return FALSE;
  *owner = (guint)(high * 16 + low);
  return TRUE;
}

gboolean
wc_engine_find_address (WcEngine *engine, const WcAddress *address,
                        guint *owner)
{
  gpointer value = NULL;

  pthread_rwlock_rdlock (&engine->owners_lock);
  gboolean found =
      g_hash_table_lookup_extended (engine->owners, address, NULL, &value);
  pthread_rwlock_unlock (&engine->owners_lock);
  *owner = GPOINTER_TO_UINT (value);
  return found;
}

void
wc_engine_take_address (WcEngine *engine, const WcAddress *address, guint owner)
{
  WcAddress *copy = g_memdup2 (address, sizeof *address);

  pthread_rwlock_wrlock (&engine->owners_lock);
  g_hash_table_replace (engine->owners, copy, GUINT_TO_POINTER (owner));
  pthread_rwlock_unlock (&engine->owners_lock);
}

void
wc_engine_drop_address (WcEngine *engine, const WcAddress *address, guint owner)
{
  gpointer value = NULL;

  pthread_rwlock_wrlock (&engine->owners_lock);
  if (g_hash_table_lookup_extended (engine->owners, address, NULL, &value) &&
      GPOINTER_TO_UINT (value) == owner)
    g_hash_table_remove (engine->owners, address);
  pthread_rwlock_unlock (&engine->owners_lock);
}

static void
add_listener_stats (WcEngine *engine, WcEngineStats *stats)
{
  WcTcpListenerStats listener;

  if (engine->tcp == NULL)
    return;
  wc_tcp_listener_get_stats (engine->tcp, &listener);
  stats->tcp_pending = listener.pending;
  stats->tcp_accepted = listener.accepted;
  stats->tcp_refused = listener.refused;
}

guint
wc_engine_n_workers (const WcEngine *engine)
{
  return engine->n_workers;
}

void
wc_engine_get_worker_stats (WcEngine *engine, guint index, WcWorkerStats *stats)
{
  WcWorker *worker = &engine->workers[index];

  *stats = (WcWorkerStats){
      .subscribers = atomic_load (&worker->n_subscribers),
      .publishers = atomic_load (&worker->n_publishers),
      .cpu_us = wc_worker_cpu_us (worker),
      .datagrams_in = atomic_load (&worker->datagrams_in),
      .foreign = atomic_load (&worker->foreign_in),
      .datagrams_out = atomic_load (&worker->datagrams_out) +
                       atomic_load (&worker->batch_datagrams),
      .bytes_out =
          atomic_load (&worker->bytes_out) + atomic_load (&worker->batch_bytes),
      .send_failed = atomic_load (&worker->send_failed) +
                     atomic_load (&worker->batch_failed),
      .send_blocked = atomic_load (&worker->batch_blocked),
  };
}

void
wc_engine_get_stats (WcEngine *engine, WcEngineStats *stats)
{
  *stats = (WcEngineStats){0};
  add_listener_stats (engine, stats);
  for (guint i = 0; i < engine->n_workers; i++) {
    WcWorker *worker = &engine->workers[i];
    WcWorkerStats of_worker;

    wc_engine_get_worker_stats (engine, i, &of_worker);
    stats->subscribers += of_worker.subscribers;
    stats->publishers += of_worker.publishers;
    stats->datagrams_in += of_worker.datagrams_in;
    stats->foreign += of_worker.foreign;
    stats->datagrams_out += of_worker.datagrams_out;
    stats->bytes_out += of_worker.bytes_out;
    stats->send_failed += of_worker.send_failed;
    stats->send_blocked += of_worker.send_blocked;
    stats->tcp_connections += atomic_load (&worker->n_tcp);
    stats->stun_rejected += atomic_load (&worker->stun_rejected);
    stats->stray += atomic_load (&worker->stray);
    stats->send_apart += atomic_load (&worker->batch_apart);
  }
}
