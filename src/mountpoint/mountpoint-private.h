/* SPDX-License-Identifier: MIT */
/* What a mountpoint is made of (mountpoint.c, mountpoint-watch.c,
 * mountpoint-publish.c), and what only the registry does with it. Main thread.
 */
#pragma once

#include "mountpoint/demand.h"
#include "mountpoint/mountpoint.h"

struct _WcMountpoint {
  GObject parent;
  WcMountpointSpec *spec;
  WcOrigin origin;
  const WcMountpointContext *context;
  WcIngest *ingest; /* NULL: stopped for good */
  WcDemand *demand;
  WcMountpointState state;
  char *reason;
  gint64 since_us;
  GPtrArray *sessions;  /* of WcSession; those not closed */
  WcSession *publisher; /* nullable: of these the newest that publishes */
  gint64 published_us;  /* when it came; 0: never */
  guint grace_source;
  guint n_holds;       /* other mountpoints that have it for a source */
  guint layers_source; /* while viewers are given layers */
};

/** @session, new, is one of @self's from now on. */
void wc_mountpoint_add_session (WcMountpoint *self, WcSession *session);

/** Its source, if publishers come to it; else NULL. (transfer none) */
WcIngestWhip *wc_mountpoint_whip (WcMountpoint *self);

/** A publisher has come, maybe with simulcast: gives each viewer the layer that
 * it wants or its link carries, from now on and for as long as there are some.
 */
void wc_mountpoint_watch_layers (WcMountpoint *self);
/** A key frame for @session, of the layer that it is to get. FALSE: it gets
 * what everybody does. */
gboolean wc_mountpoint_request_layer (WcMountpoint *self, WcSession *session);

/** Another mountpoint has its source for one of its own, or no longer: counts
 * like a viewer as to whether it has to run. */
void wc_mountpoint_hold (WcMountpoint *mountpoint, gboolean hold);

/** An edit that has taken all it needs (ports) and has changed nothing yet: it
 * can be saved first and then committed, which cannot fail. */
typedef struct WcMountpointEdit WcMountpointEdit;

WcMountpointEdit *wc_mountpoint_prepare_edit (WcMountpoint *mountpoint,
                                              const WcMountpointSpec *spec,
                                              GError **error);
/** The spec as it will be, with the ports chosen. (transfer none) */
const WcMountpointSpec *wc_mountpoint_edit_spec (const WcMountpointEdit *edit);
/** Takes @edit. */
void wc_mountpoint_commit_edit (WcMountpoint *mountpoint,
                                WcMountpointEdit *edit);
/** Gives up: nothing has changed. */
void wc_mountpoint_edit_free (WcMountpointEdit *edit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcMountpointEdit, wc_mountpoint_edit_free)

/** An error of the layers below, by what the caller can do. Takes @error;
 * WC_INGEST_ERROR_INTERNAL stays what it is. (transfer full) */
GError *wc_mountpoint_error_from_ingest (GError *error);
