/* SPDX-License-Identifier: MIT */
#include "server/candidates.h"

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

/* The chosen ones as one text. */
static char *
choose (const WcConfig *config, gboolean have_ipv6,
        const WcInterfaceAddress *machine, guint n)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GArray) list =
      wc_candidates_choose (config, have_ipv6, PORT, machine, n, NULL);
  char one[WC_ADDRESS_STRLEN];

  g_assert_nonnull (list);
  for (guint i = 0; i < list->len; i++) {
    const WcAddress *address = &g_array_index (list, WcAddress, i);
    g_assert_cmpuint (wc_address_port (address), ==, PORT);
    g_string_append_printf (text, "%s ", wc_address_ip (address, one));
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

static void
test_name (void)
{
  static char *name[] = {TEXT ("host.example"), NULL};
  WcConfig config = make_config ();
  g_autoptr (GError) error = NULL;

  config.addresses = name;
  g_assert_null (wc_candidates_choose (&config, TRUE, PORT, NULL, 0, &error));
  g_assert_error (error, WC_CONFIG_ERROR, WC_CONFIG_ERROR_VALUE);
  g_assert_nonnull (strstr (error->message, "[ice] addresses: host.example"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/candidates/order", test_order);
  g_test_add_func ("/server/candidates/interfaces", test_interfaces);
  g_test_add_func ("/server/candidates/nothing-else", test_nothing_else);
  g_test_add_func ("/server/candidates/given", test_given);
  g_test_add_func ("/server/candidates/name", test_name);
  return g_test_run ();
}
