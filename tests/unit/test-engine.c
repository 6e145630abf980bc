/* SPDX-License-Identifier: MIT */
/* The engine as a viewer's socket sees it: real UDP on loopback, real STUN, a
 * lane that remembers. With several workers, whose turn it is depends on the
 * kernel's hash of the addresses, so that foreign datagrams are part of it. */
#include "engine-support.h"

/* Many viewers, so that with several workers some datagrams are foreign. */
static void
test_play (gconstpointer workers)
{
  g_autoptr (WcEngine) engine =
      make_engine (GPOINTER_TO_UINT (workers), 20000, 15000);
  g_autoptr (WcTrack) track = make_track ();
  const guint8 dtls[] = {22, 254, 253};
  const guint8 srtcp[] = {0x80, 201, 0, 1, 0, 0, 0, 1};
  Viewer viewers[16] = {0};
  WcSubscriber *subscribers[16];
  int fds[16];

  append (track, 1, TRUE);
  append (track, 2, FALSE);
  for (guint i = 0; i < 16; i++) {
    subscribers[i] = subscribe (engine, track, &viewers[i]);
    fds[i] = connect_to (engine);
    wc_subscriber_start (subscribers[i]);
    g_assert_true (check (fds[i], subscribers[i], FALSE));
    g_assert_true (wait_for (&viewers[i].connected, 1));
    g_assert_true (check (fds[i], subscribers[i], TRUE));
    g_assert_cmpint (send (fds[i], dtls, sizeof dtls, 0), ==, sizeof dtls);
    g_assert_true (wait_for (&viewers[i].dtls, 1));
    g_assert_cmpint (send (fds[i], srtcp, sizeof srtcp, 0), ==, sizeof srtcp);
    g_assert_true (wait_for (&viewers[i].srtcp, 1));
    wc_subscriber_secured (subscribers[i]);
  }
  append (track, 3, FALSE);
  for (guint i = 0; i < 16; i++) {
    g_assert_true (wait_for (&viewers[i].packets, 3));
    g_assert_true (wait_for (&viewers[i].playing, 1));
    stop (subscribers[i], &viewers[i]);
    close (fds[i]);
    g_assert_cmpuint (atomic_load (&viewers[i].packets), ==, 3);
    g_assert_cmpuint (atomic_load (&viewers[i].connected), ==, 1);
  }
  WcEngineStats stats;
  wc_engine_get_stats (engine, &stats);
  g_assert_cmpuint (stats.subscribers, ==, 0);
  if (GPOINTER_TO_UINT (workers) == 1)
    g_assert_cmpuint (stats.foreign, ==, 0);
}

/* Nothing is said to who does not know the password, and nothing is taken
 * from an address that did not pass ICE. */
static void
test_strangers (void)
{
  g_autoptr (WcEngine) engine = make_engine (2, 20000, 15000);
  g_autoptr (WcTrack) track = make_track ();
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  int fd = connect_to (engine), stranger = connect_to (engine);
  guint8 data[512];
  struct timeval timeout = {0, 200000};

  wc_subscriber_start (subscriber);
  g_assert_true (check (fd, subscriber, TRUE));
  setsockopt (stranger, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  gsize size = stun_client_write (data, wc_subscriber_ufrag (subscriber),
                                  "wrong-password-wrong-password", TRUE, 1);
  g_assert_cmpint (send (stranger, data, size, 0), ==, (gssize)size);
  g_assert_cmpint (recv (stranger, data, sizeof data, 0), <, 0);
  data[0] = 22;
  g_assert_cmpint (send (stranger, data, 20, 0), ==, 20);
  g_assert_cmpint (recv (stranger, data, sizeof data, 0), <, 0);
  g_assert_cmpuint (atomic_load (&viewer.dtls), ==, 0);

  WcEngineStats stats;
  wc_engine_get_stats (engine, &stats);
  g_assert_cmpuint (stats.stun_rejected, ==, 1);
  g_assert_cmpuint (stats.stray, ==, 1);
  stop (subscriber, &viewer);
  close (fd);
  close (stranger);
}

/* media follows the pair that is nominated last. */
static void
test_roam (void)
{
  g_autoptr (WcEngine) engine = make_engine (2, 20000, 15000);
  g_autoptr (WcTrack) track = make_track ();
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  int first = connect_to (engine), second = connect_to (engine);
  guint8 data[64];

  wc_subscriber_start (subscriber);
  g_assert_false (wc_subscriber_send (subscriber, "early", 5));
  g_assert_true (check (first, subscriber, TRUE));
  g_assert_true (wait_for (&viewer.connected, 1));
  g_assert_true (wc_subscriber_send (subscriber, "one", 3));
  g_assert_cmpint (recv (first, data, sizeof data, 0), ==, 3);
  /* The old nomination grows stale in a second. */
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  gssize size = -1;
  while (size < 0 && g_get_monotonic_time () < deadline) {
    g_assert_true (check (second, subscriber, TRUE));
    g_assert_true (wc_subscriber_send (subscriber, "two", 3));
    size = recv (second, data, sizeof data, MSG_DONTWAIT);
    g_usleep (50000);
  }
  g_assert_cmpint (size, ==, 3);
  g_assert_cmpuint (atomic_load (&viewer.connected), ==, 1);
  wc_subscriber_mute (subscriber);
  g_assert_false (wc_subscriber_send (subscriber, "mute", 4));
  stop (subscriber, &viewer);
  close (first);
  close (second);
}

/* The answer to a nomination leaves before the path changes: what is sent at
 * once may still go the old way. */
static gboolean
sent_to (WcSubscriber *subscriber, int fd)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  guint8 data[64];
  gssize size = -1;

  while (size != 4 && g_get_monotonic_time () < deadline) {
    g_assert_true (wc_subscriber_send (subscriber, "here", 4));
    size = recv (fd, data, sizeof data, MSG_DONTWAIT);
    g_usleep (1000);
  }
  return size == 4;
}

