/* SPDX-License-Identifier: MIT */
#include "http/proxies.h"

#include "base/address.h"

#include <gio/gio.h>
#include <string.h>

/* Hops that are looked at: more are no longer a chain of proxies. */
#define MAX_HOPS 16

struct WcProxies {
  GPtrArray *masks; /* of GInetAddressMask */
};

WcProxies *
wc_proxies_new (char *const *list)
{
  WcProxies *proxies = g_new0 (WcProxies, 1);

  proxies->masks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; list != NULL && list[i] != NULL; i++) {
    GInetAddressMask *mask =
        g_inet_address_mask_new_from_string (list[i], NULL);
    if (mask != NULL)
      g_ptr_array_add (proxies->masks, mask);
  }
  return proxies;
}

void
wc_proxies_free (WcProxies *proxies)
{
  g_ptr_array_unref (proxies->masks);
  g_free (proxies);
}

gboolean
wc_proxies_trusts (const WcProxies *proxies, const char *ip)
{
  g_autoptr (GInetAddress) address =
      proxies->masks->len > 0 ? g_inet_address_new_from_string (ip) : NULL;

  for (guint i = 0; address != NULL && i < proxies->masks->len; i++)
    if (g_inet_address_mask_matches (proxies->masks->pdata[i], address))
      return TRUE;
  return FALSE;
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80", with quotes
 * around it in Forwarded. NULL: "unknown", "_hidden", nonsense. */
static char *
parse_node (const char *text)
{
  g_autofree char *node = g_strstrip (g_strdup (text));
  gsize length = strlen (node);
  WcAddress address;
  char buffer[WC_ADDRESS_STRLEN];

  if (length >= 2 && node[0] == '"' && node[length - 1] == '"') {
    node[length - 1] = '\0';
    memmove (node, node + 1, length - 1);
  }
  char *ip = node;
  char *colon = strchr (node, ':');
  if (node[0] == '[') {
    char *end = strchr (node, ']');
    if (end == NULL)
      return NULL;
    *end = '\0';
    ip = node + 1;
  } else if (colon != NULL && strchr (colon + 1, ':') == NULL) {
    *colon = '\0';
  }
  if (!wc_address_parse (&address, ip, 0))
    return NULL;
  return g_strdup (wc_address_ip (&address, buffer));
}

/* The value of @name in one element of Forwarded: "for=1.2.3.4;proto=https".
 */
static char *
forwarded_value (const char *element, const char *name)
{
  g_auto (GStrv) pairs = g_strsplit (element, ";", MAX_HOPS);
  gsize length = strlen (name);

  for (guint i = 0; pairs[i] != NULL; i++) {
    const char *pair = g_strstrip (pairs[i]);
    if (g_ascii_strncasecmp (pair, name, length) == 0 && pair[length] == '=')
      return g_strdup (pair + length + 1);
  }
  return NULL;
}

/* From the last hop backwards, as far as each is known to speak the truth. */
static char *
walk (const WcProxies *proxies, const char *peer, const char *list,
      gboolean is_forwarded)
{
  g_auto (GStrv) hops = g_strsplit (list, ",", -1);
  guint n = g_strv_length (hops), first = n > MAX_HOPS ? n - MAX_HOPS : 0;
  g_autofree char *client = g_strdup (peer);

  for (guint i = n; i > first; i--) {
    g_autofree char *value = is_forwarded ? forwarded_value (hops[i - 1], "for")
                                          : g_strdup (hops[i - 1]);
    char *ip = value != NULL ? parse_node (value) : NULL;
    if (ip == NULL)
      break;
    g_free (client);
    client = ip;
    if (!wc_proxies_trusts (proxies, client))
      break;
  }
  return g_steal_pointer (&client);
}

/* What the last proxy says: it is the one that we know. */
static gboolean
says_https (const char *x_forwarded_proto, const char *forwarded)
{
  const char *list = x_forwarded_proto != NULL ? x_forwarded_proto : forwarded;
  const char *comma = list != NULL ? strrchr (list, ',') : NULL;
  const char *last = comma != NULL ? comma + 1 : list;

  if (last == NULL)
    return FALSE;
  g_autofree char *value = x_forwarded_proto != NULL
                               ? g_strdup (last)
                               : forwarded_value (last, "proto");
  return value != NULL && g_ascii_strcasecmp (g_strstrip (value), "https") == 0;
}

char *
wc_proxies_client (const WcProxies *proxies, const char *peer,
                   const char *x_forwarded_for, const char *x_forwarded_proto,
                   const char *forwarded, gboolean *https)
{
  if (!wc_proxies_trusts (proxies, peer))
    return g_strdup (peer);

  if (says_https (x_forwarded_proto, forwarded))
    *https = TRUE;
  if (x_forwarded_for != NULL)
    return walk (proxies, peer, x_forwarded_for, FALSE);
  return forwarded != NULL ? walk (proxies, peer, forwarded, TRUE)
                           : g_strdup (peer);
}
