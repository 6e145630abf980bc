/* SPDX-License-Identifier: MIT */
/* Publishers that behave as OBS and FFmpeg 8 do, in front of the real program:
 * what they send arrives at a viewer, what is lost is repaired, who goes is
 * noticed, and who sends nonsense harms nobody. */
#include "clip.h"
#include "restart.h"
#include "server.h"

#include "common/whep-client.h"
#include "common/whip-client.h"

#include "base/clock.h"
#include "base/id.h"

#include <signal.h>
#include <string.h>

#define CAM "/api/v1/mountpoints/cam"
#define PATIENCE_MS 15000

typedef struct {
  TcLoop *loop;
  TeServer *server;
  char *whep_url, *whip_url;
} Stage;

static Stage *
stage_open (const char *config, const char *keys)
{
  g_autofree char *body = g_strdup_printf (
      "{\"id\":\"cam\",\"kind\":\"whip\"%s}", keys != NULL ? keys : "");
  Stage *stage = g_new0 (Stage, 1);

  stage->loop = tc_loop_new ();
  stage->server = te_server_start (stage->loop, NULL, config);
  g_assert_cmpuint (te_server_request (stage->server, "POST",
                                       "/api/v1/mountpoints", body, NULL),
                    ==, 201);
  stage->whep_url = te_server_whep_url (stage->server, "cam");
  stage->whip_url = te_server_text (stage->server, CAM, "whip_url");
  return stage;
}

/* The program ends by itself, whatever was sent to it. */
static void
stage_close (Stage *stage)
{
  te_server_end (stage->server);
  te_server_free (stage->server);
  tc_loop_free (stage->loop);
  g_free (stage->whep_url);
  g_free (stage->whip_url);
  g_free (stage);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Stage, stage_close)

static TcWhipClient *
publish (Stage *stage, TcWhipOptions options)
{
  TcWhipClient *client;

  options.url = stage->whip_url;
  client = tc_whip_client_new (stage->loop, &options);
  if (!tc_whip_client_publish (client, PATIENCE_MS))
    g_error ("publishing: %s", tc_whip_client_error (client));
  return client;
}

static TcWhipClient *
publish_live (Stage *stage, TcWhipOptions options)
{
  TcWhipClient *client = publish (stage, options);

  te_server_wait_live (stage->server, "cam");
  return client;
}

static TcWhepClient *
watch (Stage *stage)
{
  TcWhepOptions options = {.url = stage->whep_url};
  TcWhepClient *viewer = tc_whep_client_new (stage->loop, &options);

  tc_whep_client_start (viewer);
  if (!tc_whep_client_wait_key_frame (viewer, PATIENCE_MS))
    g_error ("watching: %s", tc_whep_client_error (viewer));
  return viewer;
}

static void
assert_plays (TcWhepClient *viewer, guint n)
{
  g_assert_true (
      tc_whep_client_wait_packets (viewer, WC_MEDIA_VIDEO, n, PATIENCE_MS));
  g_assert_true (
      tc_whep_client_wait_packets (viewer, WC_MEDIA_AUDIO, n / 4, PATIENCE_MS));
}

typedef struct {
  Stage *stage;
  const char *state;
} Wait;

static gboolean
has_state (gpointer data)
{
  Wait *wait = data;
  g_autofree char *state = te_server_text (wait->stage->server, CAM, "state");

  return g_str_equal (state, wait->state);
}

static gboolean
wait_state (Stage *stage, const char *state, gint64 timeout_ms)
{
  Wait wait = {stage, state};

  return tc_loop_run (stage->loop, timeout_ms, has_state, &wait);
}

static gboolean
is_reported_to (gpointer publisher)
{
  return tc_whip_client_stats (publisher)->reports > 0;
}

/* I-10, D-06: full ICE without candidates, our DTLS active; the connection is
 * closed first, then DELETE, which must be 200. */
