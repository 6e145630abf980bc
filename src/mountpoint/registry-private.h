/* SPDX-License-Identifier: MIT */
/* What the parts of WcRegistry share: registry.c holds mountpoints and
 * sessions, registry-load.c has those that there are at the start,
 * registry-change.c creates, edits and destroys. Main thread. */
#pragma once

#include "mountpoint/admission.h"
#include "mountpoint/mountpoint-private.h"
#include "mountpoint/registry.h"
#include "mountpoint/session-table.h"
#include "mountpoint/store.h"

/** What a viewer may be turned away by. */
typedef enum {
  WC_LIMIT_VIEWERS,
  WC_LIMIT_VIEWERS_PER_MOUNTPOINT,
  WC_LIMIT_VIEWERS_PER_ADDRESS,
  WC_LIMIT_PENDING,
  WC_LIMIT_EGRESS,
  WC_LIMIT_JOINS,
  WC_N_LIMITS
} WcLimit;

struct _WcRegistry {
  GObject parent;
  const WcMountpointContext *context;
  WcStore *store;
  GHashTable *mountpoints; /* id -> WcMountpoint */
  GHashTable *busy;        /* ids with a change under way */
  GHashTable *kept;        /* ids whose files could not be used */
  GPtrArray *waiting; /* those of them whose port is taken; registry-load.c */
  guint retry_source;
  GHashTable *disabled; /* ids of configured ones that are disabled */
  GPtrArray *problems;  /* utf8 */
  WcSessionTable *sessions;
  WcAdmission *admission;
  GPtrArray *probes; /* what probe.c runs; owned by it */
  guint64 refused[WC_N_LIMITS];
  gboolean stopped;
};

/** Puts it into the table and starts it. */
void wc_registry_add (WcRegistry *self, WcMountpoint *mountpoint);
GPtrArray *wc_registry_new_waiting (void);
/** Makes the configured mountpoint of @spec, which is disabled if it was: does
 * not add it. (transfer full) */
WcMountpoint *wc_registry_make_configured (WcRegistry *self,
                                           const WcMountpointSpec *spec,
                                           GError **error);
/** For the log and wc_registry_problems (): what the API made as @id waits in
 * its file behind a mountpoint of the configuration. */
void wc_registry_note_hidden (WcRegistry *self, const char *id);
/** Stops it and takes it out of the table; those of its sessions that are
 * closing stay in theirs. */
void wc_registry_remove (WcRegistry *self, WcMountpoint *mountpoint,
                         const char *reason);
/** Ends @task (transfer full) with an error of WC_MOUNTPOINT_ERROR. */
void wc_registry_refuse (GTask *task, WcMountpointError code,
                         const char *format, ...) G_GNUC_PRINTF (3, 4);
