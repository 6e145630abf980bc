/* SPDX-License-Identifier: MIT */
/* Answers to everybody's offer, from every kind of mountpoint, are what every
 * answer must be (sdp-check.h); then row by row of the conformance list. */
#include "sdp-check.h"

/* --- who offers, and what there is ------------------------------------------
 */

static const WcSdpTrack vp8_track = {WC_CODEC_VP8, 90000, 0, NULL};
static const WcSdpTrack vp9_track = {WC_CODEC_VP9, 90000, 0, "0"};
static const WcSdpTrack av1_track = {WC_CODEC_AV1, 90000, 0, "0"};
static const WcSdpTrack h265_track = {WC_CODEC_H265, 90000, 0, "1"};
static const WcSdpTrack pcmu_track = {WC_CODEC_PCMU, 8000, 1, NULL};

static const struct {
  const WcSdpTrack *audio, *video;
} mountpoints[] = {
    {&opus_track, &h264_track}, {&opus_track, &vp8_track},
    {&pcmu_track, &vp9_track},  {&opus_track, &av1_track},
    {&pcmu_track, &h265_track}, {NULL, &h264_track},
    {NULL, &vp8_track},         {&opus_track, NULL},
    {&pcmu_track, NULL},
};

/* Answers @offer for every kind of mountpoint; [S-37 E-21]: what of it cannot
 * be sent is refused alone, and all of it only when nothing can. Returns how
 * many got an answer. */
static guint
answer_all (const char *offer)
{
  guint n = 0;

  for (guint i = 0; i < 2 * G_N_ELEMENTS (mountpoints); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (WcSdpPlan) plan = try_plan (offer, mountpoints[i / 2].audio,
                                           mountpoints[i / 2].video, &error);
    g_autofree char *answer = NULL;

    if (plan == NULL) {
      g_assert_error (error, WC_SDP_ERROR, WC_SDP_ERROR_UNSUPPORTED);
      continue;
    }
    answer = write_answer (plan, i % 2 == 0);
    check_answer (offer, answer, "a=sendonly");
    n++;
  }
  return n;
}

static void
test_client (gconstpointer name)
{
  g_autofree char *offer = load_offer (name);
  guint n = answer_all (offer);

  g_test_message ("%s: %u answers", (const char *)name, n);
  g_assert_cmpuint (n, >=, 4);
}

/* The same of publishers [I-01 I-09 I-10 I-21]. */
static void
test_publisher (gconstpointer name)
{
  g_autofree char *offer = load_offer (name);
  g_autoptr (GError) error = NULL;
  g_autoptr (WcSdpPlan) plan =
      wc_sdp_publish_plan_new (parse_ok (offer), &error);
  g_autofree char *answer = NULL;

  g_assert_no_error (error);
  answer = write_answer (plan, FALSE);
  check_answer (offer, answer, "a=recvonly");
}

/* --- rows ------------------------------------------------------------------
 */

static char *
answer_to (const char *offer, const WcSdpTrack *audio, const WcSdpTrack *video)
{
  g_autoptr (WcSdpPlan) plan = plan_ok (offer, audio, video);
  char *answer = write_answer (plan, TRUE);

  check_answer (offer, answer, "a=sendonly");
  return answer;
}

/* An audio section behind the video one of video_offer (). */
static char *
audio_offer (const char *formats, const char *attributes)
{
  g_autofree char *video = video_offer (formats, attributes);

  return edit (video, "m=video", "m=audio");
}

static gboolean
contains (const char *text, const char *line)
{
  g_autofree char *whole = g_strconcat ("\r\n", line, "\r\n", NULL);

  return strstr (text, whole) != NULL;
}

/* [S-10] */
static void
test_no_bundle (void)
{
  g_autofree char *one = video_offer ("96", "a=rtpmap:96 VP8/90000\n");
  g_autofree char *offer = edit (one, "a=group:BUNDLE 0\n", "");
  g_autofree char *answer = answer_to (offer, NULL, &vp8_track);

  g_assert_true (contains (answer, "m=video 9 UDP/TLS/RTP/SAVPF 96"));
}