static void
test_obs (void)
{
  g_autoptr (Stage) stage = stage_open (NULL, NULL);
  g_autoptr (TcWhipClient) obs = publish_live (stage, (TcWhipOptions){0});
  g_autoptr (TcWhepClient) viewer = watch (stage);

  assert_plays (viewer, 200);
  g_assert_cmpuint (
      tc_track_stats (tc_whep_client_track (viewer, WC_MEDIA_VIDEO))->lost, ==,
      0);
  g_assert_true (tc_loop_run (stage->loop, PATIENCE_MS, is_reported_to, obs));
  g_assert_cmpuint (tc_peer_ice_stats (tc_whip_client_peer (obs))->requests, ==,
                    0);
  tc_whip_client_close (obs);
  g_assert_true (wait_state (stage, "lost", PATIENCE_MS));
  g_assert_cmpuint (te_server_request_url (stage->server, "DELETE",
                                           tc_whip_client_session_url (obs)),
                    ==, 200);
  g_assert_true (wait_state (stage, "idle", PATIENCE_MS));
}

/* I-08, I-09, T-31: DTLS server, bare checks and none later: its media is what
 * says that it lives, well beyond the consent timeout. I-15: what it has not
 * offered is not sent to it either; its next key frame is waited for. */
static void
test_ffmpeg (void)
{
  g_autoptr (Stage) stage = stage_open ("consent-timeout-ms=2000\n", NULL);
  g_autoptr (TcWhipClient) ffmpeg =
      publish_live (stage, (TcWhipOptions){.behaviour = TC_WHIP_FFMPEG});
  g_autoptr (TcWhepClient) viewer = watch (stage);
  gint64 end_us = wc_clock_now_us () + 5 * G_USEC_PER_SEC;

  while (wc_clock_now_us () < end_us)
    assert_plays (viewer, 100);
  g_assert_cmpuint (
      tc_peer_ice_stats (tc_whip_client_peer (ffmpeg))->checks_sent, <=, 3);
  g_assert_cmpuint (tc_whip_client_stats (ffmpeg)->nacks, ==, 0);
  g_assert_cmpuint (tc_whip_client_stats (ffmpeg)->plis, ==, 0);
  tc_whip_client_close (ffmpeg);
  g_assert_true (wait_state (stage, "lost", PATIENCE_MS));
}

static const TcOfferCodec h264_codecs[] = {
    {WC_MEDIA_VIDEO, 102, "H264/90000",
     "packetization-mode=1;profile-level-id=42e01f", 0},
    {WC_MEDIA_VIDEO, 104, "H264/90000",
     "packetization-mode=1;profile-level-id=64001f", 0},
    {WC_MEDIA_AUDIO, 111, "opus/48000/2", NULL, 0},
    {.rtpmap = NULL},
};

/* M-13: OBS writes 42e01f whatever it encodes: here it is High, and it is the
 * stream that the viewer's codec is chosen by. */
static void
test_profile (void)
{
  g_autofree char *path = te_clip_video (
      "high", "-c:v libx264 -preset superfast -profile:v high -bf 0 -g 30 "
              "-b:v 1M -pix_fmt yuv420p -f h264");
  g_autoptr (Stage) stage = stage_open (NULL, NULL);
  g_autoptr (TcWhipClient) obs G_GNUC_UNUSED =
      publish_live (stage, (TcWhipOptions){.h264_file = path});
  /* Who has seen a picture shows that its parameters have come. */
  g_autoptr (TcWhepClient) before G_GNUC_UNUSED = watch (stage);
  TcWhepOptions options = {.url = stage->whep_url, .offer.codecs = h264_codecs};
  g_autoptr (TcWhepClient) viewer = tc_whep_client_new (stage->loop, &options);
  const TcFormat *format;

  tc_whep_client_start (viewer);
  g_assert_true (tc_whep_client_wait_key_frame (viewer, PATIENCE_MS));
  assert_plays (viewer, 60);
  format = tc_track_format (tc_whep_client_track (viewer, WC_MEDIA_VIDEO));
  g_assert_cmpuint (format->pt, ==, 104);
  g_assert_nonnull (strstr (format->fmtp, "profile-level-id=64001f"));
}

/* T-22 of a publisher: viewers notice nothing. T-25: what was before is over.
 */
