/* SPDX-License-Identifier: MIT */
/* kind=rtp with real RTP over loopback: what is sent comes in, whoever sends
 * it, and however often it ends and begins again. */
#include "ingest-rtp-support.h"

#include "base/clock.h"

static void
test_h264_and_opus (void)
{
  Fixture f;
  WcIngestTrackInfo info;

  set_up (&f);
  add_track (&f, WC_CODEC_H264, 96, 0);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  start (&f);
  g_assert_cmpuint (port_of (&f, WC_MEDIA_VIDEO), !=, 0);

  GstElement *sender =
      start_sender (H264_RTP "! udpsink host=127.0.0.1 port=%u " OPUS_RTP
                             "! udpsink host=127.0.0.1 port=%u",
                    port_of (&f, WC_MEDIA_VIDEO), port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);
  run_for (500);

  wc_ingest_get_track_info (f.ingest, WC_MEDIA_VIDEO, &info);
  g_assert_true (info.present);
  g_assert_cmpint (info.codec, ==, WC_CODEC_H264);
  g_assert_cmpuint (info.port, ==, port_of (&f, WC_MEDIA_VIDEO));
  g_assert_cmpuint (info.rtcp_port, ==, info.port + 1);
  g_assert_nonnull (info.profile);
  g_assert_true (g_str_has_prefix (info.source, "127.0.0.1:"));
  g_assert_cmpuint (info.input.malformed, ==, 0);
  g_assert_cmpuint (info.track.start_points, >, 0);
  wc_ingest_track_info_clear (&info);
  wc_ingest_get_track_info (f.ingest, WC_MEDIA_AUDIO, &info);
  g_assert_cmpuint (info.input.packets, >, 10);
  wc_ingest_track_info_clear (&info);

  stop_sender (sender);
  tear_down (&f);
}

static void
test_audio_only (void)
{
  Fixture f;
  WcIngestTrackInfo info;

  set_up (&f);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  start (&f);
  GstElement *sender =
      start_sender (OPUS_RTP "! udpsink host=127.0.0.1 port=%u",
                    port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);
  g_assert_null (wc_ingest_track (f.ingest, WC_MEDIA_VIDEO));
  wc_ingest_get_track_info (f.ingest, WC_MEDIA_VIDEO, &info);
  g_assert_false (info.present);
  stop_sender (sender);
  tear_down (&f);
}

/* The sender dies, another comes with other numbers: viewers see one stream. */
static void
test_lost_and_back (void)
{
  Fixture f;
  WcTrackStats stats;
  guint64 head, start_seq;

  set_up (&f);
  add_track (&f, WC_CODEC_VP8, 96, 0);
  start (&f);
  guint16 port = port_of (&f, WC_MEDIA_VIDEO);
  GstElement *sender =
      start_sender (VP8_RTP "! udpsink host=127.0.0.1 port=%u", port);
  wait_live (&f);
  WcTrack *track = wc_ingest_track (f.ingest, WC_MEDIA_VIDEO);
  stop_sender (sender);
  g_assert_true (wait_until (is_lost, &f, 5000));
  g_assert_cmpstr (wc_ingest_reason (f.ingest), ==, "no packets for 700 ms");
  wc_track_get_stats (track, &stats);
  g_assert_false (stats.has_start); /* nothing stale is served */
  head = wc_track_head (track);

  sender = start_sender (VP8_RTP "! udpsink host=127.0.0.1 port=%u", port);
  wait_live (&f);
  g_assert_true (track == wc_ingest_track (f.ingest, WC_MEDIA_VIDEO));
  g_assert_true (wc_track_find_start_after (track, 0, &start_seq));
  g_assert_cmpuint (start_seq, >=, head);
  g_assert_null (wc_ingest_reason (f.ingest));
  stop_sender (sender);
  tear_down (&f);
}

/* Two senders at once: the second is not heard until the first is gone. */
static void
test_latch (void)
{
  Fixture f;
  WcIngestTrackInfo info;
  guint32 ssrc;

  set_up (&f);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  start (&f);
  guint16 port = port_of (&f, WC_MEDIA_AUDIO);
  GstElement *first = start_sender (
      OPUS_RTP "ssrc=1001 ! udpsink host=127.0.0.1 port=%u", port);
  wait_live (&f);
  GstElement *second = start_sender (
      OPUS_RTP "ssrc=1002 ! udpsink host=127.0.0.1 port=%u", port);
  run_for (1000);
  wc_ingest_get_track_info (f.ingest, WC_MEDIA_AUDIO, &info);
  g_assert_cmpuint (info.ssrc, ==, 1001);
  g_assert_cmpuint (info.input.restarts, ==, 0);
  wc_ingest_track_info_clear (&info);
  g_assert_true (is_live (&f));
  g_assert_nonnull (strstr (wc_ingest_reason (f.ingest), "second sender"));

  stop_sender (first);
  run_for (1200);
  wc_ingest_get_track_info (f.ingest, WC_MEDIA_AUDIO, &info);
  ssrc = info.ssrc;
  g_assert_cmpuint (info.input.restarts, ==, 1);
  wc_ingest_track_info_clear (&info);
  g_assert_cmpuint (ssrc, ==, 1002);
  g_assert_true (is_live (&f));
  stop_sender (second);
  tear_down (&f);
}

