/* SPDX-License-Identifier: MIT */
/* What the parts of the engine know of it. Internal to the engine. */
#pragma once

#include "engine/engine.h"
#include "engine/worker.h"

struct WcEngine {
  WcEngineConfig config;
  WcWorker *workers;
  guint n_workers;
  guint16 udp_port;
  atomic_uint next_worker;
};

WcWorker *wc_engine_worker (WcEngine *engine, guint index);

/** The next worker in turn. Any thread. */
WcWorker *wc_engine_choose_worker (WcEngine *engine);

/** Which worker a local ufrag belongs to: its first two hex digits. */
gboolean wc_engine_owner_of (const WcEngine *engine, const char *ufrag,
                             guint *owner);
