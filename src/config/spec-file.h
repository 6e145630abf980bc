/* SPDX-License-Identifier: MIT */
/* Reads the [mountpoint ID] and [track ID/medium] groups of a key file. Used
 * inside config/ by the thread that loads it. */
#pragma once

#include "config/key-file.h"
#include "config/spec.h"

/** TRUE for the names of groups that wc_spec_file_read () reads. */
gboolean wc_spec_file_is_group (const char *name);

/** Adds a WcMountpointSpec to @mountpoints for each, in the order of @file. */
gboolean wc_spec_file_read (const WcKeyFile *file, GPtrArray *mountpoints,
                            GError **error);
