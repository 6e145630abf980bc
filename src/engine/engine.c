/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"

#include "engine/engine-private.h"
#include "engine/udp.h"

G_DEFINE_QUARK (wc_engine_error_quark, wc_engine_error)

static gboolean
start_workers (WcEngine *engine, WcUdp *sockets, GError **error)
{
  for (guint i = 0; i < engine->config.workers; i++) {
    if (!wc_worker_start (&engine->workers[i], engine, i, sockets[i], error)) {
      for (guint k = i + 1; k < engine->config.workers; k++)
        wc_udp_close (&sockets[k]);
      return FALSE;
    }
    engine->n_workers = i + 1;
  }
  return TRUE;
}

WcEngine *
wc_engine_new (const WcEngineConfig *config, GError **error)
{
  g_return_val_if_fail (config->workers >= 1 && config->workers <= 64, NULL);
  g_autoptr (WcEngine) engine = g_new0 (WcEngine, 1);
  g_autofree WcUdp *sockets = g_new (WcUdp, config->workers);

  engine->config = *config;
  engine->udp_port = config->udp_port;
  engine->workers = g_new0 (WcWorker, config->workers);
  if (!wc_udp_open_shared (sockets, config->workers, &engine->udp_port,
                           config->ipv6, error) ||
      !start_workers (engine, sockets, error))
    return NULL;
  return g_steal_pointer (&engine);
}

void
wc_engine_free (WcEngine *engine)
{
  for (guint i = 0; i < engine->n_workers; i++)
    wc_worker_stop (&engine->workers[i]);
  g_free (engine->workers);
  g_free (engine);
}

guint16
wc_engine_udp_port (const WcEngine *engine)
{
  return engine->udp_port;
}

gboolean
wc_engine_has_ipv6 (const WcEngine *engine)
{
  return engine->workers[0].udp.family == AF_INET6;
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

void
wc_engine_get_stats (WcEngine *engine, WcEngineStats *stats)
{
  *stats = (WcEngineStats){0};
  for (guint i = 0; i < engine->n_workers; i++) {
    WcWorker *worker = &engine->workers[i];
    stats->subscribers += atomic_load (&worker->n_subscribers);
    stats->datagrams_in += atomic_load (&worker->datagrams_in);
    stats->datagrams_out += atomic_load (&worker->datagrams_out);
    stats->bytes_out += atomic_load (&worker->bytes_out);
    stats->foreign += atomic_load (&worker->foreign_in);
    stats->stun_rejected += atomic_load (&worker->stun_rejected);
    stats->stray += atomic_load (&worker->stray);
    stats->send_failed += atomic_load (&worker->send_failed);
  }
}
