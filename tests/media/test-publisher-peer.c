/* SPDX-License-Identifier: MIT */
/* A publisher's peer connection in process: engine, webrtcbin and a publisher
 * of tests/common on loopback, packet by packet. */
#include "common/peer.h"
#include "common/rtp.h"
#include "common/srtp.h"
#include "peer/publisher-peer.h"

#include <gst/gst.h>
#include <string.h>

#define WAIT_US (10 * G_USEC_PER_SEC)
#define VIDEO_SSRC 0x01020304u
#define RTX_SSRC 0x05060708u

typedef struct {
  WcEngine *engine;
  WcPeerFactory *factory;
  TcLoop *loop;
  TcPeer *client;
  TcDescription *answer;
  WcPublisherPeer *peer;
  GError *error; /* of the negotiation */
  gboolean negotiated;
  guint nacks, plis, transport_feedbacks; /* that came back */

  GMutex lock; /* guards what the sink has taken */
  GArray *seqs;
  guint bad;
  guint reports;
} Fixture;

static void
on_rtp (WcMedia media, guint layer, const guint8 *data, gsize size,
        gint64 now_us, gpointer sink)
{
  Fixture *f = sink;
  TcRtpPacket packet;

  g_mutex_lock (&f->lock);
  if (tc_rtp_read (&packet, data, size) && media == WC_MEDIA_VIDEO &&
      packet.ssrc == VIDEO_SSRC && packet.pt == 96 &&
      packet.payload_size == 50 && packet.payload[1] == (guint8)packet.seq)
    g_array_append_val (f->seqs, packet.seq);
  else
    f->bad++;
  g_mutex_unlock (&f->lock);
}

static void
on_report (WcMedia media, guint layer, guint64 ntp, guint32 rtp_timestamp,
           gint64 now_us, gpointer sink)
{
  Fixture *f = sink;

  g_mutex_lock (&f->lock);
  f->reports += ntp == G_GUINT64_CONSTANT (0x1122334455667788) ? 1 : 0;
  g_mutex_unlock (&f->lock);
}

static const WcPublisherSink sink = {on_rtp, on_report};

static void
on_rtcp (TcPeer *peer, const TcRtcpPart *part, gpointer data)
{
  Fixture *f = data;

  f->nacks += part->type == TC_RTCP_RTPFB && part->count == 1;
  f->transport_feedbacks += part->type == TC_RTCP_RTPFB && part->count == 15;
  f->plis += part->type == TC_RTCP_PSFB && part->count == 1;
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  WcEngineConfig config = {
      .workers = 2, .connect_timeout_ms = 20000, .consent_timeout_ms = 15000};
  g_autoptr (GError) error = NULL;

  f->engine = wc_engine_new (&config, &error);
  g_assert_no_error (error);
  f->factory = wc_peer_factory_new (f->engine, 2000, &error);
  g_assert_no_error (error);
  f->loop = tc_loop_new ();
  f->seqs = g_array_new (FALSE, FALSE, sizeof (guint16));
}

/* Both loops have a turn. */
static void
turn (Fixture *f)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  tc_loop_run (f->loop, 2, NULL, NULL);
}

typedef gboolean (*Condition) (Fixture *f);

static gboolean
turn_until (Fixture *f, Condition condition)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  while (!condition (f) && g_get_monotonic_time () < deadline)
    turn (f);
  return condition (f);
}

static gboolean
is_gone (Fixture *f)
{
  return wc_peer_factory_alive (f->factory) == 0;
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  if (f->peer != NULL)
    wc_peer_close (WC_PEER (f->peer), "the test is over");
  g_assert_true (turn_until (f, is_gone));
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_finalize_object (g_steal_pointer (&f->peer));
  wc_peer_factory_stop (f->factory);
  g_assert_finalize_object (f->factory);
  wc_engine_free (f->engine);
  g_clear_pointer (&f->client, tc_peer_free);
  g_clear_pointer (&f->answer, tc_description_free);
  g_clear_error (&f->error);
  g_array_unref (f->seqs);
  tc_loop_free (f->loop);
}

static WcSdpPlan *
make_plan (TcPeer *client)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf (
      "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
      "a=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n"
      "c=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n"
      "a=rtcp-rsize\r\na=setup:actpass\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
      "a=fingerprint:sha-256 %s\r\na=extmap:3 http://www.ietf.org/id/"
      "draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
      "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n"
      "a=rtcp-fb:96 transport-cc\r\na=rtpmap:97 rtx/90000\r\n"
      "a=fmtp:97 apt=96\r\na=ssrc-group:FID %u %u\r\n",
      tc_peer_ufrag (client), tc_peer_pwd (client),
      tc_peer_fingerprint (client), VIDEO_SSRC, RTX_SSRC);
  WcSdpOffer *offer = wc_sdp_offer_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  WcSdpPlan *plan = wc_sdp_publish_plan_new (offer, &error);
  g_assert_no_error (error);
  return plan;
}