/* [S-01 S-12]: audio, two videos, and a data channel. */
static void
test_extra (void)
{
  g_autofree char *obs = edit_offer ("obs", "\r\n", "\n");
  g_autofree char *bundle = edit (obs, "BUNDLE 0 1", "BUNDLE 0 1 2 x");
  g_autofree char *offer = g_strconcat (
      bundle,
      "m=video 9 UDP/TLS/RTP/SAVPF 96\nc=IN IP4 0.0.0.0\na=mid:2\n"
      "a=recvonly\na=rtcp-mux\na=rtpmap:96 H264/90000\n"
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:x\n",
      NULL);
  g_autofree char *answer = answer_to (offer, &opus_track, &h264_track);

  g_assert_true (contains (answer, "a=group:BUNDLE 0 1"));
  g_assert_cmpuint (answer_all (offer), >=, 4);
}

/* [S-06]: bundled sections say nothing of their own of the transport. */
static void
test_inherited (void)
{
  g_autofree char *offer = load_offer ("rfc9725-example");
  g_autofree char *answer = answer_to (offer, &opus_track, &vp8_track);

  g_assert_true (contains (answer, "m=video 9 UDP/TLS/RTP/SAVPF 96 97"));
}

/* [S-16]: sendrecv too, and what says nothing is sendrecv. */
static void
test_directions (void)
{
  static const char *const directions[] = {"a=recvonly", "a=sendrecv", "a=x"};

  for (guint i = 0; i < G_N_ELEMENTS (directions); i++) {
    g_autofree char *offer = edit_offer ("obs", "a=recvonly", directions[i]);
    g_autofree char *answer = answer_to (offer, &opus_track, &h264_track);

    g_assert_true (contains (answer, "a=sendonly"));
  }
}

