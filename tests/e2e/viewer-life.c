/* SPDX-License-Identifier: MIT */
/* How a viewer comes and goes: whose certificate, which offer, which address;
 * by DELETE, close_notify, silence, or the server's end. */
#include "restart.h"
#include "stage.h"

#include "base/clock.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the documents allow, and slack for a busy machine. */
#define STOP_MS 3000
#define EXIT_MS 3000
/* A session that ended stays known for 10 s. */
#define LINGER_MS 10000
#define SLACK_MS 5000
/* The source alone has the loop turn eighty times a second. What is counted is
 * not time, of which a busy machine may lose some between two looks. */
#define QUIET_TURNS 100
#define QUIET_MS 4000
/* Packets of both kinds in less than a second. */
#define ONE_SECOND 150

static gboolean
has_close_notify (gpointer client)
{
  return tc_peer_stats (tc_whep_client_peer (client))->close_notify;
}

static gboolean
wait_close_notify (TeStage *stage, TcWhepClient *client, gint64 timeout_ms)
{
  return tc_loop_run (stage->loop, timeout_ms, has_close_notify, client);
}

typedef struct {
  TcWhepClient *client;
  guint64 packets;
  guint turns; /* of the loop since the last one */
} Quiet;

static gboolean
is_quiet (gpointer data)
{
  Quiet *quiet = data;
  const TcPeerStats *stats =
      tc_peer_stats (tc_whep_client_peer (quiet->client));

  if (stats->rtp != quiet->packets)
    *quiet = (Quiet){quiet->client, stats->rtp, 0};
  return ++quiet->turns > QUIET_TURNS;
}

/* TRUE when nothing comes any more, within @timeout_ms. */
static gboolean
wait_media_stops (TeStage *stage, TcWhepClient *client, gint64 timeout_ms)
{
  Quiet quiet = {.client = client};

  return tc_loop_run (stage->loop, timeout_ms + QUIET_MS, is_quiet, &quiet);
}

static gboolean
wait_stun_answered (TcWhepClient *client)
{
  return te_wait_stun_answered (tc_whep_client_peer (client),
                                tc_whep_client_answer (client));
}

static gboolean
is_stun_answered (TcWhepClient *client)
{
  return te_is_stun_answered (tc_whep_client_peer (client),
                              tc_whep_client_answer (client));
}

static void
assert_all_freed (TeStage *stage)
{
  g_assert_true (te_server_wait_number (stage->server, TE_SERVER,
                                        "engine.peers_alive", 0, STOP_MS));
  g_assert_cmpint (
      te_server_number (stage->server, TE_SERVER, "engine.subscribers"), ==, 0);
}

/* S-09: all of it comes from one address. S-21: the fingerprint is that of the
 * certificate seen (or the client would not play) and in upper case. */
static void
assert_one_transport (TcWhepClient *client)
{
  const char *fingerprint = tc_whep_client_answer (client)->fingerprint;
  g_autofree char *upper = g_ascii_strup (fingerprint, -1);

  g_assert_cmpstr (fingerprint, ==, upper);
  g_assert_cmpuint (tc_peer_stats (tc_whep_client_peer (client))->path_changes,
                    ==, 0);
}

/* D-01, D-02, D-03, R-13: the peer stays open, only HTTP says goodbye. R-02: it
 * speaks DTLS 1.2, as OpenSSL does, and AES_CM_128_HMAC_SHA1_80 alone. */
static void
test_delete (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  g_autofree char *url = g_strdup (tc_whep_client_session_url (client));
  const TcPeerStats *stats = tc_peer_stats (tc_whep_client_peer (client));

  te_assert_plays (client, 30);
  te_assert_clean (client);
  assert_one_transport (client);
  g_assert_cmpuint (stats->tos, ==, 0);
  g_assert_true (wait_stun_answered (client));
  g_assert_cmpuint (te_server_request_url (stage->server, "DELETE", url), ==,
                    200);
  guint64 before = stats->rtp;
  g_assert_true (wait_close_notify (stage, client, STOP_MS));
  g_assert_true (wait_media_stops (stage, client, STOP_MS));
  g_assert_cmpuint (stats->rtp - before, <, ONE_SECOND);
  g_assert_false (is_stun_answered (client));
  g_assert_cmpuint (te_server_request_url (stage->server, "DELETE", url), ==,
                    404);
  assert_all_freed (stage);
}

