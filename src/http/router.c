/* SPDX-License-Identifier: MIT */
#include "http/router.h"

#include "base/id.h"

#include <string.h>

#define MAX_PATH 512

static const struct {
  WcMethod method;
  const char *name;
} method_names[] = {
    {WC_METHOD_GET, "GET"},       {WC_METHOD_GET, "HEAD"},
    {WC_METHOD_POST, "POST"},     {WC_METHOD_PATCH, "PATCH"},
    {WC_METHOD_DELETE, "DELETE"}, {WC_METHOD_OPTIONS, "OPTIONS"},
};

WcMethod
wc_method_parse (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (method_names); i++)
    if (strcmp (method_names[i].name, name) == 0)
      return method_names[i].method;
  return WC_METHOD_OTHER;
}

char *
wc_method_list (guint methods)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (method_names); i++)
    if (methods & method_names[i].method)
      g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "",
                              method_names[i].name);
  return g_string_free (g_steal_pointer (&list), FALSE);
}

void
wc_route_params_clear (WcRouteParams *params)
{
  for (guint i = 0; i < WC_ROUTE_MAX_PARAMS; i++)
    g_clear_pointer (&params->params[i], g_free);
}

/* Compares one segment; only one that a parameter takes is copied. */
static gboolean
segment_match (const char *pattern, gsize pattern_size, const char *segment,
               gsize size, WcRouteParams *params, guint *n_params)
{
  if (pattern[0] != '{')
    return pattern_size == size && memcmp (pattern, segment, size) == 0;
  if (*n_params == WC_ROUTE_MAX_PARAMS)
    return FALSE;

  g_autofree char *value = g_strndup (segment, size);
  if (!wc_id_is_valid (value))
    return FALSE;
  params->params[(*n_params)++] = g_steal_pointer (&value);
  return TRUE;
}

gboolean
wc_route_match (const char *pattern, const char *path, WcRouteParams *params)
{
  guint n_params = 0;

  *params = (WcRouteParams){0};
  for (;;) {
    gsize wanted = strcspn (pattern, "/"), given = strcspn (path, "/");
    if (!segment_match (pattern, wanted, path, given, params, &n_params) ||
        (pattern[wanted] == '\0') != (path[given] == '\0'))
      break;
    if (pattern[wanted] == '\0')
      return TRUE;
    pattern += wanted + 1;
    path += given + 1;
  }
  wc_route_params_clear (params);
  return FALSE;
}

static gboolean
has_bad_escape (const char *path)
{
  static const char *const bad[] = {"%2f", "%2e", "%5c", "%00"};
  g_autofree char *lower = g_ascii_strdown (path, -1);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    if (strstr (lower, bad[i]) != NULL)
      return TRUE;
  return FALSE;
}

gboolean
wc_route_path_is_sane (const char *path)
{
  gsize length = strlen (path);

  if (path[0] != '/' || length > MAX_PATH || has_bad_escape (path))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if ((guchar)path[i] <= 0x20 || path[i] == 0x7f || path[i] == '\\')
      return FALSE;

  g_auto (GStrv) segments = g_strsplit (path + 1, "/", -1);
  for (guint i = 0; segments[i] != NULL; i++) {
    gboolean last = segments[i + 1] == NULL;
    if (strcmp (segments[i], ".") == 0 || strcmp (segments[i], "..") == 0 ||
        (segments[i][0] == '\0' && !last))
      return FALSE;
  }
  return TRUE;
}
