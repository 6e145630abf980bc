/* SPDX-License-Identifier: MIT */
/* Everything that is counted, for Prometheus: of each mountpoint, each worker
 * and the process. How many samples there are depends on how many mountpoints
 * and workers, never on viewers or on what clients send; a mountpoint that was
 * destroyed is no longer there.
 *
 * Owned by the server; main thread. */
#pragma once

#include "config/config.h"
#include "engine/engine.h"
#include "mountpoint/registry.h"
#include "peer/peer-factory.h"
#include "stats/mountpoint-metrics.h"

typedef struct WcMetrics WcMetrics;

/** Borrowed; all of it outlives the WcMetrics. */
typedef struct {
  const WcConfig *config;
  WcEngine *engine;
  WcPeerFactory *peers;
  WcRegistry *registry;
  const char *version;
} WcMetricsContext;

/** Before the first mountpoint. @context is copied. */
WcMetrics *wc_metrics_new (const WcMetricsContext *context);
void wc_metrics_free (WcMetrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcMetrics, wc_metrics_free)

/** Of all mountpoints, also those that are gone. */
void wc_metrics_get_joins (WcMetrics *metrics, WcJoinStats *stats);

/** All of them as they are now, in the format of WC_METRICS_TEXT_TYPE.
 * (transfer full) */
GString *wc_metrics_write (WcMetrics *metrics);