/* D-08, D-06: closes the connection first and DELETEs afterwards. */
static void
test_close_notify (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  g_autoptr (TcWhepClient) other = te_stage_watch (stage, NULL);
  const char *url = tc_whep_client_session_url (client);

  te_assert_plays (client, 10);
  tc_peer_close (tc_whep_client_peer (client));
  g_assert_true (wait_media_stops (stage, client, STOP_MS));
  g_assert_true (te_server_wait_number (stage->server, TE_SERVER,
                                        "engine.peers_alive", 1, STOP_MS));
  g_assert_cmpuint (te_server_request_url (stage->server, "GET", url), ==, 200);
  g_assert_cmpuint (te_server_request_url (stage->server, "DELETE", url), ==,
                    200);
  g_assert_cmpuint (te_server_request_url (stage->server, "DELETE", url), ==,
                    404);
  te_assert_plays (other, 30);
  te_assert_clean (other);
}

static TcWhepClient *
start_stranger (TeStage *stage)
{
  TcWhepOptions options = {.peer.wrong_certificate = TRUE};
  TcWhepClient *client = te_stage_join (stage, &options);

  /* Its own side of the handshake may well succeed. */
  while (tc_whep_client_state (client) == TC_WHEP_SIGNALLING ||
         tc_whep_client_state (client) == TC_WHEP_CONNECTING)
    tc_loop_iterate (stage->loop, G_USEC_PER_SEC);
  return client;
}

/* who has the keys is not who wrote the offer. */
static void
test_wrong_certificate (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = start_stranger (stage);
  const TcPeerStats *stats = tc_peer_stats (tc_whep_client_peer (client));
  g_autofree char *state = NULL;

  assert_all_freed (stage);
  g_assert_cmpuint (stats->rtp + stats->early, ==, 0);
  g_assert_false (is_stun_answered (client));
  g_assert_cmpuint (stats->rtp + stats->early, ==, 0);
  state = te_server_text (stage->server, TE_SESSIONS, "items.0.state");
  g_assert_cmpstr (state, ==, "closing");
}

/* D-07, R-10, D-09: silence in the middle, and silence from the start. */
static void
test_silence (void)
{
  static const char config[] =
      "consent-timeout-ms=4000\nconnect-timeout-ms=4000\n";
  g_autoptr (TeStage) stage = te_stage_open (config, TE_FPS);
  TcWhepOptions never = {.peer.never_ice = TRUE};
  g_autoptr (TcWhepClient) absent = te_stage_join (stage, &never);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  gint64 silent_us = wc_clock_now_us ();
  gint64 last_us;

  tc_peer_go_silent (tc_whep_client_peer (client));
  g_assert_true (wait_media_stops (stage, client, 4000 + SLACK_MS));
  last_us = tc_peer_stats (tc_whep_client_peer (client))->last_media_us;
  g_assert_cmpint (last_us - silent_us, >, G_USEC_PER_SEC);
  assert_all_freed (stage);
  g_assert_cmpuint (tc_peer_stats (tc_whep_client_peer (absent))->rtp, ==, 0);
  g_assert_true (te_server_wait_gone (stage->server,
                                      tc_whep_client_session_url (absent),
                                      LINGER_MS + SLACK_MS));
  g_assert_true (te_server_wait_gone (stage->server,
                                      tc_whep_client_session_url (client),
                                      LINGER_MS + SLACK_MS));
  g_assert_cmpint (te_server_number (stage->server, TE_SERVER, "viewers"), ==,
                   0);
}

/* Reports alone keep a session, as libnice-based viewers need it: the checks
 * for consent are 4 to 6 s apart here (RFC 7675), which is too late. */
