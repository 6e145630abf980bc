/* SPDX-License-Identifier: MIT */
#include "config/key-file.h"

#include "config/config.h"

#include <string.h>

typedef struct {
  WcKeyFile *file;
  WcKeyFileGroup *group; /* the last one */
  GHashTable *groups;    /* name -> WcKeyFileGroup */
  GHashTable *keys;      /* key -> WcKeyFileEntry, of the last group */
  guint line;
} Scanner;

static void
entry_free (WcKeyFileEntry *entry)
{
  g_free (entry->key);
  g_free (entry->value);
  g_free (entry);
}

static void
group_free (WcKeyFileGroup *group)
{
  g_free (group->name);
  g_ptr_array_unref (group->entries);
  g_free (group);
}

void
wc_key_file_free (WcKeyFile *file)
{
  g_free (file->path);
  g_ptr_array_unref (file->groups);
  g_free (file);
}

static WcKeyFile *
key_file_new (const char *path)
{
  WcKeyFile *file = g_new0 (WcKeyFile, 1);

  file->path = g_strdup (path);
  file->groups = g_ptr_array_new_with_free_func ((GDestroyNotify)group_free);
  return file;
}

/* --- the lines ------------------------------------------------------------ */

G_GNUC_PRINTF (4, 5)
static gboolean
refuse (const Scanner *scanner, WcConfigError code, GError **error,
        const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, WC_CONFIG_ERROR, code, "%s:%u: %s", scanner->file->path,
               scanner->line, text);
  return FALSE;
}

static gboolean
scan_group (Scanner *scanner, const char *text, GError **error)
{
  const char *end = strchr (text, ']');

  if (end == NULL || end[1] != '\0' || end == text + 1)
    return refuse (scanner, WC_CONFIG_ERROR_READ, error,
                   "a group is written [name], alone on its line");

  g_autofree char *name = g_strndup (text + 1, end - text - 1);
  const WcKeyFileGroup *first = g_hash_table_lookup (scanner->groups, name);
  if (first != NULL)
    return refuse (scanner, WC_CONFIG_ERROR_KEY, error,
                   "[%s] is there twice, first in line %u; write its keys "
                   "together",
                   name, first->line);

  WcKeyFileGroup *group = g_new0 (WcKeyFileGroup, 1);
  group->name = g_steal_pointer (&name);
  group->line = scanner->line;
  group->entries = g_ptr_array_new_with_free_func ((GDestroyNotify)entry_free);
  g_ptr_array_add (scanner->file->groups, group);
  g_hash_table_insert (scanner->groups, group->name, group);
  g_hash_table_remove_all (scanner->keys);
  scanner->group = group;
  return TRUE;
}

static gboolean
scan_key (Scanner *scanner, const char *text, GError **error)
{
  const char *equals = strchr (text, '=');

  if (equals == NULL || equals == text)
    return refuse (scanner, WC_CONFIG_ERROR_READ, error,
                   "neither [group] nor key=value nor # and a comment");
  if (scanner->group == NULL)
    return refuse (scanner, WC_CONFIG_ERROR_READ, error,
                   "a key before the first [group]");

  g_autofree char *key = g_strchomp (g_strndup (text, equals - text));
  const WcKeyFileEntry *first = g_hash_table_lookup (scanner->keys, key);
  if (first != NULL)
    return refuse (scanner, WC_CONFIG_ERROR_KEY, error,
                   "[%s] %s is there twice, first in line %u; keep one",
                   scanner->group->name, key, first->line);

  WcKeyFileEntry *entry = g_new0 (WcKeyFileEntry, 1);
  entry->key = g_steal_pointer (&key);
  entry->line = scanner->line;
  g_ptr_array_add (scanner->group->entries, entry);
  g_hash_table_insert (scanner->keys, entry->key, entry);
  return TRUE;
}

static gboolean
scan_lines (Scanner *scanner, const char *data, GError **error)
{
  gboolean ok = TRUE;

  for (const char *next = data; next != NULL;) {
    const char *end = strchr (next, '\n');
    g_autofree char *line =
        end != NULL ? g_strndup (next, end - next) : g_strdup (next);

    scanner->line++;
    g_strstrip (line);
    GError *one = NULL;
    if (*line == '[')
      scan_group (scanner, line, &one);
    else if (*line != '#' && *line != '\0')
      scan_key (scanner, line, &one);
    if (one != NULL) {
      ok = FALSE;
      wc_config_add_error (error, one);
      if (*line == '[')
        return FALSE; /* whose the keys after it are is anybody's guess */
    }
    next = end != NULL ? end + 1 : NULL;
  }
  return ok;
}

