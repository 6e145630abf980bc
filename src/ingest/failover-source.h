/* SPDX-License-Identifier: MIT */
/* One source of a fail-over: an ingest of its own, or that of another
 * mountpoint, which may come, go, and be changed at any time. Owned by the
 * WcIngestFailover; main thread. */
#pragma once

#include "ingest/ingest.h"

typedef void (*WcFailoverChangedFunc) (gpointer user_data);

typedef struct {
  guint index;
  WcIngest *owner;     /* borrowed */
  WcIngest *ingest;    /* NULL: a reference that leads nowhere now */
  char *reference;     /* the id of the mountpoint; NULL: none */
  GObject *mountpoint; /* of the reference; held while this is started */
  WcFailoverChangedFunc changed;
  gpointer user_data;

  char *mismatch;         /* nullable: why its codecs do not do */
  gint64 usable_since_us; /* 0: it is not */
} WcFailoverSource;

/** Does not start it. @changed: its state or its tracks have. */
WcFailoverSource *wc_failover_source_new (WcMountpointSpec *spec, guint index,
                                          WcIngest *owner,
                                          WcFailoverChangedFunc changed,
                                          gpointer user_data, GError **error);
/** @source: a WcFailoverSource. */
void wc_failover_source_free (gpointer source);

void wc_failover_source_start (WcFailoverSource *source);
void wc_failover_source_stop (WcFailoverSource *source);
/** Looks where a reference leads now. To be called every now and then. */
void wc_failover_source_follow (WcFailoverSource *source);
void wc_failover_source_set_watched (WcFailoverSource *source,
                                     gboolean watched);

/** (transfer none) (nullable) */
WcTrack *wc_failover_source_track (const WcFailoverSource *source,
                                   WcMedia media);
WcIngestState wc_failover_source_state (const WcFailoverSource *source);
/** Why it does not play, if there is something to say. (transfer full) */
char *wc_failover_source_dup_reason (const WcFailoverSource *source);
