/* SPDX-License-Identifier: MIT */
/* The configured mountpoints become those of a configuration that was read
 * again: all of it or nothing. First everything that can fail is taken (ports,
 * sources), then it is shown. In between nothing else may happen to the
 * registry: both in one turn of the main loop. Main thread. */
#pragma once

#include "mountpoint/registry.h"

typedef struct WcRegistryReload WcRegistryReload;

/** From the mountpoints of the configuration as it is, @running, to those that
 * are @wanted (element-type WcMountpointSpec; both are borrowed for as long as
 * it lives). What cannot be is told in @errors, a sentence each (utf8), and
 * then the result is NULL and nothing has changed. */
WcRegistryReload *wc_registry_reload_new (WcRegistry *registry,
                                          const GPtrArray *running,
                                          const GPtrArray *wanted,
                                          GPtrArray *errors);
/** Does it, which cannot fail, and adds what changed to @changes (WcChange).
 * Mountpoints that are as they were, and their viewers, are not touched. */
void wc_registry_reload_commit (WcRegistryReload *reload, GPtrArray *changes);
/** Without a commit: gives everything back. */
void wc_registry_reload_free (WcRegistryReload *reload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcRegistryReload, wc_registry_reload_free)

/** The limits of the configuration have changed. */
void wc_registry_note_limits (WcRegistry *registry);
