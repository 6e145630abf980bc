/* SPDX-License-Identifier: MIT */
/* The state directory: one JSON file for each mountpoint that is to survive a
 * restart, and which configured ones are disabled.
 *
 *   STATE/mountpoints/<id>.json  0600, the spec as the API takes it
 *   STATE/disabled.json          {"disabled": ["<id>", ...]}
 *
 * A file is written under another name, synced, renamed, and its directory is
 * synced: after a crash there is the old one or the new one. What cannot be
 * read is reported and never touched. The registry owns it; main thread only.
 * Writes run on another thread, one after the other, in the order they were
 * asked for.
 */
#pragma once

#include "config/spec.h"

#include <gio/gio.h>

typedef struct WcStore WcStore;

/** Makes the directories (0700) and removes what a crash left half-written.
 * Fails with WC_MOUNTPOINT_ERROR_STORE when they cannot be used. */
WcStore *wc_store_new (const char *state_dir, GError **error);
/** Nothing may be under way. */
void wc_store_free (WcStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcStore, wc_store_free)

/** Reads every mountpoint there is, sorted by id. What cannot be used is told
 * in
 * @problems, a sentence each (utf8), and its id is added to @kept, a set of ids
 * (utf8) whose files must not be overwritten. (transfer full) (element-type
 * WcMountpointSpec) */
GPtrArray *wc_store_load (WcStore *store, GPtrArray *problems,
                          GHashTable *kept);

/** The ids of configured mountpoints that were disabled: a set. (transfer full)
 * (element-type utf8 utf8) */
GHashTable *wc_store_load_disabled (WcStore *store, GPtrArray *problems);

/** Where the file of @id is. (transfer full) */
char *wc_store_path (WcStore *store, const char *id);

/* Each of these is finished by wc_store_write_finish (). */
void wc_store_save_async (WcStore *store, const WcMountpointSpec *spec,
                          GAsyncReadyCallback callback, gpointer user_data);
void wc_store_remove_async (WcStore *store, const char *id,
                            GAsyncReadyCallback callback, gpointer user_data);
/** @ids: a set of ids. */
void wc_store_save_disabled_async (WcStore *store, GHashTable *ids,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/** The error is WC_MOUNTPOINT_ERROR_STORE and names the file. */
gboolean wc_store_write_finish (WcStore *store, GAsyncResult *result,
                                GError **error);

/** TRUE while something is being written. */
gboolean wc_store_is_busy (WcStore *store);
