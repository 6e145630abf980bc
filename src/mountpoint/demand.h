/* SPDX-License-Identifier: MIT */
/* Whether a mountpoint's source has to run: always while the mountpoint is
 * enabled, or, on demand, from the first viewer until some time after the last.
 * And who waits for its picture meanwhile. Owned by the mountpoint; main
 * thread. */
#pragma once

#include <glib.h>

typedef struct WcDemand WcDemand;

typedef struct {
  void (*set_running) (gpointer user_data, gboolean running);
  void (*set_watched) (gpointer user_data, gboolean watched);
} WcDemandEvents;

WcDemand *wc_demand_new (const WcDemandEvents *events, gpointer user_data);
/** Nobody may wait any more. */
void wc_demand_free (WcDemand *demand);

/** @linger_ms: how long the source runs on without viewers. */
void wc_demand_set_policy (WcDemand *demand, gboolean on_demand,
                           guint linger_ms);
gboolean wc_demand_is_on_demand (const WcDemand *demand);
/** FALSE: the source is stopped whoever watches. */
void wc_demand_set_enabled (WcDemand *demand, gboolean enabled);
/** How many watch now, or wait to. */
void wc_demand_note_viewers (WcDemand *demand, guint n);

/** Calls @ready when the mountpoint's state has changed, or @timeout_ms have
 * passed (@late), until it returns TRUE: then it is done. */
typedef gboolean (*WcDemandReadyFunc) (gpointer waiter, gboolean late);
void wc_demand_wait (WcDemand *demand, guint timeout_ms,
                     WcDemandReadyFunc ready, gpointer waiter);
void wc_demand_note_state (WcDemand *demand);
