/* SPDX-License-Identifier: MIT */
/* What a server is made of: for the files of this folder. Main thread. */
#pragma once

#include "http/http-server.h"
#include "server/server.h"

struct WcServer {
  WcConfig *config; /* borrowed */
  WcServerSetup setup;
  /* In the order in which they are made. */
  WcEngine *engine;
  WcPeerFactory *peers;
  WcPortPool *ports;
  WcRtspServer *rtsp;
  WcNetwork *network;
  WcMountpointContext mountpoint_context;
  WcRegistry *registry;
  WcSnapshots *snapshots;
  WcAccess *access;
  WcTurn *turn;
  WcEventBus *bus;
  WcEventLog *events;
  WcWebhooks *webhooks;
  WcMetrics *metrics;
  WcDrain *drain;
  WcHttpContext http_context;
  WcHttpServer *http;
  /* While it stops. */
  guint stop_source;
  gint64 stop_deadline_us;
  WcServerStoppedFunc stopped;
  gpointer stopped_data;
};
