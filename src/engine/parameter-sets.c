/* SPDX-License-Identifier: MIT */
#include "engine/parameter-sets.h"

#include <string.h>

void
wc_parameter_sets_clear (WcParameterSets *sets)
{
  for (guint kind = 0; kind < WC_N_SET_KINDS; kind++) {
    for (guint i = 0; i < sets->n[kind]; i++)
      g_bytes_unref (sets->sets[kind][i].nal);
    sets->n[kind] = 0;
  }
}

static void
remove_first (WcParameterSet *row, guint *n)
{
  g_bytes_unref (row[0].nal);
  memmove (row, row + 1, (*n - 1) * sizeof *row);
  (*n)--;
}

void
wc_parameter_sets_put (WcParameterSets *sets, WcSetKind kind, guint id,
                       const guint8 *nal, gsize size)
{
  WcParameterSet *row = sets->sets[kind];
  guint *n = &sets->n[kind];

  if (size > WC_MAX_SET_SIZE)
    return;
  for (guint i = 0; i < *n; i++) {
    if (row[i].id != id)
      continue;
    if (g_bytes_get_size (row[i].nal) == size &&
        memcmp (g_bytes_get_data (row[i].nal, NULL), nal, size) == 0)
      return;
    g_bytes_unref (row[i].nal);
    row[i].nal = g_bytes_new (nal, size);
    return;
  }
  if (*n == WC_MAX_SETS)
    remove_first (row, n);
  row[*n] = (WcParameterSet){id, g_bytes_new (nal, size)};
  (*n)++;
}

char *
wc_fmtp_dup_value (const char *fmtp, const char *key)
{
  g_auto (GStrv) items = g_strsplit (fmtp, ";", 64);

  for (guint i = 0; items[i] != NULL; i++) {
    char *item = g_strstrip (items[i]);
    char *equals = strchr (item, '=');
    if (equals == NULL)
      continue;
    *equals = '\0';
    if (g_ascii_strcasecmp (g_strchomp (item), key) == 0)
      return g_strdup (g_strchug (equals + 1));
  }
  return NULL;
}

static gboolean
is_base64 (const char *text)
{
  gsize length = strlen (text);
  gsize body = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "abcdefghijklmnopqrstuvwxyz0123456789+/");

  return body > 0 && body % 4 != 1 && length - body <= 2 &&
         strspn (text + body, "=") == length - body;
}

gboolean
wc_parameter_sets_decode (const char *list, WcNalFunc func, gpointer user_data)
{
  g_auto (GStrv) items = g_strsplit (list, ",", 32);

  for (guint i = 0; items[i] != NULL; i++) {
    char *item = g_strstrip (items[i]);
    g_autofree guint8 *nal = NULL;
    g_autofree char *padded = NULL;
    gsize size;

    if (!is_base64 (item))
      return FALSE;
    /* Some cameras leave the padding out, and GLib drops what is unpadded. */
    padded = g_strconcat (item, "==", NULL);
    padded[(strcspn (item, "=") + 3) / 4 * 4] = '\0';
    nal = g_base64_decode (padded, &size);
    if (size == 0 || !func (user_data, nal, size))
      return FALSE;
  }
  return TRUE;
}
