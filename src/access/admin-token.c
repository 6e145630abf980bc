/* SPDX-License-Identifier: MIT */
#include "access/admin-token.h"

#include "access/bearer.h"
#include "base/id.h"

#include <string.h>

#define FILE_NAME "admin-token"
#define TOKEN_BYTES 32
#define MIN_LENGTH 8

G_DEFINE_QUARK (wc_access_error_quark, wc_access_error)

/* The text of the file without the white space around it. */
static char *
read_token (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) reason = NULL;

  if (!g_file_get_contents (path, &text, NULL, &reason)) {
    g_set_error (error, WC_ACCESS_ERROR, WC_ACCESS_ERROR_READ,
                 "the admin token cannot be read: %s", reason->message);
    return NULL;
  }

  g_strstrip (text);
  gsize length = strlen (text);
  gboolean printable = length <= WC_BEARER_MAX_LENGTH;
  for (gsize i = 0; i < length; i++)
    printable = printable && g_ascii_isgraph (text[i]);
  if (length < MIN_LENGTH || !printable) {
    g_set_error (error, WC_ACCESS_ERROR, WC_ACCESS_ERROR_VALUE,
                 "%s: an admin token is %d to %d visible ASCII characters",
                 path, MIN_LENGTH, WC_BEARER_MAX_LENGTH);
    return NULL;
  }
  return g_steal_pointer (&text);
}

static char *
make_token (const char *path, GError **error)
{
  g_autofree char *token = wc_id_random_hex (TOKEN_BYTES);
  g_autofree char *line = g_strconcat (token, "\n", NULL);
  g_autoptr (GError) reason = NULL;

  if (!g_file_set_contents_full (path, line, -1,
                                 G_FILE_SET_CONTENTS_CONSISTENT |
                                     G_FILE_SET_CONTENTS_DURABLE,
                                 0600, &reason)) {
    g_set_error (error, WC_ACCESS_ERROR, WC_ACCESS_ERROR_WRITE,
                 "the admin token cannot be kept: %s", reason->message);
    return NULL;
  }
  return g_steal_pointer (&token);
}

char *
wc_admin_token_load (const WcConfig *config, char **path, GError **error)
{
  *path = NULL;
  if (config->admin_token != NULL)
    return g_strdup (config->admin_token);

  if (config->admin_token_file != NULL) {
    *path = g_strdup (config->admin_token_file);
    return read_token (*path, error);
  }

  *path = g_build_filename (config->state_dir, FILE_NAME, NULL);
  if (g_file_test (*path, G_FILE_TEST_EXISTS))
    return read_token (*path, error);
  return make_token (*path, error);
}
