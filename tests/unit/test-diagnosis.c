/* SPDX-License-Identifier: MIT */
/* What is said about a source, and what is not. */
#include "ingest/diagnosis.h"

#include <string.h>

static void
set_good (WcIngestTrackInfo tracks[WC_N_MEDIA])
{
  tracks[WC_MEDIA_VIDEO] = (WcIngestTrackInfo){
      .present = TRUE,
      .media = WC_MEDIA_VIDEO,
      .codec = WC_CODEC_H264,
      .input = {.packets = 10000},
      .track = {.has_start = TRUE},
      .stream = {.format = {.width = 1280,
                            .height = 720,
                            .bit_depth = 8,
                            .chroma = 420,
                            .level = "3.1",
                            .level_tenth = 31},
                 .frame_rate_milli = 30000,
                 .kept_rate_milli = 30000,
                 .bitrate_bps = 2000000,
                 .key_interval_ms = 2000,
                 .frames = 1000,
                 .b_frames = WC_B_USE_NONE},
      .conversion = {.source = WC_CODEC_H264,
                     .target = WC_CODEC_H264,
                     .bframes = WC_BFRAMES_PASS},
  };
  tracks[WC_MEDIA_AUDIO] = (WcIngestTrackInfo){
      .present = TRUE,
      .media = WC_MEDIA_AUDIO,
      .codec = WC_CODEC_OPUS,
      .input = {.packets = 10000},
      .conversion = {.source = WC_CODEC_OPUS, .target = WC_CODEC_OPUS},
  };
}

/* One finding, which is this; NULL: none at all. */
static void
assert_only (const WcIngestTrackInfo tracks[WC_N_MEDIA], const char *code,
             const char *severity, const char *says)
{
  g_autoptr (GPtrArray) findings = wc_diagnose (tracks, WC_SENDER_ENCODER);

  if (code == NULL) {
    g_assert_cmpuint (findings->len, ==, 0);
    return;
  }
  g_assert_cmpuint (findings->len, ==, 1);
  const WcFinding *finding = findings->pdata[0];
  g_assert_cmpstr (finding->code, ==, code);
  g_assert_cmpstr (wc_finding_severity_name (finding->severity), ==, severity);
  if (strstr (finding->text, says) == NULL)
    g_error ("\"%s\" does not say \"%s\"", finding->text, says);
}

#define WITH(assignment, code, severity, says)                                 \
  {                                                                            \
    WcIngestTrackInfo tracks[WC_N_MEDIA];                                      \
    WcIngestTrackInfo *video = &tracks[WC_MEDIA_VIDEO];                        \
    WcIngestTrackInfo *audio = &tracks[WC_MEDIA_AUDIO];                        \
    set_good (tracks);                                                         \
    assignment;                                                                \
    g_assert_true (video != audio);                                            \
    assert_only (tracks, code, severity, says);                                \
  }

static void
test_good (void)
{
  WITH ((void)0, NULL, NULL, NULL);
}

static void
test_b_frames (void)
{
  WITH (video->stream.b_frames = WC_B_USE_REFERENCED, "b-frames", "problem",
        "passed on");
  WITH (video->stream.b_frames = WC_B_USE_DISPOSABLE;
        video->stream.kept_rate_milli = 15000;
        video->conversion.bframes = WC_BFRAMES_DROP, "b-frames", "warning",
        "15.0 of 30.0 frames");
  WITH (video->stream.b_frames = WC_B_USE_REFERENCED;
        video->conversion.bframes = WC_BFRAMES_TRANSCODE;
        video->conversion.state = WC_CONVERSION_RUNNING;
        video->conversion.cpu_permille = 123, "b-frames", "warning",
        "running now, 12.3 %");
}

static void
test_bitstream (void)
{
  WITH (video->codec = WC_CODEC_H265, "h265", "warning", "Firefox does not");
  WITH (video->stream.format.bit_depth = 10, "chroma", "problem", "10 bits");
  WITH (video->stream.format.chroma = 422, "chroma", "problem", "422");
  WITH (video->stream.format.interlaced = TRUE, "interlaced", "note", "combs");
  WITH (g_strlcpy (video->stream.format.level, "5.1",
                   sizeof video->stream.format.level);
        video->stream.format.level_tenth = 51, "level", "note",
        "its level is 5.1");
  WITH (video->stream.format.level_tenth = 60, "level", "warning", "3.1");
  WITH (video->stream.format.width = 1279, "odd-size", "warning", "1279x720");
  WITH (video->stream.bitrate_bps = 25000000, "bitrate", "warning",
        "25.0 Mbit/s");
}

