/* SPDX-License-Identifier: MIT */
#include "http/proxies.h"

/* Lists of the configuration are not const. */
#define TEXT(literal) ((char *)(literal))

static char *trusted[] = {TEXT ("10.0.0.0/8"), TEXT ("192.0.2.1"),
                          TEXT ("2001:db8::/32"), NULL};

static const struct {
  const char *peer, *x_forwarded_for, *x_forwarded_proto, *forwarded;
  const char *client;
  gboolean https;
} cases[] = {
    /* A stranger's word is worth nothing. */
    {"203.0.113.9", "1.2.3.4", "https", "for=1.2.3.4;proto=https",
     "203.0.113.9", FALSE},
    {"10.1.2.3", NULL, NULL, NULL, "10.1.2.3", FALSE},
    {"10.1.2.3", "1.2.3.4", NULL, NULL, "1.2.3.4", FALSE},
    {"10.1.2.3", "1.2.3.4", "https", NULL, "1.2.3.4", TRUE},
    {"10.1.2.3", "1.2.3.4", "http", NULL, "1.2.3.4", FALSE},
    {"10.1.2.3", "1.2.3.4:5678", "HTTPS", NULL, "1.2.3.4", TRUE},
    {"10.1.2.3", "[2001:db9::1]:80", NULL, NULL, "2001:db9::1", FALSE},
    {"10.1.2.3", " 2001:db9::1 ", NULL, NULL, "2001:db9::1", FALSE},
    /* What the client itself wrote stands before what the proxy added. */
    {"10.1.2.3", "6.6.6.6, 1.2.3.4", NULL, NULL, "1.2.3.4", FALSE},
    {"10.1.2.3", "6.6.6.6, 1.2.3.4, 192.0.2.1", NULL, NULL, "1.2.3.4", FALSE},
    {"10.1.2.3", "10.9.9.9, 192.0.2.1", NULL, NULL, "10.9.9.9", FALSE},
    {"10.1.2.3", "1.2.3.4, unknown", NULL, NULL, "10.1.2.3", FALSE},
    {"10.1.2.3", "1.2.3.4, unknown, 192.0.2.1", NULL, NULL, "192.0.2.1", FALSE},
    {"10.1.2.3", "", NULL, NULL, "10.1.2.3", FALSE},
    {"10.1.2.3", "1.2.3.4", "https, http", NULL, "1.2.3.4", FALSE},
    {"2001:db8::5", "1.2.3.4", NULL, NULL, "1.2.3.4", FALSE},
    /* RFC 7239 */
    {"192.0.2.1", NULL, NULL, "for=1.2.3.4;proto=https;by=10.1.1.1", "1.2.3.4",
     TRUE},
    {"192.0.2.1", NULL, NULL, "For=\"[2001:db9::1]:4711\"; Proto=http",
     "2001:db9::1", FALSE},
    {"192.0.2.1", NULL, NULL, "for=6.6.6.6, for=1.2.3.4, for=10.1.1.1",
     "1.2.3.4", FALSE},
    {"192.0.2.1", NULL, NULL, "for=_hidden", "192.0.2.1", FALSE},
    {"192.0.2.1", NULL, NULL, "by=1.2.3.4", "192.0.2.1", FALSE},
    {"192.0.2.1", "1.2.3.4", NULL, "for=6.6.6.6", "1.2.3.4", FALSE},
    {"192.0.2.2", "1.2.3.4", NULL, NULL, "192.0.2.2", FALSE},
};

static void
test_client (void)
{
  g_autoptr (WcProxies) proxies = wc_proxies_new (trusted);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    gboolean https = FALSE;
    g_autofree char *client = wc_proxies_client (
        proxies, cases[i].peer, cases[i].x_forwarded_for,
        cases[i].x_forwarded_proto, cases[i].forwarded, &https);
    g_test_message ("case %" G_GSIZE_FORMAT, i);
    g_assert_cmpstr (client, ==, cases[i].client);
    g_assert_cmpint (https, ==, cases[i].https);
  }
}

static void
test_nobody (void)
{
  g_autoptr (WcProxies) proxies = wc_proxies_new (NULL);

  g_assert_false (wc_proxies_trusts (proxies, "127.0.0.1"));
  g_assert_false (wc_proxies_trusts (proxies, "unknown"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/proxies/client", test_client);
  g_test_add_func ("/http/proxies/nobody", test_nobody);
  return g_test_run ();
}
