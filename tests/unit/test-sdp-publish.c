/* SPDX-License-Identifier: MIT */
/* What publishers offer (WHIP, RFC 9725) and what they are answered. Rows in
 * test names are those of the conformance list. */
#include "sdp-support.h"

static WcSdpPlan *
try_publish (const char *text, GError **error)
{
  return wc_sdp_publish_plan_new (parse_ok (text), error);
}

static WcSdpPlan *
publish_ok (const char *text)
{
  g_autoptr (GError) error = NULL;
  WcSdpPlan *plan = try_publish (text, &error);

  g_assert_no_error (error);
  return plan;
}

static WcSdpPlan *
publish_file (const char *name)
{
  g_autofree char *text = load_offer (name);

  return publish_ok (text);
}

static void
assert_unsupported (const char *text, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (try_publish (text, &error));
  g_assert_error (error, WC_SDP_ERROR, WC_SDP_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, says));
}

static char *
answer_to (const WcSdpPlan *plan)
{
  WcAddress candidate;
  const WcSdpAnswerParams params = {
      .ufrag = "00abcdef01234567",
      .pwd = "0123456789abcdef0123456789abcdef",
      .fingerprint = "sha-256 AA:BB",
      .candidates = &candidate,
      .n_candidates = 1,
      .stream_id = "stream",
      .cname = "cname",
      .session_id = 1,
  };

  g_assert_true (wc_address_parse (&candidate, "192.0.2.1", 8189));
  return wc_sdp_answer_write (plan, &params);
}

static char *
answer_file (const char *name)
{
  g_autoptr (WcSdpPlan) plan = publish_file (name);

  return answer_to (plan);
}

static const WcSdpOfferMedia *
offered (const WcSdpPlan *plan, WcMedia kind)
{
  return plan->offer->media->pdata[plan->index[kind]];
}

static guint
count (const char *text, const char *line)
{
  guint n = 0;

  for (const char *at = text; (at = strstr (at, line)) != NULL; at++)
    n++;
  return n;
}

static void
assert_line (const char *text, const char *line)
{
  g_autofree char *whole = g_strdup_printf ("\r\n%s\r\n", line);

  if (strstr (text, whole) == NULL)
    g_error ("no line \"%s\" in:\n%s", line, text);
}

static void
test_obs (void)
{
  g_autoptr (WcSdpPlan) plan = publish_file ("whip-obs");
  g_autofree char *answer = answer_to (plan);
  const WcSdpPlanMedia *video = sent (plan, WC_MEDIA_VIDEO);
  const GArray *ssrcs = offered (plan, WC_MEDIA_VIDEO)->sending.ssrcs;

  g_assert_cmpint (video->role, ==, WC_SDP_RECEIVE);
  g_assert_null (video->rtx);
  g_assert_cmpuint (ssrcs->len, ==, 1);
  g_assert_cmpuint (g_array_index (ssrcs, WcSdpSsrc, 0).ssrc, ==, 3184534673);
  assert_line (answer, "m=audio 9 UDP/TLS/RTP/SAVPF 111");
  assert_line (answer, "m=video 9 UDP/TLS/RTP/SAVPF 96");
  assert_line (answer, "a=rtcp-fb:96 nack");
  assert_line (answer, "a=rtcp-fb:96 nack pli");
  assert_line (answer, "a=fmtp:111 stereo=1;useinbandfec=1");
  assert_line (answer, "a=setup:active");
  assert_line (answer, "a=ice-lite");
  g_assert_cmpuint (count (answer, "a=recvonly\r\n"), ==, 2);
  g_assert_cmpuint (count (answer, "a=rtcp-mux-only\r\n"), ==, 2);
  g_assert_cmpuint (count (answer, "a=candidate:"), ==, 1);
  g_assert_cmpuint (count (answer, "goog-remb"), ==, 0);
  g_assert_cmpuint (count (answer, "a=ssrc"), ==, 0);
  g_assert_cmpuint (count (answer, "a=msid"), ==, 0);
}