static gboolean
is_rejected (WcEngine *engine, int fd, const char *ufrag, const char *pwd)
{
  guint8 data[512];
  gsize size = stun_client_write (data, ufrag, pwd, TRUE, 100);
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  WcEngineStats stats;

  wc_engine_get_stats (engine, &stats);
  guint64 before = stats.stun_rejected;
  g_assert_cmpint (send (fd, data, size, 0), ==, (gssize)size);
  while (stats.stun_rejected == before && g_get_monotonic_time () < deadline)
    wc_engine_get_stats (engine, &stats);
  return stats.stun_rejected == before + 1;
}

/* RFC 8445 section 9: other credentials, again and again; the old path serves
 * until the new one is nominated, at once whatever its priority, and then
 * nobody knows the old credentials any more. */
static void
test_restart (void)
{
  g_autoptr (WcEngine) engine = make_engine (1, 20000, 15000);
  g_autoptr (WcTrack) track = make_track ();
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  int old = connect_to (engine), new = connect_to (engine);
  WcIceCredentials fresh[5];

  wc_subscriber_start (subscriber);
  g_assert_true (check (old, subscriber, TRUE));
  for (guint i = 0; i < G_N_ELEMENTS (fresh); i++)
    wc_subscriber_restart_ice (subscriber, &fresh[i]);
  g_assert_true (check (old, subscriber, TRUE));
  g_assert_true (is_rejected (engine, new, fresh[4].ufrag, fresh[3].pwd));
  g_assert_true (is_rejected (engine, new, fresh[1].ufrag, fresh[1].pwd));
  g_assert_true (check_with (new, fresh[4].ufrag, fresh[4].pwd, FALSE));
  g_assert_true (sent_to (subscriber, old));
  g_assert_true (check_with (new, fresh[4].ufrag, fresh[4].pwd, TRUE));
  g_assert_true (sent_to (subscriber, new));
  g_assert_true (is_rejected (engine, old, fresh[3].ufrag, fresh[3].pwd));
  g_assert_true (is_rejected (engine, old, wc_subscriber_ufrag (subscriber),
                              wc_subscriber_pwd (subscriber)));

  wc_subscriber_restart_ice (subscriber, &fresh[0]);
  g_assert_true (check_with (new, fresh[4].ufrag, fresh[4].pwd, TRUE));
  g_assert_true (check_with (old, fresh[0].ufrag, fresh[0].pwd, TRUE));
  g_assert_true (sent_to (subscriber, old));
  g_assert_cmpuint (atomic_load (&viewer.connected), ==, 1);
  stop (subscriber, &viewer);
  close (old);
  close (new);
}

/* A port is used again (a page reloaded behind a NAT) while the viewer that had
 * it before is not over yet: what comes from there is the new one's, before and
 * after the old one ends. */
static void
test_address_used_again (void)
{
  g_autoptr (WcEngine) engine = make_engine (4, 20000, 15000);
  g_autoptr (WcTrack) track = make_track ();
  const guint8 dtls[] = {22, 254, 253};
  Viewer viewers[8] = {0};
  WcSubscriber *subscribers[8];
  int fd = connect_to (engine);

  for (guint i = 0; i < 8; i++) {
    subscribers[i] = subscribe (engine, track, &viewers[i]);
    wc_subscriber_start (subscribers[i]);
    g_assert_true (check (fd, subscribers[i], TRUE));
    g_assert_cmpint (send (fd, dtls, sizeof dtls, 0), ==, sizeof dtls);
    g_assert_true (wait_for (&viewers[i].dtls, 1));
  }
  for (guint i = 0; i < 7; i++)
    stop (subscribers[i], &viewers[i]);
  g_assert_cmpint (send (fd, dtls, sizeof dtls, 0), ==, sizeof dtls);
  g_assert_true (wait_for (&viewers[7].dtls, 2));
  stop (subscribers[7], &viewers[7]);
  close (fd);
}