static void
test_reports_are_consent (void)
{
  g_autoptr (TeStage) stage =
      te_stage_open ("consent-timeout-ms=2000\n", TE_FPS);
  TcWhepOptions options = {.peer.rr_interval_ms = 200};
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, &options);

  te_assert_plays (client, 7 * 50);
  g_assert_cmpint (tc_whep_client_state (client), ==, TC_WHEP_PLAYING);
  te_assert_clean (client);
}

/* D-12 */
static void
test_terminate (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  TcWhepOptions never = {.peer.never_ice = TRUE};
  g_autoptr (TcWhepClient) absent = te_stage_join (stage, &never);
  TcWhepClient *clients[4];
  int status;

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = te_stage_watch (stage, NULL);
  g_assert_cmpuint (tc_whep_client_status (absent), ==, 201);
  te_child_signal (te_server_child (stage->server), SIGTERM);
  g_assert_true (
      te_child_wait (te_server_child (stage->server), EXIT_MS, &status));
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    g_assert_true (wait_close_notify (stage, clients[i], STOP_MS));
    tc_whep_client_free (clients[i]);
  }
}

/* media follows to where the viewer goes. */
static void
test_move (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  TcPeer *peer = tc_whep_client_peer (client);
  guint16 port = tc_peer_port (peer);
  g_autoptr (GError) error = NULL;

  te_assert_plays (client, 10);
  g_assert_true (tc_peer_move (peer, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (tc_peer_port (peer), !=, port);
  te_assert_plays (client, 30);
  g_assert_cmpuint (te_stats (client, WC_MEDIA_VIDEO)->auth_failures, ==, 0);
  g_assert_cmpuint (te_stats (client, WC_MEDIA_VIDEO)->ssrc_changes, ==, 0);
  te_leave (client);
}

static gboolean
is_lost (TeStage *stage)
{
  g_autofree char *state =
      te_server_text (stage->server, "/api/v1/mountpoints/cam", "state");

  return g_str_equal (state, "lost");
}

/* D-13: a viewer whose source has gone is kept for a while, then told; whoever
 * comes now is told when to ask again. */
static void
test_source_ends (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  gint64 lost_us;

  g_assert_cmpuint (te_server_request (stage->server, "PATCH",
                                       "/api/v1/mountpoints/cam",
                                       "{\"viewer_grace_ms\":4000}", NULL),
                    ==, 200);
  tc_rtp_sender_stop (stage->video);
  tc_rtp_sender_stop (stage->audio);
  while (!is_lost (stage))
    tc_loop_run (stage->loop, 50, NULL, NULL);
  lost_us = wc_clock_now_us ();
  g_autoptr (TcWhepClient) late = te_stage_join (stage, NULL);
  g_assert_true (tc_whep_client_wait (late, TC_WHEP_FAILED, SLACK_MS));
  g_assert_cmpuint (tc_whep_client_status (late), ==, 409);
  g_assert_nonnull (tc_whep_client_header (late, "retry-after"));
  g_assert_false (has_close_notify (client));
  g_assert_true (wait_close_notify (stage, client, 4000 + SLACK_MS));
  g_assert_cmpint (wc_clock_now_us () - lost_us, >, G_USEC_PER_SEC);
  assert_all_freed (stage);
}

static gboolean
has_ipv6 (void)
{
  struct sockaddr_storage storage;
  WcAddress address;
  socklen_t size;
  gboolean ok;
  int fd = socket (AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  wc_address_parse (&address, "::1", 0);
  size = wc_address_to_sockaddr (&address, AF_INET6, &storage);
  ok = fd >= 0 && bind (fd, (struct sockaddr *)&storage, size) == 0;
  if (fd >= 0)
    close (fd);
  return ok;
}

/* The code point of all that came, of whatever kind. */
static void
assert_marked (TcWhepClient *client, guint dscp)
{
  const TcPeerStats *stats = tc_peer_stats (tc_whep_client_peer (client));

  g_assert_cmpuint (stats->stun, >, 0);
  g_assert_cmpuint (stats->dtls, >, 0);
  g_assert_cmpuint (stats->rtcp, >, 0);
  g_assert_cmpuint (stats->tos, ==, dscp << 2);
  g_assert_cmpuint (stats->tos_changes, ==, 0);
}

/* [ice] dscp, over IPv4 on a dual-stack socket. */
static void
test_dscp (void)
{
  g_autoptr (TeStage) stage = te_stage_open ("dscp=34\n", TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);

  te_assert_plays (client, 100);
  assert_marked (client, 34);
  te_leave (client);
}

/* R-14, and [ice] dscp */
static void
test_ipv6 (void)
{
  TcWhepOptions options = {.peer.local_address = "::1"};

  if (!has_ipv6 ()) {
    g_test_skip ("there is no ::1 here");
    return;
  }
  g_autoptr (TeStage) stage =
      te_stage_open_at ("::1", "dscp=46\n", TE_FPS, 1000000);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, &options);

  te_assert_plays (client, 100);
  assert_marked (client, 46);
  te_assert_clean (client);
  te_leave (client);
}

static const TcOfferCodec other_codecs[] = {
    {WC_MEDIA_VIDEO, 45, "H264/90000",
     "packetization-mode=1;profile-level-id=42e01f", 46},
    {WC_MEDIA_AUDIO, 35, "opus/48000/2", NULL, 0},
    {.rtpmap = NULL},
};

/* M-01, M-02: the same media under each viewer's own payload types. */
static void
test_payload_types (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  TcWhepOptions others = {.offer.codecs = other_codecs};
  g_autoptr (TcWhepClient) one = te_stage_watch (stage, NULL);
  g_autoptr (TcWhepClient) two = te_stage_watch (stage, &others);

  te_assert_plays (one, 30);
  te_assert_plays (two, 30);
  te_assert_clean (one);
  te_assert_clean (two);
  g_assert_cmpuint (te_stats (one, WC_MEDIA_VIDEO)->pt, ==, 108);
  g_assert_cmpuint (te_stats (one, WC_MEDIA_AUDIO)->pt, ==, 111);
  g_assert_cmpuint (te_stats (two, WC_MEDIA_VIDEO)->pt, ==, 45);
  g_assert_cmpuint (te_stats (two, WC_MEDIA_AUDIO)->pt, ==, 35);
}

static void
play_role (TeStage *stage, const char *offered, const char *media,
           const char *answered)
{
  TcWhepOptions options = {.offer.setup = offered, .offer.media = media};
  g_autoptr (TcWhepClient) client = te_stage_join (stage, &options);

  g_assert_true (tc_whep_client_wait (client, TC_WHEP_PLAYING, 2 * SLACK_MS));
  g_assert_cmpstr (tc_whep_client_answer (client)->setup, ==, answered);
  for (guint i = 0; media[i] != '\0'; i++)
    if (media[i] != 'd')
      g_assert_true (tc_whep_client_wait_packets (
          client, media[i] == 'v' ? WC_MEDIA_VIDEO : WC_MEDIA_AUDIO, 20,
          2 * SLACK_MS));
  te_assert_clean (client);
  te_leave (client);
}

/* S-20, and sections in another order, or only one, or one that is refused. */
static void
test_roles (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);

  play_role (stage, "active", "av", "passive");
  play_role (stage, "passive", "va", "active");
  play_role (stage, "actpass", "v", "active");
  play_role (stage, "actpass", "ad", "active");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/viewer/life/delete", test_delete);
  g_test_add_func ("/viewer/life/close-notify", test_close_notify);
  g_test_add_func ("/viewer/life/wrong-certificate", test_wrong_certificate);
  g_test_add_func ("/viewer/life/silence", test_silence);
  g_test_add_func ("/viewer/life/reports-are-consent",
                   test_reports_are_consent);
  g_test_add_func ("/viewer/life/terminate", test_terminate);
  g_test_add_func ("/viewer/life/move", test_move);
  g_test_add_func ("/viewer/life/dscp", test_dscp);
  g_test_add_func ("/viewer/life/source-ends", test_source_ends);
  g_test_add_func ("/viewer/life/ipv6", test_ipv6);
  g_test_add_func ("/viewer/life/payload-types", test_payload_types);
  g_test_add_func ("/viewer/life/roles", test_roles);
  return g_test_run ();
}
