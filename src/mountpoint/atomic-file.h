/* SPDX-License-Identifier: MIT */
/* Files that are there whole or not at all. Blocking; any thread. */
#pragma once

#include <glib.h>

/** Replaces @path by @data, mode 0600: another file in the same directory,
 * fsync, rename, fsync of the directory. Errors are G_FILE_ERROR. */
gboolean wc_atomic_file_write (const char *path, GBytes *data, GError **error);

/** Removes @path and syncs the directory. TRUE too if it was not there. */
gboolean wc_atomic_file_remove (const char *path, GError **error);

/** Removes what writes that were cut off by a crash have left in @directory.
 * Returns how many. */
guint wc_atomic_file_clean (const char *directory);
