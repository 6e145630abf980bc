/* SPDX-License-Identifier: MIT */
#include "sdp-support.h"

/* The payload type chosen for a video track, or -1. */
static gint
choose (const char *formats, const char *attributes, WcCodec codec,
        const char *profile, gboolean strict)
{
  g_autofree char *text = video_offer (formats, attributes);
  const WcSdpTrack track = {codec, 90000, 0, profile};
  const WcSdpTrack *tracks[WC_N_MEDIA] = {NULL, &track};
  const WcSdpPolicy policy = {strict};
  g_autoptr (WcSdpPlan) plan =
      wc_sdp_plan_new (parse_ok (text), tracks, &policy, NULL);

  return plan != NULL ? sent (plan, WC_MEDIA_VIDEO)->format->payload_type : -1;
}

static gint
choose_chrome (WcCodec codec, const char *profile)
{
  g_autofree char *text = load_offer ("chrome-audio-video");
  const WcSdpTrack track = {codec, 90000, 0, profile};
  g_autoptr (WcSdpPlan) plan = plan_ok (text, NULL, &track);

  return sent (plan, WC_MEDIA_VIDEO)->format->payload_type;
}

static void
test_chrome_codecs (void)
{
  g_assert_cmpint (choose_chrome (WC_CODEC_VP8, NULL), ==, 96);
  g_assert_cmpint (choose_chrome (WC_CODEC_VP9, "0"), ==, 98);
  g_assert_cmpint (choose_chrome (WC_CODEC_VP9, NULL), ==, 98);
  g_assert_cmpint (choose_chrome (WC_CODEC_VP9, "2"), ==, 100);
  g_assert_cmpint (choose_chrome (WC_CODEC_AV1, "0"), ==, 45);
  g_assert_cmpint (choose_chrome (WC_CODEC_AV1, "1"), ==, 47);
  g_assert_cmpint (choose_chrome (WC_CODEC_H265, "1"), ==, 49);
  g_assert_cmpint (choose_chrome (WC_CODEC_H265, NULL), ==, 49);
  g_assert_cmpint (choose_chrome (WC_CODEC_H265, "2"), ==, 51);
}

static void
test_h264_profile (void)
{
  g_assert_cmpint (choose_chrome (WC_CODEC_H264, "42e01f"), ==, 109);
  g_assert_cmpint (choose_chrome (WC_CODEC_H264, "42c028"), ==, 109);
  g_assert_cmpint (choose_chrome (WC_CODEC_H264, NULL), ==, 109);
  g_assert_cmpint (choose_chrome (WC_CODEC_H264, "42001f"), ==, 35);
  g_assert_cmpint (choose_chrome (WC_CODEC_H264, "4d4028"), ==, 117);
  g_assert_cmpint (choose_chrome (WC_CODEC_H264, "640028"), ==, 39);
  g_assert_cmpint (choose_chrome (WC_CODEC_H264, "640c28"), ==, 39);
}

static void
test_h264_superset (void)
{
  const char *high = "a=rtpmap:96 H264/90000\n"
                     "a=fmtp:96 packetization-mode=1;profile-level-id=64001f\n";
  const char *mode0 = "a=rtpmap:96 H264/90000\n"
                      "a=fmtp:96 profile-level-id=42e01f\n";

  g_assert_cmpint (choose ("96", high, WC_CODEC_H264, "42e01f", TRUE), ==, 96);
  g_assert_cmpint (choose ("96", high, WC_CODEC_H264, "4d0028", TRUE), ==, 96);
  g_assert_cmpint (choose ("96", high, WC_CODEC_H264, "42001f", TRUE), ==, -1);
  g_assert_cmpint (choose ("96", mode0, WC_CODEC_H264, "42e01f", FALSE), ==,
                   -1);
}

static void
test_h264_relaxed (void)
{
  const char *two = "a=rtpmap:96 H264/90000\n"
                    "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f\n"
                    "a=rtpmap:97 H264/90000\n"
                    "a=fmtp:97 packetization-mode=1;profile-level-id=4d001f\n";
  g_autofree char *firefox = load_offer ("firefox");
  const WcSdpTrack track = {WC_CODEC_H264, 90000, 0, "640028"};
  g_autoptr (WcSdpPlan) plan = plan_ok (firefox, NULL, &track);

  g_assert_cmpuint (sent (plan, WC_MEDIA_VIDEO)->format->payload_type, ==, 126);
  g_assert_nonnull (
      strstr (sent (plan, WC_MEDIA_VIDEO)->fmtp, "profile-level-id=42e01f"));
  g_assert_cmpint (choose ("96 97", two, WC_CODEC_H264, "640028", FALSE), ==,
                   97);
  g_assert_cmpint (choose ("96 97", two, WC_CODEC_H264, "640028", TRUE), ==,
                   -1);
}

