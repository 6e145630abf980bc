/* SPDX-License-Identifier: MIT */
#include "peer/network.h"

#include "base/log.h"
#include "peer/host-names.h"
#include "peer/reach.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#define NAMES_TIMEOUT_MS 2000
/* Interfaces change in bursts. */
#define SETTLE_MS 200

struct WcNetwork {
  const WcConfig *config;
  WcEngine *engine;
  WcHostNames *names;
  GArray *machine; /* of WcInterfaceAddress */
  WcCandidateList list;
  GHashTable *said; /* texts of findings that were logged */
  int netlink;      /* -1: the timer alone notices */
  guint netlink_source, settle_source, refresh_source;
};

static WcCandidateSource
source_of (const WcNetwork *network)
{
  return (WcCandidateSource){
      .config = network->config,
      .have_ipv6 = wc_engine_has_ipv6 (network->engine),
      .port = wc_engine_udp_port (network->engine),
      .machine = (const WcInterfaceAddress *)(gpointer)network->machine->data,
      .n_machine = network->machine->len,
      .names = wc_host_names_known (network->names),
  };
}

char *
wc_network_summary (const WcNetwork *network)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char one[WC_ADDRESS_STRLEN];

  for (guint i = 0; i < network->list.n; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "",
                            wc_address_format (&network->list.items[i], one));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Each once, for as long as it is true. */
static void
log_findings (WcNetwork *network)
{
  g_autoptr (GPtrArray) findings = wc_network_findings (network);
  GHashTable *said =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < findings->len; i++) {
    const WcFinding *finding = findings->pdata[i];
    gboolean again = g_hash_table_contains (network->said, finding->text);
    g_hash_table_add (said, g_strdup (finding->text));
    if (!again && finding->severity == WC_FINDING_NOTE)
      wc_info ("network: %s; %s", finding->text, finding->fix);
    else if (!again)
      wc_warning ("network: %s; %s", finding->text, finding->fix);
  }
  g_hash_table_unref (network->said);
  network->said = said;
}

static void
look (WcNetwork *network)
{
  WcCandidateList list;

  g_array_unref (network->machine);
  network->machine = wc_interfaces_list ();
  WcCandidateSource source = source_of (network);
  wc_candidates_choose (&source, &list);
  if (!wc_candidate_list_equal (&list, &network->list)) {
    network->list = list;
    g_autofree char *summary = wc_network_summary (network);
    wc_info ("viewers are told: %s", summary);
  }
  log_findings (network);
}

/* --- changes -------------------------------------------------------------- */

static gboolean
on_settled (gpointer user_data)
{
  WcNetwork *network = user_data;

  network->settle_source = 0;
  look (network);
  return G_SOURCE_REMOVE;
}

/* What it says is not read: everything is looked at anew. */
static gboolean
on_netlink (gint fd, GIOCondition condition, gpointer user_data)
{
  WcNetwork *network = user_data;
  char message[4096];

  while (recv (fd, message, sizeof message, MSG_DONTWAIT) > 0)
    continue;
  if (network->settle_source == 0)
    network->settle_source = g_timeout_add (SETTLE_MS, on_settled, network);
  return G_SOURCE_CONTINUE;
}

