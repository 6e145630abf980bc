/* SPDX-License-Identifier: MIT */
/* What a viewer says about the media and what it gets for it: key frames,
 * lost packets, reports; a source that starts again; viewers that misbehave. */
#include "stage.h"

#include "common/payload.h"

#include <string.h>

#define WAIT_MS 15000
/* No key frame comes by itself in these tests. */
#define NO_GOP 100000

static gboolean
wait_video (TcWhepClient *client, guint64 n)
{
  return tc_whep_client_wait_packets (client, WC_MEDIA_VIDEO, n, WAIT_MS);
}

typedef struct {
  TcWhepClient *client;
  guint64 key_frames, frames;
} Progress;

static gboolean
has_key_frames (gpointer data)
{
  Progress *progress = data;

  return te_stats (progress->client, WC_MEDIA_VIDEO)->key_frames >=
         progress->key_frames;
}

static gboolean
has_frames (gpointer data)
{
  Progress *progress = data;

  return te_stats (progress->client, WC_MEDIA_VIDEO)->frames >=
         progress->frames;
}

/* Lets the stream go on for @n frames of the source. */
static void
pass_frames (TeStage *stage, TcWhepClient *client, guint64 n)
{
  Progress progress = {.client = client,
                       .frames = te_stats (client, WC_MEDIA_VIDEO)->frames + n};

  g_assert_true (tc_loop_run (stage->loop, WAIT_MS, has_frames, &progress));
}

/* there is no key frame to wait for, so what comes to whoever watches is
 * the last one.
 * @ask is sent ten times: one more comes, out of the ring too. */
static void
ask_for_key_frame (gboolean (*ask) (TcPeer *, TcTrack *))
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, NO_GOP);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  g_autoptr (TcWhepClient) other = te_stage_watch (stage, NULL);
  TcTrack *track = tc_whep_client_track (client, WC_MEDIA_VIDEO);
  Progress progress = {.client = client, .key_frames = 2};

  /* The one at the beginning is not repeated for two seconds. */
  pass_frames (stage, client, 100);
  g_assert_cmpuint (tc_track_stats (track)->key_frames, ==, 1);
  for (guint i = 0; i < 10; i++)
    g_assert_true (ask (tc_whep_client_peer (client), track));
  g_assert_true (tc_loop_run (stage->loop, WAIT_MS, has_key_frames, &progress));
  te_assert_plays (client, 45);
  g_assert_cmpuint (tc_track_stats (track)->key_frames, ==, 2);
  te_assert_clean (client);
  g_assert_cmpuint (te_stats (other, WC_MEDIA_VIDEO)->key_frames, ==, 1);
  te_assert_clean (other);
}

/* */
static void
test_pli (void)
{
  ask_for_key_frame (tc_peer_send_pli);
}

/* */
static void
test_fir (void)
{
  ask_for_key_frame (tc_peer_send_fir);
}

/* --- losses --------------------------------------------------------------- */

typedef struct {
  guint16 seq;
  GBytes *payload;
} Piece;

static void
clear_piece (Piece *piece)
{
  g_bytes_unref (piece->payload);
}

static void
keep_piece (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
            gpointer data)
{
  GArray *pieces = data;
  Piece piece = {packet->seq,
                 g_bytes_new (packet->payload, packet->payload_size)};

  if (strcmp (tc_track_section (track)->kind, "video") == 0)
    g_array_append_val (pieces, piece);
  else
    g_bytes_unref (piece.payload);
}

static int
compare_pieces (gconstpointer a, gconstpointer b)
{
  return (gint16)(((const Piece *)a)->seq - ((const Piece *)b)->seq);
}

/* Puts what was received into order and together, and looks for all of it in
 * what was sent. */
static void
assert_units_sent (GArray *pieces, GPtrArray *sent)
{
  g_autoptr (TcPayloadReader) reader = tc_payload_reader_new (TC_PAYLOAD_H264);
  GPtrArray *units = tc_payload_reader_units (reader);
  guint at = 0;

  g_array_sort (pieces, compare_pieces);
  for (guint i = 0; i < pieces->len; i++) {
    gsize size;
    const guint8 *payload =
        g_bytes_get_data (g_array_index (pieces, Piece, i).payload, &size);

    g_assert_true (tc_payload_reader_add (reader, payload, size));
  }
  g_assert_cmpuint (units->len, >, 100);
  /* SPS, PPS, IDR: it is the third that differs. */
  while (at + 2 < sent->len && !g_bytes_equal (g_ptr_array_index (sent, at + 2),
                                               g_ptr_array_index (units, 2)))
    at++;
  g_assert_cmpuint (at + units->len, <=, sent->len);
  for (guint i = 0; i < units->len; i++)
    g_assert_true (g_bytes_equal (g_ptr_array_index (sent, at + i),
                                  g_ptr_array_index (units, i)));
}

static gboolean
has_nothing_missing (gpointer client)
{
  return te_stats (client, WC_MEDIA_VIDEO)->lost == 0;
}