static void
test_h264_level (void)
{
  g_autofree char *safari = load_offer ("safari");
  const WcSdpTrack baseline = {WC_CODEC_H264, 90000, 0, "42e01f"};
  const WcSdpTrack high = {WC_CODEC_H264, 90000, 0, "640c2a"};
  g_autoptr (WcSdpPlan) a = plan_ok (safari, NULL, &baseline);
  g_autoptr (WcSdpPlan) b = plan_ok (safari, NULL, &high);

  g_assert_cmpuint (sent (a, WC_MEDIA_VIDEO)->format->payload_type, ==, 98);
  g_assert_nonnull (strstr (sent (a, WC_MEDIA_VIDEO)->fmtp, "42e034"));
  g_assert_cmpuint (sent (b, WC_MEDIA_VIDEO)->format->payload_type, ==, 96);
}

static void
test_h264_wildcard (void)
{
  g_autofree char *text = load_offer ("gstreamer-whepsrc");
  const WcSdpTrack track = {WC_CODEC_H264, 90000, 0, "4d401f"};
  g_autoptr (WcSdpPlan) plan = plan_ok (text, &opus_track, &track);
  const char *both = "a=rtpmap:96 H264/90000\na=rtpmap:97 H264/90000\n"
                     "a=fmtp:97 packetization-mode=1;profile-level-id=42e01f\n";

  g_assert_cmpuint (sent (plan, WC_MEDIA_VIDEO)->format->payload_type, ==, 103);
  g_assert_cmpstr (sent (plan, WC_MEDIA_VIDEO)->fmtp, ==,
                   "level-asymmetry-allowed=1;packetization-mode=1;"
                   "profile-level-id=4d401f");
  g_assert_cmpint (choose ("96 97", both, WC_CODEC_H264, "42e01f", FALSE), ==,
                   97);
}

static void
test_payload_types (void)
{
  const char *attributes = "a=rtpmap:72 VP8/90000\na=rtpmap:45 vp8/90000\n";

  g_assert_cmpint (choose ("72 45", attributes, WC_CODEC_VP8, NULL, FALSE), ==,
                   45);
  g_assert_cmpint (choose ("72", attributes, WC_CODEC_VP8, NULL, FALSE), ==,
                   -1);
}

static void
test_h265 (void)
{
  g_assert_cmpint (
      choose ("96", "a=rtpmap:96 H265/90000\n", WC_CODEC_H265, "1", FALSE), ==,
      96);
  g_assert_cmpint (
      choose ("96", "a=rtpmap:96 H265/90000\n", WC_CODEC_H265, "2", FALSE), ==,
      -1);
  g_assert_cmpint (choose ("96",
                           "a=rtpmap:96 H265/90000\na=fmtp:96 tx-mode=MRST\n",
                           WC_CODEC_H265, "1", FALSE),
                   ==, -1);
}

static void
test_vp9_av1 (void)
{
  const char *vp9 = "a=rtpmap:96 VP9/90000\na=fmtp:96 profile-id=2\n";
  const char *av1 = "a=rtpmap:96 AV1/90000\n";

  g_assert_cmpint (choose ("96", vp9, WC_CODEC_VP9, "0", FALSE), ==, -1);
  g_assert_cmpint (choose ("96", av1, WC_CODEC_AV1, "0", FALSE), ==, 96);
  g_assert_cmpint (choose ("96", av1, WC_CODEC_AV1, "1", FALSE), ==, -1);
}