/* Two live viewers say that they are at one address: it is with who passed ICE
 * there last, however often. */
static void
test_address_contested (void)
{
  g_autoptr (WcEngine) engine = make_engine (1, 20000, 15000);
  g_autoptr (WcTrack) track = make_track ();
  const guint8 dtls[] = {22, 254, 253};
  Viewer a = {0}, b = {0};
  WcSubscriber *first = subscribe (engine, track, &a);
  WcSubscriber *second = subscribe (engine, track, &b);
  int fd = connect_to (engine);

  wc_subscriber_start (first);
  wc_subscriber_start (second);
  g_assert_true (check (fd, first, TRUE));
  g_assert_true (check (fd, second, TRUE));
  g_assert_true (check (fd, first, TRUE));
  g_assert_cmpint (send (fd, dtls, sizeof dtls, 0), ==, sizeof dtls);
  g_assert_true (wait_for (&a.dtls, 1));
  g_assert_cmpuint (atomic_load (&b.dtls), ==, 0);
  stop (first, &a);
  stop (second, &b);
  close (fd);
}

typedef struct {
  guint16 port;
  atomic_bool quit;
} Knocker;

/* Binding requests for every worker from many ports, so that each of them has
 * something to pass on to all the others. */
static void *
run_knocker (void *data)
{
  Knocker *knocker = data;
  WcAddress server;
  int fds[16];

  wc_address_parse (&server, "127.0.0.1", knocker->port);
  for (guint i = 0; i < 16; i++)
    fds[i] = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (guint turn = 0; !atomic_load (&knocker->quit); turn++) {
    g_autofree char *ufrag = g_strdup_printf ("%02xffffffffffff", turn % 4);
    guint8 data_out[512];
    gsize size =
        stun_client_write (data_out, ufrag, "nobody-knows-this-one", TRUE, 1);
    for (guint i = 0; i < 16; i++)
      sendto (fds[i], data_out, size, 0, &server.sa, sizeof server.in);
  }
  for (guint i = 0; i < 16; i++)
    close (fds[i]);
  return NULL;
}

/* Workers pass datagrams to each other until the last of them has stopped
 * (TSan and ASan watch). */
static void
test_free_under_fire (void)
{
  Knocker knocker = {0};
  pthread_t thread;
  WcEngine *engine = make_engine (4, 20000, 15000);
  WcEngineConfig config = {
      .workers = 4, .udp_port = wc_engine_udp_port (engine), .ipv6 = TRUE};
  WcEngineStats stats;

  knocker.port = config.udp_port;
  pthread_create (&thread, NULL, run_knocker, &knocker);
  for (guint i = 0; i < 20; i++) {
    gint64 deadline = g_get_monotonic_time () + WAIT_US;
    do {
      g_usleep (1000);
      wc_engine_get_stats (engine, &stats);
    } while (stats.foreign < 100 && g_get_monotonic_time () < deadline);
    g_assert_cmpuint (stats.foreign, >=, 100);
    wc_engine_free (engine);
    engine = wc_engine_new (&config, NULL);
    g_assert_nonnull (engine);
  }
  atomic_store (&knocker.quit, TRUE);
  pthread_join (thread, NULL);
  wc_engine_free (engine);
}

/* D-09 */
static void
test_connect_timeout (void)
{
  g_autoptr (WcEngine) engine = make_engine (1, 300, 15000);
  g_autoptr (WcTrack) track = make_track ();
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);

  wc_subscriber_start (subscriber);
  g_assert_true (wait_for (&viewer.expired, 1));
  g_assert_cmpuint (atomic_load (&viewer.expired), ==,
                    1u << WC_SUBSCRIBER_CONNECT_TIMEOUT);
  stop (subscriber, &viewer);
}