/* every packet that was lost comes as RTX, under its own number. */
static void
test_nack (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (GArray) pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  TcWhepOptions options = {
      .peer.drop_every = 20, .peer.packet = keep_piece, .peer.data = pieces};
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, &options);
  const TcTrackStats *stats = te_stats (client, WC_MEDIA_VIDEO);

  g_array_set_clear_func (pieces, (GDestroyNotify)clear_piece);
  g_assert_true (wait_video (client, 600));
  g_assert_true (
      tc_loop_run (stage->loop, WAIT_MS, has_nothing_missing, client));
  g_assert_cmpuint (stats->recovered, >, 10);
  g_assert_cmpuint (stats->rtx_packets, >=, stats->recovered);
  g_assert_cmpuint (stats->wrong_ssrc, ==, 0);
  assert_units_sent (pieces, tc_rtp_sender_record (stage->video));
  g_assert_cmpint (
      te_server_number (stage->server, TE_SESSIONS, "items.0.nacks"), >, 0);
}

static void
assert_no_rtx (TcTrack *track, gboolean has_nack)
{
  g_assert_cmpint (tc_track_format (track)->rtx_pt, ==, -1);
  g_assert_cmpuint (tc_track_section (track)->rtx_ssrc, ==, 0);
  g_assert_cmpint (tc_track_format (track)->has_nack, ==, has_nack);
  g_assert_true (tc_track_format (track)->has_pli);
}

/* M-28: the direct lane sends the packet itself again. */
static void
assert_plain_resend (TeStage *stage, const TcWhepOptions *no_rtx)
{
  g_autoptr (GArray) pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  TcWhepOptions options = *no_rtx;
  options.peer.drop_every = 20;
  options.peer.packet = keep_piece;
  options.peer.data = pieces;
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, &options);
  const TcTrackStats *stats = te_stats (client, WC_MEDIA_VIDEO);

  g_array_set_clear_func (pieces, (GDestroyNotify)clear_piece);
  assert_no_rtx (tc_whep_client_track (client, WC_MEDIA_VIDEO), TRUE);
  g_assert_true (wait_video (client, 600));
  g_assert_true (
      tc_loop_run (stage->loop, WAIT_MS, has_nothing_missing, client));
  g_assert_cmpuint (stats->recovered, >, 10);
  g_assert_cmpuint (stats->rtx_packets, ==, 0);
  g_assert_cmpuint (stats->auth_failures, ==, 0);
  assert_units_sent (pieces, tc_rtp_sender_record (stage->video));
}

/* Through webrtcbin there is nothing to answer a NACK with; then none is
 * promised, and one that comes does no harm. */
static void
assert_no_resend (TeStage *stage, const TcWhepOptions *no_rtx)
{
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, no_rtx);
  TcTrack *track = tc_whep_client_track (client, WC_MEDIA_VIDEO);
  guint16 seqs[3];

  for (guint i = 0; i < G_N_ELEMENTS (seqs); i++)
    seqs[i] = (guint16)(tc_track_stats (track)->highest_seq - 2 + i);
  g_assert_true (
      tc_peer_send_nack (tc_whep_client_peer (client), track, seqs, 3));
  te_assert_plays (client, 60);
  te_assert_clean (client);
  assert_no_rtx (track, FALSE);
}

static void
test_nack_without_rtx (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  TcWhepOptions options = {.offer.no_rtx = TRUE};
  TcWhepOptions reverse = {.offer.no_nack = TRUE};
  g_autoptr (TcWhepClient) other = te_stage_watch (stage, &reverse);
  TcTrack *track = tc_whep_client_track (other, WC_MEDIA_VIDEO);

  if (te_stage_is_direct (stage))
    assert_plain_resend (stage, &options);
  else
    assert_no_resend (stage, &options);
  g_assert_false (tc_track_format (track)->has_nack);
  g_assert_cmpint (tc_track_format (track)->rtx_pt, ==, -1);
}

/* --- the source ----------------------------------------------------------- */

typedef struct {
  TeStage *stage;
  TcWhepClient *client;
  guint64 audio, key_frames;
} Restart;

static gboolean
is_back (gpointer data)
{
  Restart *restart = data;

  return te_stats (restart->client, WC_MEDIA_VIDEO)->key_frames >=
             restart->key_frames &&
         te_stats (restart->client, WC_MEDIA_AUDIO)->packets >= restart->audio;
}

static void
restart_source (TeStage *stage, TcWhepClient *client, guint32 ssrc)
{
  Restart restart = {stage, client,
                     te_stats (client, WC_MEDIA_AUDIO)->packets + 50,
                     te_stats (client, WC_MEDIA_VIDEO)->key_frames + 2};

  tc_rtp_sender_restart (stage->video, ssrc, (guint16)(ssrc >> 3), ssrc << 4);
  tc_rtp_sender_restart (stage->audio, ssrc + 1, (guint16)ssrc, ssrc << 7);
  g_assert_true (tc_loop_run (stage->loop, WAIT_MS, is_back, &restart));
  te_assert_clean (client);
  g_assert_cmpuint (te_stats (client, WC_MEDIA_VIDEO)->gaps, ==, 0);
  g_assert_cmpuint (te_stats (client, WC_MEDIA_AUDIO)->gaps, ==, 0);
}