static void
test_restart (void)
{
  g_autoptr (Stage) stage = stage_open (NULL, NULL);
  g_autoptr (TcWhipClient) obs = publish_live (stage, (TcWhipOptions){0});
  g_autoptr (TcWhepClient) viewer = watch (stage);
  TcPeer *peer = tc_whip_client_peer (obs);
  g_autoptr (GError) error = NULL;

  assert_plays (viewer, 100);
  g_assert_true (te_wait_stun_answered (peer, tc_whip_client_answer (obs)));
  g_assert_true (tc_peer_move (peer, &error));
  te_restart_ice (stage->loop, tc_whip_client_session_url (obs), NULL, peer);
  assert_plays (viewer, 200);
  g_assert_false (te_is_stun_answered (peer, tc_whip_client_answer (obs)));
  g_assert_true (tc_loop_run (stage->loop, PATIENCE_MS, is_reported_to, obs));
  g_assert_cmpuint (
      tc_track_stats (tc_whep_client_track (viewer, WC_MEDIA_VIDEO))->lost, ==,
      0);
  tc_whip_client_close (obs);
}

static gboolean
is_repaired (gpointer publisher)
{
  const TcWhipStats *stats = tc_whip_client_stats (publisher);

  return stats->resent + 2 >= stats->withheld;
}

/* I-16: every twentieth packet comes only when it is asked for. */
static void
test_repair (void)
{
  g_autoptr (Stage) stage = stage_open (NULL, NULL);
  g_autoptr (TcWhipClient) obs =
      publish_live (stage, (TcWhipOptions){.withhold_every = 20});
  g_autoptr (TcWhepClient) viewer = watch (stage);
  const TcWhipStats *stats = tc_whip_client_stats (obs);

  assert_plays (viewer, 600);
  g_assert_cmpuint (stats->withheld, >, 20);
  g_assert_true (tc_loop_run (stage->loop, PATIENCE_MS, is_repaired, obs));
  g_assert_cmpuint (
      tc_track_stats (tc_whep_client_track (viewer, WC_MEDIA_VIDEO))->lost, ==,
      0);
  g_assert_cmpint (
      te_server_number (stage->server, CAM, "publisher.video.lost"), ==, 0);
  g_assert_cmpint (
      te_server_number (stage->server, CAM, "publisher.video.repaired"), >, 15);
}

/* D-07: neither DELETE nor close_notify; the next one may come at once. */
static void
test_silence (void)
{
  g_autoptr (Stage) stage =
      stage_open ("consent-timeout-ms=4000\n", ",\"source_timeout_ms\":1000");
  g_autoptr (TcWhipClient) first = publish_live (stage, (TcWhipOptions){0});
  g_autoptr (TcWhepClient) viewer = watch (stage);
  g_autoptr (TcWhipClient) second = NULL;
  g_autofree char *url = g_strdup (tc_whip_client_session_url (first));

  assert_plays (viewer, 30);
  tc_peer_go_silent (tc_whip_client_peer (first));
  tc_whip_client_pause (first);
  g_assert_true (wait_state (stage, "lost", 5000));
  second = publish_live (stage, (TcWhipOptions){.behaviour = TC_WHIP_FFMPEG});
  assert_plays (viewer, 100);
  g_assert_true (te_server_wait_gone (stage->server, url, 20000));
}

/* Only by its silence: nobody takes its place. */
static void
test_consent (void)
{
  g_autoptr (Stage) stage = stage_open ("consent-timeout-ms=2000\n", NULL);
  g_autoptr (TcWhipClient) obs = publish_live (stage, (TcWhipOptions){0});
  g_autofree char *url = g_strdup (tc_whip_client_session_url (obs));

  tc_peer_go_silent (tc_whip_client_peer (obs));
  tc_whip_client_pause (obs);
  g_assert_true (te_server_wait_gone (stage->server, url, 25000));
  g_assert_true (te_server_wait_number (stage->server, "/api/v1/server",
                                        "engine.peers_alive", 0, 5000));
}