static void
on_negotiated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;
  WcAddress candidate;

  wc_address_parse (&candidate, "127.0.0.1", wc_engine_udp_port (f->engine));
  g_autofree char *text = wc_peer_negotiate_finish (WC_PEER (source), result,
                                                    &candidate, 1, &f->error);
  if (text != NULL)
    f->answer = tc_description_parse (text, NULL);
  f->negotiated = TRUE;
}

static void
begin (Fixture *f, gboolean wrong_certificate)
{
  TcPeerOptions options = {.local_address = "127.0.0.1",
                           .wrong_certificate = wrong_certificate,
                           .rtcp = on_rtcp,
                           .data = f};
  g_autoptr (GError) error = NULL;

  f->client = tc_peer_new (f->loop, &options, &error);
  g_assert_no_error (error);
  f->peer = wc_publisher_peer_new (f->factory, make_plan (f->client), &sink, f,
                                   NULL, "test");
  wc_peer_negotiate_async (WC_PEER (f->peer), on_negotiated, f);
}

static gboolean
is_negotiated (Fixture *f)
{
  return f->negotiated;
}

static gboolean
is_publishing (Fixture *f)
{
  return wc_peer_state (WC_PEER (f->peer)) == WC_PEER_ACTIVE &&
         tc_peer_state (f->client) == TC_PEER_CONNECTED;
}

static void
publish (Fixture *f)
{
  begin (f, FALSE);
  g_assert_true (turn_until (f, is_negotiated));
  g_assert_nonnull (f->answer);
  tc_peer_connect (f->client, f->answer, FALSE, TRUE);
  g_assert_true (turn_until (f, is_publishing));
}

/* With a transport-wide number, and its own in the payload. @osn: not -1: as
 * the retransmission of that packet. */
static void
send_packet (Fixture *f, guint16 seq, gint osn)
{
  guint8 data[80] = {0x90, osn < 0 ? 96 : 97};
  guint32 ssrc = osn < 0 ? VIDEO_SSRC : RTX_SSRC;
  gsize size = 20;

  data[2] = (guint8)(seq >> 8);
  data[3] = (guint8)seq;
  for (guint i = 0; i < 4; i++)
    data[8 + i] = (guint8)(ssrc >> (24 - 8 * i));
  memcpy (data + 12, "\xbe\xde\x00\x01\x31", 5);
  data[17] = (guint8)(seq >> 8);
  data[18] = (guint8)seq;
  if (osn >= 0) {
    data[size++] = (guint8)(osn >> 8);
    data[size++] = (guint8)osn;
  }
  memset (data + size, 0x10, 50);
  data[size + 1] = (guint8)(osn < 0 ? seq : osn);
  g_assert_true (tc_peer_send_raw_rtp (f->client, data, size + 50));
}

static guint
n_taken (Fixture *f)
{
  g_mutex_lock (&f->lock);
  guint n = f->seqs->len;
  g_mutex_unlock (&f->lock);
  return n;
}

static gboolean
has_hundred (Fixture *f)
{
  return n_taken (f) >= 100;
}

static gboolean
has_feedback (Fixture *f)
{
  return f->transport_feedbacks > 0;
}

static void
test_media (Fixture *f, gconstpointer unused)
{
  publish (f);
  for (guint i = 0; i < 100; i++)
    send_packet (f, (guint16)(65500 + i), -1);
  g_assert_true (turn_until (f, has_hundred));
  g_assert_cmpuint (f->bad, ==, 0);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpuint (g_array_index (f->seqs, guint16, i), ==,
                      (guint16)(65500 + i));
  g_assert_true (turn_until (f, has_feedback));
  g_assert_cmpuint (f->nacks, ==, 0);
}

static gboolean
has_nack (Fixture *f)
{
  return f->nacks > 0;
}

static gboolean
has_four (Fixture *f)
{
  return n_taken (f) >= 4;
}

static void
test_repair (Fixture *f, gconstpointer unused)
{
  publish (f);
  send_packet (f, 1, -1);
  send_packet (f, 2, -1);
  send_packet (f, 4, -1);
  g_assert_true (turn_until (f, has_nack));
  send_packet (f, 700, 3);
  g_assert_true (turn_until (f, has_four));
  g_assert_cmpuint (g_array_index (f->seqs, guint16, 3), ==, 3);
  g_assert_cmpuint (f->bad, ==, 0);
}

static gboolean
has_pli (Fixture *f)
{
  return f->plis > 0;
}

