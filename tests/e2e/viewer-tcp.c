/* SPDX-License-Identifier: MIT */
/* Viewers whose UDP is blocked (ICE-TCP, RFC 6544): they play, change between
 * the two, are too slow, leave, and leave nothing behind. */
#include "restart.h"
#include "stage.h"

#include "base/clock.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#define SOON_MS 5000
#define LATER_MS 30000
#define DROPPED "items.0.packets_dropped"
#define TRANSPORT "items.0.media_transport"
#define CONNECTIONS "engine.tcp_connections"

static const TcWhepOptions by_tcp = {.peer.tcp = TRUE};

/* What it goes by now; what comes may have been sent before a change. */
static void
assert_transport (TeStage *stage, const char *expected)
{
  gint64 end_us = wc_clock_now_us () + SOON_MS * 1000;
  g_autofree char *name =
      te_server_text (stage->server, TE_SESSIONS, TRANSPORT);

  while (!g_str_equal (name, expected) && wc_clock_now_us () < end_us) {
    tc_loop_run (stage->loop, 50, NULL, NULL);
    g_free (name);
    name = te_server_text (stage->server, TE_SESSIONS, TRANSPORT);
  }
  g_assert_cmpstr (name, ==, expected);
}

static guint
count_descriptors (TeStage *stage)
{
  g_autofree char *path = g_strdup_printf (
      "/proc/%d/fd", (int)te_child_pid (te_server_child (stage->server)));
  DIR *dir = opendir (path);
  guint n = 0;

  g_assert_nonnull (dir);
  while (readdir (dir) != NULL)
    n++;
  closedir (dir);
  return n;
}

/* Webrtcbins that wait for another viewer are closed when it has been quiet for
 * some seconds. */
static gboolean
wait_descriptors (TeStage *stage, guint n)
{
  for (guint i = 0; i < LATER_MS / 50 && count_descriptors (stage) > n; i++)
    tc_loop_run (stage->loop, 50, NULL, NULL);
  g_test_message ("%u descriptors, %u before", count_descriptors (stage), n);
  return count_descriptors (stage) <= n;
}

static gboolean
wait_connections (TeStage *stage, gint64 n)
{
  return te_server_wait_number (stage->server, TE_SERVER, CONNECTIONS, n,
                                SOON_MS);
}

static gboolean
has_close_notify (gpointer client)
{
  return tc_peer_stats (tc_whep_client_peer (client))->close_notify;
}

static gboolean
is_connection_closed (gpointer client)
{
  return tc_peer_tcp_closed (tc_whep_client_peer (client));
}

/* S-24: UDP first, TCP on the port of the same number. */
static void
test_play (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, &by_tcp);
  const TcDescription *answer = tc_whep_client_answer (client);

  g_assert_cmpuint (answer->tcp_candidates->len, ==, answer->candidates->len);
  g_assert_true (
      wc_address_equal (&g_array_index (answer->tcp_candidates, WcAddress, 0),
                        &g_array_index (answer->candidates, WcAddress, 0)));
  te_assert_plays (client, 100);
  te_assert_clean (client);
  assert_transport (stage, "tcp");
  te_leave (client);
  g_assert_true (wait_connections (stage, 0));
  g_assert_true (
      tc_loop_run (stage->loop, SOON_MS, is_connection_closed, client));
}

/* */
static void
test_ipv6 (void)
{
  TcWhepOptions options = {.peer.tcp = TRUE, .peer.local_address = "::1"};

  if (!g_file_test ("/proc/net/if_inet6", G_FILE_TEST_EXISTS)) {
    g_test_skip ("there is no IPv6 here");
    return;
  }
  g_autoptr (TeStage) stage = te_stage_open_at ("::1", NULL, TE_FPS, 1000000);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, &options);

  te_assert_plays (client, 30);
  te_assert_clean (client);
  te_leave (client);
}

static void
test_none (void)
{
  g_autoptr (TeStage) stage = te_stage_open ("tcp-port=0\n", TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);

  g_assert_cmpuint (tc_whep_client_answer (client)->tcp_candidates->len, ==, 0);
  g_assert_cmpint (
      te_server_number (stage->server, TE_SERVER, "engine.tcp_port"), ==, 0);
  te_leave (client);
}

/* from one to the other and back; without a gap in the numbers. */
static void
test_switch (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  TcPeer *peer = tc_whep_client_peer (client);

  te_assert_plays (client, 30);
  assert_transport (stage, "udp");
  for (guint i = 0; i < 2; i++) {
    tc_peer_use_tcp (peer, TRUE);
    te_assert_plays (client, 60);
    assert_transport (stage, "tcp");
    tc_peer_use_tcp (peer, FALSE);
    te_assert_plays (client, 60);
    assert_transport (stage, "udp");
  }
  te_assert_clean (client);
  te_leave (client);
}

/* The connection is lost, the session is not: it goes on by what comes next,
 * from a key frame on. */
static void
test_lost_connection (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, &by_tcp);
  TcPeer *peer = tc_whep_client_peer (client);

  te_assert_plays (client, 30);
  tc_peer_drop_tcp (peer);
  g_assert_true (wait_connections (stage, 0));
  tc_peer_use_tcp (peer, FALSE);
  te_assert_plays (client, 30);
  assert_transport (stage, "udp");
  tc_peer_use_tcp (peer, TRUE); /* another connection */
  te_assert_plays (client, 60);
  assert_transport (stage, "tcp");
  te_leave (client);
}

