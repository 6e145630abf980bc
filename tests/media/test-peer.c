/* SPDX-License-Identifier: MIT */
/* A viewer's peer connection in process: engine, webrtcbin and a viewer of
 * tests/common on loopback. No media but packets made here. */
#include "common/bytes.h"
#include "common/offer.h"
#include "common/peer.h"
#include "common/srtp.h"
#include "peer/viewer-peer.h"

#include <gst/gst.h>
#include <stdatomic.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED TRUE
#else
#define SANITIZED FALSE
#endif

#define WAIT_US (10 * G_USEC_PER_SEC)
#define FLOOD 400
#define REST_US (3 * G_USEC_PER_SEC)

typedef struct {
  WcEngine *engine;
  WcPeerFactory *factory;
  WcTrack *track;
  guint64 seq;
  TcLoop *loop;
  TcOfferOptions offer;
  gboolean spoilt; /* webrtcbin takes no offer without a user name */
  TcPeer *viewer;
  TcDescription *answer;
  WcPeer *peer;
  GError *error; /* of the negotiation */
  gboolean negotiated;
  guint n_wanted;
} Fixture;

static void
set_up (Fixture *f, gconstpointer direct)
{
  WcEngineConfig config = {.workers = 2,
                           .connect_timeout_ms = 20000,
                           .consent_timeout_ms = 15000,
                           .fast_start = TRUE};
  WcTrackLimits limits = {2000, 1 << 20};
  g_autoptr (GError) error = NULL;

  f->engine = wc_engine_new (&config, &error);
  g_assert_no_error (error);
  f->factory = wc_peer_factory_new (f->engine, 2000, &error);
  g_assert_no_error (error);
  wc_peer_factory_set_direct (f->factory, direct != NULL);
  f->track = wc_track_new (WC_CODEC_VP8, 90000, &limits);
  f->loop = tc_loop_new ();
}

/* Both loops have a turn. */
static void
turn (Fixture *f)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  tc_loop_run (f->loop, 2, NULL, NULL);
}

/* Closes the peer and frees the viewer. */
static void
leave (Fixture *f)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  wc_peer_close (f->peer, "the next, please");
  while (wc_peer_factory_alive (f->factory) > 0 &&
         g_get_monotonic_time () < deadline)
    turn (f);
  g_assert_cmpuint (wc_peer_factory_alive (f->factory), ==, 0);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_finalize_object (g_steal_pointer (&f->peer));
  g_clear_pointer (&f->viewer, tc_peer_free);
  g_clear_pointer (&f->answer, tc_description_free);
  f->negotiated = FALSE;
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  if (f->peer != NULL)
    leave (f);
  wc_peer_factory_stop (f->factory);
  g_assert_finalize_object (f->factory);
  wc_engine_free (f->engine);
  wc_track_unref (f->track);
  g_clear_error (&f->error);
  tc_loop_free (f->loop);
}

static void
append (Fixture *f, gboolean start)
{
  WcPacket *packet = wc_packet_new (200);

  memset (packet->payload, start ? 0x10 : 0x11, packet->size);
  packet->seq = f->seq;
  packet->frame = (guint32)f->seq;
  packet->timestamp = (gint64)f->seq * 3000;
  packet->capture_us = g_get_monotonic_time ();
  packet->flags = WC_PACKET_MARKER | (start ? WC_PACKET_START : 0);
  f->seq++;
  wc_track_append (f->track, &packet, 1);
}

