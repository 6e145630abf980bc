/* SPDX-License-Identifier: MIT */
#include "peer/reach.h"

#include <string.h>

#define FIX_ADDRESSES                                                          \
  "set [ice] addresses to the public address or name of this server, and "     \
  "forward its ports"

/* --- an address ----------------------------------------------------------- */

/* Bridges that container engines and hypervisors make for themselves. */
static gboolean
is_container_bridge (const char *interface)
{
  static const char *const names[] = {"docker*", "br-????????????", "podman*",
                                      "cni*",    "virbr*",          "lxcbr*",
                                      "lxdbr*"};

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_pattern_match_simple (names[i], interface))
      return TRUE;
  return FALSE;
}

static const WcInterfaceAddress *
find_own (const WcCandidateSource *source, const WcAddress *address)
{
  return wc_interfaces_find (source->machine, source->n_machine, address);
}

static gboolean
is_of_bridge (const WcCandidateSource *source, const WcAddress *address)
{
  const WcInterfaceAddress *own = find_own (source, address);

  return own != NULL && is_container_bridge (own->interface);
}

char *
wc_reach_describe (const WcCandidateSource *source, const WcAddress *address)
{
  const WcInterfaceAddress *own = find_own (source, address);

  if (wc_address_is_loopback (address))
    return g_strdup ("only viewers on this machine can reach it");
  if (is_of_bridge (source, address))
    return g_strdup_printf ("only containers and virtual machines on this "
                            "machine can reach it (%s)",
                            own->interface);
  if (wc_address_is_link_local (address))
    return g_strdup ("only viewers on the same link can reach it");
  if (wc_address_is_private (address))
    return g_strdup_printf ("only viewers in %s can reach it; " FIX_ADDRESSES,
                            own != NULL ? "this network"
                                        : "the network that it belongs to");
  if (own == NULL)
    return g_strdup ("viewers everywhere, if the port is forwarded from there "
                     "to this machine");
  if (own->is_down)
    return g_strdup_printf ("nobody: the interface %s is down", own->interface);
  return g_strdup ("viewers everywhere, if no firewall is in the way");
}

/* --- the whole ------------------------------------------------------------ */

static void
look_at_scope (GPtrArray *findings, const WcReachInput *input)
{
  const WcCandidateList *list = input->list;
  guint loopback = 0, bridge = 0, private = 0;

  for (guint i = 0; i < list->n; i++) {
    loopback += wc_address_is_loopback (&list->items[i]);
    bridge += is_of_bridge (input->source, &list->items[i]);
    private += wc_address_is_private (&list->items[i]);
  }
  if (private < list->n)
    return;
  if (loopback == list->n)
    wc_findings_add (findings, WC_FINDING_WARNING, "loopback-only", -1,
                     FIX_ADDRESSES,
                     "viewers are told a loopback address alone: only those on "
                     "this machine can play");
  else if (loopback + bridge == list->n)
    wc_findings_add (findings, WC_FINDING_WARNING, "bridge-only", -1,
                     FIX_ADDRESSES,
                     "viewers are told addresses of container bridges alone: "
                     "only containers on this machine can play");
  else if (input->in_container)
    wc_findings_add (findings, WC_FINDING_WARNING, "container", -1,
                     "set [ice] addresses to the address of the host and "
                     "publish the UDP port, or use the host's network",
                     "this is a container and viewers are told its private "
                     "addresses alone, which are often reached only from its "
                     "host");
  else
    wc_findings_add (findings, WC_FINDING_WARNING, "private-only", -1,
                     FIX_ADDRESSES,
                     "viewers are told private addresses alone: only those in "
                     "this network can play");
}

/* Addresses that were written down and are not there any more. */
static void
look_at_given (GPtrArray *findings, const WcReachInput *input)
{
  const WcCandidateSource *source = input->source;
  char *const *given = source->config->addresses;

  for (guint i = 0; given[i] != NULL; i++) {
    WcAddress address;
    if (!wc_address_parse (&address, given[i], 0))
      continue;
    const WcInterfaceAddress *own = find_own (source, &address);
    if (address.sa.sa_family == AF_INET6 &&
        !(source->config->ipv6 && source->have_ipv6))
      wc_findings_add (findings, WC_FINDING_WARNING, "no-ipv6", -1,
                       "remove the address, or let the server have IPv6",
                       "[ice] addresses has %s, but the UDP port is not open "
                       "for IPv6; viewers are not told it",
                       given[i]);
    else if (own != NULL && own->is_down)
      wc_findings_add (findings, WC_FINDING_WARNING, "interface-down", -1,
                       "bring the interface up, or remove the address",
                       "[ice] addresses has %s, but the interface %s is down",
                       given[i], own->interface);
  }
}

static void
look_at_names (GPtrArray *findings, const WcReachInput *input)
{
  const WcHostNames *names = input->names;

  for (guint i = 0; names != NULL && i < wc_host_names_n (names); i++) {
    const char *name = wc_host_names_name (names, i);
    const char *error = wc_host_names_error (names, i);
    gboolean known = g_hash_table_contains (wc_host_names_known (names), name);
    if (error != NULL)
      wc_findings_add (
          findings, WC_FINDING_WARNING, "name", -1,
          "correct the name in [ice] addresses, or see to the resolver",
          "%s in [ice] addresses does not resolve (%s); %s", name, error,
          known ? "viewers are told the addresses it had last"
                : "viewers are not told it until it does");
  }
}

static void
look_at_interfaces (GPtrArray *findings, const WcReachInput *input)
{
  char *const *patterns = input->source->config->interfaces;

  for (guint i = 0; patterns != NULL && patterns[i] != NULL; i++) {
    gboolean found = *patterns[i] == '!';
    for (guint k = 0; !found && k < input->source->n_machine; k++)
      found = g_pattern_match_simple (patterns[i],
                                      input->source->machine[k].interface);
    if (!found)
      wc_findings_add (findings, WC_FINDING_WARNING, "no-interface", -1,
                       "see [ice] interfaces and `ip address`",
                       "[ice] interfaces has %s, and no interface with an "
                       "address is called so",
                       patterns[i]);
  }
}

static void
look_at_buffers (GPtrArray *findings, const WcReachInput *input)
{
  guint least = MIN (input->receive_bytes, input->send_bytes);

  if (least < input->wanted_bytes)
    wc_findings_add (findings, WC_FINDING_NOTE, "udp-buffer", -1,
                     "sysctl -w net.core.rmem_max=4194304 "
                     "net.core.wmem_max=4194304",
                     "the kernel grants UDP buffers of %u KiB for receiving "
                     "and %u KiB for sending, of the %u KiB that were asked "
                     "for: with many viewers packets may be lost",
                     input->receive_bytes / 1024, input->send_bytes / 1024,
                     input->wanted_bytes / 1024);
}

GPtrArray *
wc_reach_findings (const WcReachInput *input)
{
  GPtrArray *findings = wc_findings_new ();

  look_at_names (findings, input);
  look_at_scope (findings, input);
  look_at_given (findings, input);
  look_at_interfaces (findings, input);
  look_at_buffers (findings, input);
  return findings;
}
