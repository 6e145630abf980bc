/* SPDX-License-Identifier: MIT */
/* What ffmpeg really sends (tests/data/README.md), pushed as it was captured.
 */
#include "normaliser-harness.h"

static void
push_file (Harness *harness, const char *name)
{
  g_autofree char *path = g_build_filename (TEST_DATA, "rtp", name, NULL);
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *data;
  gsize size, at = 0;

  g_assert_true (g_file_get_contents (path, &content, &size, &error));
  g_assert_no_error (error);
  data = (const guint8 *)content;
  while (at < size) {
    gsize n = (gsize)data[at] << 8 | data[at + 1];
    harness->now_us += 10000;
    g_assert_true (wc_normaliser_push (harness->normaliser, data + at + 2, n,
                                       harness->now_us));
    at += 2 + n;
  }
  wc_normaliser_flush (harness->normaliser, harness->now_us + 100000);
}

typedef struct {
  const char *name;
  WcCodec codec;
  const char *profile;
  gboolean refragmented;
  guint
      key_distance; /* in frames of 6000 ticks; all of them are so far apart */
  WcBFrameUse b_frames; /* it takes 32 to know that there are none */
} Row;

static const Row rows[] = {
    {"h264.rtp", WC_CODEC_H264, "64000d", TRUE, 8, WC_B_USE_REFERENCED},
    {"h264-baseline.rtp", WC_CODEC_H264, "42c00d", TRUE, 8, WC_B_USE_UNKNOWN},
    {"h265.rtp", WC_CODEC_H265, "1", TRUE, 8, WC_B_USE_REFERENCED},
    {"vp8.rtp", WC_CODEC_VP8, "", TRUE, 8, WC_B_USE_UNKNOWN},
    {"vp9.rtp", WC_CODEC_VP9, "0", TRUE, 8, WC_B_USE_UNKNOWN},
};

static void
test_video (gconstpointer user_data)
{
  const Row *row = user_data;
  g_autoptr (Harness) harness = harness_new (row->codec);
  g_autoptr (GPtrArray) out = NULL;
  g_autofree char *profile = NULL;
  WcRtpStats stats;
  guint n_starts = 0;
  WcStreamInfo info;

  push_file (harness, row->name);
  out = harness_read (harness);
  stats = harness_stats (harness);
  g_assert_cmpuint (stats.lost + stats.late + stats.malformed, ==, 0);
  g_assert_cmpuint (stats.restarts + stats.no_parameter_sets, ==, 0);
  g_assert_cmpint (stats.refragmented > 0, ==, row->refragmented);
  for (guint i = 0; i < out->len; i++) {
    const WcPacket *packet = packet_at (out, i);
    gboolean first = i == 0 || packet_at (out, i - 1)->frame != packet->frame;

    g_assert_cmpuint (packet->size, <=, WC_MAX_PAYLOAD);
    g_assert_cmpuint (packet->seq, ==, packet_at (out, 0)->seq + i);
    if (i > 0)
      g_assert_cmpint (is_marked (out, i - 1), ==, first);
    /* A start is where a frame is that the encoder made a key frame. */
    g_assert_cmpint (is_start (out, i), ==,
                     first &&
                         packet->timestamp % (6000 * row->key_distance) == 0);
    n_starts += is_start (out, i);
  }
  g_assert_cmpuint (n_starts, >=, 2);
  profile = wc_track_dup_profile (harness->track);
  g_assert_cmpstr (profile, ==, row->profile);

  wc_normaliser_get_stream_info (harness->normaliser, &info);
  g_assert_cmpuint (info.format.width, ==, 176);
  g_assert_cmpuint (info.format.height, ==, 144);
  g_assert_cmpstr (wc_b_frame_use_name (info.b_frames), ==,
                   wc_b_frame_use_name (row->b_frames));
  g_assert_cmpuint (info.key_interval_ms, ==, 8 * 1000 / 15);
}

static void
test_audio (gconstpointer user_data)
{
  const Row *row = user_data;
  g_autoptr (Harness) harness = harness_new (row->codec);
  g_autoptr (GPtrArray) out = NULL;

  push_file (harness, row->name);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, harness_stats (harness).packets);
  for (guint i = 0; i < out->len; i++) {
    g_assert_true (is_start (out, i));
    g_assert_cmpint (packet_at (out, i)->timestamp, ==,
                     (gint64)i * row->key_distance);
  }
}

int
main (int argc, char **argv)
{
  static const Row opus = {"opus.rtp", WC_CODEC_OPUS, "", FALSE, 960};
  static const Row pcmu = {"pcmu.rtp", WC_CODEC_PCMU, "", FALSE, 1024};

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strdup_printf ("/rtp-data/%s", rows[i].name);
    g_test_add_data_func (path, &rows[i], test_video);
  }
  g_test_add_data_func ("/rtp-data/opus.rtp", &opus, test_audio);
  g_test_add_data_func ("/rtp-data/pcmu.rtp", &pcmu, test_audio);
  return g_test_run ();
}