static void
on_wanted (WcPeer *peer, guint media, Fixture *f)
{
  f->n_wanted++;
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
join (Fixture *f, TcPeerOptions options)
{
  g_autoptr (GError) error = NULL;
  WcSdpTrack track = {.codec = WC_CODEC_VP8, .clock_rate = 90000};
  const WcSdpTrack *present[WC_N_MEDIA] = {[WC_MEDIA_VIDEO] = &track};
  WcTrack *tracks[WC_N_MEDIA] = {[WC_MEDIA_VIDEO] = f->track};
  WcSdpPolicy policy = {0};

  options.local_address = "127.0.0.1";
  f->viewer = tc_peer_new (f->loop, &options, &error);
  g_assert_no_error (error);
  TcOfferTransport transport = {tc_peer_ufrag (f->viewer),
                                tc_peer_pwd (f->viewer),
                                tc_peer_fingerprint (f->viewer), NULL, 0};
  g_autofree char *text = tc_offer_write (&f->offer, &transport);
  WcSdpOffer *offer = wc_sdp_offer_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  WcSdpPlan *plan = wc_sdp_plan_new (offer, present, &policy, &error);
  g_assert_no_error (error);
  if (f->spoilt)
    plan->offer->ufrag[0] = '\0';
  f->peer = wc_viewer_peer_new (f->factory, plan, tracks, "test");
  g_signal_connect (f->peer, "key-frame-wanted", G_CALLBACK (on_wanted), f);
  wc_peer_negotiate_async (f->peer, on_negotiated, f);
}

static void
wait_negotiated (Fixture *f)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  while (!f->negotiated && g_get_monotonic_time () < deadline)
    turn (f);
  g_assert_true (f->negotiated);
}

static void
wait_state (Fixture *f, WcPeerState state)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  while (wc_peer_state (f->peer) != state && g_get_monotonic_time () < deadline)
    turn (f);
  g_assert_cmpint (wc_peer_state (f->peer), ==, state);
}

static void
connect_viewer (Fixture *f)
{
  wait_negotiated (f);
  g_assert_no_error (f->error);
  g_assert_nonnull (f->answer);
  tc_peer_connect (f->viewer, f->answer,
                   g_strcmp0 (f->answer->setup, "passive") == 0, TRUE);
}

static void
play (Fixture *f, guint n)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  append (f, TRUE);
  for (guint i = 1; i < n; i++)
    append (f, FALSE);
  join (f, (TcPeerOptions){.no_nack = TRUE});
  connect_viewer (f);
  wait_state (f, WC_PEER_ACTIVE);
  while (tc_peer_stats (f->viewer)->rtp < n &&
         g_get_monotonic_time () < deadline)
    turn (f);
  g_assert_cmpuint (tc_peer_stats (f->viewer)->rtp, ==, n);
}

static void
settle (Fixture *f)
{
  gint64 until = g_get_monotonic_time () + G_USEC_PER_SEC;

  while (g_get_monotonic_time () < until)
    turn (f);
}

static guint32
ssrc_of (Fixture *f)
{
  return tc_description_find (f->answer, WC_MEDIA_VIDEO)->ssrc;
}

/* One viewer's PLIs without end are counted, but its source and the main loop
 * hear of few. */
static void
test_pli_flood (Fixture *f, gconstpointer unused)
{
  guint8 pli[] = {0x81, 206, 0, 2, 0, 0, 0, 9, 0, 0, 0, 0};
  WcViewerPeerStats stats;

  play (f, 5);
  f->n_wanted = 0;
  tc_put_u32 (pli + 8, ssrc_of (f));
  for (guint i = 0; i < FLOOD; i++) {
    g_assert_true (tc_peer_send_raw_rtcp (f->viewer, pli, sizeof pli));
    if (i % 20 == 0)
      turn (f);
  }
  settle (f);
  wc_viewer_peer_get_stats (WC_VIEWER_PEER (f->peer), &stats);
  g_assert_cmpuint (stats.plis, >, FLOOD / 2);
  g_assert_cmpuint (f->n_wanted, >, 0);
  g_assert_cmpuint (f->n_wanted, <, FLOOD / 4);
}

/* One that asks for the same packets again and again gets some of them, not
 * twenty times what it was sent. */