/* who has the keys must be who wrote the offer. */
static void
test_impostor (void)
{
  g_autoptr (Stage) stage = stage_open (NULL, NULL);
  TcWhipOptions options = {.url = stage->whip_url,
                           .peer.wrong_certificate = TRUE};
  g_autoptr (TcWhipClient) client = tc_whip_client_new (stage->loop, &options);

  tc_whip_client_publish (client, 5000);
  g_assert_true (wait_state (stage, "idle", PATIENCE_MS));
  g_assert_true (te_server_wait_number (stage->server, "/api/v1/server",
                                        "engine.peers_alive", 0, 5000));
}

static gboolean
is_closed (gpointer publisher)
{
  return tc_peer_state (tc_whip_client_peer (publisher)) == TC_PEER_CLOSED;
}

/* The server's end reaches the publisher, and its own the server's state. */
static void
test_ends (void)
{
  g_autoptr (Stage) stage = stage_open (NULL, NULL);
  g_autoptr (TcWhipClient) obs = publish_live (stage, (TcWhipOptions){0});
  g_autofree char *id = te_server_text (stage->server, CAM, "publisher.id");
  g_autofree char *path = g_strconcat ("/api/v1/sessions/", id, NULL);

  g_assert_cmpuint (
      te_server_request (stage->server, "DELETE", path, NULL, NULL), ==, 204);
  g_assert_true (tc_loop_run (stage->loop, PATIENCE_MS, is_closed, obs));
}

/* --- ten restarts --------------------------------------------------------- */

#define RESTARTS 10
#define MAX_DIFFERENCE_US 40000

/* Of the newest packet of each kind: its timestamp, and when it came, which is
 * when it was taken: the publisher sends at once. */
typedef struct {
  guint32 timestamp[WC_N_MEDIA];
  gint64 came_us[WC_N_MEDIA];
} Seen;

static void
note_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
             gpointer data)
{
  Seen *seen = data;
  WcMedia media = strcmp (tc_track_section (track)->kind, "video") == 0
                      ? WC_MEDIA_VIDEO
                      : WC_MEDIA_AUDIO;

  if (packet->timestamp == seen->timestamp[media])
    return; /* the first of a frame */
  seen->timestamp[media] = packet->timestamp;
  seen->came_us[media] = wc_clock_now_us ();
}

static const TcTrackStats *
stats_of (TcWhepClient *viewer, WcMedia media)
{
  return tc_track_stats (tc_whep_client_track (viewer, media));
}

static gint64
clock_offset_us (TcWhepClient *viewer, const Seen *seen, WcMedia media)
{
  const TcTrackStats *stats = stats_of (viewer, media);
  gint64 rate = media == WC_MEDIA_VIDEO ? 90000 : 48000;
  gint64 ticks = (gint32)(seen->timestamp[media] - stats->last_sr.rtp);

  return wc_clock_ntp_to_us (stats->last_sr.ntp) +
         ticks * G_USEC_PER_SEC / rate - seen->came_us[media];
}

typedef struct {
  TcWhepClient *viewer;
  guint wanted[WC_N_MEDIA];
} Reports;

static gboolean
has_reports (gpointer data)
{
  Reports *reports = data;

  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (stats_of (reports->viewer, i)->sr_count < reports->wanted[i])
      return FALSE;
  return TRUE;
}

static void
wait_reports (Stage *stage, TcWhepClient *viewer, guint n)
{
  Reports reports = {.viewer = viewer};

  for (guint i = 0; i < WC_N_MEDIA; i++)
    reports.wanted[i] = (guint)stats_of (viewer, i)->sr_count + n;
  g_assert_true (tc_loop_run (stage->loop, 30000, has_reports, &reports));
}

static TcWhipClient *
restart (Stage *stage, TcWhipClient *publisher, guint nth)
{
  tc_whip_client_close (publisher);
  g_assert_true (wait_state (stage, "lost", PATIENCE_MS));
  tc_whip_client_free (publisher);
  return publish_live (
      stage,
      (TcWhipOptions){.behaviour = nth % 2 ? TC_WHIP_FFMPEG : TC_WHIP_OBS});
}

