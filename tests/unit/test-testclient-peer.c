/* SPDX-License-Identifier: MIT */
/* Two peers of tests/common against each other over loopback: ICE, DTLS, SRTP,
 * NACK and RTX, and the ways in which a viewer may misbehave. */
#include "common/bytes.h"
#include "common/peer.h"

#include <string.h>

/* Two peers: one receives as a viewer does, the other sends. */
typedef struct {
  TcLoop *loop;
  TcPeer *viewer, *source;
  TcDescription *viewer_says, *source_says;
  GPtrArray *sent; /* GBytes, the RTP packets */
  guint n_nacks;
  guint64 sum; /* of the payloads' first bytes that the viewer saw */
} Pair;

#define SSRC 0x11111111u
#define RTX_SSRC 0x22222222u

static TcDescription *
describe (TcPeer *peer, const char *setup)
{
  g_autofree char *text = g_strdup_printf (
      "v=0\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
      "a=fingerprint:sha-256 %s\r\na=setup:%s\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"
      "a=candidate:1 1 udp 1 127.0.0.1 %u typ host\r\n"
      "a=rtpmap:96 H264/90000\r\na=rtcp-fb:96 nack\r\n"
      "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
      "a=ssrc-group:FID %u %u\r\na=ssrc:%u cname:x\r\n",
      tc_peer_ufrag (peer), tc_peer_pwd (peer), tc_peer_fingerprint (peer),
      setup, tc_peer_port (peer), SSRC, RTX_SSRC, SSRC);
  TcDescription *description = tc_description_parse (text, NULL);

  g_assert_nonnull (description);
  return description;
}

static void
send_rtx (Pair *pair, guint16 seq)
{
  static guint16 rtx_seq;
  gsize size;
  const guint8 *original;
  guint8 data[1500];
  TcRtpPacket packet;

  g_assert_cmpuint (seq, <, pair->sent->len);
  original = g_bytes_get_data (g_ptr_array_index (pair->sent, seq), &size);
  g_assert_true (tc_rtp_read (&packet, original, size));
  packet.pt = 97;
  packet.ssrc = RTX_SSRC;
  tc_put_u16 (data + 12, packet.seq);
  packet.seq = rtx_seq++;
  tc_rtp_write_header (&packet, data);
  memcpy (data + 14, packet.payload, packet.payload_size);
  tc_peer_send_raw_rtp (pair->source, data, 14 + packet.payload_size);
}

static void
on_source_rtcp (TcPeer *peer, const TcRtcpPart *part, gpointer data)
{
  Pair *pair = data;

  if (part->type != TC_RTCP_RTPFB || part->count != 1)
    return;
  pair->n_nacks++;
  for (gsize at = 12; at + 4 <= part->size; at += 4) {
    guint16 seq = tc_get_u16 (part->data + at);
    guint16 mask = tc_get_u16 (part->data + at + 2);

    send_rtx (pair, seq);
    for (guint bit = 0; bit < 16; bit++)
      if ((mask >> bit & 1) != 0)
        send_rtx (pair, (guint16)(seq + bit + 1));
  }
}

static void
on_viewer_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
                  gpointer data)
{
  Pair *pair = data;

  pair->sum += packet->payload[1];
}

static void
pair_start (Pair *pair, TcPeerOptions viewer_options)
{
  TcPeerOptions source_options = {.rtcp = on_source_rtcp, .data = pair};
  gboolean gcm = viewer_options.srtp_profiles != NULL;

  source_options.srtp_profiles = viewer_options.srtp_profiles;
  viewer_options.local_address = "127.0.0.1";
  source_options.local_address = "127.0.0.1";
  viewer_options.packet = on_viewer_packet;
  viewer_options.data = pair;
  pair->loop = tc_loop_new ();
  pair->sent = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  pair->viewer = tc_peer_new (pair->loop, &viewer_options, NULL);
  pair->source = tc_peer_new (pair->loop, &source_options, NULL);
  pair->viewer_says = describe (pair->viewer, gcm ? "active" : "passive");
  pair->source_says = describe (pair->source, gcm ? "passive" : "active");
  tc_peer_connect (pair->source, pair->viewer_says, !gcm, FALSE);
  tc_peer_connect (pair->viewer, pair->source_says, gcm, TRUE);
}

static void
pair_clear (Pair *pair)
{
  tc_peer_free (pair->viewer);
  tc_peer_free (pair->source);
  tc_description_free (pair->viewer_says);
  tc_description_free (pair->source_says);
  g_ptr_array_unref (pair->sent);
  tc_loop_free (pair->loop);
}

static gboolean
is_decided (gpointer data)
{
  Pair *pair = data;
  TcPeerState viewer = tc_peer_state (pair->viewer);
  TcPeerState source = tc_peer_state (pair->source);

  return viewer >= TC_PEER_CONNECTED && source >= TC_PEER_CONNECTED;
}