static void
test_nack_flood (Fixture *f, gconstpointer unused)
{
  guint8 nack[] = {0x81, 205, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  WcViewerPeerStats stats;
  gint64 began_us = g_get_monotonic_time ();

  play (f, 17);
  guint64 before = tc_peer_stats (f->viewer)->rtp;
  TcTrack *track = tc_peer_find_track (f->viewer, WC_MEDIA_VIDEO);
  tc_put_u32 (nack + 8, ssrc_of (f));
  tc_put_u16 (nack + 12, tc_track_stats (track)->first_seq);
  for (guint i = 0; i < FLOOD; i++) {
    g_assert_true (tc_peer_send_raw_rtcp (f->viewer, nack, sizeof nack));
    turn (f);
  }
  settle (f);
  wc_viewer_peer_get_stats (WC_VIEWER_PEER (f->peer), &stats);
  g_assert_cmpuint (stats.nacks, >, FLOOD * 17 / 2);
  guint64 resent = tc_peer_stats (f->viewer)->rtp - before;
  gint64 elapsed_us = g_get_monotonic_time () - began_us;
  g_assert_cmpuint (resent, >, 17);
  g_assert_cmpuint (resent, <,
                    1000 + (guint64)elapsed_us * 1000 / G_USEC_PER_SEC);
}

static guint64
resident_bytes (void)
{
  g_autofree char *text = NULL;
  guint64 pages = 0;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_nonnull (strchr (text, ' '));
  pages = g_ascii_strtoull (strchr (text, ' '), NULL, 10);
  return pages * (guint64)sysconf (_SC_PAGESIZE);
}

/* Neither what is not authentic nor what is may cost memory for every SSRC that
 * it names: unbounded, this would be some 90 MiB. */
static void
test_ssrc_flood (Fixture *f, gconstpointer unused)
{
  guint8 forged[40] = {0x80, 201, 0, 1, [20] = 0x80};
  guint8 reports[100 * 8];
  guint32 ssrc = 1000;

  play (f, 5);
  guint64 before = resident_bytes ();
  for (guint i = 0; i < 5 * FLOOD; i++) {
    tc_put_u32 (forged + 4, ssrc++);
    g_assert_true (tc_peer_send_datagram (f->viewer, forged, sizeof forged));
    for (guint k = 0; k < 100; k++) {
      const guint8 report[] = {0x80, 201, 0, 1, 0, 0, 0, 9};
      memcpy (reports + k * 8, report, sizeof report);
      if (k > 0)
        tc_put_u32 (reports + k * 8 + 4, ssrc++);
    }
    g_assert_true (tc_peer_send_raw_rtcp (f->viewer, reports, sizeof reports));
    if (i % 4 == 0)
      turn (f);
  }
  settle (f);
  /* The sanitizers' own memory says nothing of ours; there, what an unbounded
   * table does to GLib shows by its complaints. */
  if (!SANITIZED)
    g_assert_cmpuint (resident_bytes (), <, before + 24 * 1024 * 1024);
  g_assert_cmpint (wc_peer_state (f->peer), ==, WC_PEER_ACTIVE);
}

/* RFC 8827 section 6.5 */
static void
test_impostor (Fixture *f, gconstpointer unused)
{
  append (f, TRUE);
  join (f, (TcPeerOptions){.wrong_certificate = TRUE});
  connect_viewer (f);
  wait_state (f, WC_PEER_CLOSED);
  g_assert_nonnull (strstr (wc_peer_reason (f->peer), "certificate"));
  g_assert_cmpuint (tc_peer_stats (f->viewer)->rtp, ==, 0);
}

static void
test_close_while_negotiating (Fixture *f, gconstpointer unused)
{
  join (f, (TcPeerOptions){.never_ice = TRUE});
  wc_peer_close (f->peer, "changed its mind");
  g_assert_cmpint (wc_peer_state (f->peer), ==, WC_PEER_CLOSED);
  wait_negotiated (f);
  g_assert_error (f->error, WC_PEER_ERROR, WC_PEER_ERROR_CLOSED);
}

static void
test_close_while_connecting (Fixture *f, gconstpointer unused)
{
  append (f, TRUE);
  join (f, (TcPeerOptions){0});
  connect_viewer (f);
  turn (f);
  wc_peer_close (f->peer, "changed its mind");
}

/* --- one after another: the direct lane ------------------------------------
 */

/* The number in the name that GStreamer gives to a new one. */
static guint
count_made (void)
{
  g_autoptr (GstElement) probe =
      gst_object_ref_sink (gst_element_factory_make ("webrtcbin", NULL));
  guint n;

  g_assert_cmpint (sscanf (GST_OBJECT_NAME (probe), "webrtcbin%u", &n), ==, 1);
  return n;
}

static void
start_handshake (Fixture *f, TcPeerOptions options)
{
  join (f, options);
  connect_viewer (f);
}

/* A webrtcbin has one viewer after another. Nothing of the one is there for the
 * next: not the certificate, not the keys, not the end of DTLS. */
static void
test_one_after_another (Fixture *f, gconstpointer setup)
{
  guint before = 0;

  f->offer.setup = setup;
  for (guint round = 0; round < 3; round++) {
    wc_track_clear (f->track);
    play (f, 5);
    g_assert_cmpuint (tc_peer_stats (f->viewer)->rtp_auth_failures, ==, 0);
    leave (f);
    if (round == 0)
      before = count_made ();

    append (f, TRUE);
    start_handshake (f, (TcPeerOptions){.wrong_certificate = TRUE});
    wait_state (f, WC_PEER_CLOSED);
    g_assert_nonnull (strstr (wc_peer_reason (f->peer), "certificate"));
    g_assert_cmpuint (tc_peer_stats (f->viewer)->rtp, ==, 0);
    leave (f);

    start_handshake (f, (TcPeerOptions){0});
    for (guint i = 0; i < round * 5; i++)
      turn (f);
    leave (f);
  }
  g_assert_cmpuint (count_made (), ==, before + 1);
}

static void
set_up_direct (Fixture *f, gconstpointer setup)
{
  set_up (f, GINT_TO_POINTER (TRUE));
}

/* When the webrtcbin of a viewer was freed; 0: not yet. */
static atomic_llong freed_us;

static void
on_freed (gpointer unused, GObject *webrtcbin)
{
  atomic_store (&freed_us, g_get_monotonic_time ());
}

/* A webrtcbin has a dtlsdec from its first negotiation on. */
static gboolean
on_deep_element_added (GSignalInvocationHint *hint, guint n,
                       const GValue *values, gpointer unused)
{
  GObject *bin = g_value_get_object (&values[0]);
  GstElementFactory *factory =
      gst_element_get_factory (g_value_get_object (&values[2]));

  if (g_str_equal (G_OBJECT_TYPE_NAME (bin), "GstWebRTCBin") &&
      factory != NULL && g_str_equal (GST_OBJECT_NAME (factory), "dtlsdec"))
    g_object_weak_ref (bin, on_freed, NULL);
  return TRUE;
}

/* One that has had a viewer is not freed before its timers have run out (see
 * wc_connection_stop ()), also if the next viewer comes to nothing. */
static void
test_failed_negotiation (Fixture *f, gconstpointer unused)
{
  guint signal = g_signal_lookup ("deep-element-added", GST_TYPE_BIN);
  gulong hook =
      g_signal_add_emission_hook (signal, 0, on_deep_element_added, NULL, NULL);
  gint64 joined_us = g_get_monotonic_time ();
  gint64 deadline = joined_us + 4 * WAIT_US;

  atomic_store (&freed_us, 0);
  play (f, 5);
  leave (f);
  g_signal_remove_emission_hook (signal, hook);

  f->spoilt = TRUE;
  join (f, (TcPeerOptions){.never_ice = TRUE});
  wait_negotiated (f);
  g_assert_error (f->error, WC_PEER_ERROR, WC_PEER_ERROR_NEGOTIATION);
  g_clear_error (&f->error);
  leave (f);

  f->spoilt = FALSE;
  wc_track_clear (f->track);
  play (f, 5);
  leave (f);
  while (atomic_load (&freed_us) == 0 && g_get_monotonic_time () < deadline)
    turn (f);
  g_assert_cmpint (atomic_load (&freed_us), >=, joined_us + REST_US);
}

/* --- retirement: the direct lane ------------------------------------------ */

static gboolean
wait_webrtcbins (Fixture *f, guint n)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  while (wc_peer_factory_webrtcbins (f->factory) != n &&
         g_get_monotonic_time () < deadline)
    turn (f);
  return wc_peer_factory_webrtcbins (f->factory) == n;
}