static void
test_audio (void)
{
  static const struct {
    WcCodec codec;
    guint32 clock_rate;
    guint8 channels, payload_type;
  } rows[] = {
      {WC_CODEC_OPUS, 48000, 2, 111},
      {WC_CODEC_PCMU, 8000, 1, 0},
      {WC_CODEC_PCMA, 8000, 1, 8},
      {WC_CODEC_G722, 8000, 1, 9},
  };
  g_autofree char *text = load_offer ("chrome-audio-video");

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const WcSdpTrack track = {rows[i].codec, rows[i].clock_rate,
                              rows[i].channels, NULL};
    g_autoptr (WcSdpPlan) plan = plan_ok (text, &track, NULL);

    g_assert_cmpuint (sent (plan, WC_MEDIA_AUDIO)->format->payload_type, ==,
                      rows[i].payload_type);
    g_assert_cmpint (plan->index[WC_MEDIA_VIDEO], ==, -1);
  }
}

static void
test_opus (void)
{
  g_autofree char *reader = load_offer ("mediamtx-reader");
  g_autofree char *whepsrc = load_offer ("gstreamer-whepsrc");
  g_autofree char *multi = edit (reader, "opus/48000/2", "multiopus/48000/6");
  g_autoptr (WcSdpPlan) a = plan_ok (reader, &opus_track, NULL);
  g_autoptr (WcSdpPlan) b = plan_ok (whepsrc, &opus_track, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (sent (a, WC_MEDIA_AUDIO)->fmtp, ==,
                   "stereo=1;sprop-stereo=1");
  g_assert_null (sent (b, WC_MEDIA_AUDIO)->fmtp);
  g_assert_null (try_plan (multi, &opus_track, NULL, &error));
  g_assert_error (error, WC_SDP_ERROR, WC_SDP_ERROR_UNSUPPORTED);
}

static void
test_rtx (void)
{
  const char *vp8 = "a=rtpmap:96 VP8/90000\na=rtpmap:97 rtx/90000\n"
                    "a=fmtp:97 apt=98\na=rtpmap:99 rtx/90000\n"
                    "a=fmtp:99 apt=96\n";
  g_autofree char *attributes = g_strconcat (vp8, "a=rtcp-fb:96 nack\n", NULL);
  g_autofree char *with = video_offer ("96 97 99", attributes);
  g_autofree char *without = video_offer ("96 97 99", vp8);
  const WcSdpTrack track = {WC_CODEC_VP8, 90000, 0, NULL};
  g_autoptr (WcSdpPlan) a = plan_ok (with, NULL, &track);
  g_autoptr (WcSdpPlan) b = plan_ok (without, NULL, &track);

  g_assert_cmpuint (sent (a, WC_MEDIA_VIDEO)->rtx->payload_type, ==, 99);
  g_assert_null (sent (b, WC_MEDIA_VIDEO)->rtx);
}

static void
assert_unsupported (const char *text, const WcSdpTrack *audio,
                    const WcSdpTrack *video, const char *hint)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (try_plan (text, audio, video, &error));
  g_assert_error (error, WC_SDP_ERROR, WC_SDP_ERROR_UNSUPPORTED);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, hint));
}

static void
test_directions (void)
{
  g_autofree char *sendonly = edit_offer ("obs", "recvonly", "sendonly");
  g_autofree char *inactive = edit_offer ("obs", "recvonly", "inactive");
  g_autofree char *sendrecv = edit_offer ("obs", "recvonly", "sendrecv");
  g_autofree char *none = edit_offer ("obs", "a=recvonly\r\n", "");
  g_autoptr (WcSdpPlan) a = plan_ok (sendrecv, &opus_track, &h264_track);
  g_autoptr (WcSdpPlan) b = plan_ok (none, &opus_track, &h264_track);

  g_assert_cmpint (a->index[WC_MEDIA_VIDEO], ==, 1);
  g_assert_cmpint (b->index[WC_MEDIA_VIDEO], ==, 1);
  assert_unsupported (sendonly, &opus_track, &h264_track, "receive");
  assert_unsupported (inactive, &opus_track, &h264_track, "receive");
}

static void
test_no_codec (void)
{
  g_autofree char *text = load_offer ("obs");
  const WcSdpTrack av1 = {WC_CODEC_AV1, 90000, 0, "0"};

  assert_unsupported (text, NULL, &av1, "video AV1 (profile 0)");
  assert_unsupported (text, NULL, NULL, "no track");
}

