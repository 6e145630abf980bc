/* SPDX-License-Identifier: MIT */
/* What the HTTP side stands on: everything that a handler may use. Owned by the
 * server, which outlives every request. Main thread. */
#pragma once

#include "access/access.h"
#include "access/turn.h"
#include "config/change.h"
#include "engine/engine.h"
#include "http/event-log.h"
#include "http/webhooks.h"
#include "ingest/ingest.h"
#include "mountpoint/drain.h"
#include "mountpoint/registry.h"
#include "mountpoint/snapshots.h"
#include "peer/network.h"
#include "peer/peer.h"
#include "stats/metrics.h"

/** What a request can ask of the server as a whole; main thread. */
typedef struct {
  /** Reads the configuration again. (transfer full) */
  WcReloadReport *(*reload) (gpointer user_data);
  gpointer user_data;
} WcServerControl;

typedef struct {
  const WcConfig *config;
  WcEngine *engine;
  WcPeerFactory *peers;
  WcPortPool *ports;
  WcRtspServer *rtsp;
  WcRegistry *registry;
  WcSnapshots *snapshots;
  WcNetwork *network;
  WcAccess *access;
  WcTurn *turn;
  WcEventBus *bus;
  WcEventLog *events;
  WcWebhooks *webhooks;
  WcDrain *drain;
  WcServerControl control;
  WcMetrics *metrics;
  const char *version;
  /* Set by the server. */
  gboolean ready;    /* it is loaded, and sessions are not being ended */
  gboolean stopping; /* it will end, perhaps when viewers have left */
} WcHttpContext;