/* D-07, R-10: a viewer that goes silent is over, one that reports is not. */
static void
test_consent (void)
{
  g_autoptr (WcEngine) engine = make_engine (1, 20000, 1000);
  g_autoptr (WcTrack) track = make_track ();
  Viewer silent = {0}, alive = {0};
  WcSubscriber *a = subscribe (engine, track, &silent);
  WcSubscriber *b = subscribe (engine, track, &alive);
  int fd_a = connect_to (engine), fd_b = connect_to (engine);

  wc_subscriber_start (a);
  wc_subscriber_start (b);
  g_assert_true (check (fd_a, a, TRUE));
  g_assert_true (check (fd_b, b, TRUE));
  wc_subscriber_secured (a);
  wc_subscriber_secured (b);
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  while (atomic_load (&silent.expired) == 0 &&
         g_get_monotonic_time () < deadline) {
    wc_subscriber_note_alive (b);
    g_usleep (10000);
  }
  g_assert_cmpuint (atomic_load (&silent.expired), ==,
                    1u << WC_SUBSCRIBER_CONSENT_EXPIRED);
  g_assert_cmpuint (atomic_load (&alive.expired), ==, 0);
  stop (a, &silent);
  stop (b, &alive);
  close (fd_a);
  close (fd_b);
}

/* Those that are there go by other timeouts as soon as there are any. */
static void
test_timeouts_change (void)
{
  g_autoptr (WcEngine) engine = make_engine (1, 20000, 15000);
  g_autoptr (WcTrack) track = make_track ();
  Viewer late = {0}, silent = {0};
  WcSubscriber *a = subscribe (engine, track, &late);
  WcSubscriber *b = subscribe (engine, track, &silent);
  int fd = connect_to (engine);

  wc_subscriber_start (a);
  wc_subscriber_start (b);
  g_assert_true (check (fd, b, TRUE));
  wc_subscriber_secured (b);
  wc_engine_set_timeouts (engine, 300, 1000);
  g_assert_true (wait_for (&late.expired, 1));
  g_assert_true (wait_for (&silent.expired, 1));
  g_assert_cmpuint (atomic_load (&late.expired), ==,
                    1u << WC_SUBSCRIBER_CONNECT_TIMEOUT);
  g_assert_cmpuint (atomic_load (&silent.expired), ==,
                    1u << WC_SUBSCRIBER_CONSENT_EXPIRED);
  stop (a, &late);
  stop (b, &silent);
  close (fd);
}

/* A viewer without a start point asks for one, and again. */
static void
test_want_key_frame (void)
{
  g_autoptr (WcEngine) engine = make_engine (1, 20000, 15000);
  g_autoptr (WcTrack) track = make_track ();
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  int fd = connect_to (engine);

  wc_subscriber_start (subscriber);
  g_assert_true (check (fd, subscriber, TRUE));
  wc_subscriber_secured (subscriber);
  g_assert_true (wait_for (&viewer.wanted, 1));
  for (guint64 seq = 1; atomic_load (&viewer.wanted) < 2 && seq < 500; seq++) {
    append (track, seq, FALSE);
    g_usleep (10000);
  }
  g_assert_cmpuint (atomic_load (&viewer.wanted), >=, 2);
  g_assert_cmpuint (atomic_load (&viewer.packets), ==, 0);
  append (track, 1000, TRUE);
  g_assert_true (wait_for (&viewer.packets, 1));
  stop (subscriber, &viewer);
  close (fd);
}

/* SO_REUSEPORT must not let two servers share a port without a word. */
static void
test_port_taken (void)
{
  g_autoptr (WcEngine) engine = make_engine (2, 20000, 15000);
  WcEngineConfig config = {
      .workers = 2, .udp_port = wc_engine_udp_port (engine), .ipv6 = TRUE};
  g_autoptr (GError) error = NULL;

  g_assert_null (wc_engine_new (&config, &error));
  g_assert_error (error, WC_ENGINE_ERROR, WC_ENGINE_ERROR_IN_USE);
}

static void
test_stop_without_start (void)
{
  g_autoptr (WcEngine) engine = make_engine (1, 20000, 15000);
  g_autoptr (WcTrack) track = make_track ();
  Viewer viewer = {0};

  stop (subscribe (engine, track, &viewer), &viewer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/engine/play/1-worker", GUINT_TO_POINTER (1),
                        test_play);
  g_test_add_data_func ("/engine/play/4-workers", GUINT_TO_POINTER (4),
                        test_play);
  g_test_add_func ("/engine/strangers", test_strangers);
  g_test_add_func ("/engine/restart", test_restart);
  g_test_add_func ("/engine/roam/R-12", test_roam);
  g_test_add_func ("/engine/address-used-again", test_address_used_again);
  g_test_add_func ("/engine/address-contested", test_address_contested);
  g_test_add_func ("/engine/free-under-fire", test_free_under_fire);
  g_test_add_func ("/engine/connect-timeout/D-09", test_connect_timeout);
  g_test_add_func ("/engine/timeouts-change", test_timeouts_change);
  g_test_add_func ("/engine/consent/R-10", test_consent);
  g_test_add_func ("/engine/want-key-frame", test_want_key_frame);
  g_test_add_func ("/engine/port-taken", test_port_taken);
  g_test_add_func ("/engine/stop-without-start", test_stop_without_start);
  return g_test_run ();
}
