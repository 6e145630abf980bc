/* SPDX-License-Identifier: MIT */
/* ICE after the answer: trickle at any time, restarts, candidates that lead
 * elsewhere, checks of strangers. */
#include "restart.h"
#include "stage.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 10000

static const char *
etag_of (TcWhepClient *client)
{
  return tc_whep_client_header (client, "etag");
}

/* On the direct lane its webrtcbin goes while it plays. */
static void
wait_settled (TeStage *stage)
{
  if (te_stage_is_direct (stage))
    g_assert_true (te_server_wait_number (stage->server, TE_SERVER,
                                          "engine.webrtcbins", 0, PATIENCE_MS));
}

/* --- tests ---------------------------------------------------------------- */

/* T-22, T-25: credentials are other ones, no packet is missing, and the old
 * ones are worth nothing from the next nomination on. T-06: nor is the old
 * ETag. */
static void
test_restart (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  const char *url = tc_whep_client_session_url (client);
  const TcDescription *answer = tc_whep_client_answer (client);
  TcPeer *peer = tc_whep_client_peer (client);

  wait_settled (stage);
  g_assert_true (te_wait_stun_answered (peer, answer));
  te_restart_ice (stage->loop, url, etag_of (client), peer);
  te_assert_plays (client, 60);
  g_assert_cmpuint (tc_peer_ice_stats (peer)->bad_integrity, ==, 0);
  g_assert_false (te_is_stun_answered (peer, answer));
  g_assert_cmpuint (te_patch (stage->loop, url, etag_of (client),
                              "a=end-of-candidates\r\n", NULL, NULL),
                    ==, 412);
  te_assert_clean (client);
  te_leave (client);
}

/* T-22: what a phone does that changes its network: another port, and a restart
 * because of it; twice. */
static void
test_restart_elsewhere (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  const char *url = tc_whep_client_session_url (client);
  TcPeer *peer = tc_whep_client_peer (client);
  g_autoptr (GError) error = NULL;

  wait_settled (stage);
  for (guint i = 0; i < 2; i++) {
    g_assert_true (tc_peer_move (peer, &error));
    g_assert_no_error (error);
    te_restart_ice (stage->loop, url, etag_of (client), peer);
    te_assert_plays (client, 30);
  }
  g_assert_cmpuint (te_stats (client, WC_MEDIA_VIDEO)->ssrc_changes, ==, 0);
  g_assert_cmpuint (te_stats (client, WC_MEDIA_VIDEO)->auth_failures, ==, 0);
  te_leave (client);
}

/* T-23: half a restart is none, and harms nobody. T-24: no m-line. T-26: no
 * If-Match. */
static void
test_half_restart (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  const char *url = tc_whep_client_session_url (client);
  TcPeer *peer = tc_whep_client_peer (client);
  g_autofree char *half = g_strdup_printf (
      "a=ice-ufrag:%s\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n",
      tc_peer_ufrag (peer));
  static const char whole[] =
      "a=ice-ufrag:nEwUfrag\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n";
  g_autofree char *etag = NULL;

  g_assert_cmpuint (te_patch (stage->loop, url, "*", half, NULL, NULL), ==,
                    422);
  g_assert_cmpuint (te_patch (stage->loop, url, NULL, whole, NULL, NULL), ==,
                    428);
  g_assert_true (te_wait_stun_answered (peer, tc_whep_client_answer (client)));
  te_assert_plays (client, 30);
  g_assert_cmpuint (te_patch (stage->loop, url, etag_of (client),
                              "a=end-of-candidates\r\n", NULL, NULL),
                    ==, 204);
  g_assert_cmpuint (te_patch (stage->loop, url, "*", whole, &etag, NULL), ==,
                    200);
  g_assert_cmpstr (etag, !=, etag_of (client));
  te_assert_plays (client, 30);
  te_leave (client);
}