/* [S-22]: at either level, as one word of several, or not at all. */
static void
test_ice_options (void)
{
  static const struct {
    const char *session, *media;
    gboolean trickle;
  } cases[] = {
      {"a=ice-options:trickle\n", "", TRUE},
      {"a=ice-options:ice2 trickle\n", "", TRUE},
      {"", "a=ice-options:trickle\n", TRUE},
      {"", "", FALSE},
      {"a=ice-options:ice2\n", "a=ice-options:renomination\n", FALSE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *plain = video_offer ("96", "a=rtpmap:96 VP8/90000\n");
    g_autofree char *session = g_strconcat (cases[i].session, "m=video", NULL);
    g_autofree char *begun = edit (plain, "m=video", session);
    g_autofree char *offer = g_strconcat (begun, cases[i].media, NULL);
    g_autofree char *answer = answer_to (offer, NULL, &vp8_track);

    g_assert_cmpint (contains (answer, "a=ice-options:trickle"), ==,
                     cases[i].trickle);
  }
}

/* [S-27 S-28 S-29]: none of them is sent, so none is accepted,
 * whatever its number. */
static void
test_extensions (void)
{
  static const char lines[] =
      "a=extmap-allow-mixed\na=rtpmap:96 VP8/90000\n"
      "a=extmap:1 urn:ietf:params:rtp-hdrext:toffset\n"
      "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\n"
      "a=extmap:3 urn:3gpp:video-orientation\n"
      "a=extmap:5/recvonly "
      "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\n"
      "a=extmap:6 "
      "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type\n"
      "a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid\n"
      "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\n"
      "a=extmap:12 "
      "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time\n"
      "a=extmap:15 urn:ietf:params:rtp-hdrext:sdes:mid\n"
      "a=extmap:200 urn:ietf:params:rtp-hdrext:sdes:mid\n";
  g_autofree char *offer = video_offer ("96", lines);
  g_autofree char *answer = answer_to (offer, NULL, &vp8_track);

  g_assert_null (strstr (answer, "extmap"));
}

/* [S-33] */
static void
test_simulcast (void)
{
  g_autofree char *offer =
      video_offer ("96", "a=rtpmap:96 VP8/90000\na=rid:h recv\na=rid:l recv\n"
                         "a=simulcast:recv h;l\n");
  g_autofree char *answer = answer_to (offer, NULL, &vp8_track);

  g_assert_null (strstr (answer, "simulcast"));
}

/* [S-30]: for every format at once; of it what was not offered is not there. */
static void
test_wildcard_feedback (void)
{
  g_autofree char *offer =
      video_offer ("96 97", "a=rtpmap:96 VP8/90000\na=rtpmap:97 VP9/90000\n"
                            "a=rtcp-fb:* nack\na=rtcp-fb:97 nack pli\n");
  g_autofree char *answer = answer_to (offer, NULL, &vp8_track);

  g_assert_true (contains (answer, "a=rtcp-fb:96 nack"));
  g_assert_null (strstr (answer, "pli"));
}

/* [M-03]: names in any case. */
static void
test_case (void)
{
  g_autofree char *video = video_offer (
      "96 97", "a=rtpmap:96 h264/90000\na=fmtp:96 "
               "PACKETIZATION-MODE=1;Profile-Level-Id=42E01F\n"
               "a=rtcp-fb:96 nack\na=rtpmap:97 RTX/90000\na=fmtp:97 apt=96\n");
  g_autofree char *audio = audio_offer ("111", "a=rtpmap:111 OPUS/48000/2\n");
  g_autoptr (WcSdpPlan) plan = plan_ok (video, NULL, &h264_track);
  g_autofree char *answer = answer_to (audio, &opus_track, NULL);

  g_assert_cmpuint (sent (plan, WC_MEDIA_VIDEO)->format->payload_type, ==, 96);
  g_assert_nonnull (sent (plan, WC_MEDIA_VIDEO)->rtx);
  g_assert_true (contains (answer, "a=rtpmap:111 OPUS/48000/2"));
}

/* [M-06 M-11]: mode 0 comes first and is passed over; the answer says mode,
 * profile and that levels may differ. */
static void
test_h264_modes (void)
{
  g_autofree char *offer = video_offer (
      "96 97 98", "a=rtpmap:96 H264/90000\na=fmtp:96 "
                  "packetization-mode=0;profile-level-id=42e01f\n"
                  "a=rtpmap:97 H264/90000\na=fmtp:97 profile-level-id=42e01f\n"
                  "a=rtpmap:98 H264/90000\na=fmtp:98 "
                  "packetization-mode=1;profile-level-id=42e01f\n");
  g_autofree char *answer = answer_to (offer, NULL, &h264_track);

  g_assert_true (contains (answer, "a=fmtp:98 level-asymmetry-allowed=1;"
                                   "packetization-mode=1;"
                                   "profile-level-id=42e01f"));
}

/* [M-15 M-17 M-18]: parameters come back as they were offered. */
static void
test_parameters (void)
{
  g_autofree char *h265 = video_offer (
      "96", "a=rtpmap:96 H265/90000\na=fmtp:96 "
            "level-id=180;profile-id=1;tier-flag=0;tx-mode=SRST\n");
  g_autofree char *av1 = video_offer ("96", "a=rtpmap:96 AV1/90000\na=fmtp:96 "
                                            "level-idx=5;profile=0;tier=0\n");
  g_autofree char *vp9 =
      video_offer ("96 97 98", "a=rtpmap:96 VP9/90000\na=fmtp:96 profile-id=2\n"
                               "a=rtpmap:97 VP9/90000\na=rtpmap:98 VP9/90000\n"
                               "a=fmtp:98 profile-id=0\n");
  g_autofree char *to_h265 = answer_to (h265, NULL, &h265_track);
  g_autofree char *to_av1 = answer_to (av1, NULL, &av1_track);
  g_autoptr (WcSdpPlan) plan = plan_ok (vp9, NULL, &vp9_track);

  g_assert_true (contains (to_h265, "a=fmtp:96 level-id=180;profile-id=1;"
                                    "tier-flag=0;tx-mode=SRST"));
  g_assert_true (contains (to_av1, "a=fmtp:96 level-idx=5;profile=0;tier=0"));
  g_assert_cmpuint (sent (plan, WC_MEDIA_VIDEO)->format->payload_type, ==, 97);
}

/* [M-19 M-22]: what is no Opus of ours stands in front of it. */
static void
test_audio_decoys (void)
{
  g_autofree char *offer =
      audio_offer ("112 63 110 13 126 109 111",
                   "a=rtpmap:112 multiopus/48000/6\na=rtpmap:63 red/48000/2\n"
                   "a=fmtp:63 111/111\na=rtpmap:110 telephone-event/48000\n"
                   "a=rtpmap:13 CN/8000\na=rtpmap:126 telephone-event/8000\n"
                   "a=rtpmap:109 opus/16000/2\na=rtpmap:111 opus/48000/2\n");
  g_autofree char *answer = answer_to (offer, &opus_track, NULL);

  g_assert_true (contains (answer, "m=audio 9 UDP/TLS/RTP/SAVPF 111"));
  g_assert_true (contains (answer, "a=rtpmap:111 opus/48000/2"));
}

/* [M-23]: numbers that need no a=rtpmap. */
static void
test_static_types (void)
{
  static const struct {
    WcCodec codec;
    const char *pt, *map;
  } cases[] = {
      {WC_CODEC_PCMU, "0", "a=rtpmap:0 PCMU/8000"},
      {WC_CODEC_PCMA, "8", "a=rtpmap:8 PCMA/8000"},
      {WC_CODEC_G722, "9", "a=rtpmap:9 G722/8000"},
  };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (cases); i++) {
    const WcSdpTrack track = {cases[i / 2].codec, 8000, 1, NULL};
    g_autofree char *map = g_strconcat (cases[i / 2].map, "\n", NULL);
    g_autofree char *offer = audio_offer ("9 8 0", i % 2 == 0 ? "" : map);
    g_autofree char *answer = answer_to (offer, &track, NULL);
    g_autofree char *media =
        g_strconcat ("m=audio 9 UDP/TLS/RTP/SAVPF ", cases[i / 2].pt, NULL);

    g_assert_true (contains (answer, media));
    g_assert_true (contains (answer, cases[i / 2].map));
  }
}

