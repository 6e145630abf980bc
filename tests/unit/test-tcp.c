/* SPDX-License-Identifier: MIT */
/* Connections that are slow, silent, or too many (ICE-TCP). */
#include "engine-tcp-support.h"

#include "engine/tcp-listener.h"
#include "engine/tcp.h"

#include <dirent.h>
#include <sys/epoll.h>
#include <sys/resource.h>

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

static int
open_tcp_from (WcEngine *engine, const char *ip)
{
  WcAddress local, server;
  struct timeval timeout = {5, 0};
  struct linger reset = {1, 0}; /* a thousand ports are not to wait */
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  wc_address_parse (&local, ip, 0);
  wc_address_parse (&server, "127.0.0.1", wc_engine_tcp_port (engine));
  g_assert_cmpint (bind (fd, &local.sa, sizeof local.in), ==, 0);
  g_assert_cmpint (connect (fd, &server.sa, sizeof server.in), ==, 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  return fd;
}

typedef struct {
  WcSubscriber *subscriber;
  atomic_bool quit;
} Sender;

static void *
run_sender (void *data)
{
  Sender *sender = data;
  guint8 bytes[1200] = {0x80};

  while (!atomic_load (&sender->quit))
    wc_subscriber_send (sender->subscriber, bytes, sizeof bytes);
  return NULL;
}

/* Another thread sends while the path comes and goes (TSan and ASan watch). */
static void
test_send_under_fire (void)
{
  g_autoptr (WcEngine) engine = make_tcp_engine (2);
  g_autoptr (WcTrack) track = make_track ();
  Viewer viewer = {0};
  WcSubscriber *subscriber = subscribe (engine, track, &viewer);
  Sender sender = {subscriber};
  pthread_t thread;
  int udp = connect_to (engine);

  wc_subscriber_start (subscriber);
  pthread_create (&thread, NULL, run_sender, &sender);
  for (guint i = 0; i < 50; i++) {
    int fd = open_tcp (engine);
    g_assert_true (check_tcp (fd, subscriber));
    if (i % 2 == 0)
      g_assert_true (check (udp, subscriber, TRUE));
    close (fd);
  }
  wc_subscriber_stop (subscriber, on_stopped, &viewer);
  g_assert_true (wait_for (&viewer.stopped, 1));
  wc_subscriber_mute (subscriber);
  atomic_store (&sender.quit, TRUE);
  pthread_join (thread, NULL);
  wc_subscriber_unref (subscriber);
  g_assert_true (WAIT_STAT (engine, tcp_connections, 0));
  close (udp);
}

/* From many addresses: the oldest gives way to the newest. */
static void
test_pending_total (void)
{
  const guint each = WC_TCP_MAX_PENDING_OF_ONE - 1;
  const guint n = WC_TCP_MAX_PENDING + 10;
  g_autofree int *fds = g_new (int, n);
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  if (limit.rlim_max < 3 * n || setrlimit (RLIMIT_NOFILE, &limit) != 0) {
    g_test_skip ("too few descriptors");
    return;
  }
  g_autoptr (WcEngine) engine = make_tcp_engine (1);
  for (guint i = 0; i < n; i++) {
    g_autofree char *ip = g_strdup_printf ("127.0.0.%u", 1 + i / each);
    fds[i] = open_tcp_from (engine, ip);
  }
  g_assert_true (WAIT_STAT (engine, tcp_refused, 10));
  g_assert_true (WAIT_STAT (engine, tcp_pending, WC_TCP_MAX_PENDING));
  for (guint i = 0; i < 10; i++)
    g_assert_true (is_closed (fds[i]));
  for (guint i = 0; i < n; i++)
    close (fds[i]);
  g_assert_true (WAIT_STAT (engine, tcp_pending, 0));
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

/* Another number than that of UDP, or none. */
static void
test_other_port (void)
{
  WcEngineConfig config = {.workers = 1, .ipv6 = TRUE};
  WcEngine *engine = NULL;

  /* A number that UDP had may be taken in TCP: tried with several. */
  for (guint i = 0; engine == NULL && i < 20; i++) {
    g_autoptr (WcEngine) first = wc_engine_new (&config, NULL);
    g_assert_cmpuint (wc_engine_tcp_port (first), ==, 0);
    WcEngineConfig other = config;
    other.tcp = TRUE;
    other.tcp_port = wc_engine_udp_port (first);
    engine = wc_engine_new (&other, NULL);
    if (engine == NULL)
      continue;
    g_assert_cmpuint (wc_engine_tcp_port (engine), ==, other.tcp_port);
    g_assert_cmpuint (wc_engine_udp_port (engine), !=, other.tcp_port);
  }
  g_assert_nonnull (engine);
  close (open_tcp (engine));
  wc_engine_free (engine);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tcp/slow-reader", test_slow_reader);
  g_test_add_func ("/tcp/reserve", test_reserve);
  g_test_add_func ("/tcp/pending", test_pending);
  g_test_add_func ("/tcp/pending-total", test_pending_total);
  g_test_add_func ("/tcp/send-under-fire", test_send_under_fire);
  g_test_add_func ("/tcp/free-under-fire", test_free_under_fire);
  g_test_add_func ("/tcp/port-taken", test_port_taken);
  g_test_add_func ("/tcp/other-port", test_other_port);
  return g_test_run ();
}