static void
listen_to_kernel (WcNetwork *network)
{
  struct sockaddr_nl address = {
      .nl_family = AF_NETLINK,
      .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                   RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
  };

  network->netlink = socket (
      AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (network->netlink < 0)
    return;
  if (bind (network->netlink, (struct sockaddr *)&address, sizeof address) == 0)
    network->netlink_source =
        g_unix_fd_add (network->netlink, G_IO_IN, on_netlink, network);
}

static void
on_names_changed (gpointer user_data)
{
  look (user_data);
}

static gboolean
on_refresh (gpointer user_data)
{
  WcNetwork *network = user_data;

  wc_host_names_refresh (network->names);
  look (network);
  return G_SOURCE_CONTINUE;
}

WcNetwork *
wc_network_new (const WcConfig *config, WcEngine *engine)
{
  WcNetwork *network = g_new0 (WcNetwork, 1);

  network->config = config;
  network->engine = engine;
  network->machine = g_array_new (FALSE, TRUE, sizeof (WcInterfaceAddress));
  network->said = g_hash_table_new (g_str_hash, g_str_equal);
  network->names =
      wc_host_names_new (config->addresses, on_names_changed, network);
  listen_to_kernel (network);
  if (wc_host_names_n (network->names) > 0)
    wc_host_names_wait (network->names, NAMES_TIMEOUT_MS);
  look (network);
  network->refresh_source =
      g_timeout_add (config->addresses_refresh_ms, on_refresh, network);
  return network;
}

void
wc_network_reload (WcNetwork *network)
{
  g_source_remove (network->refresh_source);
  network->refresh_source = g_timeout_add (
      network->config->addresses_refresh_ms, on_refresh, network);
  wc_host_names_free (network->names);
  network->names =
      wc_host_names_new (network->config->addresses, on_names_changed, network);
  if (wc_host_names_n (network->names) > 0)
    wc_host_names_refresh (network->names); /* and then it looks */
  else
    look (network);
}

void
wc_network_free (WcNetwork *network)
{
  g_clear_handle_id (&network->refresh_source, g_source_remove);
  g_clear_handle_id (&network->settle_source, g_source_remove);
  g_clear_handle_id (&network->netlink_source, g_source_remove);
  if (network->netlink >= 0)
    close (network->netlink);
  wc_host_names_free (network->names);
  g_array_unref (network->machine);
  g_hash_table_unref (network->said);
  g_free (network);
}

/* --- looking at it -------------------------------------------------------- */

const WcCandidateList *
wc_network_candidates (const WcNetwork *network)
{
  return &network->list;
}

static const char *
name_of (const WcNetwork *network, const WcAddress *candidate)
{
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, wc_host_names_known (network->names));
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    const GArray *addresses = value;
    for (guint i = 0; i < addresses->len; i++)
      if (wc_address_same_ip (&g_array_index (addresses, WcAddress, i),
                              candidate))
        return name;
  }
  return NULL;
}

void
wc_network_get_reach (const WcNetwork *network, const WcAddress *candidate,
                      WcReach *reach)
{
  WcCandidateSource source = source_of (network);
  const WcInterfaceAddress *own =
      wc_interfaces_find (source.machine, source.n_machine, candidate);

  *reach = (WcReach){
      .interface = own != NULL ? own->interface : NULL,
      .name = name_of (network, candidate),
      .reachable = wc_reach_describe (&source, candidate),
  };
}

void
wc_reach_clear (WcReach *reach)
{
  g_clear_pointer (&reach->reachable, g_free);
}

static void
skipped_free (gpointer data)
{
  WcSkipped *skipped = data;

  g_free (skipped->address);
  g_free (skipped->interface);
  g_free (skipped);
}

GPtrArray *
wc_network_skipped (const WcNetwork *network)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (skipped_free);
  WcCandidateSource source = source_of (network);
  char text[WC_ADDRESS_STRLEN];

  if (!g_strv_contains ((const char *const *)source.config->addresses, "auto"))
    return list;
  for (guint i = 0; i < source.n_machine; i++) {
    const WcInterfaceAddress *entry = &source.machine[i];
    const char *reason = wc_candidates_refusal (&source, entry);
    if (reason == NULL || *reason == '\0')
      continue;
    WcSkipped *skipped = g_new (WcSkipped, 1);
    *skipped = (WcSkipped){g_strdup (wc_address_ip (&entry->address, text)),
                           g_strdup (entry->interface), reason};
    g_ptr_array_add (list, skipped);
  }
  return list;
}

static gboolean
is_in_container (void)
{
  return g_file_test ("/.dockerenv", G_FILE_TEST_EXISTS) ||
         g_file_test ("/run/.containerenv", G_FILE_TEST_EXISTS);
}

GPtrArray *
wc_network_findings (const WcNetwork *network)
{
  WcCandidateSource source = source_of (network);
  WcReachInput input = {
      .source = &source,
      .list = &network->list,
      .in_container = is_in_container (),
      .names = network->names,
  };

  wc_engine_udp_buffers (network->engine, &input.receive_bytes,
                         &input.send_bytes, &input.wanted_bytes);
  return wc_reach_findings (&input);
}
