/* SPDX-License-Identifier: MIT */
#include "ingest/ports.h"

#include <arpa/inet.h>
#include <unistd.h>

static const WcUdpBinding any4 = {.address = "0.0.0.0"};
static const WcUdpBinding loop4 = {.address = "127.0.0.1"};
static const WcUdpBinding loop6 = {.address = "::1"};

/* A port that is free now, found by asking the kernel; even. */
static guint16
find_free_pair (void)
{
  for (guint16 port = 31000; port < 39000; port += 2) {
    g_autoptr (GSocket) a = wc_udp_socket_open (&any4, port, NULL);
    g_autoptr (GSocket) b = wc_udp_socket_open (&any4, port + 1, NULL);
    if (a != NULL && b != NULL)
      return port;
  }
  g_assert_not_reached ();
}

static gboolean
has_ipv6 (void)
{
  g_autoptr (GSocket) socket = wc_udp_socket_open (&loop6, 39999, NULL);

  return socket != NULL;
}

static void
test_explicit (void)
{
  WcPortPool *pool = wc_port_pool_new (20000, 20001);
  guint16 port = find_free_pair ();
  g_autoptr (GError) error = NULL;

  WcPortLease *lease = wc_port_pool_take (pool, "a", &any4, port, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (wc_port_lease_rtp_port (lease), ==, port);
  g_assert_cmpuint (wc_port_lease_rtcp_port (lease), ==, port + 1);
  g_assert_cmpuint (wc_port_pool_taken (pool), ==, 2);
  wc_port_lease_free (lease);
  g_assert_cmpuint (wc_port_pool_taken (pool), ==, 0);

  /* It is free again at once. */
  lease = wc_port_pool_take (pool, "b", &loop4, port, 0, &error);
  g_assert_no_error (error);
  wc_port_lease_free (lease);
  wc_port_pool_free (pool);
}

static void
test_taken_by_mountpoint (void)
{
  WcPortPool *pool = wc_port_pool_new (20000, 20001);
  guint16 port = find_free_pair ();
  g_autoptr (GError) error = NULL;
  g_autoptr (WcPortLease) lease =
      wc_port_pool_take (pool, "cam1", &any4, port, 0, &error);

  g_assert_no_error (error);
  g_assert_null (wc_port_pool_take (pool, "cam2", &loop4, port, 0, &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE);
  g_assert_nonnull (strstr (error->message, "\"cam1\""));
  g_clear_error (&error);

  /* The port before: its RTCP port is the one that is taken. */
  g_assert_null (wc_port_pool_take (pool, "cam2", &any4, port - 1, 0, &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE);
  g_assert_cmpuint (wc_port_pool_taken (pool), ==, 2);
  g_clear_pointer (&lease, wc_port_lease_free);
  wc_port_pool_free (pool);
}

static void
test_taken_by_other_program (void)
{
  WcPortPool *pool = wc_port_pool_new (20000, 20001);
  guint16 port = find_free_pair ();
  g_autoptr (GError) error = NULL;
  g_autofree char *number = g_strdup_printf ("%u", port + 1u);
  struct sockaddr_in name = {.sin_family = AF_INET,
                             .sin_port = htons (port + 1),
                             .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
  int fd = socket (AF_INET, SOCK_DGRAM, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *)&name, sizeof name), ==, 0);
  g_assert_null (wc_port_pool_take (pool, "a", &any4, port, 0, &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE);
  g_assert_nonnull (strstr (error->message, number));
  g_assert_cmpuint (wc_port_pool_taken (pool), ==, 0);
  close (fd);
  wc_port_pool_free (pool);
}

static void
test_chosen (void)
{
  guint16 first = find_free_pair ();
  WcPortPool *pool = wc_port_pool_new (first - 1, first + 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (WcPortLease) lease =
      wc_port_pool_take (pool, "a", &any4, 0, 0, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (wc_port_lease_rtp_port (lease), ==, first);
  g_assert_null (wc_port_pool_take (pool, "b", &any4, 0, 0, &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE);
  g_assert_nonnull (strstr (error->message, "port-range"));

  /* The range is free again when the port is. */
  g_clear_pointer (&lease, wc_port_lease_free);
  g_clear_error (&error);
  lease = wc_port_pool_take (pool, "b", &any4, 0, 0, &error);
  g_assert_no_error (error);
  g_clear_pointer (&lease, wc_port_lease_free);
  wc_port_pool_free (pool);
}

/* Two leases of one mountpoint, as when it is edited, share the sockets. */
static void
test_shared_by_owner (void)
{
  WcPortPool *pool = wc_port_pool_new (20000, 20001);
  guint16 port = find_free_pair ();
  g_autoptr (GError) error = NULL;
  WcPortLease *old = wc_port_pool_take (pool, "a", &any4, port, 0, &error);
  WcPortLease *new = wc_port_pool_take (pool, "a", &any4, port, 0, &error);

  g_assert_no_error (error);
  g_assert_true (wc_port_lease_rtp_socket (old) ==
                 wc_port_lease_rtp_socket (new));
  wc_port_lease_free (old);
  g_assert_null (wc_port_pool_take (pool, "b", &any4, port, 0, &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE);
  wc_port_lease_free (new);
  g_assert_cmpuint (wc_port_pool_taken (pool), ==, 0);
  wc_port_pool_free (pool);
}

static void
test_muxed (void)
{
  WcPortPool *pool = wc_port_pool_new (20000, 20001);
  guint16 port = find_free_pair ();
  g_autoptr (GError) error = NULL;
  WcPortLease *lease = wc_port_pool_take (pool, "a", &any4, port, port, &error);

  g_assert_no_error (error);
  g_assert_true (wc_port_lease_rtp_socket (lease) ==
                 wc_port_lease_rtcp_socket (lease));
  g_assert_cmpuint (wc_port_pool_taken (pool), ==, 1);
  wc_port_lease_free (lease);
  wc_port_pool_free (pool);
}

static void
test_ipv6 (void)
{
  WcPortPool *pool = wc_port_pool_new (20000, 20001);
  guint16 port = find_free_pair ();
  g_autoptr (GError) error = NULL;

  if (!has_ipv6 ()) {
    g_test_skip ("there is no IPv6 here");
    wc_port_pool_free (pool);
    return;
  }
  WcPortLease *lease = wc_port_pool_take (pool, "a", &loop6, port, 0, &error);
  g_assert_no_error (error);
  wc_port_lease_free (lease);

  /* "::" is both families: IPv4 has it too. */
  WcUdpBinding any6 = {.address = "::"};
  lease = wc_port_pool_take (pool, "a", &any6, port, 0, &error);
  g_assert_no_error (error);
  g_assert_null (wc_port_pool_take (pool, "b", &any4, port, 0, &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE);
  wc_port_lease_free (lease);
  wc_port_pool_free (pool);
}

static void
test_invalid (void)
{
  static const WcUdpBinding bad[] = {
      {.address = "example.org"},
      {.address = "192.0.2.77"}, /* not of this host */
      {.address = "0.0.0.0", .source = "here"},
      {.address = "0.0.0.0", .source = "::1"},
      {.address = "239.1.2.3", .interface = "no-such-if"},
  };
  WcPortPool *pool = wc_port_pool_new (20000, 20001);
  guint16 port = find_free_pair ();

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (wc_port_pool_take (pool, "a", &bad[i], port, 0, &error));
    g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID);
  }

  g_autoptr (GError) error = NULL;
  g_assert_null (wc_port_pool_take (pool, "a", &any4, 65535, 0, &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID);
  g_assert_cmpuint (wc_port_pool_taken (pool), ==, 0);
  wc_port_pool_free (pool);
}

/* Two owners exchange their ports; then nothing reminds of who had them. */
static void
test_handover (void)
{
  WcPortPool *pool = wc_port_pool_new (20000, 20001);
  guint16 port = find_free_pair ();
  g_autoptr (GHashTable) leaving = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;

  WcPortLease *old = wc_port_pool_take (pool, "a", &any4, port, 0, &error);
  g_assert_no_error (error);
  g_assert_null (wc_port_pool_take (pool, "b", &any4, port, 0, NULL));

  g_hash_table_add (leaving, (gpointer) "a");
  wc_port_pool_begin_handover (pool, leaving);
  WcPortLease *given = wc_port_pool_take (pool, "b", &any4, port, 0, &error);
  g_assert_no_error (error);
  g_assert_true (wc_port_lease_rtp_socket (given) ==
                 wc_port_lease_rtp_socket (old));
  /* There is one heir; who had it is none any more. */
  g_assert_null (wc_port_pool_take (pool, "c", &any4, port, 0, NULL));
  g_assert_null (wc_port_pool_take (pool, "a", &any4, port, 0, NULL));
  wc_port_lease_free (given);
  wc_port_pool_end_handover (pool, FALSE);
  g_assert_null (wc_port_pool_take (pool, "b", &any4, port, 0, NULL));

  wc_port_pool_begin_handover (pool, leaving);
  given = wc_port_pool_take (pool, "b", &any4, port, 0, &error);
  g_assert_no_error (error);
  wc_port_pool_end_handover (pool, TRUE);
  wc_port_lease_free (old);
  g_assert_null (wc_port_pool_take (pool, "a", &any4, port, 0, NULL));
  WcPortLease *again = wc_port_pool_take (pool, "b", &any4, port, 0, &error);
  g_assert_no_error (error);
  wc_port_lease_free (again);
  wc_port_lease_free (given);
  g_assert_cmpuint (wc_port_pool_taken (pool), ==, 0);
  wc_port_pool_free (pool);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ports/explicit", test_explicit);
  g_test_add_func ("/ports/taken-by-mountpoint", test_taken_by_mountpoint);
  g_test_add_func ("/ports/taken-by-other-program",
                   test_taken_by_other_program);
  g_test_add_func ("/ports/chosen", test_chosen);
  g_test_add_func ("/ports/shared-by-owner", test_shared_by_owner);
  g_test_add_func ("/ports/handover", test_handover);
  g_test_add_func ("/ports/muxed", test_muxed);
  g_test_add_func ("/ports/ipv6", test_ipv6);
  g_test_add_func ("/ports/invalid", test_invalid);
  return g_test_run ();
}