static gboolean
has_report (Fixture *f)
{
  g_mutex_lock (&f->lock);
  gboolean has = f->reports > 0;
  g_mutex_unlock (&f->lock);
  return has;
}

/* A key frame is asked for once in a while, however often it is wanted. */
static void
test_requests (Fixture *f, gconstpointer unused)
{
  TcRtcpWriter writer = {.size = 0};
  TcRtcpSenderInfo info = {.ssrc = VIDEO_SSRC,
                           .ntp = G_GUINT64_CONSTANT (0x1122334455667788)};

  publish (f);
  send_packet (f, 1, -1);
  for (guint i = 0; i < 50; i++)
    wc_publisher_peer_request_key_frame (f->peer, WC_MEDIA_VIDEO, 0);
  g_assert_true (turn_until (f, has_pli));
  for (guint i = 0; i < 50; i++)
    turn (f);
  g_assert_cmpuint (f->plis, ==, 1);
  tc_rtcp_add_sr (&writer, &info, NULL, 0);
  tc_peer_send_raw_rtcp (f->client, writer.data, writer.size);
  g_assert_true (turn_until (f, has_report));
}

static gboolean
is_closed (Fixture *f)
{
  return wc_peer_state (WC_PEER (f->peer)) == WC_PEER_CLOSED;
}

static void
test_impostor (Fixture *f, gconstpointer unused)
{
  begin (f, TRUE);
  g_assert_true (turn_until (f, is_negotiated));
  tc_peer_connect (f->client, f->answer, FALSE, TRUE);
  g_assert_true (turn_until (f, is_closed));
  g_assert_nonnull (strstr (wc_peer_reason (WC_PEER (f->peer)), "certificate"));
  g_assert_cmpuint (n_taken (f), ==, 0);
}

static void
test_close_while_negotiating (Fixture *f, gconstpointer unused)
{
  begin (f, FALSE);
  wc_peer_close (WC_PEER (f->peer), "too soon");
  g_assert_true (turn_until (f, is_negotiated));
  g_assert_error (f->error, WC_PEER_ERROR, WC_PEER_ERROR_CLOSED);
}

static gboolean
was_told (Fixture *f)
{
  return tc_peer_stats (f->client)->close_notify;
}

static void
test_goodbyes (Fixture *f, gconstpointer theirs)
{
  publish (f);
  if (theirs != NULL) {
    tc_peer_close (f->client);
    g_assert_true (turn_until (f, is_closed));
  } else {
    wc_peer_close (WC_PEER (f->peer), "enough");
    g_assert_true (turn_until (f, was_told));
  }
}

/* Not by its keys, or by them and no RTP. As many streams as are let in are
 * used up by it; the one that was there before goes on. */
static void
test_nonsense (Fixture *f, gconstpointer unused)
{
  guint8 data[200];

  publish (f);
  send_packet (f, 0, -1);
  for (guint i = 0; i < 2000; i++) {
    gsize size = (gsize)g_test_rand_int_range (12, sizeof data);
    for (gsize k = 0; k < size; k++)
      data[k] = (guint8)g_test_rand_int_range (0, 256);
    data[0] = (guint8)(0x80 | (data[0] & 0x3f));
    if (i % 3 == 0)
      tc_peer_send_datagram (f->client, data, size);
    else if (i % 3 == 1)
      tc_peer_send_raw_rtp (f->client, data, size);
    else
      tc_peer_send_raw_rtcp (f->client, data, size & ~(gsize)3);
    if (i % 20 == 0)
      turn (f);
  }
  for (guint i = 1; i <= 100; i++)
    send_packet (f, (guint16)i, -1);
  g_assert_true (turn_until (f, has_hundred));
}

/* Has this file's SRTP initialised first: of a process's second srtp_init ()
 * libsrtp makes an error, which GStreamer's plugin ignores and ours do not. */
static void
claim_srtp (void)
{
  const guint8 key[30] = {0};
  g_autoptr (TcSrtp) srtp =
      tc_srtp_new (TC_SRTP_AES128_CM_SHA1, key, key, NULL);

  g_assert_nonnull (srtp);
}

int
main (int argc, char **argv)
{
  claim_srtp ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
#define ADD(name, data, func)                                                  \
  g_test_add ("/publisher-peer/" name, Fixture, data, set_up, func, tear_down)
  ADD ("media", NULL, test_media);
  ADD ("repair", NULL, test_repair);
  ADD ("requests", NULL, test_requests);
  ADD ("impostor", NULL, test_impostor);
  ADD ("close-while-negotiating", NULL, test_close_while_negotiating);
  ADD ("our-goodbye", NULL, test_goodbyes);
  ADD ("their-goodbye", "theirs", test_goodbyes);
  ADD ("nonsense", NULL, test_nonsense);
  return g_test_run ();
}
