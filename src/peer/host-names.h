/* SPDX-License-Identifier: MIT */
/* Names in `[ice] addresses`, and the addresses they stand for. They are looked
 * up off the main thread, again and again; the last good answer is kept.
 * Main thread. */
#pragma once

#include "base/address.h"

typedef struct WcHostNames WcHostNames;

typedef void (*WcHostNamesFunc) (gpointer user_data);

/** Of @list, those that are neither "auto" nor numeric. @changed is called when
 * a look-up ends otherwise than the last one. */
WcHostNames *wc_host_names_new (char *const *list, WcHostNamesFunc changed,
                                gpointer user_data);
void wc_host_names_free (WcHostNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcHostNames, wc_host_names_free)

/** Looks all of them up that are not being looked up. */
void wc_host_names_refresh (WcHostNames *names);
/** Looks all of them up and waits for at most @timeout_ms: for the start. Does
 * not call back. */
void wc_host_names_wait (WcHostNames *names, guint timeout_ms);

guint wc_host_names_n (const WcHostNames *names);
const char *wc_host_names_name (const WcHostNames *names, guint index);
/** Why the last look-up failed; NULL if it did not. */
const char *wc_host_names_error (const WcHostNames *names, guint index);
/** Name -> GArray of WcAddress, of those that ever resolved. (transfer none) */
GHashTable *wc_host_names_known (const WcHostNames *names);
