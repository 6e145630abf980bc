/* SPDX-License-Identifier: MIT */
#include "server/candidates.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define AUTO "auto"
/* The answer must stay below 8000 bytes. */
#define MAX_CANDIDATES 16

static gboolean
is_loopback (const WcAddress *address)
{
  if (address->sa.sa_family == AF_INET)
    return (ntohl (address->in.sin_addr.s_addr) >> 24) == 127;
  return IN6_IS_ADDR_LOOPBACK (&address->in6.sin6_addr);
}

static gboolean
is_link_local (const WcAddress *address)
{
  return address->sa.sa_family == AF_INET6 &&
         IN6_IS_ADDR_LINKLOCAL (&address->in6.sin6_addr);
}

static gboolean
is_wanted (const WcConfig *config, gboolean have_ipv6,
           const WcInterfaceAddress *entry)
{
  gboolean v6 = entry->address.sa.sa_family == AF_INET6;

  if (v6 && (!config->ipv6 || !have_ipv6))
    return FALSE;
  if (is_link_local (&entry->address) || is_loopback (&entry->address))
    return FALSE;
  return config->interfaces == NULL || config->interfaces[0] == NULL ||
         g_strv_contains ((const char *const *)config->interfaces,
                          entry->interface);
}

static void
append (GArray *list, const WcAddress *address, guint16 port)
{
  WcAddress copy = *address;

  wc_address_set_port (&copy, port);
  for (guint i = 0; i < list->len; i++)
    if (wc_address_equal (&g_array_index (list, WcAddress, i), &copy))
      return;
  if (list->len < MAX_CANDIDATES)
    g_array_append_val (list, copy);
}

/* Four rounds: IPv4 of the default route's interface, other IPv4, IPv6
 * likewise.
 */
static void
append_machine (GArray *list, const WcConfig *config, gboolean have_ipv6,
                guint16 port, const WcInterfaceAddress *machine,
                guint n_machine)
{
  for (guint round = 0; round < 4; round++) {
    int family = round < 2 ? AF_INET : AF_INET6;
    gboolean first = round % 2 == 0;
    for (guint i = 0; i < n_machine; i++)
      if (machine[i].address.sa.sa_family == family &&
          !machine[i].is_default == !first &&
          is_wanted (config, have_ipv6, &machine[i]))
        append (list, &machine[i].address, port);
  }
}

/* Harmless to remote viewers, and what makes a machine without a network work.
 */
static void
append_loopback (GArray *list, const WcConfig *config, guint16 port)
{
  WcAddress listen, loopback;

  if (!wc_address_parse (&listen, config->listen_ip, 0))
    return;
  if (list->len == 0 || wc_address_is_any (&listen) || is_loopback (&listen)) {
    wc_address_parse (&loopback, "127.0.0.1", 0);
    append (list, &loopback, port);
  }
}

GArray *
wc_candidates_choose (const WcConfig *config, gboolean have_ipv6, guint16 port,
                      const WcInterfaceAddress *machine, guint n_machine,
                      GError **error)
{
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (WcAddress));

  for (guint i = 0; config->addresses[i] != NULL; i++) {
    WcAddress address;
    if (strcmp (config->addresses[i], AUTO) == 0) {
      append_machine (list, config, have_ipv6, port, machine, n_machine);
      append_loopback (list, config, port);
    } else if (wc_address_parse (&address, config->addresses[i], port)) {
      append (list, &address, port);
    } else {
      g_set_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_VALUE,
                   "[ice] addresses: %s: only auto and numeric addresses in "
                   "this version",
                   config->addresses[i]);
      return NULL;
    }
  }
  if (list->len == 0)
    append_loopback (list, config, port);
  return g_steal_pointer (&list);
}

/* The interface of the first row of /proc/net/route whose destination is 0. */
static char *
find_default_interface (void)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/net/route", &text, NULL, NULL))
    return NULL;
  g_auto (GStrv) rows = g_strsplit (text, "\n", -1);
  for (guint i = 0; rows[i] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit_set (rows[i], "\t ", 3);
    if (g_strv_length (words) >= 2 && strcmp (words[1], "00000000") == 0)
      return g_strdup (words[0]);
  }
  return NULL;
}

GArray *
wc_candidates_find (const WcConfig *config, gboolean have_ipv6, guint16 port,
                    GError **error)
{
  g_autoptr (GArray) machine =
      g_array_new (FALSE, TRUE, sizeof (WcInterfaceAddress));
  g_autofree char *default_interface = find_default_interface ();
  struct ifaddrs *all = NULL;

  if (getifaddrs (&all) != 0)
    all = NULL;
  for (struct ifaddrs *each = all; each != NULL; each = each->ifa_next) {
    if (each->ifa_addr == NULL || !(each->ifa_flags & IFF_UP) ||
        (each->ifa_addr->sa_family != AF_INET &&
         each->ifa_addr->sa_family != AF_INET6))
      continue;
    WcInterfaceAddress entry = {
        .address = wc_address_from_sockaddr (each->ifa_addr),
        .is_default = g_strcmp0 (each->ifa_name, default_interface) == 0,
    };
    g_strlcpy (entry.interface, each->ifa_name, sizeof entry.interface);
    g_array_append_val (machine, entry);
  }
  if (all != NULL)
    freeifaddrs (all);
  return wc_candidates_choose (
      config, have_ipv6, port,
      (const WcInterfaceAddress *)(gpointer)machine->data, machine->len, error);
}