/* T-20: before ICE, and while it plays, and after the last candidate. */
static void
test_trickle (void)
{
  static const char candidate[] =
      "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
      "a=candidate:1 1 udp 1 127.0.0.1 50000 typ host\r\n";
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  TcWhepOptions never = {.peer.never_ice = TRUE};
  g_autoptr (TcWhepClient) absent = te_stage_join (stage, &never);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  TcWhepClient *const clients[] = {absent, client};

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    const char *url = tc_whep_client_session_url (clients[i]);
    const char *etag = etag_of (clients[i]);

    g_assert_cmpuint (te_patch (stage->loop, url, etag, candidate, NULL, NULL),
                      ==, 204);
    g_assert_cmpuint (te_patch (stage->loop, url, etag,
                                "a=end-of-candidates\r\n", NULL, NULL),
                      ==, 204);
    g_assert_cmpuint (te_patch (stage->loop, url, etag, candidate, NULL, NULL),
                      ==, 204);
  }
  te_assert_plays (client, 30);
}

/* T-32: neither the server's ufrag alone nor another session's password opens
 * anything, and the session goes on. */
static void
test_strangers (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  g_autoptr (TcWhepClient) other = te_stage_watch (stage, NULL);
  const TcDescription *answer = tc_whep_client_answer (client);
  TcPeer *peer = tc_whep_client_peer (client);
  TcDescription wrong = *answer, unknown = *answer;

  wrong.pwd = tc_whep_client_answer (other)->pwd;
  unknown.ufrag = (char *)"00ffffffffff";
  g_assert_false (te_is_stun_answered (peer, &wrong));
  g_assert_false (te_is_stun_answered (peer, &unknown));
  g_assert_true (te_wait_stun_answered (peer, answer));
  te_assert_plays (client, 30);
  te_assert_clean (client);
}

static int
open_decoy (guint16 *port)
{
  struct sockaddr_storage storage;
  socklen_t size;
  WcAddress address;
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  wc_address_parse (&address, "127.0.0.1", 0);
  size = wc_address_to_sockaddr (&address, AF_INET, &storage);
  g_assert_cmpint (bind (fd, (struct sockaddr *)&storage, size), ==, 0);
  size = sizeof storage;
  g_assert_cmpint (getsockname (fd, (struct sockaddr *)&storage, &size), ==, 0);
  address = wc_address_from_sockaddr ((struct sockaddr *)&storage);
  *port = wc_address_port (&address);
  return fd;
}

static char *
add_decoy (const char *offer, gpointer data)
{
  return g_strdup_printf ("%sa=candidate:9 1 udp 2122260223 127.0.0.1 %u typ "
                          "host\r\na=candidate:10 1 udp 2122260222 "
                          "224.0.0.251 5353 typ host\r\na=candidate:11 1 udp "
                          "2122260221 0.0.0.0 53 typ host\r\n",
                          offer, *(guint16 *)data);
}

/* T-30: nothing is sent to where candidates point, so nobody's ports can be
 * looked at through the server. */
static void
test_decoy (void)
{
  guint16 port;
  int fd = open_decoy (&port);
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  TcWhepOptions options = {.edit_offer = add_decoy, .data = &port};
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, &options);
  g_autofree char *fragment =
      g_strdup_printf ("m=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
                       "a=candidate:12 1 udp 1 127.0.0.1 %u typ host\r\n",
                       port);
  guint8 byte;

  g_assert_nonnull (strstr (tc_whep_client_offer (client), "a=candidate:9"));
  g_assert_cmpuint (te_patch (stage->loop, tc_whep_client_session_url (client),
                              etag_of (client), fragment, NULL, NULL),
                    ==, 204);
  te_assert_plays (client, 60);
  g_assert_cmpint (recv (fd, &byte, 1, 0), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);
  close (fd);
  te_leave (client);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/viewer/ice/restart", test_restart);
  g_test_add_func ("/viewer/ice/restart-elsewhere", test_restart_elsewhere);
  g_test_add_func ("/viewer/ice/half-a-restart", test_half_restart);
  g_test_add_func ("/viewer/ice/trickle", test_trickle);
  g_test_add_func ("/viewer/ice/strangers", test_strangers);
  g_test_add_func ("/viewer/ice/decoy", test_decoy);
  return g_test_run ();
}
