/* SPDX-License-Identifier: MIT */
/* ICE-TCP (RFC 6544, frames of RFC 4571) as a viewer's connection sees it: real
 * TCP on loopback, real STUN, a lane that remembers. */
#include "engine-support.h"

#include "engine/framing.h"
#include "engine/tcp-listener.h"
#include "engine/tcp.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>

#define CONSENT_MS 15000

static WcEngine *
make_tcp_engine (guint workers)
{
  WcEngineConfig config = {.workers = workers,
                           .ipv6 = TRUE,
                           .tcp = TRUE,
                           .connect_timeout_ms = 20000,
                           .consent_timeout_ms = CONSENT_MS,
                           .fast_start = TRUE};
  g_autoptr (GError) error = NULL;
  WcEngine *engine = wc_engine_new (&config, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (wc_engine_tcp_port (engine), ==,
                    wc_engine_udp_port (engine));
  return engine;
}

static int
open_tcp_to (WcEngine *engine, const char *ip)
{
  WcAddress server;
  struct sockaddr_storage sa;
  struct timeval timeout = {5, 0};
  int yes = 1;

  wc_address_parse (&server, ip, wc_engine_tcp_port (engine));
  socklen_t size = wc_address_to_sockaddr (&server, server.sa.sa_family, &sa);
  int fd = socket (server.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (fd, (struct sockaddr *)&sa, size), ==, 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

static int
open_tcp (WcEngine *engine)
{
  return open_tcp_to (engine, "127.0.0.1");
}

static gsize
frame (guint8 *out, const void *data, gsize size)
{
  wc_framing_write_header (out, size);
  memcpy (out + WC_FRAMING_HEADER, data, size);
  return WC_FRAMING_HEADER + size;
}

static void
send_all (int fd, const guint8 *data, gsize size)
{
  g_assert_cmpint (send (fd, data, size, MSG_NOSIGNAL), ==, (gssize)size);
}

static void
send_frame (int fd, const void *data, gsize size)
{
  guint8 out[WC_FRAMING_HEADER + 4096];

  send_all (fd, out, frame (out, data, size));
}

static gboolean
read_exactly (int fd, guint8 *data, gsize size)
{
  for (gsize got = 0; got < size;) {
    gssize n = recv (fd, data + got, size - got, 0);
    if (n <= 0)
      return FALSE;
    got += (gsize)n;
  }
  return TRUE;
}

/* Returns its size; 0 when the other side has closed. */
static gsize
read_frame (int fd, guint8 data[65536])
{
  guint8 header[WC_FRAMING_HEADER];

  if (!read_exactly (fd, header, sizeof header))
    return 0;
  gsize size = (gsize)(header[0] << 8 | header[1]);
  return read_exactly (fd, data, size) ? size : 0;
}

static gsize
write_request (WcSubscriber *subscriber, gboolean use_candidate,
               guint32 priority, guint8 out[512])
{
  return stun_client_write (out, wc_subscriber_ufrag (subscriber),
                            wc_subscriber_pwd (subscriber), use_candidate,
                            priority);
}

static gboolean
check_tcp_with (int fd, WcSubscriber *subscriber, gboolean use_candidate,
                guint32 priority)
{
  static guint8 data[65536];
  guint8 request[512];

  send_frame (fd, request,
              write_request (subscriber, use_candidate, priority, request));
  do
    if (read_frame (fd, data) == 0)
      return FALSE;
  while (data[0] != 1);
  return data[1] == 1;
}

static gboolean
check_tcp (int fd, WcSubscriber *subscriber)
{
  return check_tcp_with (fd, subscriber, TRUE, 100);
}

static gboolean
is_closed (int fd)
{
  guint8 byte;
  gssize n = recv (fd, &byte, 1, 0);

  return n == 0 || (n < 0 && errno == ECONNRESET);
}

static void
assert_closed (int fd)
{
  g_assert_true (is_closed (fd));
  close (fd);
}

static gboolean
wait_stat (WcEngine *engine, gsize offset, guint64 value)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  WcEngineStats stats;
  guint64 now;

  do {
    g_usleep (1000);
    wc_engine_get_stats (engine, &stats);
    now = offset == G_STRUCT_OFFSET (WcEngineStats, tcp_refused)
              ? stats.tcp_refused
              : G_STRUCT_MEMBER (guint, &stats, offset);
  } while (now != value && g_get_monotonic_time () < deadline);
  return now == value;
}

#define WAIT_STAT(engine, field, value)                                        \
  wait_stat (engine, G_STRUCT_OFFSET (WcEngineStats, field), value)

static gboolean
has_path (WcSubscriber *subscriber, gboolean *is_tcp)
{
  WcSubscriberStats stats;

  wc_subscriber_get_stats (subscriber, &stats);
  *is_tcp = stats.is_tcp;
  return stats.has_address;
}

/* A nomination is answered before the path changes. */
static gboolean
wait_path (WcSubscriber *subscriber, gboolean tcp)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  gboolean is_tcp, has;

  do
    has = has_path (subscriber, &is_tcp);
  while ((!has || is_tcp != tcp) && g_get_monotonic_time () < deadline);
  return has && is_tcp == tcp;
}

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

/* --- slow viewers --------------------------------------------------------- */

/* Nothing waits, nothing grows, frames stay whole. */
static void
test_slow_reader (void)
{
  g_autoptr (WcEngine) engine = make_tcp_engine (1);
  g_autoptr (WcTrack) track = make_track ();
  static guint8 data[65536];
  guint8 out[1300];
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  int fd = open_tcp (engine);
  guint sent = 0;

  wc_subscriber_start (subscriber);
  g_assert_true (check_tcp (fd, subscriber));
  for (guint refused = 0; refused < 1000;) {
    memset (out, (int)(sent & 0xff), sizeof out);
    if (wc_subscriber_send (subscriber, out, sizeof out))
      sent++;
    else
      refused++;
    g_assert_cmpuint (sent, <, 100000);
  }
  g_test_message ("%u frames of %zu bytes were taken", sent, sizeof out);
  for (guint i = 0; i < sent; i++) {
    g_assert_cmpuint (read_frame (fd, data), ==, sizeof out);
    g_assert_cmpuint (data[0], ==, i & 0xff);
    g_assert_cmpuint (data[sizeof out - 1], ==, i & 0xff);
  }
  /* It has caught up, and is a viewer as any other. */
  g_assert_true (check_tcp (fd, subscriber));
  g_assert_true (wc_subscriber_send (subscriber, "again", 5));
  g_assert_cmpuint (read_frame (fd, data), ==, 5);
  stop (subscriber, &viewer);
  close (fd);
}

/* Media leaves room for what keeps the viewer alive. */
static void
test_reserve (void)
{
  int pair[2], epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  guint8 bytes[1000] = {0};
  WcAddress nobody = {0};

  g_assert_cmpint (
      socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair),
      ==, 0);
  WcTcp *tcp = wc_tcp_new (pair[0], &nobody, &nobody, epoll_fd);
  while (wc_tcp_has_room (tcp, sizeof bytes))
    g_assert_true (wc_tcp_write (tcp, bytes, sizeof bytes));
  tcp->promised = 0;
  g_assert_true (wc_tcp_send (tcp, "report", 6));
  guint more = 1;
  while (wc_tcp_send (tcp, bytes, sizeof bytes))
    more++;
  g_assert_cmpuint (more, >, 10);
  g_assert_cmpuint (tcp->n_waiting, <=,
                    WC_TCP_BUFFER_BYTES + WC_TCP_RESERVE_BYTES);
  /* What is promised counts. */
  while (tcp->n_waiting > 0) {
    guint8 sink[65536];
    g_assert_cmpint (recv (pair[1], sink, sizeof sink, 0), >, 0);
    wc_tcp_flush (tcp);
  }
  g_assert_null (tcp->waiting);
  g_assert_true (wc_tcp_has_room (tcp, WC_TCP_BUFFER_BYTES));
  tcp->promised = 1;
  g_assert_false (wc_tcp_has_room (tcp, WC_TCP_BUFFER_BYTES));
  close (pair[1]);
  g_assert_false (wc_tcp_send (tcp, "gone", 4));
  g_assert_false (wc_tcp_has_room (tcp, 1));
  wc_tcp_close (tcp);
  g_assert_true (wc_tcp_is_closed (tcp));
  wc_tcp_unref (tcp);
  close (epoll_fd);
}

