/* SPDX-License-Identifier: MIT */
/* A key file, read strictly: GKeyFile merges repeated groups and lets the last
 * of repeated keys win, so the lines are looked at first. Keeps the order of
 * the file and where everything stood. Owned by the caller; one thread. */
#pragma once

#include <glib.h>

typedef struct {
  char *key;
  char *value; /* GKeyFile's escapes undone, no white space around it */
  guint line;
} WcKeyFileEntry;

typedef struct {
  char *name;
  guint line;
  GPtrArray *entries; /* of WcKeyFileEntry */
} WcKeyFileGroup;

typedef struct {
  char *path;
  GPtrArray *groups; /* of WcKeyFileGroup */
} WcKeyFile;

/** Errors are WC_CONFIG_ERROR_READ and WC_CONFIG_ERROR_KEY and begin with the
 * path and, where there is one, the line. */
WcKeyFile *wc_key_file_read (const char *path, GError **error);
/** The same of @data; @path is for messages. */
WcKeyFile *wc_key_file_parse (const char *path, const char *data, gsize size,
                              GError **error);
void wc_key_file_free (WcKeyFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcKeyFile, wc_key_file_free)

/** The value of @key, or NULL. (transfer none) */
const char *wc_key_file_value (const WcKeyFileGroup *group, const char *key);

/** "PATH:LINE: [GROUP] KEY", or without the key when it is NULL; the line of
 * the group when it has no such key. (transfer full) */
char *wc_key_file_place (const WcKeyFile *file, const char *group,
                         const char *key);