static void
test_ffmpeg (void)
{
  g_autofree char *both = answer_file ("whip-ffmpeg");
  g_autofree char *video = answer_file ("whip-ffmpeg-video");

  assert_line (both, "a=group:BUNDLE 0 1");
  assert_line (both, "a=setup:active");
  assert_line (both, "m=video 9 UDP/TLS/RTP/SAVPF 106");
  g_assert_cmpuint (count (both, "a=rtcp-fb:"), ==, 0);
  assert_line (video, "a=group:BUNDLE 1");
  assert_line (video, "a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host");
}

static void
test_gstreamer (void)
{
  g_autoptr (WcSdpPlan) plan = publish_file ("whip-gstreamer");
  g_autofree char *answer = answer_to (plan);
  const WcSdpPlanMedia *video = sent (plan, WC_MEDIA_VIDEO);
  const GArray *ssrcs = offered (plan, WC_MEDIA_VIDEO)->sending.ssrcs;

  g_assert_cmpuint (video->rtx->payload_type, ==, 102);
  g_assert_cmpuint (video->twcc_extension, ==, 1);
  g_assert_cmpuint (ssrcs->len, ==, 1);
  g_assert_cmpuint (g_array_index (ssrcs, WcSdpSsrc, 0).rtx_ssrc, ==,
                    1048513329);
  assert_line (answer, "m=video 9 UDP/TLS/RTP/SAVPF 101 102");
  assert_line (answer, "a=fmtp:102 apt=101");
  assert_line (answer, "a=rtcp-fb:101 transport-cc");
  assert_line (answer, "a=rtcp-fb:96 transport-cc");
}

static void
test_chrome (void)
{
  g_autoptr (WcSdpPlan) plan = publish_file ("whip-chrome-publish");
  g_autofree char *answer = answer_to (plan);
  const WcSdpPlanMedia *video = sent (plan, WC_MEDIA_VIDEO);

  g_assert_cmpuint (video->format->payload_type, ==, 96);
  g_assert_cmpuint (video->rtx->payload_type, ==, 97);
  g_assert_cmpuint (video->mid_extension, ==, 4);
  g_assert_cmpuint (video->twcc_extension, ==, 3);
  assert_line (answer, "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid");
  g_assert_cmpuint (count (answer, "abs-send-time"), ==, 0);
  g_assert_cmpuint (count (answer, "a=simulcast"), ==, 0);
}

static void
test_firefox (void)
{
  g_autoptr (WcSdpPlan) plan = publish_file ("whip-firefox");
  const WcSdpPlanMedia *video = sent (plan, WC_MEDIA_VIDEO);
  const GArray *ssrcs = offered (plan, WC_MEDIA_VIDEO)->sending.ssrcs;

  g_assert_cmpuint (video->format->payload_type, ==, 120);
  g_assert_cmpuint (video->rtx->payload_type, ==, 124);
  g_assert_cmpuint (video->twcc_extension, ==, 7);
  g_assert_cmpuint (ssrcs->len, ==, 1);
  g_assert_cmpuint (g_array_index (ssrcs, WcSdpSsrc, 0).ssrc, ==, 1347196327);
  g_assert_cmpuint (g_array_index (ssrcs, WcSdpSsrc, 0).rtx_ssrc, ==,
                    3016857394);
}

static void
test_simulcast (void)
{
  g_autoptr (WcSdpPlan) chrome = publish_file ("whip-chrome-simulcast");
  g_autofree char *answer = answer_to (chrome);
  g_autofree char *obs = answer_file ("whip-obs-simulcast");

  g_assert_cmpuint (sent (chrome, WC_MEDIA_VIDEO)->rid_extension, ==, 10);
  g_assert_cmpuint (sent (chrome, WC_MEDIA_VIDEO)->repaired_rid_extension, ==,
                    11);
  assert_line (answer, "a=rid:h recv");
  assert_line (answer, "a=simulcast:recv h;m;l");
  assert_line (answer,
               "a=extmap:11 "
               "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id");
  assert_line (obs, "a=simulcast:recv 0;1;2");
}

