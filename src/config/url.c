/* SPDX-License-Identifier: MIT */
#include "config/url.h"

#define HIDDEN "***"

/* Percent-encoding stays as it is. */
static GUri *
parse (const char *url)
{
  return g_uri_parse (url, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED,
                      NULL);
}

static char *
join (GUri *uri, const char *user, const char *password)
{
  g_autoptr (GUri) changed = g_uri_build_with_user (
      G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED, g_uri_get_scheme (uri),
      user, password, NULL, g_uri_get_host (uri), g_uri_get_port (uri),
      g_uri_get_path (uri), g_uri_get_query (uri), g_uri_get_fragment (uri));

  return g_uri_to_string (changed);
}

char *
wc_url_check (const char *url, const char *const *schemes)
{
  g_autoptr (GUri) uri = parse (url);
  g_autofree char *all = g_strjoinv (":// or ", (char **)schemes);

  if (uri == NULL)
    return g_strdup_printf ("this is no URL; it is %s://HOST[:PORT]/PATH", all);
  if (!g_strv_contains (schemes, g_uri_get_scheme (uri)))
    return g_strdup_printf ("its scheme is %s; it must begin with %s://",
                            g_uri_get_scheme (uri), all);
  if (g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    return g_strdup_printf ("it names no host; it is %s://HOST[:PORT]/PATH",
                            all);
  if (g_uri_get_port (uri) == 0)
    return g_strdup ("port 0 cannot be connected to; it is 1 to 65535");
  return NULL;
}

char *
wc_url_hide_password (const char *url)
{
  g_autoptr (GUri) uri = parse (url);

  if (uri == NULL || g_uri_get_password (uri) == NULL)
    return g_strdup (url);
  return join (uri, g_uri_get_user (uri), HIDDEN);
}

/* What is no valid percent-encoding is meant as it is. */
static char *
decode (const char *text)
{
  char *decoded = g_uri_unescape_string (text, NULL);

  return decoded != NULL ? decoded : g_strdup (text);
}

char *
wc_url_split_user (const char *url, char **user, char **password)
{
  g_autoptr (GUri) uri = parse (url);

  *user = *password = NULL;
  if (uri == NULL || g_uri_get_user (uri) == NULL)
    return g_strdup (url);
  *user = decode (g_uri_get_user (uri));
  if (g_uri_get_password (uri) != NULL)
    *password = decode (g_uri_get_password (uri));
  return join (uri, NULL, NULL);
}

gboolean
wc_url_same_host (const char *a, const char *b)
{
  g_autoptr (GUri) first = a != NULL ? parse (a) : NULL;
  g_autoptr (GUri) second = b != NULL ? parse (b) : NULL;

  return first != NULL && second != NULL &&
         g_strcmp0 (g_uri_get_host (first), g_uri_get_host (second)) == 0 &&
         g_uri_get_port (first) == g_uri_get_port (second);
}

char *
wc_url_restore_password (const char *url, const char *former)
{
  g_autoptr (GUri) uri = parse (url);
  g_autoptr (GUri) old = former != NULL ? parse (former) : NULL;

  if (uri == NULL || g_strcmp0 (g_uri_get_password (uri), HIDDEN) != 0)
    return g_strdup (url);
  if (old == NULL || g_uri_get_password (old) == NULL ||
      g_strcmp0 (g_uri_get_user (uri), g_uri_get_user (old)) != 0 ||
      g_strcmp0 (g_uri_get_host (uri), g_uri_get_host (old)) != 0)
    return NULL;
  return join (uri, g_uri_get_user (uri), g_uri_get_password (old));
}
