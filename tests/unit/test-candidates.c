/* SPDX-License-Identifier: MIT */
#include "peer/candidates.h"
#include "peer/reach.h"

#include <string.h>

/* Fields and lists of the configuration are not const. */
#define TEXT(literal) ((char *)(literal))

#define PORT 8189

static char *automatic[] = {TEXT ("auto"), NULL};
static char *no_interfaces[] = {NULL};

static WcConfig
make_config (void)
{
  return (WcConfig){.listen_ip = TEXT ("0.0.0.0"),
                    .addresses = automatic,
                    .interfaces = no_interfaces,
                    .ipv6 = TRUE};
}

static WcInterfaceAddress
make_entry (const char *interface, const char *ip, gboolean is_default)
{
  WcInterfaceAddress entry = {.is_default = is_default};

  g_strlcpy (entry.interface, interface, sizeof entry.interface);
  g_assert_true (wc_address_parse (&entry.address, ip, 0));
  return entry;
}

static GHashTable *names;

/* The chosen ones as one text. */
static char *
choose (const WcConfig *config, gboolean have_ipv6,
        const WcInterfaceAddress *machine, guint n)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const WcCandidateSource source = {config, have_ipv6, PORT, machine, n, names};
  WcCandidateList list;
  char one[WC_ADDRESS_STRLEN];

  wc_candidates_choose (&source, &list);
  for (guint i = 0; i < list.n; i++) {
    g_assert_cmpuint (wc_address_port (&list.items[i]), ==, PORT);
    g_string_append_printf (text, "%s ", wc_address_ip (&list.items[i], one));
  }
  return g_strchomp (g_string_free (g_steal_pointer (&text), FALSE));
}

static void
test_order (void)
{
  WcConfig config = make_config ();
  const WcInterfaceAddress machine[] = {
      make_entry ("lo", "127.0.0.1", FALSE),
      make_entry ("docker0", "172.17.0.1", FALSE),
      make_entry ("eth0", "2001:db8::7", TRUE),
      make_entry ("eth0", "fe80::1", TRUE),
      make_entry ("eth0", "192.0.2.7", TRUE),
      make_entry ("lo", "::1", FALSE),
  };
  g_autofree char *both = choose (&config, TRUE, machine, 6);
  g_autofree char *v4 = choose (&config, FALSE, machine, 6);

  g_assert_cmpstr (both, ==, "192.0.2.7 172.17.0.1 2001:db8::7 127.0.0.1");
  g_assert_cmpstr (v4, ==, "192.0.2.7 172.17.0.1 127.0.0.1");
}

static void
test_interfaces (void)
{
  static char *only[] = {TEXT ("eth1"), NULL};
  WcConfig config = make_config ();
  const WcInterfaceAddress machine[] = {
      make_entry ("eth0", "192.0.2.7", TRUE),
      make_entry ("eth1", "198.51.100.7", FALSE),
  };

  config.interfaces = only;
  config.listen_ip = TEXT ("192.0.2.7");
  g_autofree char *chosen = choose (&config, TRUE, machine, 2);
  g_assert_cmpstr (chosen, ==, "198.51.100.7");
}

/* A machine without a network still plays to itself. */
static void
test_nothing_else (void)
{
  WcConfig config = make_config ();

  config.listen_ip = TEXT ("192.0.2.7");
  g_autofree char *chosen = choose (&config, TRUE, NULL, 0);
  g_assert_cmpstr (chosen, ==, "127.0.0.1");
}

static void
test_given (void)
{
  static char *given[] = {TEXT ("203.0.113.9"), TEXT ("2001:db8::9"), NULL};
  static char *mixed[] = {TEXT ("203.0.113.9"), TEXT ("auto"), NULL};
  const WcInterfaceAddress machine[] = {
      make_entry ("eth0", "192.0.2.7", TRUE),
  };
  WcConfig config = make_config ();

  config.addresses = given;
  g_autofree char *exact = choose (&config, TRUE, machine, 1);
  g_assert_cmpstr (exact, ==, "203.0.113.9 2001:db8::9");
  config.addresses = mixed;
  g_autofree char *first = choose (&config, TRUE, machine, 1);
  g_assert_cmpstr (first, ==, "203.0.113.9 192.0.2.7 127.0.0.1");
}

/* What NAT shows to the world comes first, wherever it was written. */
static void
test_mapped_first (void)
{
  static char *mixed[] = {TEXT ("auto"), TEXT ("203.0.113.9"), NULL};
  const WcInterfaceAddress machine[] = {
      make_entry ("eth0", "192.0.2.7", TRUE),
  };
  WcConfig config = make_config ();

  config.addresses = mixed;
  g_autofree char *chosen = choose (&config, TRUE, machine, 1);
  g_assert_cmpstr (chosen, ==, "203.0.113.9 192.0.2.7 127.0.0.1");
}