/* Issue 3, item 7: the numbers go on, and sound stays with the picture. */
static void
test_restarts (void)
{
  g_autoptr (Stage) stage = stage_open (NULL, NULL);
  TcWhipClient *publisher = publish_live (stage, (TcWhipOptions){0});
  Seen seen = {0};
  TcWhepOptions options = {
      .url = stage->whep_url, .peer.packet = note_packet, .peer.data = &seen};
  g_autoptr (TcWhepClient) viewer = tc_whep_client_new (stage->loop, &options);

  tc_whep_client_start (viewer);
  g_assert_true (tc_whep_client_wait_key_frame (viewer, PATIENCE_MS));
  for (guint i = 0; i <= RESTARTS; i++) {
    if (i > 0)
      publisher = restart (stage, publisher, i);
    assert_plays (viewer, 60);
    wait_reports (stage, viewer, 3);
    gint64 difference_us = clock_offset_us (viewer, &seen, WC_MEDIA_VIDEO) -
                           clock_offset_us (viewer, &seen, WC_MEDIA_AUDIO);
    g_test_message ("restart %u: picture against sound: %+d us", i,
                    (int)difference_us);
    g_assert_cmpint (ABS (difference_us), <, MAX_DIFFERENCE_US);
  }
  g_assert_cmpuint (stats_of (viewer, WC_MEDIA_VIDEO)->lost, ==, 0);
  g_assert_cmpuint (stats_of (viewer, WC_MEDIA_AUDIO)->lost, ==, 0);
  g_assert_cmpint (tc_whep_client_state (viewer), ==, TC_WHEP_PLAYING);
  tc_whip_client_free (publisher);
}

/* --- nonsense
 * ------------------------------------------------------------------ */

static void
random_bytes (guint8 *data, gsize size)
{
  for (gsize i = 0; i < size; i++)
    data[i] = (guint8)g_test_rand_int_range (0, 256);
}

/* Looks like RTP of its streams, with anything behind the header. */
static gsize
make_rtp (TcWhipClient *client, guint8 *data, gsize max)
{
  static const guint8 types[] = {96, 111, 97, 0, 127, 96 | 0x80};
  gsize size = (gsize)g_test_rand_int_range (12, (gint32)max);
  guint32 ssrc = tc_whip_client_ssrc (client, WC_MEDIA_VIDEO);

  random_bytes (data, size);
  data[0] = (guint8)(0x80 | (data[0] & 0x3f));
  data[1] = types[g_test_rand_int_range (0, G_N_ELEMENTS (types))];
  if (g_test_rand_int_range (0, 4) > 0)
    for (guint i = 0; i < 4; i++)
      data[8 + i] = (guint8)(ssrc >> (24 - 8 * i));
  if (g_test_rand_int_range (0, 2)) { /* one-byte extensions, mostly broken */
    data[0] |= 0x10;
    gsize at = 12 + 4 * (gsize)(data[0] & 0x0f);
    if (at + 4 <= size) {
      memcpy (data + at, "\xbe\xde\x00", 3);
      data[at + 3] = (guint8)g_test_rand_int_range (0, 40);
    }
  }
  return size;
}

static gsize
make_rtcp (guint8 *data, gsize max)
{
  gsize size = (gsize)g_test_rand_int_range (2, (gint32)max / 4) * 4;

  random_bytes (data, size);
  data[0] = (guint8)(0x80 | (data[0] & 0x1f));
  data[1] = (guint8)g_test_rand_int_range (200, 208);
  data[2] = 0;
  data[3] = (guint8)(g_test_rand_int_range (0, 2)
                         ? size / 4 - 1
                         : (gsize)g_test_rand_int_range (0, 256));
  return size;
}

/* STUN, DTLS and SRTP by their first bytes, nothing right behind. */
static gsize
make_datagram (guint8 *data, gsize max)
{
  static const guint8 firsts[] = {0, 1, 20, 21, 22, 23, 63, 128, 144, 191, 200};
  gsize size = (gsize)g_test_rand_int_range (1, (gint32)max);

  random_bytes (data, size);
  data[0] = firsts[g_test_rand_int_range (0, G_N_ELEMENTS (firsts))];
  if (data[0] < 2 && size >= 20) {
    data[1] = 1;
    data[2] = (guint8)((size - 20) >> 8);
    data[3] = (guint8)(size - 20);
    memcpy (data + 4, "\x21\x12\xa4\x42", 4);
  }
  return size;
}