static void
test_no_bundle (void)
{
  g_autofree char *both = edit_offer ("chrome-audio-video", "a=group", "a=x");
  g_autoptr (WcSdpPlan) plan = plan_ok (both, &opus_track, &h264_track);
  g_autoptr (WcSdpPlan) video = plan_ok (both, NULL, &h264_track);
  const WcSdpPlanMedia *second = plan->media->pdata[1];
  const WcSdpPlanMedia *first = video->media->pdata[0];

  g_assert_cmpint (plan->index[WC_MEDIA_AUDIO], ==, 0);
  g_assert_cmpint (plan->index[WC_MEDIA_VIDEO], ==, -1);
  g_assert_cmpint (second->role, ==, WC_SDP_REJECTED);
  g_assert_cmpint (first->role, ==, WC_SDP_REJECTED);
  g_assert_cmpuint (video->offer->tagged, ==, 1);
}

static void
test_no_bundle_transport (void)
{
  g_autofree char *text = edit_offer ("chrome-audio-video", "a=group", "a=x");
  char *video = strstr (text, "m=video");
  g_autoptr (WcSdpPlan) plan = NULL;

  memcpy (strstr (video, "a=ice-ufrag:"), "a=ice-ufrag:ViDe", 16);
  plan = plan_ok (text, NULL, &h264_track);
  g_assert_cmpstr (plan->offer->ufrag, ==, "ViDe");
}

static void
test_tagged (void)
{
  g_autofree char *text = load_offer ("gstreamer-whepsrc");
  g_autoptr (WcSdpPlan) plan = plan_ok (text, NULL, &h264_track);
  const WcSdpPlanMedia *audio = plan->media->pdata[0];

  g_assert_cmpint (audio->role, ==, WC_SDP_INACTIVE_KEPT);
  g_assert_cmpuint (audio->format->payload_type, ==, 96);
  g_assert_cmpint (plan->index[WC_MEDIA_VIDEO], ==, 1);
}

static void
test_mid_extension (void)
{
  g_autofree char *chrome = load_offer ("chrome-audio-video");
  g_autofree char *clash =
      edit (chrome, "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            "a=extmap:4 urn:ietf:params:rtp-hdrext:ssrc-audio-level");
  g_autofree char *big = edit (chrome, "a=extmap:4 ", "a=extmap:15 ");
  g_autofree char *aiortc = load_offer ("aiortc");
  g_autoptr (WcSdpPlan) a = plan_ok (chrome, &opus_track, &h264_track);
  g_autoptr (WcSdpPlan) b = plan_ok (clash, &opus_track, &h264_track);
  g_autoptr (WcSdpPlan) c = plan_ok (big, &opus_track, &h264_track);
  g_autoptr (WcSdpPlan) d = plan_ok (aiortc, &opus_track, &h264_track);

  g_assert_cmpuint (sent (a, WC_MEDIA_VIDEO)->mid_extension, ==, 4);
  g_assert_cmpuint (sent (b, WC_MEDIA_VIDEO)->mid_extension, ==, 0);
  g_assert_cmpuint (sent (c, WC_MEDIA_VIDEO)->mid_extension, ==, 0);
  g_assert_cmpuint (sent (d, WC_MEDIA_VIDEO)->mid_extension, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdp/plan/M-01-M-04", test_chrome_codecs);
  g_test_add_func ("/sdp/plan/M-02", test_payload_types);
  g_test_add_func ("/sdp/plan/M-05", test_h264_profile);
  g_test_add_func ("/sdp/plan/M-06-M-07", test_h264_superset);
  g_test_add_func ("/sdp/plan/M-08", test_h264_relaxed);
  g_test_add_func ("/sdp/plan/M-09", test_h264_level);
  g_test_add_func ("/sdp/plan/M-10", test_h264_wildcard);
  g_test_add_func ("/sdp/plan/M-15-M-16", test_h265);
  g_test_add_func ("/sdp/plan/M-17-M-18", test_vp9_av1);
  g_test_add_func ("/sdp/plan/M-19-M-23", test_audio);
  g_test_add_func ("/sdp/plan/M-20-M-22", test_opus);
  g_test_add_func ("/sdp/plan/M-25-M-26-M-28", test_rtx);
  g_test_add_func ("/sdp/plan/E-19-E-20", test_directions);
  g_test_add_func ("/sdp/plan/E-21", test_no_codec);
  g_test_add_func ("/sdp/plan/S-11", test_no_bundle);
  g_test_add_func ("/sdp/plan/S-11-transport", test_no_bundle_transport);
  g_test_add_func ("/sdp/plan/S-14", test_tagged);
  g_test_add_func ("/sdp/plan/S-27-S-28", test_mid_extension);
  return g_test_run ();
}