static gboolean
wait_rtp (Fixture *f, guint64 n)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  while (tc_peer_stats (f->viewer)->rtp < n &&
         g_get_monotonic_time () < deadline)
    turn (f);
  return tc_peer_stats (f->viewer)->rtp >= n;
}

/* The webrtcbin goes; packets, reports and, at the end, the
 * goodbye come all the same. */
static void
test_retire (Fixture *f, gconstpointer unused)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  play (f, 5);
  g_assert_cmpuint (wc_peer_factory_webrtcbins (f->factory), ==, 1);
  g_assert_true (wait_webrtcbins (f, 0));
  g_assert_cmpuint (wc_peer_factory_alive (f->factory), ==, 1);

  append (f, FALSE);
  g_assert_true (wait_rtp (f, 6));
  TcTrack *track = tc_peer_find_track (f->viewer, WC_MEDIA_VIDEO);
  guint reports = tc_track_stats (track)->sr_count;
  while (tc_track_stats (track)->sr_count < reports + 2 &&
         g_get_monotonic_time () < deadline)
    turn (f);
  g_assert_cmpuint (tc_track_stats (track)->sr_count, >=, reports + 2);
  g_assert_false (tc_peer_stats (f->viewer)->close_notify);

  wc_peer_close (f->peer, "the end");
  while (!tc_peer_stats (f->viewer)->close_notify &&
         g_get_monotonic_time () < deadline)
    turn (f);
  g_assert_true (tc_peer_stats (f->viewer)->close_notify);
  g_assert_cmpuint (tc_track_stats (track)->bye_count, ==, 1);
  g_assert_cmpuint (tc_peer_stats (f->viewer)->rtp_auth_failures, ==, 0);
  g_assert_cmpuint (tc_peer_stats (f->viewer)->rtcp_auth_failures, ==, 0);
}

