/* SPDX-License-Identifier: MIT */
/* ICE-TCP (RFC 6544, frames of RFC 4571) as a viewer's connection sees it: real
 * TCP on loopback, real STUN, a lane that remembers. */
#include "engine-tcp-support.h"

#include "engine/udp.h"

/* --- frames --------------------------------------------------------------- */

static void
test_framing (void)
{
  guint8 data[300];
  gsize size = 99;

  memset (data, 7, sizeof data);
  g_assert_cmpint (wc_framing_peek (data, 0, 300, &size), ==,
                   WC_FRAMING_PARTIAL);
  wc_framing_write_header (data, 258);
  g_assert_cmpuint (data[0], ==, 1);
  g_assert_cmpuint (data[1], ==, 2);
  for (gsize n = 0; n < 260; n++)
    g_assert_cmpint (wc_framing_peek (data, n, 258, &size), ==,
                     WC_FRAMING_PARTIAL);
  g_assert_cmpint (wc_framing_peek (data, 260, 258, &size), ==,
                   WC_FRAMING_WHOLE);
  g_assert_cmpuint (size, ==, 258);
  g_assert_cmpint (wc_framing_peek (data, 300, 258, &size), ==,
                   WC_FRAMING_WHOLE);
  g_assert_cmpint (wc_framing_peek (data, 2, 257, &size), ==,
                   WC_FRAMING_TOO_LARGE);
  wc_framing_write_header (data, 0);
  g_assert_cmpint (wc_framing_peek (data, 2, 258, &size), ==, WC_FRAMING_WHOLE);
  g_assert_cmpuint (size, ==, 0);
}

/* --- connections ---------------------------------------------------------- */

static void
test_play (gconstpointer workers)
{
  g_autoptr (WcEngine) engine = make_tcp_engine (GPOINTER_TO_UINT (workers));
  g_autoptr (WcTrack) track = make_track ();
  static guint8 back[65536];
  guint8 dtls[1500] = {22, 254, 253};
  const guint8 srtcp[] = {0x80, 201, 0, 1, 0, 0, 0, 1};
  Viewer viewers[8] = {0};
  WcSubscriber *subscribers[8];
  int fds[8];

  append (track, 1, TRUE);
  for (guint i = 0; i < 8; i++) {
    subscribers[i] = subscribe (engine, track, &viewers[i]);
    fds[i] = open_tcp_to (engine, i % 2 == 0 ? "127.0.0.1" : "::1");
    wc_subscriber_start (subscribers[i]);
    g_assert_true (check_tcp (fds[i], subscribers[i]));
    g_assert_true (wait_for (&viewers[i].connected, 1));
    g_assert_true (wait_path (subscribers[i], TRUE));
    send_frame (fds[i], dtls, sizeof dtls);
    send_frame (fds[i], dtls, 0); /* an empty one is nothing */
    send_frame (fds[i], srtcp, sizeof srtcp);
    g_assert_true (wait_for (&viewers[i].dtls, 1));
    g_assert_true (wait_for (&viewers[i].srtcp, 1));
    g_assert_true (wc_subscriber_send (subscribers[i], "hello", 5));
    g_assert_cmpuint (read_frame (fds[i], back), ==, 5);
    g_assert_cmpmem (back, 5, "hello", 5);
    wc_subscriber_secured (subscribers[i]);
    g_assert_true (wait_for (&viewers[i].playing, 1));
  }
  g_assert_true (WAIT_STAT (engine, tcp_connections, 8));
  g_assert_true (WAIT_STAT (engine, tcp_pending, 0));
  for (guint i = 0; i < 8; i++) {
    stop (subscribers[i], &viewers[i]);
    g_assert_cmpuint (atomic_load (&viewers[i].connected), ==, 1);
    assert_closed (fds[i]);
  }
  g_assert_true (WAIT_STAT (engine, tcp_connections, 0));
  g_assert_true (WAIT_STAT (engine, subscribers, 0));
}

/* In the listener and in the worker. */
static void
test_byte_by_byte (void)
{
  g_autoptr (WcEngine) engine = make_tcp_engine (1);
  g_autoptr (WcTrack) track = make_track ();
  static guint8 answer[65536];
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  int fd = open_tcp (engine);
  guint8 request[512], framed[514], dtls[100] = {22, 254, 253};

  wc_subscriber_start (subscriber);
  for (guint turn = 0; turn < 2; turn++) {
    gsize size =
        frame (framed, request, write_request (subscriber, TRUE, 1, request));
    for (gsize i = 0; i < size; i++) {
      send_all (fd, framed + i, 1);
      g_usleep (200);
    }
    g_assert_cmpuint (read_frame (fd, answer), >, 20);
    g_assert_cmpuint (answer[1], ==, 1);
  }
  /* Many in one piece, and the last in two. */
  guint8 many[3 * 102];
  for (guint i = 0; i < 3; i++)
    frame (many + i * 102, dtls, sizeof dtls);
  send_all (fd, many, 250);
  g_assert_true (wait_for (&viewer.dtls, 2));
  send_all (fd, many + 250, sizeof many - 250);
  g_assert_true (wait_for (&viewer.dtls, 3));
  stop (subscriber, &viewer);
  close (fd);
}

