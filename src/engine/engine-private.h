/* SPDX-License-Identifier: MIT */
/* What the parts of the engine know of it. Internal to the engine. */
#pragma once

#include "engine/engine.h"
#include "engine/tcp-listener.h"
#include "engine/worker.h"

struct WcEngine {
  WcEngineConfig config;
  WcWorker *workers;
  guint n_workers; /* fixed before the first thread starts */
  guint16 udp_port;
  WcTcpListener *tcp; /* nullable */
  atomic_uint next_worker;
  /* Of `config`, as they are now: they change while it runs. */
  atomic_uint connect_timeout_ms, consent_timeout_ms;
  atomic_bool fast_start;

  pthread_rwlock_t owners_lock;
  GHashTable *owners; /* WcAddress * -> index of a worker; only addresses that
                         passed ICE, the newest to pass has it */
};

WcWorker *wc_engine_worker (WcEngine *engine, guint index);

/** The next worker in turn. Any thread. */
WcWorker *wc_engine_choose_worker (WcEngine *engine);

/** Which worker a local ufrag belongs to: its first two hex digits. */
gboolean wc_engine_owner_of (const WcEngine *engine, const char *ufrag,
                             guint *owner);

/** Which worker serves a viewer's address. Any thread. */
gboolean wc_engine_find_address (WcEngine *engine, const WcAddress *address,
                                 guint *owner);
/** Datagrams from @address are for worker @owner from now on. Any thread. */
void wc_engine_take_address (WcEngine *engine, const WcAddress *address,
                             guint owner);
/** Unless another worker has taken it since. Any thread. */
void wc_engine_drop_address (WcEngine *engine, const WcAddress *address,
                             guint owner);
