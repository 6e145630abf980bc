/* SPDX-License-Identifier: MIT */
/* All mountpoints and all sessions by their names, and the state directory.
 * GObject, main thread only. Whatever changes what is kept on disk is _async:
 * the file is written by a thread (temporary file, fsync, rename, fsync of the
 * directory) before the caller is told. */
#pragma once

#include "mountpoint/mountpoint.h"

#define WC_TYPE_REGISTRY (wc_registry_get_type ())
G_DECLARE_FINAL_TYPE (WcRegistry, wc_registry, WC, REGISTRY, GObject)

/** @context: borrowed, outlives it. Makes the state directory (0700) if it is
 * not there; fails with the reason when it cannot be used. */
WcRegistry *wc_registry_new (const WcMountpointContext *context,
                             GError **error);

/** Loads the configured mountpoints and then those of the state directory, and
 * starts them. A file that cannot be used is reported (log and
 * wc_registry_problems ()), kept, and the rest is loaded; one whose port
 * another program has is loaded as soon as that is free. A configured
 * mountpoint that cannot be made (port in use) is an error. @with_demo adds the
 * test mountpoint "demo" (never saved). */
gboolean wc_registry_load (WcRegistry *registry, gboolean with_demo,
                           GError **error);

/** What was wrong in the state directory, one sentence each. (transfer none)
 * (element-type utf8) */
GPtrArray *wc_registry_problems (WcRegistry *registry);

/** (transfer none) (nullable) */
WcMountpoint *wc_registry_lookup (WcRegistry *registry, const char *id);
/** Sorted by id. (transfer container) (element-type WcMountpoint) */
GPtrArray *wc_registry_list (WcRegistry *registry);

/* Of changes to one mountpoint only one can be under way: another one meanwhile
 * is refused with WC_MOUNTPOINT_ERROR_EXISTS, and a message that says so. */

void wc_registry_create_async (WcRegistry *registry,
                               const WcMountpointSpec *spec,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
WcMountpoint *wc_registry_create_finish (WcRegistry *registry,
                                         GAsyncResult *result, GError **error);

void wc_registry_edit_async (WcRegistry *registry, const char *id,
                             const WcMountpointSpec *spec,
                             GAsyncReadyCallback callback, gpointer user_data);
gboolean wc_registry_edit_finish (WcRegistry *registry, GAsyncResult *result,
                                  GError **error);

/** Also remembered for configured mountpoints. */
void wc_registry_set_enabled_async (WcRegistry *registry, const char *id,
                                    gboolean enabled,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean wc_registry_set_enabled_finish (WcRegistry *registry,
                                         GAsyncResult *result, GError **error);

void wc_registry_destroy_async (WcRegistry *registry, const char *id,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean wc_registry_destroy_finish (WcRegistry *registry, GAsyncResult *result,
                                     GError **error);

/** A viewer's offer to @id, within the limits of the configuration. Errors are
 * of WC_MOUNTPOINT_ERROR, WC_SDP_ERROR or WC_PEER_ERROR. */
void wc_registry_watch_async (WcRegistry *registry, const char *id,
                              const char *offer, gsize size,
                              const WcViewerInfo *viewer,
                              GAsyncReadyCallback callback, gpointer user_data);
/** (transfer full) */
WcSession *wc_registry_watch_finish (WcRegistry *registry, GAsyncResult *result,
                                     GError **error);

/** A limit that has turned viewers away. */
typedef struct {
  const char *key; /* of [limits]; static */
  guint64 n;       /* how many */
} WcRefusals;

/** Of limit @index, from 0; FALSE: there are no more limits. */
gboolean wc_registry_get_refusals (WcRegistry *registry, guint index,
                                   WcRefusals *refusals);

/** A session of @mountpoint_id by its secret; NULL when unknown or closed. */
WcSession *wc_registry_find_session (WcRegistry *registry,
                                     const char *mountpoint_id,
                                     const char *secret);
WcSession *wc_registry_find_session_by_public_id (WcRegistry *registry,
                                                  const char *public_id);
/** Of viewers and publishers, also those that are closing. */
guint wc_registry_n_sessions (WcRegistry *registry);
/** Viewers that are not closing. */
guint wc_registry_n_viewers (WcRegistry *registry);

/** Stops every mountpoint and session; nothing new is taken. Writes that are
 * under way end by themselves on the main context. Idempotent. */
void wc_registry_stop (WcRegistry *registry);
/** TRUE from then on: mountpoints go, but not for good. */
gboolean wc_registry_is_stopping (WcRegistry *registry);

/** TRUE while a file is being written. */
gboolean wc_registry_is_busy (WcRegistry *registry);

/* Signals, main thread: "mountpoint-added" (WcRegistry *, WcMountpoint *),
 * "mountpoint-removed" (WcRegistry *, WcMountpoint *). */