static void
test_patterns (void)
{
  static char *without[] = {TEXT ("!docker*"), TEXT ("!br-*"), NULL};
  static char *only[] = {TEXT ("eth*"), TEXT ("!eth1"), NULL};
  WcConfig config = make_config ();
  const WcInterfaceAddress machine[] = {
      make_entry ("eth0", "192.0.2.7", TRUE),
      make_entry ("eth1", "198.51.100.7", FALSE),
      make_entry ("docker0", "172.17.0.1", FALSE),
      make_entry ("br-0123456789ab", "172.18.0.1", FALSE),
      make_entry ("wlan0", "203.0.113.7", FALSE),
  };

  config.listen_ip = TEXT ("192.0.2.7");
  config.interfaces = without;
  g_autofree char *rest = choose (&config, TRUE, machine, 5);
  g_assert_cmpstr (rest, ==, "192.0.2.7 198.51.100.7 203.0.113.7");
  config.interfaces = only;
  g_autofree char *one = choose (&config, TRUE, machine, 5);
  g_assert_cmpstr (one, ==, "192.0.2.7");
}

static void
test_down (void)
{
  WcConfig config = make_config ();
  WcInterfaceAddress machine[] = {
      make_entry ("eth0", "192.0.2.7", TRUE),
      make_entry ("eth1", "198.51.100.7", FALSE),
      make_entry ("eth1", "2001:db8::7", FALSE),
  };

  config.listen_ip = TEXT ("192.0.2.7");
  machine[0].is_down = TRUE;
  machine[2].is_passing = TRUE;
  g_autofree char *chosen = choose (&config, TRUE, machine, 3);
  g_assert_cmpstr (chosen, ==, "198.51.100.7");
}

static void
add_name (const char *name, const char *first, const char *second)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (WcAddress));
  WcAddress address;

  g_assert_true (wc_address_parse (&address, first, 0));
  g_array_append_val (list, address);
  g_assert_true (wc_address_parse (&address, second, 0));
  g_array_append_val (list, address);
  g_hash_table_replace (names, g_strdup (name), list);
}

static void
test_name (void)
{
  static char *given[] = {TEXT ("a.example"), TEXT ("b.example"), NULL};
  const WcInterfaceAddress machine[] = {
      make_entry ("eth0", "192.0.2.7", TRUE),
  };
  WcConfig config = make_config ();

  config.addresses = given;
  g_autofree char *before = choose (&config, TRUE, machine, 1);
  names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                 (GDestroyNotify)g_array_unref);
  add_name ("b.example", "203.0.113.9", "2001:db8::9");
  g_autofree char *one = choose (&config, TRUE, machine, 1);
  add_name ("a.example", "203.0.113.8", "2001:db8::9");
  g_autofree char *both = choose (&config, TRUE, machine, 1);
  g_autofree char *v4 = choose (&config, FALSE, machine, 1);
  g_clear_pointer (&names, g_hash_table_unref);

  g_assert_cmpstr (before, ==, "192.0.2.7 127.0.0.1");
  g_assert_cmpstr (one, ==, "203.0.113.9 2001:db8::9");
  g_assert_cmpstr (both, ==, "203.0.113.8 2001:db8::9 203.0.113.9");
  g_assert_cmpstr (v4, ==, "203.0.113.8 203.0.113.9");
}

/* An answer has room for eight. */
static void
test_many (void)
{
  WcConfig config = make_config ();
  WcInterfaceAddress machine[20];

  for (guint i = 0; i < G_N_ELEMENTS (machine); i++) {
    g_autofree char *ip = g_strdup_printf ("192.0.2.%u", i);
    machine[i] = make_entry ("eth0", ip, TRUE);
  }
  g_autofree char *chosen =
      choose (&config, TRUE, machine, G_N_ELEMENTS (machine));
  g_auto (GStrv) words = g_strsplit (chosen, " ", -1);
  g_assert_cmpuint (g_strv_length (words), ==, WC_CANDIDATE_LIST_MAX);
}

/* --- who can reach them --------------------------------------------------- */

static const WcInterfaceAddress *reach_machine;
static guint reach_n;

static void
assert_reach (const char *ip, const char *says)
{
  WcConfig config = make_config ();
  const WcCandidateSource source = {&config,       TRUE,    PORT,
                                    reach_machine, reach_n, NULL};
  WcAddress address;

  g_assert_true (wc_address_parse (&address, ip, PORT));
  g_autofree char *text = wc_reach_describe (&source, &address);
  if (strstr (text, says) == NULL)
    g_error ("%s: \"%s\" does not say \"%s\"", ip, text, says);
}