/* from an authenticated publisher, with the keys and without. */
static void
test_nonsense (void)
{
  g_autoptr (Stage) stage = stage_open (NULL, ",\"publisher_takeover\":true");
  g_autoptr (TcWhipClient) first = publish_live (stage, (TcWhipOptions){0});
  g_autoptr (TcWhipClient) second = NULL;
  g_autoptr (TcWhepClient) viewer = NULL;
  TcPeer *peer = tc_whip_client_peer (first);
  guint8 data[1300];

  for (guint i = 0; i < 20000; i++) {
    tc_peer_send_raw_rtp (peer, data, make_rtp (first, data, 1200));
    tc_peer_send_raw_rtcp (peer, data, make_rtcp (data, 600));
    /* An alert record would only close the connection. */
    tc_peer_send_datagram (peer, data, make_datagram (data, 1200));
    if (i % 50 == 0)
      tc_loop_iterate (stage->loop, 1000);
  }
  second = publish_live (stage, (TcWhipOptions){0});
  viewer = watch (stage);
  assert_plays (viewer, 100);
}

/* --- latency
 * ------------------------------------------------------------------- */

static guint64 stamped, came;
static gint64 worst_us;

/* Behind the NAL unit headers, before what could be an emulation. */
static void
stamp (guint8 *payload, gsize size, gpointer data)
{
  gint64 now_us = wc_clock_now_us ();

  if (size < 200)
    return;
  memcpy (payload + 100, "whip-lat", 8);
  memcpy (payload + 108, &now_us, sizeof now_us);
  stamped++;
}

static void
on_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
           gpointer data)
{
  gint64 then_us;

  if (packet->payload_size < 200 ||
      memcmp (packet->payload + 100, "whip-lat", 8) != 0)
    return;
  memcpy (&then_us, packet->payload + 108, sizeof then_us);
  came++;
  worst_us = MAX (worst_us, wc_clock_now_us () - then_us);
}

/* What the bench of the same name measures, here without a limit on it: every
 * packet comes through as it was sent, byte for byte. */
static void
test_through (void)
{
  g_autoptr (Stage) stage = stage_open (NULL, NULL);
  g_autoptr (TcWhipClient) obs G_GNUC_UNUSED =
      publish_live (stage, (TcWhipOptions){.stamp = stamp});
  TcWhepOptions options = {.url = stage->whep_url, .peer.packet = on_packet};
  g_autoptr (TcWhepClient) viewer = tc_whep_client_new (stage->loop, &options);

  tc_whep_client_start (viewer);
  g_assert_true (tc_whep_client_wait_key_frame (viewer, PATIENCE_MS));
  came = 0;
  assert_plays (viewer, 300);
  g_assert_cmpuint (came, >, 200);
  g_test_message ("worst of %" G_GUINT64_FORMAT " packets: %" G_GINT64_FORMAT
                  " us",
                  came, worst_us);
}

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/publisher/obs/I-10-D-06", test_obs);
  g_test_add_func ("/publisher/ffmpeg/I-08-I-09", test_ffmpeg);
  g_test_add_func ("/publisher/profile/M-13", test_profile);
  g_test_add_func ("/publisher/repair/I-16", test_repair);
  g_test_add_func ("/publisher/ice-restart", test_restart);
  g_test_add_func ("/publisher/silence/D-07", test_silence);
  g_test_add_func ("/publisher/consent/D-07", test_consent);
  g_test_add_func ("/publisher/impostor/R-01", test_impostor);
  g_test_add_func ("/publisher/ends", test_ends);
  g_test_add_func ("/publisher/through", test_through);
  g_test_add_func ("/publisher/restarts/R-07", test_restarts);
  g_test_add_func ("/publisher/nonsense/R-11", test_nonsense);
  return g_test_run ();
}