/* All that are there: a file that is added is tested. */
static GPtrArray *
add_clients (void)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) folder = g_dir_open (TEST_DATA "/offers", 0, &error);
  const char *file;

  g_assert_no_error (error);
  while ((file = g_dir_read_name (folder)) != NULL) {
    char *name = g_strndup (file, strcspn (file, "."));
    g_autofree char *path = g_strconcat ("/sdp/rows/client/", name, NULL);

    g_test_add_data_func (path, name,
                          g_str_has_prefix (name, "whip-") ? test_publisher
                                                           : test_client);
    g_ptr_array_add (names, name);
  }
  g_assert_cmpuint (names->len, >=, 20);
  return names;
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) names = NULL;

  g_test_init (&argc, &argv, NULL);
  names = add_clients ();
  g_test_add_func ("/sdp/rows/no-bundle [S-10]", test_no_bundle);
  g_test_add_func ("/sdp/rows/extra [S-01 S-12]", test_extra);
  g_test_add_func ("/sdp/rows/inherited [S-06]", test_inherited);
  g_test_add_func ("/sdp/rows/directions [S-16]", test_directions);
  g_test_add_func ("/sdp/rows/ice-options [S-22]", test_ice_options);
  g_test_add_func ("/sdp/rows/extensions [S-27 S-28 S-29]", test_extensions);
  g_test_add_func ("/sdp/rows/simulcast [S-33]", test_simulcast);
  g_test_add_func ("/sdp/rows/feedback [S-30]", test_wildcard_feedback);
  g_test_add_func ("/sdp/rows/case [M-03]", test_case);
  g_test_add_func ("/sdp/rows/h264 [M-06 M-11]", test_h264_modes);
  g_test_add_func ("/sdp/rows/parameters [M-15 M-17 M-18]", test_parameters);
  g_test_add_func ("/sdp/rows/decoys [M-19 M-22]", test_audio_decoys);
  g_test_add_func ("/sdp/rows/static-types [M-23]", test_static_types);
  return g_test_run ();
}