static void
test_describe (void)
{
  WcInterfaceAddress machine[] = {
      make_entry ("eth0", "203.0.113.7", TRUE),
      make_entry ("eth0", "10.1.2.3", TRUE),
      make_entry ("docker0", "172.17.0.1", FALSE),
      make_entry ("eth1", "198.51.100.7", FALSE),
      make_entry ("eth0", "fd00::7", FALSE),
      make_entry ("eth2", "169.254.7.7", FALSE),
  };

  machine[3].is_down = TRUE;
  reach_machine = machine;
  reach_n = G_N_ELEMENTS (machine);
  assert_reach ("203.0.113.7", "viewers everywhere, if no firewall");
  assert_reach ("192.0.2.1", "if the port is forwarded");
  assert_reach ("2001:db8::1", "if the port is forwarded");
  assert_reach ("10.1.2.3", "only viewers in this network can reach it; set "
                            "[ice] addresses to the public");
  assert_reach ("fd00::7", "only viewers in this network");
  assert_reach ("100.64.1.1", "only viewers in the network that it belongs to");
  assert_reach ("172.32.0.1", "viewers everywhere");
  assert_reach ("127.0.0.1", "only viewers on this machine");
  assert_reach ("172.17.0.1", "only containers");
  assert_reach ("198.51.100.7", "nobody: the interface eth1 is down");
  assert_reach ("169.254.7.7", "only viewers on the same link");
}

/* The codes of all findings as one text. */
static char *
find (const WcConfig *config, const WcInterfaceAddress *machine, guint n,
      gboolean in_container, guint buffer)
{
  const WcCandidateSource source = {config, FALSE, PORT, machine, n, NULL};
  WcCandidateList list;
  const WcReachInput input = {.source = &source,
                              .list = &list,
                              .in_container = in_container,
                              .receive_bytes = buffer,
                              .send_bytes = 4096,
                              .wanted_bytes = 4096};
  g_autoptr (GString) text = g_string_new (NULL);

  wc_candidates_choose (&source, &list);
  g_autoptr (GPtrArray) findings = wc_reach_findings (&input);
  for (guint i = 0; i < findings->len; i++) {
    const WcFinding *finding = findings->pdata[i];
    g_assert_nonnull (finding->fix);
    g_string_append_printf (text, "%s ", finding->code);
  }
  return g_strchomp (g_string_free (g_steal_pointer (&text), FALSE));
}

static void
test_findings (void)
{
  static char *typo[] = {TEXT ("eth7"), TEXT ("!wlan0"), NULL};
  static char *v6[] = {TEXT ("2001:db8::1"), TEXT ("203.0.113.9"), NULL};
  WcConfig config = make_config ();
  const WcInterfaceAddress public = make_entry ("eth0", "203.0.113.7", TRUE);
  const WcInterfaceAddress private = make_entry ("eth0", "10.0.0.7", TRUE);
  const WcInterfaceAddress bridge = make_entry ("docker0", "172.17.0.1", FALSE);
  WcInterfaceAddress down = make_entry ("eth0", "203.0.113.9", TRUE);

  down.is_down = TRUE;
  g_autofree char *good = find (&config, &public, 1, FALSE, 4096);
  g_autofree char *inside = find (&config, &private, 1, FALSE, 4096);
  g_autofree char *container = find (&config, &private, 1, TRUE, 4096);
  g_autofree char *docker = find (&config, &bridge, 1, FALSE, 4096);
  g_autofree char *alone = find (&config, NULL, 0, FALSE, 4096);
  g_autofree char *small = find (&config, &public, 1, FALSE, 1024);
  config.addresses = v6;
  g_autofree char *given = find (&config, &down, 1, FALSE, 4096);
  config.addresses = automatic;
  config.interfaces = typo;
  g_autofree char *unknown = find (&config, &public, 1, FALSE, 4096);

  g_assert_cmpstr (good, ==, "");
  g_assert_cmpstr (inside, ==, "private-only");
  g_assert_cmpstr (container, ==, "container");
  g_assert_cmpstr (docker, ==, "bridge-only");
  g_assert_cmpstr (alone, ==, "loopback-only");
  g_assert_cmpstr (small, ==, "udp-buffer");
  g_assert_cmpstr (given, ==, "no-ipv6 interface-down");
  g_assert_cmpstr (unknown, ==, "loopback-only no-interface");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/peer/candidates/order", test_order);
  g_test_add_func ("/peer/candidates/interfaces", test_interfaces);
  g_test_add_func ("/peer/candidates/nothing-else", test_nothing_else);
  g_test_add_func ("/peer/candidates/given", test_given);
  g_test_add_func ("/peer/candidates/mapped-first", test_mapped_first);
  g_test_add_func ("/peer/candidates/patterns", test_patterns);
  g_test_add_func ("/peer/candidates/down", test_down);
  g_test_add_func ("/peer/candidates/name", test_name);
  g_test_add_func ("/peer/candidates/many", test_many);
  g_test_add_func ("/peer/reach/describe", test_describe);
  g_test_add_func ("/peer/reach/findings", test_findings);
  return g_test_run ();
}
