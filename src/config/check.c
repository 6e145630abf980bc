/* SPDX-License-Identifier: MIT */
#include "config/check.h"

#include "base/address.h"

#include <gio/gio.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

gboolean
wc_check_visible (const char *text)
{
  for (const char *c = text; *c != '\0'; c++)
    if (!g_ascii_isgraph (*c))
      return FALSE;
  return TRUE;
}

gboolean
wc_check_ip (const char *text)
{
  WcAddress address;

  return wc_address_parse (&address, text, 0);
}

gboolean
wc_check_unicast_ip (const char *text)
{
  WcAddress address;

  return wc_address_parse (&address, text, 0) &&
         !wc_address_is_any (&address) && !wc_address_is_multicast (&address);
}

gboolean
wc_check_prefix (const char *text)
{
  g_autoptr (GInetAddressMask) mask =
      g_inet_address_mask_new_from_string (text, NULL);

  return mask != NULL;
}

gboolean
wc_check_interface (const char *text)
{
  return strlen (text) < IF_NAMESIZE && wc_check_visible (text) &&
         strchr (text, '/') == NULL && strcmp (text, ".") != 0 &&
         strcmp (text, "..") != 0;
}

gboolean
wc_check_interface_pattern (const char *text)
{
  const char *name = *text == '!' ? text + 1 : text;

  return *name != '\0' && *name != '!' && wc_check_interface (name);
}

static gboolean
is_host_name (const char *text)
{
  /* The last label is not all digits: that is a slip in an address. */
  return strlen (text) <= 253 &&
         g_regex_match_simple (
             "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)*"
             "(?![0-9]+\\.?$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.?$",
             text, G_REGEX_CASELESS | G_REGEX_DOLLAR_ENDONLY, 0);
}

gboolean
wc_check_advertised (const char *text)
{
  return strcmp (text, "auto") == 0 || wc_check_unicast_ip (text) ||
         is_host_name (text);
}

gboolean
wc_check_ice_server (const char *text)
{
  g_autoptr (GRegex) form =
      g_regex_new ("^(?:stun|turn)s?:"
                   "(\\[[0-9a-f:.]+\\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?"
                   "(?:\\?transport=(?:udp|tcp))?$",
                   G_REGEX_DOLLAR_ENDONLY, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  WcAddress address;

  if (!g_regex_match (form, text, 0, &match) ||
      (g_str_has_prefix (text, "stun") && strchr (text, '?') != NULL))
    return FALSE;
  g_autofree char *host = g_match_info_fetch (match, 1);
  g_autofree char *port = g_match_info_fetch (match, 2);
  if (port != NULL && *port != '\0' &&
      (atoi (port) < 1 || atoi (port) > G_MAXUINT16))
    return FALSE;
  if (*host == '[') {
    host[strlen (host) - 1] = '\0';
    return wc_address_parse (&address, host + 1, 0);
  }
  return wc_address_parse (&address, host, 0) || is_host_name (host);
}

/* A URL of scheme, host and port, with a path only if @path. */
static gboolean
is_web_url (const char *text, gboolean path)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);

  if (uri == NULL || !wc_check_visible (text))
    return FALSE;
  return (g_str_equal (g_uri_get_scheme (uri), "http") ||
          g_str_equal (g_uri_get_scheme (uri), "https")) &&
         g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0' &&
         g_uri_get_userinfo (uri) == NULL && g_uri_get_query (uri) == NULL &&
         g_uri_get_fragment (uri) == NULL &&
         (path || *g_uri_get_path (uri) == '\0');
}

gboolean
wc_check_public_url (const char *text)
{
  return is_web_url (text, TRUE);
}

gboolean
wc_check_origin (const char *text)
{
  return is_web_url (text, FALSE);
}

gboolean
wc_check_fingerprint (const char *text)
{
  guint digits = 0;

  for (; *text != '\0'; text++)
    if (g_ascii_isxdigit (*text))
      digits++;
    else if (*text != ':')
      return FALSE;
  return digits == 64;
}

gboolean
wc_check_even (const char *text)
{
  return g_ascii_strtoull (text, NULL, 10) % 2 == 0;
}

gboolean
wc_check_payload_type (const char *text)
{
  guint64 type = g_ascii_strtoull (text, NULL, 10);

  return type < 64 || type > 95;
}

gboolean
wc_check_event_name (const char *text)
{
  static const char *const names[] = {"mountpoint", "switch", "removed",
                                      "joined",     "left",   NULL};

  return g_strv_contains (names, text);
}
