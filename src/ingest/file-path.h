/* SPDX-License-Identifier: MIT */
/* Finds a media file below the directory of such files, and looks at what it
 * is. Any thread. */
#pragma once

#include <glib.h>

/** The name of @path, relative to @directory, with every symbolic link
 * resolved, if it is a regular file that lies below @directory. Errors:
 * WC_INGEST_ERROR_TRANSIENT when there is no such file (yet),
 * WC_INGEST_ERROR_INVALID. (transfer full) */
char *wc_file_path_resolve (const char *directory, const char *path,
                            GError **error);

/** The text of pipelines/ that opens the container which the file @path begins
 * like, or NULL and WC_INGEST_ERROR_INVALID. Static. */
const char *wc_file_path_pipeline (const char *path, GError **error);
