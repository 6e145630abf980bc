/* SPDX-License-Identifier: MIT */
#include "peer/interfaces.h"

#include <ifaddrs.h>
#include <linux/if_addr.h>
#include <string.h>

#define NO_ADDRESS "00000000000000000000000000000000"

static char **
read_rows (const char *path)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_new0 (char *, 1);
  return g_strsplit (text, "\n", -1);
}

/* The words of a row, without the empty ones between several spaces. */
static GPtrArray *
words_of (const char *row)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) all = g_strsplit_set (row, "\t ", -1);

  for (guint i = 0; all[i] != NULL; i++)
    if (*all[i] != '\0')
      g_ptr_array_add (words, g_strdup (all[i]));
  return words;
}

/* The interface of the first row of /proc/net/route whose destination is 0; on
 * a machine without IPv4 that of the first of /proc/net/ipv6_route. */
static char *
find_default_interface (void)
{
  g_auto (GStrv) v4 = read_rows ("/proc/net/route");
  g_auto (GStrv) v6 = read_rows ("/proc/net/ipv6_route");

  for (guint i = 0; v4[i] != NULL; i++) {
    g_autoptr (GPtrArray) words = words_of (v4[i]);
    if (words->len >= 2 && strcmp (words->pdata[1], "00000000") == 0)
      return g_strdup (words->pdata[0]);
  }
  for (guint i = 0; v6[i] != NULL; i++) {
    g_autoptr (GPtrArray) words = words_of (v6[i]);
    if (words->len == 10 && strcmp (words->pdata[0], NO_ADDRESS) == 0 &&
        strcmp (words->pdata[1], "00") == 0 &&
        strcmp (words->pdata[9], "lo") != 0)
      return g_strdup (words->pdata[9]);
  }
  return NULL;
}

/* Marks what /proc/net/if_inet6 says is not to be told to anybody: address,
 * index, prefix length, scope, flags, name; all but the last hexadecimal. */
static void
mark_passing (GArray *list)
{
  g_auto (GStrv) rows = read_rows ("/proc/net/if_inet6");
  const guint64 passing = IFA_F_TENTATIVE | IFA_F_DEPRECATED | IFA_F_DADFAILED;

  for (guint i = 0; rows[i] != NULL; i++) {
    g_autoptr (GPtrArray) words = words_of (rows[i]);
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (words->len < 6 || strlen (words->pdata[0]) != 32 ||
        !(g_ascii_strtoull (words->pdata[4], NULL, 16) & passing))
      continue;
    for (guint k = 0; k < 16; k++) {
      const char *hex = (const char *)words->pdata[0] + 2 * k;
      in6.sin6_addr.s6_addr[k] = (guint8)(g_ascii_xdigit_value (hex[0]) << 4 |
                                          g_ascii_xdigit_value (hex[1]));
    }
    WcAddress address = wc_address_from_sockaddr ((struct sockaddr *)&in6);
    for (guint k = 0; k < list->len; k++) {
      WcInterfaceAddress *entry = &g_array_index (list, WcInterfaceAddress, k);
      entry->is_passing |= wc_address_same_ip (&entry->address, &address);
    }
  }
}

GArray *
wc_interfaces_list (void)
{
  GArray *list = g_array_new (FALSE, TRUE, sizeof (WcInterfaceAddress));
  g_autofree char *default_interface = find_default_interface ();
  struct ifaddrs *all = NULL;

  if (getifaddrs (&all) != 0)
    return list;
  for (struct ifaddrs *each = all; each != NULL; each = each->ifa_next) {
    if (each->ifa_addr == NULL || (each->ifa_addr->sa_family != AF_INET &&
                                   each->ifa_addr->sa_family != AF_INET6))
      continue;
    WcInterfaceAddress entry = {
        .address = wc_address_from_sockaddr (each->ifa_addr),
        .is_default = g_strcmp0 (each->ifa_name, default_interface) == 0,
        .is_down = (each->ifa_flags & (IFF_UP | IFF_RUNNING)) !=
                   (IFF_UP | IFF_RUNNING),
    };
    wc_address_set_port (&entry.address, 0);
    g_strlcpy (entry.interface, each->ifa_name, sizeof entry.interface);
    g_array_append_val (list, entry);
  }
  freeifaddrs (all);
  mark_passing (list);
  return list;
}

const WcInterfaceAddress *
wc_interfaces_find (const WcInterfaceAddress *machine, guint n,
                    const WcAddress *address)
{
  for (guint i = 0; i < n; i++)
    if (wc_address_same_ip (&machine[i].address, address))
      return &machine[i];
  return NULL;
}