/* another SSRC, number and time, forward and back. */
static void
test_restart (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);

  te_assert_plays (client, 60);
  te_assert_clean (client);
  restart_source (stage, client, 0x7fffffff);
  restart_source (stage, client, 0x00000001);
  restart_source (stage, client, 0xfedcba98);
  g_assert_cmpint (tc_whep_client_state (client), ==, TC_WHEP_PLAYING);
}

/* --- misbehaviour --------------------------------------------------------- */

static void
send_garbage (TcPeer *peer)
{
  guint8 data[1800];

  for (guint first = 0; first < 256; first++) {
    memset (data, (int)first, sizeof data);
    tc_peer_send_datagram (peer, data, 1 + first % 40);
    tc_peer_send_datagram (peer, data, 1400);
  }
}

/* Truth in the first bytes, nonsense in the lengths behind them. */
static void
send_malformed_rtcp (TcPeer *peer)
{
  guint8 data[1700];

  for (guint type = 192; type <= 223; type++) {
    for (guint size = 8; size < 64; size += 5) {
      memset (data, (int)(type * 7 + size), sizeof data);
      data[0] = (guint8)(0x80 | (size & 31));
      data[1] = (guint8)type;
      data[2] = size % 2 == 0 ? 0xff : 0;
      tc_peer_send_raw_rtcp (peer, data, size);
    }
  }
  data[0] = 0x81;
  data[1] = TC_RTCP_RR;
  tc_peer_send_raw_rtcp (peer, data, sizeof data);
}

static void
send_unknown (TcPeer *peer)
{
  TcRtcpWriter writer = {.size = 0};
  guint16 seqs[] = {1, 2, 3, 700};
  guint8 rtp[300] = {0x80, 111, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4};

  tc_rtcp_add_rr (&writer, 99, NULL, 0);
  tc_rtcp_add_pli (&writer, 99, 12345);
  tc_rtcp_add_fir (&writer, 99, 12345, 1);
  tc_rtcp_add_nack (&writer, 99, 12345, seqs, G_N_ELEMENTS (seqs));
  tc_peer_send_raw_rtcp (peer, writer.data, writer.size);
  for (guint i = 0; i < 100; i++) {
    rtp[3] = (guint8)i;
    tc_peer_send_raw_rtp (peer, rtp, sizeof rtp);
  }
}

/* authentic nonsense and other nonsense; nobody is hurt by it, its
 * sender included. What could be STUN is counted. */
static void
test_nonsense (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  TcWhepOptions sendrecv = {.offer.direction = "sendrecv"};
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, &sendrecv);
  g_autoptr (TcWhepClient) other = te_stage_watch (stage, NULL);
  TcPeer *peer = tc_whep_client_peer (client);

  for (guint round = 0; round < 3; round++) {
    send_unknown (peer);
    send_malformed_rtcp (peer);
    send_garbage (peer);
    te_assert_plays (other, 20);
  }
  te_assert_clean (other);
  g_assert_cmpint (
      te_server_number (stage->server, TE_SERVER, "engine.stun_rejected"), >,
      0);
  g_assert_false (te_child_has_ended (te_server_child (stage->server)));
  te_assert_plays (client, 20);
  te_leave (client);
  te_leave (other);
}

/* one does not read what it is sent. */
static void
test_stopped_reader (void)
{
  g_autoptr (TeStage) stage = te_stage_open (NULL, TE_FPS);
  g_autoptr (TcWhepClient) client = te_stage_watch (stage, NULL);
  TcLoop *loop = tc_loop_new ();
  TcWhepOptions options = {.url = stage->whep_url};
  TcWhepClient *stopped = tc_whep_client_new (loop, &options);

  tc_whep_client_start (stopped);
  while (!tc_whep_client_wait (stopped, TC_WHEP_PLAYING, 10)) {
    g_assert_cmpint (tc_whep_client_state (stopped), !=, TC_WHEP_FAILED);
    tc_loop_run (stage->loop, 10, NULL, NULL);
  }
  /* From here on nobody runs its loop. */
  te_assert_plays (client, 300);
  te_assert_clean (client);
  g_assert_cmpuint (te_stats (client, WC_MEDIA_VIDEO)->gaps, ==, 0);
  g_assert_cmpuint (te_stats (client, WC_MEDIA_AUDIO)->gaps, ==, 0);
  te_leave (client);
  tc_whep_client_free (stopped);
  tc_loop_free (loop);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/viewer/media/pli", test_pli);
  g_test_add_func ("/viewer/media/fir", test_fir);
  g_test_add_func ("/viewer/media/nack", test_nack);
  g_test_add_func ("/viewer/media/nack-without-rtx", test_nack_without_rtx);
  g_test_add_func ("/viewer/media/restart", test_restart);
  g_test_add_func ("/viewer/media/nonsense", test_nonsense);
  g_test_add_func ("/viewer/media/stopped-reader", test_stopped_reader);
  return g_test_run ();
}