static void
test_key_frames (void)
{
  WITH (video->stream.key_interval_ms = 10000, "key-frames", "warning",
        "every 10.0 s");
  WITH (video->stream.since_key_ms = 9000, "key-frames", "warning",
        "every 9.0 s");
  WITH (video->stream.key_interval_ms = 0, "no-key-frame", "problem",
        "no key frame");
  WITH (video->input.no_parameter_sets = 3;
        video->track.has_start = FALSE, "no-parameter-sets", "problem", "SPS");
}

static void
test_sound (void)
{
  WITH (audio->conversion.source = WC_CODEC_AAC;
        audio->conversion.state = WC_CONVERSION_SLEEPING, "converted", "note",
        "it is AAC");
  WITH (audio->conversion.source = WC_CODEC_AAC;
        audio->conversion.reason = (char *)"install gstreamer1.0-libav";
        audio->conversion.state = WC_CONVERSION_FAILED, "conversion", "problem",
        "gstreamer1.0-libav");
  WITH (audio->present = FALSE, "no-audio", "note", "no sound");
  WITH (video->present = FALSE, "no-video", "note", "no picture");
}

static void
test_network (void)
{
  WITH (video->input.lost = 200, "loss", "warning", "2.0 %");
  WITH (video->input.lost = 20, NULL, NULL, NULL);
  WITH (audio->input.jitter_us = 180000, "jitter", "note", "180 ms");
  WITH (video->stream.has_drift = TRUE; video->stream.drift_ppm = -500,
                                        "clock-drift", "warning",
                                        "500 ppm slower");
}

/* The worst first. */
static void
test_order (void)
{
  WcIngestTrackInfo tracks[WC_N_MEDIA];

  set_good (tracks);
  tracks[WC_MEDIA_AUDIO].present = FALSE;
  tracks[WC_MEDIA_VIDEO].stream.bitrate_bps = 99000000;
  tracks[WC_MEDIA_VIDEO].stream.format.bit_depth = 10;
  g_autoptr (GPtrArray) findings = wc_diagnose (tracks, WC_SENDER_ENCODER);
  g_assert_cmpuint (findings->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (((WcFinding *)findings->pdata[i])->severity, ==, 2 - i);
}

/* Who has no encoder's settings is not told to change them. */
static void
test_browser (void)
{
  WcIngestTrackInfo tracks[WC_N_MEDIA];

  set_good (tracks);
  tracks[WC_MEDIA_VIDEO].stream.bitrate_bps = 99000000;
  tracks[WC_MEDIA_VIDEO].stream.key_interval_ms = 60000;
  tracks[WC_MEDIA_VIDEO].stream.format.interlaced = TRUE;
  g_autoptr (GPtrArray) all = wc_diagnose (tracks, WC_SENDER_ENCODER);
  g_assert_cmpuint (all->len, ==, 3);
  g_autoptr (GPtrArray) findings = wc_diagnose (tracks, WC_SENDER_BROWSER);
  g_assert_cmpuint (findings->len, ==, 2);
  const WcFinding *bitrate = findings->pdata[0];
  const WcFinding *interlaced = findings->pdata[1];
  g_assert_cmpstr (bitrate->code, ==, "bitrate");
  g_assert_nonnull (strstr (bitrate->fix, "publisher page"));
  g_assert_cmpstr (interlaced->code, ==, "interlaced");
  g_assert_null (interlaced->fix);
}

static void
test_sender (void)
{
  g_assert_cmpint (
      wc_sender_of_user_agent ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0"),
      ==, WC_SENDER_BROWSER);
  g_assert_cmpint (wc_sender_of_user_agent ("OBS-Studio/30.2"), ==,
                   WC_SENDER_ENCODER);
  g_assert_cmpint (wc_sender_of_user_agent (NULL), ==, WC_SENDER_ENCODER);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/diagnosis/good", test_good);
  g_test_add_func ("/diagnosis/b-frames", test_b_frames);
  g_test_add_func ("/diagnosis/bitstream", test_bitstream);
  g_test_add_func ("/diagnosis/key-frames", test_key_frames);
  g_test_add_func ("/diagnosis/sound", test_sound);
  g_test_add_func ("/diagnosis/network", test_network);
  g_test_add_func ("/diagnosis/order", test_order);
  g_test_add_func ("/diagnosis/browser", test_browser);
  g_test_add_func ("/diagnosis/sender", test_sender);
  return g_test_run ();
}
