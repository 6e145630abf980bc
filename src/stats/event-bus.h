/* SPDX-License-Identifier: MIT */
/* Tells whoever listens what happens to mountpoints and their viewers: at once,
 * but for numbers of viewers, which are told at most four times a second each.
 * Owned by the server, outlives its listeners; main thread. */
#pragma once

#include "mountpoint/registry.h"

typedef struct WcEventBus WcEventBus;

typedef enum {
  WC_EVENT_STATE,   /* also of one that is new */
  WC_EVENT_VIEWERS, /* how many there are has changed */
  WC_EVENT_SWITCH,  /* another of its sources plays */
  WC_EVENT_REMOVED,
  WC_EVENT_JOINED, /* a viewer is sent media for the first time */
  WC_EVENT_LEFT,   /* one that had joined is sent none any more */
} WcEventKind;

/** All of it is borrowed. */
typedef struct {
  WcEventKind kind;
  WcMountpoint *mountpoint; /* of WC_EVENT_REMOVED stopped already */
  WcSession *session;       /* the viewer; NULL of other kinds */
  gint64 watched_us;        /* of WC_EVENT_LEFT: since it joined */
} WcEvent;

typedef void (*WcEventFunc) (const WcEvent *event, gpointer user_data);

/** Before the first mountpoint. @registry: borrowed, outlives it. */
WcEventBus *wc_event_bus_new (WcRegistry *registry);
void wc_event_bus_free (WcEventBus *bus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcEventBus, wc_event_bus_free)

/** Returns what wc_event_bus_leave () wants; never 0. */
guint wc_event_bus_listen (WcEventBus *bus, WcEventFunc func,
                           gpointer user_data);
/** Also from within a WcEventFunc. */
void wc_event_bus_leave (WcEventBus *bus, guint listener);
