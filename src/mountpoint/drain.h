/* SPDX-License-Identifier: MIT */
/* Whether the server is being emptied: it takes no new viewers, those that are
 * there are told and go elsewhere, and when the time is over their sessions are
 * ended. Owned by the server, outlives its listeners. GObject, main thread. */
#pragma once

#include "mountpoint/registry.h"

#define WC_TYPE_DRAIN (wc_drain_get_type ())
G_DECLARE_FINAL_TYPE (WcDrain, wc_drain, WC, DRAIN, GObject)

typedef enum {
  WC_DRAIN_OFF,
  WC_DRAIN_ON,   /* viewers may stay until the deadline */
  WC_DRAIN_OVER, /* their sessions were ended; there are no new ones */
} WcDrainState;

/** @registry: borrowed, outlives it. */
WcDrain *wc_drain_new (WcRegistry *registry);

/** Begins, also anew with other words. @time_ms: how long viewers and
 * publishers may stay; 0: not at all. @to: where they are sent, the URL that
 * another server's endpoints begin with, without a slash at its end; nullable.
 */
void wc_drain_begin (WcDrain *drain, guint64 time_ms, const char *to);
/** Viewers are welcome again. */
void wc_drain_end (WcDrain *drain);

WcDrainState wc_drain_state (WcDrain *drain);
/** "off", "draining", "drained". */
const char *wc_drain_state_name (WcDrainState state);
/** What is left of the time, milliseconds; 0 unless it is ON. */
guint64 wc_drain_left_ms (WcDrain *drain);
/** Where viewers are sent; nullable. */
const char *wc_drain_to (WcDrain *drain);
/** The endpoint of @mountpoint_id there; NULL when there is no such server.
 * (transfer full) */
char *wc_drain_endpoint (WcDrain *drain, const char *protocol,
                         const char *mountpoint_id);

/* Signals, main thread: "changed" (WcDrain *): of its state, or begun anew;
 * "empty" (WcDrain *): while it is ON or OVER, once, when the last viewer has
 * gone. */