/* What is no authentic binding request for somebody here is not answered. */
static void
test_strangers (void)
{
  g_autoptr (WcEngine) engine = make_tcp_engine (2);
  g_autoptr (WcTrack) track = make_track ();
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  const char *ufrag = wc_subscriber_ufrag (subscriber);
  const guint8 dtls[] = {22, 254, 253};
  const guint8 large[] = {0x10, 0, 0, 1};
  guint8 request[512];
  int fd;

  wc_subscriber_start (subscriber);
  fd = open_tcp (engine);
  send_frame (fd, dtls, sizeof dtls);
  assert_closed (fd);
  fd = open_tcp (engine);
  send_frame (fd, dtls, 0);
  assert_closed (fd);
  fd = open_tcp (engine);
  send_all (fd, large, sizeof large);
  assert_closed (fd);
  fd = open_tcp (engine);
  send_all (fd, (const guint8 *)"GET / HTTP/1.1\r\n\r\n", 18);
  assert_closed (fd);
  g_assert_true (WAIT_STAT (engine, tcp_refused, 4));

  fd = open_tcp (engine);
  send_frame (fd, request,
              stun_client_write (request, ufrag, "not-the-password", TRUE, 1));
  assert_closed (fd);
  fd = open_tcp (engine);
  send_frame (fd, request,
              stun_client_write (request, "00ffffffffffff", "x", TRUE, 1));
  assert_closed (fd);
  fd = open_tcp (engine);
  send_frame (fd, request,
              stun_client_write (request, "ffffffffffffff", "x", TRUE, 1));
  assert_closed (fd);
  g_assert_true (WAIT_STAT (engine, tcp_connections, 0));
  g_assert_cmpuint (atomic_load (&viewer.connected), ==, 0);

  /* Who left before saying anything. */
  close (open_tcp (engine));
  g_assert_true (WAIT_STAT (engine, tcp_pending, 0));
  stop (subscriber, &viewer);
}

/* A connection is one viewer's. */
static void
test_two_of_one (void)
{
  g_autoptr (WcEngine) engine = make_tcp_engine (1);
  g_autoptr (WcTrack) track = make_track ();
  Viewer a = {0}, b = {0};
  WcSubscriber *first = subscribe (engine, track, &a);
  WcSubscriber *second = subscribe (engine, track, &b);
  guint8 request[512];
  int fd = open_tcp (engine);

  wc_subscriber_start (first);
  wc_subscriber_start (second);
  g_assert_true (check_tcp (fd, first));
  send_frame (fd, request, write_request (second, TRUE, 100, request));
  g_assert_true (check_tcp (fd, first)); /* the answer is to this one */
  g_assert_true (WAIT_STAT (engine, tcp_connections, 1));
  g_assert_cmpuint (atomic_load (&b.connected), ==, 0);
  stop (second, &b);
  g_assert_true (check_tcp (fd, first));
  stop (first, &a);
  assert_closed (fd);
}

/* There is no way back into a stream after a frame that nobody takes. */
static void
test_oversize (void)
{
  g_autoptr (WcEngine) engine = make_tcp_engine (1);
  g_autoptr (WcTrack) track = make_track ();
  guint8 data[WC_UDP_DATAGRAM_SIZE + 1] = {22, 254, 253};
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  int fd = open_tcp (engine);
  gboolean is_tcp;

  wc_subscriber_start (subscriber);
  g_assert_true (check_tcp (fd, subscriber));
  send_frame (fd, data, sizeof data - 1);
  g_assert_true (wait_for (&viewer.dtls, 1));
  send_frame (fd, data, sizeof data);
  assert_closed (fd);
  g_assert_true (WAIT_STAT (engine, tcp_connections, 0));
  g_assert_false (has_path (subscriber, &is_tcp));
  g_assert_false (wc_subscriber_send (subscriber, "x", 1));
  g_assert_cmpuint (atomic_load (&viewer.expired), ==, 0);
  stop (subscriber, &viewer);
}

/* whichever pair the viewer nominates last is taken; a connection that
 * ends takes its path along and nothing else. */
