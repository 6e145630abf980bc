/* SPDX-License-Identifier: MIT */
#include "peer/candidates.h"

#include <string.h>

#define AUTO "auto"

/* --- the interfaces ------------------------------------------------------- */

/* "eth0", "!docker*" (in [ice] interfaces). Without one that asks for
 * interfaces, all are asked for. */
static gboolean
is_asked_for (const WcConfig *config, const char *interface)
{
  gboolean any = TRUE, asked = FALSE;

  for (guint i = 0; config->interfaces != NULL && config->interfaces[i] != NULL;
       i++) {
    const char *pattern = config->interfaces[i];
    gboolean negative = *pattern == '!';
    gboolean matches = g_pattern_match_simple (pattern + negative, interface);
    if (negative && matches)
      return FALSE;
    any = any && negative;
    asked = asked || (matches && !negative);
  }
  return any || asked;
}

const char *
wc_candidates_refusal (const WcCandidateSource *source,
                       const WcInterfaceAddress *entry)
{
  if (wc_address_is_loopback (&entry->address))
    return "";
  if (entry->address.sa.sa_family == AF_INET6 &&
      wc_address_is_link_local (&entry->address))
    return "link-local: it needs the name of an interface of the viewer's";
  if (!is_asked_for (source->config, entry->interface))
    return "[ice] interfaces leaves this interface out";
  if (entry->address.sa.sa_family == AF_INET6 && !source->config->ipv6)
    return "[ice] ipv6 is false";
  if (entry->address.sa.sa_family == AF_INET6 && !source->have_ipv6)
    return "the UDP port could not be opened for IPv6";
  if (entry->is_down)
    return "the interface is down";
  if (entry->is_passing)
    return "the address is not in use yet, or not any more";
  return NULL;
}

/* --- the list ------------------------------------------------------------- */

static void
append (const WcCandidateSource *source, WcCandidateList *list,
        const WcAddress *address)
{
  WcAddress copy = *address;

  if (address->sa.sa_family == AF_INET6 &&
      !(source->config->ipv6 && source->have_ipv6))
    return;
  wc_address_set_port (&copy, source->port);
  for (guint i = 0; i < list->n; i++)
    if (wc_address_equal (&list->items[i], &copy))
      return;
  if (list->n < WC_CANDIDATE_LIST_MAX)
    list->items[list->n++] = copy;
}

/* Four rounds: IPv4 of the default route's interface, other IPv4, IPv6
 * likewise. */
static void
append_machine (const WcCandidateSource *source, WcCandidateList *list)
{
  for (guint round = 0; round < 4; round++) {
    int family = round < 2 ? AF_INET : AF_INET6;
    gboolean first = round % 2 == 0;
    for (guint i = 0; i < source->n_machine; i++) {
      const WcInterfaceAddress *entry = &source->machine[i];
      if (entry->address.sa.sa_family == family &&
          !entry->is_default == !first &&
          wc_candidates_refusal (source, entry) == NULL)
        append (source, list, &entry->address);
    }
  }
}

/* Harmless to remote viewers, and what makes a machine without a network work.
 */
static void
append_loopback (const WcCandidateSource *source, WcCandidateList *list)
{
  WcAddress listen, loopback;

  if (!wc_address_parse (&listen, source->config->listen_ip, 0))
    return;
  if (list->n == 0 || wc_address_is_any (&listen) ||
      wc_address_is_loopback (&listen)) {
    wc_address_parse (&loopback, "127.0.0.1", 0);
    append (source, list, &loopback);
  }
}

static void
append_name (const WcCandidateSource *source, WcCandidateList *list,
             const char *name)
{
  GArray *known =
      source->names != NULL ? g_hash_table_lookup (source->names, name) : NULL;

  for (guint i = 0; known != NULL && i < known->len; i++)
    append (source, list, &g_array_index (known, WcAddress, i));
}

void
wc_candidates_choose (const WcCandidateSource *source, WcCandidateList *list)
{
  char *const *given = source->config->addresses;

  *list = (WcCandidateList){0};
  for (guint i = 0; given[i] != NULL; i++) {
    WcAddress address;
    if (wc_address_parse (&address, given[i], 0))
      append (source, list, &address);
    else if (strcmp (given[i], AUTO) != 0)
      append_name (source, list, given[i]);
  }
  if (list->n == 0 || g_strv_contains ((const char *const *)given, AUTO)) {
    append_machine (source, list);
    append_loopback (source, list);
  }
}

gboolean
wc_candidate_list_equal (const WcCandidateList *a, const WcCandidateList *b)
{
  gboolean same = a->n == b->n;

  for (guint i = 0; same && i < a->n; i++)
    same = wc_address_equal (&a->items[i], &b->items[i]);
  return same;
}