static void
test_stop_and_start (void)
{
  Fixture f;

  set_up (&f);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  start (&f);
  GstElement *sender =
      start_sender (OPUS_RTP "! udpsink host=127.0.0.1 port=%u",
                    port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);
  for (guint i = 0; i < 3; i++) {
    wc_ingest_stop (f.ingest);
    wc_ingest_stop (f.ingest);
    g_assert_cmpint (wc_ingest_state (f.ingest), ==, WC_INGEST_IDLE);
    wc_ingest_start (f.ingest);
    wc_ingest_start (f.ingest);
    wait_live (&f);
  }
  stop_sender (sender);
  tear_down (&f);
}

/* What ffmpeg, a foreign program, sends. */
static void
test_ffmpeg (void)
{
  Fixture f;
  g_autofree char *program = g_find_program_in_path ("ffmpeg");

  if (program == NULL) {
    g_test_skip ("there is no ffmpeg");
    return;
  }
  set_up (&f);
  add_track (&f, WC_CODEC_H264, 96, 0);
  add_track (&f, WC_CODEC_OPUS, 97, 0);
  start (&f);
  g_autofree char *command = g_strdup_printf (
      "%s -loglevel error -re -f lavfi -i testsrc=size=320x240:rate=30 "
      "-re -f lavfi -i sine=440 -map 0:v -c:v libx264 -preset ultrafast "
      "-tune zerolatency -g 15 -pix_fmt yuv420p -payload_type 96 -f rtp "
      "rtp://127.0.0.1:%u?pkt_size=1200 -map 1:a -c:a libopus "
      "-payload_type 97 -f rtp rtp://127.0.0.1:%u",
      program, port_of (&f, WC_MEDIA_VIDEO), port_of (&f, WC_MEDIA_AUDIO));
  GSubprocess *sender = start_program (command);
  wait_live (&f);
  run_for (1000);
  g_assert_cmpuint (packets_of (&f, WC_MEDIA_VIDEO), >, 20);
  g_assert_cmpuint (packets_of (&f, WC_MEDIA_AUDIO), >, 20);
  g_assert_null (wc_ingest_reason (f.ingest));
  stop_program (sender);
  g_assert_true (wait_until (is_lost, &f, 5000));
  tear_down (&f);
}

/* --- RTCP ----------------------------------------------------------------- */

static GstPadProbeReturn
on_upstream_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);

  if (gst_event_has_name (event, "GstForceKeyUnit"))
    g_atomic_int_inc ((int *)user_data);
  return GST_PAD_PROBE_OK;
}

static gboolean
was_asked (gpointer user_data)
{
  return g_atomic_int_get ((int *)user_data) > 0;
}

/* A foreign sender with RTCP: it reports, we ask it for a key frame. */
static void
test_rtcp (void)
{
  Fixture f;
  int asked = 0;

  set_up (&f);
  f.spec->source_timeout_ms = 2000;
  add_track (&f, WC_CODEC_H264, 96, 0);
  start (&f);
  guint16 port = port_of (&f, WC_MEDIA_VIDEO);
  guint16 own = find_free_port ();
  GstElement *sender = start_sender (
      "rtpbin name=b rtp-profile=avpf " H264_PICTURE
      "! rtph264pay name=pay pt=96 mtu=1200 config-interval=-1 ! "
      "b.send_rtp_sink_0 b.send_rtp_src_0 ! "
      "udpsink host=127.0.0.1 port=%u b.send_rtcp_src_0 ! "
      "udpsink host=127.0.0.1 port=%u bind-port=%u sync=false async=false "
      "name=r udpsrc name=u port=%u address=127.0.0.1 reuse=true ! "
      "b.recv_rtcp_sink_0",
      port, port + 1u, own, own);
  g_autoptr (GstElement) pay = gst_bin_get_by_name (GST_BIN (sender), "pay");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (pay, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream_event,
                     &asked, NULL);
  wait_live (&f);
  for (guint i = 0; i < 80 && !was_asked (&asked); i++) {
    wc_ingest_request_key_frame (f.ingest, WC_MEDIA_VIDEO);
    run_for (100);
  }
  g_assert_true (was_asked (&asked));

  /* BYE: lost at once, not after the timeout. */
  gint64 before_us = wc_clock_now_us ();
  gst_element_send_event (sender, gst_event_new_eos ());
  g_assert_true (wait_until (is_lost, &f, 8000));
  g_test_message ("lost after %" G_GINT64_FORMAT " ms: %s",
                  (wc_clock_now_us () - before_us) / 1000,
                  wc_ingest_reason (f.ingest));
  g_assert_nonnull (strstr (wc_ingest_reason (f.ingest), "BYE"));
  stop_sender (sender);
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ingest-rtp/h264-and-opus", test_h264_and_opus);
  g_test_add_func ("/ingest-rtp/audio-only", test_audio_only);
  g_test_add_func ("/ingest-rtp/lost-and-back", test_lost_and_back);
  g_test_add_func ("/ingest-rtp/latch", test_latch);
  g_test_add_func ("/ingest-rtp/stop-and-start", test_stop_and_start);
  g_test_add_func ("/ingest-rtp/ffmpeg", test_ffmpeg);
  g_test_add_func ("/ingest-rtp/rtcp", test_rtcp);
  return g_test_run ();
}