static void
test_switch (void)
{
  g_autoptr (WcEngine) engine = make_tcp_engine (4);
  g_autoptr (WcTrack) track = make_track ();
  static guint8 back[65536];
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  int udp = connect_to (engine), tcp = open_tcp (engine);
  gboolean is_tcp;

  wc_subscriber_start (subscriber);
  g_assert_true (check (udp, subscriber, TRUE));
  g_assert_true (wait_path (subscriber, FALSE));
  g_assert_true (check_tcp (tcp, subscriber));
  g_assert_true (wait_path (subscriber, TRUE));
  g_assert_true (wc_subscriber_send (subscriber, "tcp", 3));
  g_assert_cmpuint (read_frame (tcp, back), ==, 3);

  g_assert_true (check (udp, subscriber, TRUE));
  g_assert_true (wait_path (subscriber, FALSE));
  g_assert_true (wc_subscriber_send (subscriber, "udp", 3));
  g_assert_cmpint (recv (udp, back, sizeof back, 0), ==, 3);
  /* Of less priority than what was just nominated: it has to wait. */
  g_assert_true (check_tcp_with (tcp, subscriber, TRUE, 1));
  g_assert_true (check_tcp_with (tcp, subscriber, FALSE, 1));
  g_assert_true (has_path (subscriber, &is_tcp) && !is_tcp);

  g_assert_true (check_tcp (tcp, subscriber));
  g_assert_true (wait_path (subscriber, TRUE));
  close (tcp);
  g_assert_true (WAIT_STAT (engine, tcp_connections, 0));
  g_assert_false (has_path (subscriber, &is_tcp));
  g_assert_false (wc_subscriber_send (subscriber, "x", 1));
  g_assert_true (check (udp, subscriber, FALSE)); /* any valid pair will do */
  g_assert_true (wait_path (subscriber, FALSE));
  g_assert_cmpuint (atomic_load (&viewer.connected), ==, 1);
  g_assert_cmpuint (atomic_load (&viewer.expired), ==, 0);

  /* The other way round: the connection was a spare one. */
  tcp = open_tcp (engine);
  g_assert_true (check_tcp_with (tcp, subscriber, FALSE, 1));
  close (tcp);
  g_assert_true (WAIT_STAT (engine, tcp_connections, 0));
  g_assert_true (wait_path (subscriber, FALSE));
  stop (subscriber, &viewer);
  close (udp);
}

/* A viewer that opens ever more of them loses the oldest, not the one in use.
 */
static void
test_many_connections (void)
{
  g_autoptr (WcEngine) engine = make_tcp_engine (2);
  g_autoptr (WcTrack) track = make_track ();
  static guint8 back[65536];
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  int fds[12];

  wc_subscriber_start (subscriber);
  for (guint i = 0; i < 12; i++) {
    fds[i] = open_tcp (engine);
    g_assert_true (check_tcp_with (fds[i], subscriber, i == 0, 1));
    g_assert_true (wait_path (subscriber, TRUE));
  }
  g_assert_true (WAIT_STAT (engine, tcp_connections, 8));
  for (guint i = 1; i < 5; i++)
    g_assert_true (is_closed (fds[i]));
  g_assert_true (wc_subscriber_send (subscriber, "still", 5));
  g_assert_cmpuint (read_frame (fds[0], back), ==, 5);
  stop (subscriber, &viewer);
  for (guint i = 0; i < 12; i++) {
    g_assert_true (is_closed (fds[i]));
    close (fds[i]);
  }
}

/* The last word of a session comes after its end, and arrives. */
static void
test_last_word (void)
{
  g_autoptr (WcEngine) engine = make_tcp_engine (1);
  g_autoptr (WcTrack) track = make_track ();
  static guint8 back[65536];
  const guint8 dtls[] = {22, 254, 253};
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  int fd = open_tcp (engine);

  wc_subscriber_start (subscriber);
  g_assert_true (check_tcp (fd, subscriber));
  wc_subscriber_stop (subscriber, on_stopped, &viewer);
  g_assert_true (wait_for (&viewer.stopped, 1));
  send_frame (fd, dtls, sizeof dtls); /* unread: no reason for a reset */
  g_assert_true (wc_subscriber_send (subscriber, "bye", 3));
  wc_subscriber_mute (subscriber);
  g_assert_false (wc_subscriber_send (subscriber, "more", 4));
  g_assert_cmpuint (read_frame (fd, back), ==, 3);
  g_assert_cmpuint (recv (fd, back, 1, 0), ==, 0);
  wc_subscriber_unref (subscriber);
  close (fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine-tcp/framing", test_framing);
  g_test_add_data_func ("/engine-tcp/play/1-worker", GUINT_TO_POINTER (1),
                        test_play);
  g_test_add_data_func ("/engine-tcp/play/4-workers", GUINT_TO_POINTER (4),
                        test_play);
  g_test_add_func ("/engine-tcp/byte-by-byte", test_byte_by_byte);
  g_test_add_func ("/engine-tcp/strangers", test_strangers);
  g_test_add_func ("/engine-tcp/two-of-one", test_two_of_one);
  g_test_add_func ("/engine-tcp/oversize", test_oversize);
  g_test_add_func ("/engine-tcp/switch/R-12", test_switch);
  g_test_add_func ("/engine-tcp/many-connections", test_many_connections);
  g_test_add_func ("/engine-tcp/last-word", test_last_word);
  return g_test_run ();
}