/* --- limits --------------------------------------------------------------- */

/* Of one address so many may be undecided; who says nothing is sent away in
 * time; a viewer plays on meanwhile. */
static void
test_pending (void)
{
  g_autoptr (WcEngine) engine = make_tcp_engine (1);
  g_autoptr (WcTrack) track = make_track ();
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  int fds[WC_TCP_MAX_PENDING_OF_ONE], fd = open_tcp (engine);
  gint64 begin_us = g_get_monotonic_time ();

  wc_subscriber_start (subscriber);
  g_assert_true (check_tcp (fd, subscriber));
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = open_tcp (engine);
  g_assert_true (WAIT_STAT (engine, tcp_pending, G_N_ELEMENTS (fds)));
  assert_closed (open_tcp (engine));
  assert_closed (open_tcp (engine));
  close (fds[0]);
  g_assert_true (WAIT_STAT (engine, tcp_pending, G_N_ELEMENTS (fds) - 1));
  fds[0] = open_tcp_to (engine, "127.0.0.1");
  g_assert_true (WAIT_STAT (engine, tcp_pending, G_N_ELEMENTS (fds)));
  /* Another address is not meant. */
  int other = open_tcp_to (engine, "::1");
  g_assert_true (WAIT_STAT (engine, tcp_pending, G_N_ELEMENTS (fds) + 1));
  close (other);
  g_assert_true (check_tcp (fd, subscriber));

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++) {
    struct timeval timeout = {30, 0};
    setsockopt (fds[i], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    assert_closed (fds[i]);
  }
  g_assert_cmpint (g_get_monotonic_time () - begin_us, >=,
                   WC_TCP_FIRST_US - G_USEC_PER_SEC);
  g_assert_true (WAIT_STAT (engine, tcp_pending, 0));
  stop (subscriber, &viewer);
  close (fd);
}