/* Without the extension no packet says which layer it is of. */
static void
test_simulcast_without_rid (void)
{
  g_autofree char *text = edit_offer (
      "whip-obs-simulcast",
      "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\n", "");
  g_autoptr (WcSdpPlan) plan = publish_ok (text);
  g_autofree char *answer = answer_to (plan);

  g_assert_cmpuint (count (answer, "a=simulcast"), ==, 0);
  g_assert_cmpuint (count (answer, "a=rid"), ==, 0);
}

static void
test_simulcast_forms (void)
{
  const char *was = "a=simulcast:send 0;1;2\n";
  static const char *const cases[][2] = {
      {"a=simulcast:send 2;~1;0\n", "a=simulcast:recv 2;1;0"},
      {"a=simulcast:recv 7 send 0,1;2\n", "a=simulcast:recv 0;2"},
      {"a=simulcast:send 0;9;1\n", "a=simulcast:recv 0;1"},
      {"a=simulcast:send 0;0;1\n", "a=simulcast:recv 0;1"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = edit_offer ("whip-obs-simulcast", was, cases[i][0]);
    g_autoptr (WcSdpPlan) plan = publish_ok (text);
    g_autofree char *answer = answer_to (plan);

    assert_line (answer, cases[i][1]);
  }
}

static void
test_malformed_sending (void)
{
  static const char *const lines[] = {
      "a=simulcast: send rid=0;1\n",
      "a=simulcast:\n",
      "a=simulcast\n",
      "a=simulcast:send ;;;~;,\n",
      "a=rid:\n",
      "a=rid:abcdefghijklmnopq send\n",
      "a=rid:0\n",
      "a=ssrc:\n",
      "a=ssrc:99999999999 cname:x\n",
      "a=ssrc-group:FID 1\n",
      "a=ssrc-group:FID 5 5\n",
      "a=msid:\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autofree char *text = load_offer ("whip-obs");
    g_autofree char *longer = g_strconcat (text, lines[i], NULL);
    g_autoptr (WcSdpPlan) plan = publish_ok (longer);
    g_autofree char *answer = answer_to (plan);

    g_assert_cmpuint (count (answer, "a=simulcast"), ==, 0);
    g_assert_cmpuint (offered (plan, WC_MEDIA_VIDEO)->sending.ssrcs->len, ==,
                      1);
  }
}

static void
test_many_ssrcs (void)
{
  g_autofree char *text = load_offer ("whip-obs");
  g_autoptr (GString) longer = g_string_new (text);

  for (guint i = 1; i <= 100; i++)
    g_string_append_printf (longer, "a=ssrc:%u cname:x\na=rid:r%u send\n", i,
                            i);
  g_autoptr (WcSdpPlan) plan = publish_ok (longer->str);
  g_assert_cmpuint (offered (plan, WC_MEDIA_VIDEO)->sending.ssrcs->len, ==,
                    WC_SDP_MAX_SSRCS);
}

static void
test_directions (void)
{
  g_autofree char *recvonly =
      edit_offer ("whip-obs", "a=sendonly", "a=recvonly");
  g_autofree char *inactive =
      edit_offer ("whip-obs", "a=sendonly", "a=inactive");
  g_autofree char *sendrecv =
      edit_offer ("whip-obs", "a=sendonly", "a=sendrecv");
  g_autoptr (WcSdpPlan) plan = publish_ok (sendrecv);
  g_autofree char *answer = answer_to (plan);

  assert_unsupported (recvonly, "does not send");
  assert_unsupported (inactive, "does not send");
  g_assert_cmpuint (count (answer, "a=recvonly\r\n"), ==, 2);
}

static void
test_setup (void)
{
  g_autofree char *active =
      edit_offer ("whip-obs", "a=setup:actpass", "a=setup:active");
  g_autoptr (WcSdpPlan) plan = publish_ok (active);
  g_autofree char *answer = answer_to (plan);

  assert_line (answer, "a=setup:passive");
}

static void
test_one_of_each (void)
{
  g_autofree char *text = load_offer ("whip-obs");
  g_autofree char *second =
      g_strconcat (text,
                   "m=video 9 UDP/TLS/RTP/SAVPF 96\nc=IN IP4 0.0.0.0\n"
                   "a=mid:2\na=sendonly\na=rtcp-mux\na=rtpmap:96 VP8/90000\n",
                   NULL);
  g_autofree char *bundled =
      edit (second, "a=group:BUNDLE 0 1", "a=group:BUNDLE 0 1 2");
  g_autofree char *streams =
      edit_offer ("whip-obs", "a=msid:Zt4bNm9QpLr6KuVe Zt4bNm9QpLr6KuVe-video",
                  "a=msid:other Zt4bNm9QpLr6KuVe-video");
  g_autofree char *unnamed =
      edit_offer ("whip-obs", "a=msid:Zt4bNm9QpLr6KuVe Zt4bNm9QpLr6KuVe-video",
                  "a=msid:- Zt4bNm9QpLr6KuVe-video");
  g_autoptr (WcSdpPlan) plan G_GNUC_UNUSED = publish_ok (unnamed);

  assert_unsupported (bundled, "one too many");
  assert_unsupported (streams, "second MediaStream");
}

static void
test_all_or_nothing (void)
{
  g_autofree char *text = edit_offer ("whip-obs", "a=rtpmap:96 H264/90000",
                                      "a=rtpmap:96 MPV/90000");
  g_autofree char *aac = edit_offer ("whip-obs", "a=rtpmap:111 opus/48000/2",
                                     "a=rtpmap:111 MPEG4-GENERIC/48000/2");

  assert_unsupported (text, "m-line 1 (video) offers none of H264");
  assert_unsupported (aac, "m-line 0 (audio) offers none of opus");
}

/* The first that we carry; H.264 rather in packetization-mode 1. */
static void
test_codec_choice (void)
{
  static const struct {
    const char *formats, *attributes;
    guint chosen;
  } cases[] = {
      {"96 97", "a=rtpmap:96 VP9/90000\na=rtpmap:97 VP8/90000\n", 96},
      {"96 97", "a=rtpmap:96 ulpfec/90000\na=rtpmap:97 AV1/90000\n", 97},
      {"96 97 98",
       "a=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=0\n"
       "a=rtpmap:97 VP8/90000\n"
       "a=rtpmap:98 H264/90000\na=fmtp:98 packetization-mode=1\n",
       98},
      {"96 97", "a=rtpmap:96 H264/90000\na=rtpmap:97 VP8/90000\n", 96},
      {"96 97",
       "a=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=2\n"
       "a=rtpmap:97 VP8/90000\n",
       97},
      {"96", "a=rtpmap:96 H265/90000\n", 96},
      {"96 72", "a=rtpmap:72 VP8/90000\na=rtpmap:96 VP9/90000\n", 96},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = video_offer (cases[i].formats, cases[i].attributes);
    g_autofree char *sending = edit (text, "a=recvonly", "a=sendonly");
    g_autoptr (WcSdpPlan) plan = publish_ok (sending);

    g_assert_cmpuint (sent (plan, WC_MEDIA_VIDEO)->format->payload_type, ==,
                      cases[i].chosen);
  }
}

/* S-28: an id that a one-byte header cannot have. */
static void
test_large_extension (void)
{
  g_autofree char *text = edit_offer (
      "whip-chrome-publish", "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
      "a=extmap:15 urn:ietf:params:rtp-hdrext:sdes:mid");
  g_autoptr (WcSdpPlan) plan = publish_ok (text);
  g_autofree char *answer = answer_to (plan);

  g_assert_cmpuint (count (answer, "sdes:mid"), ==, 0);
}

/* I-05 */
static void
test_no_stream (void)
{
  g_autofree char *text = edit_offer ("whip-obs", "a=msid:", "a=x-msid:");
  g_autofree char *bare = edit (text, " msid:", " label:");
  g_autoptr (WcSdpPlan) plan = publish_ok (bare);

  g_assert_null (offered (plan, WC_MEDIA_AUDIO)->sending.stream_id);
  g_assert_cmpint (sent (plan, WC_MEDIA_VIDEO)->role, ==, WC_SDP_RECEIVE);
}

/* Transport-wide feedback needs the extension and the rtcp-fb. */
static void
test_twcc (void)
{
  g_autofree char *no_feedback =
      edit_offer ("whip-gstreamer", "a=rtcp-fb:101 transport-cc\n", "");
  g_autofree char *no_extension =
      edit_offer ("whip-gstreamer",
                  "a=extmap:1 "
                  "http://www.ietf.org/id/"
                  "draft-holmer-rmcat-transport-wide-cc-extensions-01\n",
                  "");
  g_autoptr (WcSdpPlan) a = publish_ok (no_feedback);
  g_autoptr (WcSdpPlan) b = publish_ok (no_extension);
  g_autofree char *answer = answer_to (b);

  g_assert_cmpuint (sent (a, WC_MEDIA_VIDEO)->twcc_extension, ==, 0);
  g_assert_cmpuint (sent (a, WC_MEDIA_AUDIO)->twcc_extension, ==, 1);
  g_assert_cmpuint (count (answer, "transport-cc"), ==, 0);
}

static void
test_data_channel (void)
{
  g_autofree char *text = load_offer ("whip-obs");
  g_autofree char *longer =
      g_strconcat (text,
                   "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n"
                   "c=IN IP4 0.0.0.0\na=mid:2\na=sctp-port:5000\n",
                   NULL);
  g_autoptr (WcSdpPlan) plan = publish_ok (longer);
  g_autofree char *answer = answer_to (plan);

  assert_line (answer, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
  g_assert_cmpuint (count (answer, "a=recvonly\r\n"), ==, 2);
}

/* What webrtcbin is given: it negotiates and secures, the engine repairs. */
static void
test_canonical (void)
{
  g_autoptr (WcSdpPlan) plan = publish_file ("whip-chrome-simulcast");
  g_autofree char *text = wc_sdp_canonical_offer_write (plan);

  assert_line (text, "m=video 9 UDP/TLS/RTP/SAVPF 96");
  assert_line (text, "a=group:BUNDLE 0 1");
  g_assert_cmpuint (count (text, "a=sendonly\r\n"), ==, 2);
  g_assert_cmpuint (count (text, "a=rtcp-fb"), ==, 0);
  g_assert_cmpuint (count (text, "a=ssrc"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdp/publish/obs/I-01-I-10", test_obs);
  g_test_add_func ("/sdp/publish/ffmpeg/I-08-I-09", test_ffmpeg);
  g_test_add_func ("/sdp/publish/gstreamer/I-21", test_gstreamer);
  g_test_add_func ("/sdp/publish/chrome", test_chrome);
  g_test_add_func ("/sdp/publish/firefox", test_firefox);
  g_test_add_func ("/sdp/publish/simulcast/I-12", test_simulcast);
  g_test_add_func ("/sdp/publish/simulcast-without-rid/I-11",
                   test_simulcast_without_rid);
  g_test_add_func ("/sdp/publish/simulcast-forms", test_simulcast_forms);
  g_test_add_func ("/sdp/publish/malformed", test_malformed_sending);
  g_test_add_func ("/sdp/publish/many-ssrcs", test_many_ssrcs);
  g_test_add_func ("/sdp/publish/directions/I-02-I-03", test_directions);
  g_test_add_func ("/sdp/publish/setup/I-07", test_setup);
  g_test_add_func ("/sdp/publish/one-of-each/I-04-I-05", test_one_of_each);
  g_test_add_func ("/sdp/publish/all-or-nothing/I-06", test_all_or_nothing);
  g_test_add_func ("/sdp/publish/codec-choice/I-22", test_codec_choice);
  g_test_add_func ("/sdp/publish/twcc/I-17", test_twcc);
  g_test_add_func ("/sdp/publish/large-extension/S-28", test_large_extension);
  g_test_add_func ("/sdp/publish/no-stream/I-05", test_no_stream);
  g_test_add_func ("/sdp/publish/data-channel", test_data_channel);
  g_test_add_func ("/sdp/publish/canonical", test_canonical);
  return g_test_run ();
}