static gboolean
scan (WcKeyFile *file, const char *data, GError **error)
{
  Scanner scanner = {.file = file};
  g_autoptr (GHashTable) groups = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) keys = g_hash_table_new (g_str_hash, g_str_equal);

  scanner.groups = groups;
  scanner.keys = keys;
  return scan_lines (&scanner, data, error);
}

/* --- the values ----------------------------------------------------------- */

static gboolean
fill_entry (const WcKeyFile *file, const WcKeyFileGroup *group,
            WcKeyFileEntry *entry, GKeyFile *values, GError **error)
{
  /* GKeyFile drops what looks translated. */
  if (strchr (entry->key, '[') != NULL) {
    g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_KEY,
                 "%s:%u: [%s] %s: there are no translated keys", file->path,
                 entry->line, group->name, entry->key);
    return FALSE;
  }

  g_autoptr (GError) reason = NULL;
  entry->value =
      g_key_file_get_string (values, group->name, entry->key, &reason);
  /* With an invalid escape there may be both. */
  if (entry->value == NULL || reason != NULL) {
    g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_READ,
                 "%s:%u: [%s] %s cannot be read: write \\\\ for \\", file->path,
                 entry->line, group->name, entry->key);
    return FALSE;
  }
  g_strstrip (entry->value);
  return TRUE;
}

static gboolean
fill_values (WcKeyFile *file, const char *data, gsize size, GError **error)
{
  g_autoptr (GKeyFile) values = g_key_file_new ();
  g_autoptr (GError) reason = NULL;

  if (!g_key_file_load_from_data (values, data, size, G_KEY_FILE_NONE,
                                  &reason)) {
    g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_READ, "%s: %s",
                 file->path, reason->message);
    return FALSE;
  }
  gboolean ok = TRUE;
  for (guint i = 0; i < file->groups->len; i++) {
    WcKeyFileGroup *group = g_ptr_array_index (file->groups, i);
    for (guint j = 0; j < group->entries->len; j++) {
      GError *one = NULL;
      if (fill_entry (file, group, g_ptr_array_index (group->entries, j),
                      values, &one))
        continue;
      wc_config_add_error (error, one);
      ok = FALSE;
    }
  }
  return ok;
}

WcKeyFile *
wc_key_file_parse (const char *path, const char *data, gsize size,
                   GError **error)
{
  g_autoptr (WcKeyFile) file = key_file_new (path);
  g_autofree char *text = NULL;

  if (!g_utf8_validate_len (data, size, NULL)) {
    g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_READ,
                 "%s: is not UTF-8 text", path);
    return NULL;
  }
  text = g_strndup (data, size);
  if (!scan (file, text, error) || !fill_values (file, text, size, error))
    return NULL;
  return g_steal_pointer (&file);
}

WcKeyFile *
wc_key_file_read (const char *path, GError **error)
{
  g_autofree char *data = NULL;
  g_autoptr (GError) reason = NULL;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, &reason)) {
    g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_READ, "%s",
                 reason->message);
    return NULL;
  }
  return wc_key_file_parse (path, data, size, error);
}

/* --- looking -------------------------------------------------------------- */

static const WcKeyFileEntry *
find_entry (const WcKeyFileGroup *group, const char *key)
{
  for (guint i = 0; i < group->entries->len; i++) {
    const WcKeyFileEntry *entry = g_ptr_array_index (group->entries, i);
    if (g_str_equal (entry->key, key))
      return entry;
  }
  return NULL;
}

const char *
wc_key_file_value (const WcKeyFileGroup *group, const char *key)
{
  const WcKeyFileEntry *entry = find_entry (group, key);

  return entry != NULL ? entry->value : NULL;
}

char *
wc_key_file_place (const WcKeyFile *file, const char *name, const char *key)
{
  guint line = 0;

  for (guint i = 0; i < file->groups->len; i++) {
    const WcKeyFileGroup *group = g_ptr_array_index (file->groups, i);
    if (!g_str_equal (group->name, name))
      continue;
    const WcKeyFileEntry *entry = key != NULL ? find_entry (group, key) : NULL;
    line = entry != NULL ? entry->line : group->line;
  }

  return g_strdup_printf ("%s:%u: [%s]%s%s", file->path, line, name,
                          key != NULL ? " " : "", key != NULL ? key : "");
}