static guint
count_descriptors (void)
{
  DIR *dir = opendir ("/proc/self/fd");
  guint n = 0;

  while (readdir (dir) != NULL)
    n++;
  closedir (dir);
  return n;
}

typedef struct {
  WcAddress server;
  atomic_bool quit;
} Knocker;

/* Some say nothing, some are for a viewer that is not there. */
static void *
run_knocker (void *data)
{
  Knocker *knocker = data;
  guint8 request[512], framed[514];
  struct linger reset = {1, 0};

  for (guint turn = 0; !atomic_load (&knocker->quit); turn++) {
    g_autofree char *ufrag = g_strdup_printf ("%02xffffffffffff", turn % 4);
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (connect (fd, &knocker->server.sa, sizeof knocker->server.in) == 0 &&
        turn % 3 != 0) {
      gsize size =
          frame (framed, request,
                 stun_client_write (request, ufrag, "who-knows", TRUE, 1));
      gssize sent = send (fd, framed, size, MSG_NOSIGNAL);
      (void)sent; /* the engine may be gone */
    }
    close (fd);
  }
  return NULL;
}

/* Descriptors are back to the number, whatever was under way. */
static void
test_free_under_fire (void)
{
  guint before = count_descriptors ();
  WcEngine *engine = make_tcp_engine (4);
  WcEngineConfig config = {.workers = 4,
                           .udp_port = wc_engine_udp_port (engine),
                           .tcp = TRUE,
                           .ipv6 = TRUE};
  Knocker knocker = {0};
  pthread_t thread;

  wc_address_parse (&knocker.server, "127.0.0.1", config.udp_port);
  pthread_create (&thread, NULL, run_knocker, &knocker);
  for (guint i = 0; i < 20; i++) {
    WcEngineStats stats;
    gint64 deadline = g_get_monotonic_time () + WAIT_US;
    do {
      g_usleep (1000);
      wc_engine_get_stats (engine, &stats);
    } while (stats.tcp_accepted < 20 && g_get_monotonic_time () < deadline);
    g_assert_cmpuint (stats.tcp_accepted, >=, 20);
    wc_engine_free (engine);
    engine = wc_engine_new (&config, NULL);
    g_assert_nonnull (engine);
  }
  atomic_store (&knocker.quit, TRUE);
  pthread_join (thread, NULL);
  wc_engine_free (engine);
  g_assert_cmpuint (count_descriptors (), ==, before);
}

static void
test_port_taken (void)
{
  g_autoptr (WcEngine) engine = make_tcp_engine (1);
  WcEngineConfig config = {
      .workers = 1, .tcp = TRUE, .tcp_port = wc_engine_tcp_port (engine)};
  g_autoptr (GError) error = NULL;
  guint before = count_descriptors ();

  g_assert_null (wc_engine_new (&config, &error));
  g_assert_error (error, WC_ENGINE_ERROR, WC_ENGINE_ERROR_IN_USE);
  g_assert_nonnull (strstr (error->message, "TCP port"));
  g_assert_nonnull (strstr (error->message, "tcp-port"));
  g_assert_cmpuint (count_descriptors (), ==, before);
}

static void
test_other_port (void)
{
  WcEngineConfig config = {.workers = 1, .ipv6 = TRUE};
  WcEngine *engine = wc_engine_new (&config, NULL);
  guint16 free_port = wc_engine_udp_port (engine);

  g_assert_cmpuint (wc_engine_tcp_port (engine), ==, 0);
  config.tcp = TRUE;
  config.tcp_port = free_port;
  g_autoptr (WcEngine) second = wc_engine_new (&config, NULL);
  g_assert_nonnull (second);
  g_assert_cmpuint (wc_engine_tcp_port (second), ==, free_port);
  g_assert_cmpuint (wc_engine_udp_port (second), !=, free_port);
  close (open_tcp (second));
  wc_engine_free (engine);
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
  g_test_add_func ("/engine-tcp/slow-reader", test_slow_reader);
  g_test_add_func ("/engine-tcp/reserve", test_reserve);
  g_test_add_func ("/engine-tcp/pending", test_pending);
  g_test_add_func ("/engine-tcp/free-under-fire", test_free_under_fire);
  g_test_add_func ("/engine-tcp/port-taken", test_port_taken);
  g_test_add_func ("/engine-tcp/other-port", test_other_port);
  return g_test_run ();
}
