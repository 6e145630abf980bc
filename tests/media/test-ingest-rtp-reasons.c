/* SPDX-License-Identifier: MIT */
/* kind=rtp that is sent what it cannot use: the reason says what came. */
#include "ingest-rtp-support.h"

#include <glib/gstdio.h>

static void
test_wrong_codec (void)
{
  Fixture f;

  set_up (&f);
  add_track (&f, WC_CODEC_H264, 96, 0);
  start (&f);
  guint16 port = port_of (&f, WC_MEDIA_VIDEO);
  GstElement *sender =
      start_sender (VP8_RTP "! udpsink host=127.0.0.1 port=%u", port);
  g_assert_true (wait_until (is_failed, &f, 10000));
  g_test_message ("%s", wc_ingest_reason (f.ingest));
  g_assert_nonnull (strstr (wc_ingest_reason (f.ingest),
                            "is not H264 (RFC 6184): payload type 96"));
  g_assert_true (g_str_has_suffix (wc_ingest_reason (f.ingest), "VP8"));
  stop_sender (sender);

  /* It mends by itself. */
  sender = start_sender (H264_RTP "! udpsink host=127.0.0.1 port=%u", port);
  wait_live (&f);
  stop_sender (sender);
  tear_down (&f);
}

static void
test_wrong_codec_other_way (void)
{
  Fixture f;

  set_up (&f);
  add_track (&f, WC_CODEC_VP8, 96, 0);
  start (&f);
  guint16 port = port_of (&f, WC_MEDIA_VIDEO);
  GstElement *sender =
      start_sender (H264_RTP "! udpsink host=127.0.0.1 port=%u", port);
  g_assert_true (wait_until (is_failed, &f, 10000));
  g_test_message ("%s", wc_ingest_reason (f.ingest));
  g_assert_true (g_str_has_suffix (wc_ingest_reason (f.ingest), "H264"));
  stop_sender (sender);
  tear_down (&f);
}

static void
test_wrong_payload_type (void)
{
  Fixture f;

  set_up (&f);
  add_track (&f, WC_CODEC_OPUS, 96, 0);
  start (&f);
  guint16 port = port_of (&f, WC_MEDIA_AUDIO);
  g_autofree char *expected = g_strdup_printf (
      "payload type 111 came on port %u, 96 was expected", port);
  GstElement *sender =
      start_sender (OPUS_RTP "! udpsink host=127.0.0.1 port=%u", port);
  g_assert_true (wait_until (has_reason, &f, 5000));
  g_assert_cmpint (wc_ingest_state (f.ingest), ==, WC_INGEST_IDLE);
  g_assert_cmpstr (wc_ingest_reason (f.ingest), ==, expected);
  stop_sender (sender);
  tear_down (&f);
}

/* ffmpeg -c copy from a file sends no parameter sets in band. */
static void
test_no_parameter_sets (void)
{
  Fixture f;
  g_autofree char *ffmpeg = g_find_program_in_path ("ffmpeg");
  g_autofree char *directory = g_dir_make_tmp ("whepcast-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (directory, "a.mp4", NULL);

  if (ffmpeg == NULL) {
    g_test_skip ("there is no ffmpeg");
    return;
  }
  g_autofree char *make = g_strdup_printf (
      "%s -loglevel error -f lavfi -i testsrc=size=320x240:rate=30:duration=3 "
      "-c:v libx264 -preset ultrafast -g 15 -pix_fmt yuv420p %s",
      ffmpeg, file);
  run_program (make);

  set_up (&f);
  add_track (&f, WC_CODEC_H264, 96, 0);
  start (&f);
  g_autofree char *send = g_strdup_printf (
      "%s -loglevel error -re -stream_loop -1 -i %s -c copy -payload_type 96 "
      "-f rtp rtp://127.0.0.1:%u?pkt_size=1200",
      ffmpeg, file, port_of (&f, WC_MEDIA_VIDEO));
  GSubprocess *sender = start_program (send);
  g_assert_true (wait_until (has_reason, &f, 15000));
  g_assert_cmpint (wc_ingest_state (f.ingest), ==, WC_INGEST_STARTING);
  g_assert_nonnull (
      strstr (wc_ingest_reason (f.ingest), "no SPS and PPS came in band"));
  stop_program (sender);
  tear_down (&f);
  g_remove (file);
  g_rmdir (directory);
}

/* One of two tracks never comes: the other can be watched. */
static void
test_one_track_missing (void)
{
  Fixture f;

  set_up (&f);
  add_track (&f, WC_CODEC_H264, 96, 0);
  add_track (&f, WC_CODEC_OPUS, 111, 0);
  start (&f);
  GstElement *sender =
      start_sender (OPUS_RTP "! udpsink host=127.0.0.1 port=%u",
                    port_of (&f, WC_MEDIA_AUDIO));
  wait_live (&f);
  g_assert_true (wait_until (has_reason, &f, 5000));
  g_assert_nonnull (strstr (wc_ingest_reason (f.ingest), "no video comes"));
  stop_sender (sender);
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ingest-rtp/wrong-codec", test_wrong_codec);
  g_test_add_func ("/ingest-rtp/wrong-codec-other-way",
                   test_wrong_codec_other_way);
  g_test_add_func ("/ingest-rtp/wrong-payload-type", test_wrong_payload_type);
  g_test_add_func ("/ingest-rtp/no-parameter-sets", test_no_parameter_sets);
  g_test_add_func ("/ingest-rtp/one-track-missing", test_one_track_missing);
  return g_test_run ();
}