/* It is closed while the webrtcbin is on its way out: both ends meet. */
static void
test_close_while_retiring (Fixture *f, gconstpointer unused)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  play (f, 5);
  while (wc_peer_factory_webrtcbins (f->factory) == 1 &&
         g_get_monotonic_time () < deadline)
    tc_loop_run (f->loop, 1, NULL, NULL); /* the main loop has no turn */
  wc_peer_close (f->peer, "the end");
}

/* As DTLS server we do not know that our last flight came; the viewer asks for
 * it again, and gets it. */
static void
test_lost_finished (Fixture *f, gconstpointer unused)
{
  f->offer.setup = "active";
  append (f, TRUE);
  join (f, (TcPeerOptions){.lose_finished = TRUE});
  connect_viewer (f);
  wait_state (f, WC_PEER_ACTIVE);
  gint64 deadline = g_get_monotonic_time () + WAIT_US;
  while (tc_peer_state (f->viewer) != TC_PEER_CONNECTED &&
         g_get_monotonic_time () < deadline)
    turn (f);
  g_assert_cmpint (tc_peer_state (f->viewer), ==, TC_PEER_CONNECTED);
  append (f, FALSE);
  g_assert_true (wait_rtp (f, 1));
  g_assert_true (wait_webrtcbins (f, 0)); /* its reports show the keys */
}

/* libsrtp calls a second srtp_init () of a process an error. GStreamer's
 * plugin, not loaded yet, does not look at that. */
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
#define ADD_DIRECT(name, function)                                             \
  g_test_add ("/peer/direct/" name, Fixture, GINT_TO_POINTER (TRUE), set_up,   \
              function, tear_down)
#define ADD(name, function)                                                    \
  g_test_add ("/peer/webrtcbin/" name, Fixture, NULL, set_up, function,        \
              tear_down);                                                      \
  ADD_DIRECT (name, function)
  ADD ("pli-flood", test_pli_flood);
  ADD ("nack-flood", test_nack_flood);
  ADD ("ssrc-flood", test_ssrc_flood);
  ADD ("impostor", test_impostor);
  ADD ("close-while-negotiating", test_close_while_negotiating);
  ADD ("close-while-connecting", test_close_while_connecting);
  g_test_add ("/peer/direct/one-after-another/actpass", Fixture, "actpass",
              set_up_direct, test_one_after_another, tear_down);
  g_test_add ("/peer/direct/one-after-another/active", Fixture, "active",
              set_up_direct, test_one_after_another, tear_down);
  ADD_DIRECT ("failed-negotiation", test_failed_negotiation);
  ADD_DIRECT ("retire", test_retire);
  ADD_DIRECT ("close-while-retiring", test_close_while_retiring);
  ADD_DIRECT ("lost-finished", test_lost_finished);
  return g_test_run ();
}