/* Returns the byte that fills the payload. */
static guint8
pair_send (Pair *pair)
{
  guint8 data[200];
  guint n = pair->sent->len;
  TcRtpPacket packet = {
      .pt = 96, .seq = (guint16)n, .timestamp = n * 3000, .ssrc = SSRC};

  memset (data, (int)n, sizeof data);
  data[12] = 0x41;
  tc_rtp_write_header (&packet, data);
  g_ptr_array_add (pair->sent, g_bytes_new (data, sizeof data));
  g_assert_true (tc_peer_send_raw_rtp (pair->source, data, sizeof data));
  return (guint8)n;
}

static gboolean
has_everything (gpointer data)
{
  Pair *pair = data;
  const TcTrackStats *stats = tc_track_stats (tc_peer_track (pair->viewer, 0));

  return stats->packets == pair->sent->len;
}

/* Every third packet, RTX ones too, is thrown away; all arrive. */
static void
check_media (const char *profiles)
{
  Pair pair = {0};
  const TcTrackStats *stats;
  guint64 sum = 0;

  pair_start (&pair,
              (TcPeerOptions){.srtp_profiles = profiles, .drop_every = 3});
  g_assert_true (tc_loop_run (pair.loop, 10000, is_decided, &pair));
  g_assert_cmpstr (tc_peer_error (pair.viewer), ==, "");
  g_assert_cmpint (tc_peer_state (pair.viewer), ==, TC_PEER_CONNECTED);
  for (guint i = 0; i < 301; i++) {
    sum += pair_send (&pair);
    tc_loop_iterate (pair.loop, 0);
  }
  /* A lost last packet shows only by one that follows. */
  for (guint i = 0; i < 200 && !has_everything (&pair); i++) {
    sum += pair_send (&pair);
    tc_loop_run (pair.loop, 100, has_everything, &pair);
  }
  g_assert_true (has_everything (&pair));
  stats = tc_track_stats (tc_peer_track (pair.viewer, 0));
  g_assert_cmpuint (stats->lost, ==, 0);
  g_assert_cmpuint (stats->recovered, >=, 40);
  g_assert_cmpuint (tc_peer_stats (pair.viewer)->dropped, >=, 100);
  g_assert_cmpuint (stats->auth_failures, ==, 0);
  g_assert_cmpuint (stats->wrong_ssrc, ==, 0);
  g_assert_cmpuint (pair.n_nacks, >, 0);
  g_assert_cmpuint (pair.sum, ==, sum);
  tc_peer_close (pair.source);
  tc_loop_run (pair.loop, 200, NULL, NULL);
  g_assert_true (tc_peer_stats (pair.viewer)->close_notify);
  pair_clear (&pair);
}

static void
test_peer_media (void)
{
  check_media (NULL);
}

static void
test_peer_media_gcm (void)
{
  check_media ("SRTP_AEAD_AES_128_GCM");
}

static void
test_peer_wrong_certificate (void)
{
  Pair pair = {0};

  pair_start (&pair, (TcPeerOptions){.wrong_certificate = TRUE});
  g_assert_true (tc_loop_run (pair.loop, 10000, is_decided, &pair));
  g_assert_cmpint (tc_peer_state (pair.source), ==, TC_PEER_FAILED);
  g_assert_cmpstr (tc_peer_error (pair.source), ==,
                   "DTLS: the certificate is not the answer's");
  pair_clear (&pair);
}

static void
test_peer_never_ice (void)
{
  Pair pair = {0};

  pair_start (&pair,
              (TcPeerOptions){.never_ice = TRUE, .connect_timeout_ms = 300});
  tc_loop_run (pair.loop, 600, NULL, NULL);
  g_assert_cmpint (tc_peer_state (pair.viewer), ==, TC_PEER_FAILED);
  g_assert_cmpuint (tc_peer_ice_stats (pair.viewer)->checks_sent, ==, 0);
  pair_clear (&pair);
}

static void
test_peer_moves (void)
{
  Pair pair = {0};
  guint16 port;
  guint requests;

  pair_start (&pair, (TcPeerOptions){0});
  g_assert_true (tc_loop_run (pair.loop, 10000, is_decided, &pair));
  port = tc_peer_port (pair.viewer);
  requests = tc_peer_ice_stats (pair.source)->requests;
  g_assert_true (tc_peer_move (pair.viewer, NULL));
  g_assert_cmpuint (tc_peer_port (pair.viewer), !=, port);
  tc_loop_run (pair.loop, 100, NULL, NULL);
  g_assert_cmpuint (tc_peer_ice_stats (pair.source)->requests, >, requests);
  pair_clear (&pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/testclient-peer/media", test_peer_media);
  g_test_add_func ("/testclient-peer/media-gcm", test_peer_media_gcm);
  g_test_add_func ("/testclient-peer/wrong-certificate",
                   test_peer_wrong_certificate);
  g_test_add_func ("/testclient-peer/never-ice", test_peer_never_ice);
  g_test_add_func ("/testclient-peer/moves", test_peer_moves);
  return g_test_run ();
}