static void
restart (TeStage *stage, TcWhepClient *client)
{
  te_restart_ice (stage->loop, tc_whep_client_session_url (client),
                  tc_whep_client_header (client, "etag"),
                  tc_whep_client_peer (client));
  te_assert_plays (client, 60);
  assert_transport (stage, "tcp");
}

/* T-22, T-25: over the connection that there is, then over another one while
 * that is still open, as browsers do; no packet is lost. What the answer's
 * credentials opened, they open no more. */
static void
test_restart (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, &by_tcp);
  const TcDescription *answer = tc_whep_client_answer (client);
  TcPeer *peer = tc_whep_client_peer (client);

  te_assert_plays (client, 30);
  restart (stage, client);
  g_assert_true (wait_connections (stage, 1));
  tc_peer_leave_tcp (peer);
  restart (stage, client);
  g_assert_true (wait_connections (stage, 2));
  g_assert_false (te_is_stun_answered (peer, answer));
  g_assert_cmpuint (tc_peer_ice_stats (peer)->bad_integrity, ==, 0);
  te_assert_clean (client);
  te_leave (client);
  g_assert_true (wait_connections (stage, 0));
}

typedef struct {
  TcWhepClient *client;
  guint64 key_frames;
} Pictures;

static gboolean
has_key_frame (gpointer data)
{
  Pictures *pictures = data;

  return te_stats (pictures->client, WC_MEDIA_VIDEO)->key_frames >
         pictures->key_frames;
}

/* T-22: the connection is lost, and nothing but a restart brings the viewer
 * another. */
static void
test_restart_lost (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, &by_tcp);
  const TcTrackStats *video = te_stats (client, WC_MEDIA_VIDEO);

  te_assert_plays (client, 30);
  for (guint i = 0; i < 2; i++) {
    Pictures pictures = {client, video->key_frames};

    tc_peer_drop_tcp (tc_whep_client_peer (client));
    g_assert_true (wait_connections (stage, 0));
    restart (stage, client);
    g_assert_true (
        tc_loop_run (stage->loop, SOON_MS, has_key_frame, &pictures));
    g_assert_true (wait_connections (stage, 1));
  }
  g_assert_cmpuint (video->ssrc_changes, ==, 0);
  g_assert_cmpuint (video->backward_timestamps, ==, 0);
  g_assert_cmpuint (video->auth_failures, ==, 0);
  te_leave (client);
}

/* Nobody waits for a viewer that does not read; when it reads again it gets
 * what fitted, and then a key frame. */
static void
test_slow (void)
{
  g_autoptr (TeStage) stage =
      te_stage_open_at (NULL, NULL, TE_FPS, 8 * 1000 * 1000);
  g_autoptr (TcWhepClient) slow = te_stage_watch (stage, &by_tcp);
  gint64 dropped = 0;

  te_assert_plays (slow, 30);
  tc_peer_set_reading (tc_whep_client_peer (slow), FALSE);
  for (guint i = 0; i < 300 && dropped == 0; i++) {
    tc_loop_run (stage->loop, 100, NULL, NULL);
    dropped = te_server_number (stage->server, TE_SESSIONS, DROPPED);
  }
  g_assert_cmpint (dropped, >, 0);
  g_autoptr (TcWhepClient) other = te_stage_watch (stage, &by_tcp);
  te_assert_plays (other, 60);
  te_assert_clean (other);

  tc_peer_set_reading (tc_whep_client_peer (slow), TRUE);
  te_assert_plays (slow, 500);
  te_assert_clean (slow);
  te_leave (slow);
  te_leave (other);
}

/* D-12, and what is left of them in the server while it lives. */
static void
test_ends (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  TcWhepClient *clients[6];
  TcWhepClient *first = te_stage_watch (stage, &by_tcp);
  int status;

  te_leave (first); /* what is made once is made */
  tc_whep_client_free (first);
  g_assert_true (te_server_wait_number (stage->server, TE_SERVER,
                                        "engine.peers_alive", 0, SOON_MS));
  guint before = count_descriptors (stage);

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = te_stage_watch (stage, &by_tcp);
  g_assert_true (wait_connections (stage, G_N_ELEMENTS (clients)));
  /* Half by DELETE, half by close_notify alone. */
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    if (i % 2 == 0)
      te_leave (clients[i]);
    else
      tc_peer_close (tc_whep_client_peer (clients[i]));
  }
  g_assert_true (te_server_wait_number (stage->server, TE_SERVER,
                                        "engine.peers_alive", 0, SOON_MS));
  g_assert_true (wait_connections (stage, 0));
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    tc_whep_client_free (clients[i]);
  g_assert_true (wait_descriptors (stage, before));

  g_autoptr (TcWhepClient) last = te_stage_watch (stage, &by_tcp);
  te_child_signal (te_server_child (stage->server), SIGTERM);
  g_assert_true (tc_loop_run (stage->loop, SOON_MS, has_close_notify, last));
  g_assert_true (
      te_child_wait (te_server_child (stage->server), LATER_MS, &status));
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/viewer/tcp/play", test_play);
  g_test_add_func ("/viewer/tcp/ipv6", test_ipv6);
  g_test_add_func ("/viewer/tcp/none", test_none);
  g_test_add_func ("/viewer/tcp/switch", test_switch);
  g_test_add_func ("/viewer/tcp/lost-connection", test_lost_connection);
  g_test_add_func ("/viewer/tcp/restart", test_restart);
  g_test_add_func ("/viewer/tcp/restart-lost", test_restart_lost);
  g_test_add_func ("/viewer/tcp/slow", test_slow);
  g_test_add_func ("/viewer/tcp/ends", test_ends);
  return g_test_run ();
}
