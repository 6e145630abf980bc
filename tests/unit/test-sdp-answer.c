/* SPDX-License-Identifier: MIT */
#include "sdp-support.h"

#define FINGERPRINT                                                            \
  "sha-256 AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:"                   \
  "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99"

static gboolean own_feedback;
static guint16 tcp_port;

static char *
write_answer (const WcSdpPlan *plan, guint n_candidates)
{
  WcAddress candidates[20];
  WcSdpAnswerParams params = {
      .ufrag = "srvu",
      .pwd = "srvpwdsrvpwdsrvpwdsrvpwdsrvpwd12",
      .fingerprint = FINGERPRINT,
      .candidates = candidates,
      .n_candidates = n_candidates,
      .tcp_port = tcp_port,
      .stream_id = "stream",
      .cname = "whepcast",
      .ssrc = {1111, 2222},
      .rtx_ssrc = {0, 3333},
      .session_id = 42,
      .own_feedback = own_feedback,
  };

  g_assert_cmpuint (n_candidates, <=, G_N_ELEMENTS (candidates));
  for (guint i = 0; i < n_candidates; i++)
    g_assert_true (wc_address_parse (
        &candidates[i],
        i == 0 ? "192.0.2.1" : "2001:db8:1111:2222:3333:4444:5555:6666", 8189));
  return wc_sdp_answer_write (plan, &params);
}

static char *
answer_for (const char *offer, const WcSdpTrack *audio, const WcSdpTrack *video)
{
  g_autoptr (WcSdpPlan) plan = plan_ok (offer, audio, video);

  return write_answer (plan, 2);
}

static char *
answer_client (const char *name, const WcSdpTrack *audio,
               const WcSdpTrack *video)
{
  g_autofree char *offer = load_offer (name);

  return answer_for (offer, audio, video);
}

/* The lines of section @index (0: the session), with their CRLF. */
static char *
section (const char *text, guint index)
{
  const char *start = text, *end;

  for (guint i = 0; i < index; i++) {
    start = strstr (start + 1, "\r\nm=");
    g_assert_nonnull (start);
  }
  end = strstr (start + 1, "\r\nm=");
  return end != NULL ? g_strdup_printf ("%.*s\r\n", (int)(end - start), start)
                     : g_strdup (start);
}

static guint
count (const char *text, const char *line)
{
  guint n = 0;

  for (const char *p = strstr (text, line); p != NULL; p = strstr (p + 1, line))
    n++;
  return n;
}

static void
assert_line (const char *text, const char *line)
{
  g_autofree char *whole = g_strconcat ("\r\n", line, "\r\n", NULL);

  if (strstr (text, whole) == NULL)
    g_error ("\"%s\" is not in:\n%s", line, text);
}

static void
assert_absent (const char *text, const char *part)
{
  if (strstr (text, part) != NULL)
    g_error ("\"%s\" is in:\n%s", part, text);
}

static void
test_order (void)
{
  g_autofree char *av =
      answer_client ("chrome-audio-video", &opus_track, &h264_track);
  g_autofree char *va =
      answer_client ("chrome-video-audio", &opus_track, &h264_track);
  g_autofree char *first = section (va, 1);

  assert_line (av, "m=audio 9 UDP/TLS/RTP/SAVPF 111");
  assert_line (av, "m=video 9 UDP/TLS/RTP/SAVPF 109 114");
  assert_line (av, "a=group:BUNDLE 0 1");
  assert_line (first, "m=video 9 UDP/TLS/RTP/SAVPF 109 114");
  g_assert_cmpuint (count (first, "\r\na=candidate:"), ==, 2);
  g_assert_cmpuint (count (va, "\r\na=candidate:"), ==, 2);
}

static void
test_text (void)
{
  g_autofree char *text =
      answer_client ("chrome-audio-video", &opus_track, &h264_track);
  g_autofree char *session = section (text, 0);

  g_assert_true (g_str_has_prefix (text, "v=0\r\no=- 42 1 IN IP4 127.0.0.1"
                                         "\r\ns=-\r\nt=0 0\r\n"));
  g_assert_true (g_str_has_suffix (text, "\r\n"));
  g_assert_cmpuint (count (text, "\n"), ==, count (text, "\r\n"));
  assert_absent (text, "\r\n\r\n");
  assert_line (session, "a=ice-lite");
}

static void
test_sent (void)
{
  g_autofree char *text =
      answer_client ("chrome-audio-video", &opus_track, &h264_track);
  g_autofree char *audio = section (text, 1), *video = section (text, 2);

  assert_line (video, "m=video 9 UDP/TLS/RTP/SAVPF 109 114\r\n"
                      "c=IN IP4 0.0.0.0");
  assert_line (video, "a=sendonly");
  assert_line (video, "a=rtcp-mux");
  assert_line (video, "a=rtcp-mux-only");
  assert_line (video, "a=rtcp-rsize");
  assert_line (video, "a=rtpmap:109 H264/90000");
  assert_line (video, "a=rtcp-fb:109 nack");
  assert_line (video, "a=rtcp-fb:109 nack pli");
  assert_line (video, "a=rtcp-fb:109 ccm fir");
  assert_line (video, "a=fmtp:109 level-asymmetry-allowed=1;"
                      "packetization-mode=1;profile-level-id=42e01f");
  assert_line (video, "a=rtpmap:114 rtx/90000");
  assert_line (video, "a=fmtp:114 apt=109");
  assert_line (video, "a=msid:stream stream-video");
  assert_line (audio, "a=msid:stream stream-audio");
  assert_line (video, "a=ssrc-group:FID 2222 3333");
  assert_line (video, "a=ssrc:2222 cname:whepcast");
  assert_line (video, "a=ssrc:3333 cname:whepcast");
  assert_line (audio, "a=ssrc:1111 cname:whepcast");
  assert_line (audio, "a=rtpmap:111 opus/48000/2");
  assert_line (audio, "a=fingerprint:" FINGERPRINT);
  assert_absent (text, "goog-remb");
  assert_absent (text, "transport-cc");
  assert_absent (text, "extmap");
  assert_absent (text, "bundle-only");
}

static void
test_candidates (void)
{
  g_autofree char *offer = load_offer ("chrome-audio-video");
  g_autoptr (WcSdpPlan) plan = plan_ok (offer, &opus_track, &h264_track);
  g_autofree char *text = write_answer (plan, 20);
  g_autofree char *audio = section (text, 1), *video = section (text, 2);

  assert_line (audio, "a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host");
  assert_line (audio, "a=end-of-candidates");
  g_assert_cmpuint (count (text, "a=candidate:"), ==, 8);
  assert_absent (video, "candidate");
}

static void
test_mids (void)
{
  g_autofree char *foo = edit_offer ("gstreamer-whepsrc", "audio0", "foo-1");
  g_autofree char *text = answer_for (foo, &opus_track, &h264_track);

  assert_line (text, "a=mid:foo-1");
  assert_line (text, "a=mid:video1");
  assert_line (text, "a=group:BUNDLE foo-1 video1");
}

static void
test_protocol (void)
{
  g_autofree char *offer = edit_offer ("mediamtx-reader",
                                       "UDP/DTLS/SCTP "
                                       "webrtc-datachannel",
                                       "DTLS/SCTP 5000");
  g_autofree char *old = answer_for (offer, &opus_track, &h264_track);
  g_autofree char *savpf = edit_offer ("obs", "UDP/TLS/RTP/SAVPF", "RTP/SAVPF");
  g_autofree char *draft = answer_for (savpf, &opus_track, &h264_track);

  assert_line (old, "m=application 0 DTLS/SCTP 5000");
  assert_line (draft, "m=audio 9 RTP/SAVPF 111");
}

static void
test_bundle_only (void)
{
  const WcSdpTrack vp8 = {WC_CODEC_VP8, 90000, 0, NULL};
  g_autofree char *text = answer_client ("rfc9725-example", &opus_track, &vp8);

  assert_line (text, "m=video 9 UDP/TLS/RTP/SAVPF 96 97");
  assert_line (text, "a=group:BUNDLE 0 1");
  assert_line (text, "a=ice-options:trickle");
  assert_absent (text, "bundle-only");
}

static void
test_extra_and_application (void)
{
  g_autofree char *reader = load_offer ("mediamtx-reader");
  g_autofree char *bundle = edit (reader, "BUNDLE 0 1 2", "BUNDLE 0 1 2 3");
  g_autofree char *extra =
      g_strconcat (bundle,
                   "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:3\r\n"
                   "a=recvonly\r\na=rtcp-mux\r\n"
                   "a=rtpmap:96 VP8/90000\r\n",
                   NULL);
  g_autofree char *text = answer_for (extra, &opus_track, &h264_track);
  g_autofree char *data = section (text, 3);
  g_autofree char *second = section (text, 4);

  assert_line (text, "a=group:BUNDLE 0 1");
  g_assert_cmpstr (data, ==,
                   "\r\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                   "c=IN IP4 0.0.0.0\r\na=mid:2\r\na=inactive\r\n");
  assert_line (second, "m=video 0 UDP/TLS/RTP/SAVPF 96");
}

static void
test_no_bundle (void)
{
  g_autofree char *offer = edit_offer ("chrome-audio-video", "a=group", "a=x");
  g_autofree char *text = answer_for (offer, NULL, &h264_track);
  g_autofree char *video = section (text, 2);

  assert_absent (text, "BUNDLE");
  assert_line (text, "m=audio 0 UDP/TLS/RTP/SAVPF 111");
  assert_line (video, "a=end-of-candidates");
}

static void
test_missing_kind (void)
{
  g_autofree char *text =
      answer_client ("chrome-video-audio", NULL, &h264_track);
  g_autofree char *audio = section (text, 2);

  assert_line (text, "a=group:BUNDLE 0");
  g_assert_cmpstr (audio, ==,
                   "\r\nm=audio 0 UDP/TLS/RTP/SAVPF 111\r\n"
                   "c=IN IP4 0.0.0.0\r\na=mid:1\r\na=inactive\r\n");
}

static void
test_tagged (void)
{
  g_autofree char *text =
      answer_client ("chrome-audio-video", NULL, &h264_track);
  g_autofree char *audio = section (text, 1), *video = section (text, 2);

  assert_line (text, "a=group:BUNDLE 0 1");
  assert_line (audio, "m=audio 9 UDP/TLS/RTP/SAVPF 111");
  assert_line (audio, "a=inactive");
  assert_line (audio, "a=rtpmap:111 opus/48000/2");
  assert_line (audio, "a=end-of-candidates");
  assert_absent (audio, "msid");
  assert_line (video, "a=sendonly");
}

static void
test_tagged_data_channel (void)
{
  g_autofree char *offer =
      edit_offer ("mediamtx-reader", "BUNDLE 0 1 2", "BUNDLE 2 0 1");
  g_autofree char *text = answer_for (offer, &opus_track, &h264_track);
  g_autofree char *data = section (text, 3);

  assert_line (text, "a=group:BUNDLE 2 0 1");
  assert_line (data, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel");
  assert_line (data, "a=sctp-port:5000");
  assert_line (data, "a=end-of-candidates");
}

static void
test_setup (void)
{
  static const struct {
    const char *offered, *answered;
  } rows[] = {{"actpass", "a=setup:active"},
              {"active", "a=setup:passive"},
              {"passive", "a=setup:active"}};

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *offer = edit_offer ("obs", "actpass", rows[i].offered);
    g_autofree char *text = answer_for (offer, &opus_track, &h264_track);

    assert_line (text, rows[i].answered);
    assert_absent (text, "actpass");
  }
}

static void
test_options (void)
{
  g_autofree char *offer =
      edit_offer ("obs", "a=ice-options:ice2,trickle\r\n", "");
  g_autofree char *text = answer_for (offer, &opus_track, &h264_track);

  assert_absent (text, "ice-options");
  assert_absent (text, "rsize");
}

static void
test_size (void)
{
  g_autofree char *chrome = load_offer ("chrome-audio-video");
  g_autoptr (GString) offer = g_string_new (chrome);
  g_autoptr (WcSdpPlan) plan = NULL;
  g_autofree char *text = NULL;

  for (guint i = 2; i < WC_SDP_MAX_MEDIA; i++)
    g_string_append_printf (offer,
                            "m=application 9 UDP/DTLS/SCTP/SOMETHING "
                            "%032u\r\na=mid:%024u\r\n",
                            i, i);
  plan = plan_ok (offer->str, &opus_track, &h264_track);
  tcp_port = 65535;
  text = write_answer (plan, 20);
  tcp_port = 0;
  g_test_message ("%zu bytes", strlen (text));
  g_assert_cmpuint (strlen (text), <, 8000);
}

/* RFC 6544 sections 4.2 and 4.5: below all of UDP, behind them [S-24]. */
static void
test_tcp_candidates (void)
{
  g_autofree char *offer = load_offer ("chrome-audio-video");
  g_autoptr (WcSdpPlan) plan = plan_ok (offer, &opus_track, &h264_track);
  g_autofree char *without = write_answer (plan, 2);

  assert_absent (without, " tcp ");
  tcp_port = 443;
  g_autofree char *text = write_answer (plan, 2);
  tcp_port = 0;
  assert_line (text, "a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host");
  assert_line (text, "a=candidate:9 1 tcp 1520435199 192.0.2.1 443 typ host "
                     "tcptype passive");
  assert_line (text, "a=candidate:10 1 tcp 1520434943 "
                     "2001:db8:1111:2222:3333:4444:5555:6666 443 typ host "
                     "tcptype passive");
  const char *tcp = strstr (text, " tcp ");
  g_assert_true (strstr (text, " udp ") < tcp);
  g_assert_null (strstr (tcp, " udp "));
  g_assert_true (strstr (text, "a=end-of-candidates") > tcp);
}

static void
test_codec_mismatch (void)
{
  const WcSdpTrack av1 = {WC_CODEC_AV1, 90000, 0, "0"};
  g_autofree char *text = answer_client ("obs", &opus_track, &av1);

  assert_line (text, "m=video 0 UDP/TLS/RTP/SAVPF 96");
  assert_line (text, "a=group:BUNDLE 0");
}

static void
test_opus_without_channels (void)
{
  g_autofree char *text =
      answer_client ("gstreamer-whepsrc", &opus_track, NULL);
  g_autofree char *stereo =
      answer_client ("mediamtx-reader", &opus_track, NULL);

  assert_line (text, "a=rtpmap:96 OPUS/48000");
  assert_line (stereo, "a=fmtp:111 stereo=1;sprop-stereo=1");
}

static void
test_canonical (void)
{
  g_autofree char *offer = load_offer ("mediamtx-reader");
  g_autoptr (WcSdpPlan) plan = plan_ok (offer, &opus_track, &h264_track);
  g_autofree char *text = wc_sdp_canonical_offer_write (plan);
  g_autoptr (WcSdpOffer) again = parse_ok (text);
  g_autofree char *video = section (text, 1);

  g_assert_cmpuint (again->media->len, ==, 2);
  assert_line (text, "a=group:BUNDLE 0 1");
  assert_line (video, "m=video 9 UDP/TLS/RTP/SAVPF 109 114");
  assert_line (video,
               "a=fmtp:109 packetization-mode=1;profile-level-id=42e01f");
  assert_line (video, "a=fmtp:114 apt=109");
  assert_line (video, "a=recvonly");
  assert_line (video, "a=mid:0");
  assert_line (video, "a=setup:actpass");
  assert_line (text, "a=rtpmap:111 opus/48000/2");
  g_assert_cmpuint (count (text, "a=ice-ufrag:Nb9k"), ==, 2);
  g_assert_cmpuint (count (text, "a=fingerprint:sha-256 A7:24"), ==, 2);
  assert_absent (text, "level-asymmetry");
  assert_absent (text, "application");
  assert_absent (text, "goog-remb");
}

/* Whatever the viewer wants to see, webrtcbin is asked for keys alone. */
static void
test_keys_offer (void)
{
  g_autofree char *offer = load_offer ("mediamtx-reader");
  g_autoptr (WcSdpPlan) plan = plan_ok (offer, &opus_track, &h264_track);
  g_autofree char *text = wc_sdp_keys_offer_write (plan);
  g_autoptr (WcSdpOffer) again = parse_ok (text);

  g_assert_cmpuint (again->media->len, ==, 1);
  assert_line (text, "m=audio 9 UDP/TLS/RTP/SAVPF 0");
  assert_line (text, "a=recvonly");
  assert_line (text, "a=setup:actpass");
  g_assert_cmpuint (count (text, "a=ice-ufrag:Nb9k"), ==, 1);
  g_assert_cmpuint (count (text, "a=fingerprint:sha-256 A7:24"), ==, 1);
}

static void
test_canonical_video_only (void)
{
  g_autofree char *offer = load_offer ("gstreamer-whepsrc");
  g_autoptr (WcSdpPlan) plan = plan_ok (offer, NULL, &h264_track);
  g_autofree char *text = wc_sdp_canonical_offer_write (plan);

  assert_line (text, "a=group:BUNDLE video1");
  assert_line (text, "m=video 9 UDP/TLS/RTP/SAVPF 103");
  assert_absent (text, "m=audio");
}

/* Nothing is promised that is not kept: packets are sent again by rtx alone. */
static void
test_nack_without_rtx (void)
{
  g_autofree char *whole = load_offer ("chrome-audio-video");
  g_auto (GStrv) parts = g_strsplit (whole, " rtx/90000", -1);
  g_autofree char *offer = g_strjoinv (" other/90000", parts);
  g_autofree char *text = answer_for (offer, &opus_track, &h264_track);

  assert_line (text, "m=video 9 UDP/TLS/RTP/SAVPF 109");
  assert_line (text, "a=rtcp-fb:109 nack pli");
  assert_absent (text, "a=rtcp-fb:109 nack\r\n");
  assert_absent (text, "FID");
}

/* On the direct lane the packet itself is sent again, and REMB is read. */
static void
test_own_feedback (void)
{
  g_autofree char *whole = load_offer ("chrome-audio-video");
  g_auto (GStrv) parts = g_strsplit (whole, " rtx/90000", -1);
  g_autofree char *offer = g_strjoinv (" other/90000", parts);

  own_feedback = TRUE;
  g_autofree char *text = answer_for (offer, &opus_track, &h264_track);
  own_feedback = FALSE;
  assert_line (text, "m=video 9 UDP/TLS/RTP/SAVPF 109");
  assert_line (text, "a=rtcp-fb:109 nack");
  assert_line (text, "a=rtcp-fb:109 nack pli");
  assert_line (text, "a=rtcp-fb:109 goog-remb");
  assert_absent (text, "a=rtcp-fb:111");
  assert_absent (text, "transport-cc");
  assert_absent (text, "FID");
}

/* T-22: what an ICE restart is answered with. */
static void
test_restart (void)
{
  WcAddress candidate;
  WcSdpAnswerParams params = {
      .ufrag = "newu",
      .pwd = "newpwd",
      .candidates = &candidate,
      .n_candidates = 1,
  };
  g_autofree char *answer =
      answer_client ("chrome-audio-video", &opus_track, &h264_track);

  wc_address_parse (&candidate, "192.0.2.7", 8189);
  g_autofree char *fragment = wc_sdp_restart_write (answer, &params);
  g_assert_cmpstr (fragment, ==,
                   "a=group:BUNDLE 0 1\r\n"
                   "a=ice-lite\r\n"
                   "a=ice-options:trickle\r\n"
                   "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
                   "a=mid:0\r\n"
                   "a=ice-ufrag:newu\r\n"
                   "a=ice-pwd:newpwd\r\n"
                   "a=candidate:1 1 udp 2130706431 192.0.2.7 8189 typ host\r\n"
                   "a=end-of-candidates\r\n");
}

/* The tagged section stands for all, also where nothing is sent in it. */
static void
test_restart_tagged (void)
{
  WcSdpAnswerParams params = {.ufrag = "newu", .pwd = "newpwd"};
  g_autofree char *answer =
      answer_client ("chrome-audio-video", NULL, &h264_track);
  g_autofree char *fragment = wc_sdp_restart_write (answer, &params);

  assert_line (answer, "m=audio 9 UDP/TLS/RTP/SAVPF 111");
  assert_line (fragment, "a=mid:0");
  assert_line (fragment, "a=ice-ufrag:newu");
}

/* M-30: REMB with the times by which the viewer estimates, only where that is
 * acted on: where there are layers to choose from. M-29: then of transport-wide
 * congestion control neither the extension nor the feedback. */
static void
test_send_times (void)
{
  const WcSdpPolicy policy = {.send_times = TRUE, .twcc = TRUE};
  const WcSdpTrack *const tracks[WC_N_MEDIA] = {&opus_track, &h264_track};
  g_autofree char *offer = load_offer ("chrome-audio-video");
  g_autoptr (WcSdpPlan) plan =
      wc_sdp_plan_new (parse_ok (offer), tracks, &policy, NULL);

  own_feedback = TRUE;
  g_autofree char *with = write_answer (plan, 1);
  g_autofree char *without = answer_for (offer, &opus_track, &h264_track);
  own_feedback = FALSE;
  assert_line (with, "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/"
                     "abs-send-time");
  assert_absent (without, "abs-send-time");
  assert_absent (with, "transport-cc");
  assert_absent (with, "transport-wide-cc");
}

/* The offer of a browser without the lines that match @pattern. */
static char *
answer_without (const char *pattern, const WcSdpPolicy *policy)
{
  const WcSdpTrack *const tracks[WC_N_MEDIA] = {&opus_track, &h264_track};
  g_autofree char *offer = load_offer ("chrome-audio-video");
  g_auto (GStrv) lines = g_strsplit (offer, "\n", -1);
  g_autoptr (GString) kept = g_string_new (NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    if (lines[i][0] != '\0' && !g_regex_match_simple (pattern, lines[i], 0, 0))
      g_string_append_printf (kept, "%s\n", lines[i]);
  g_autoptr (WcSdpPlan) plan =
      wc_sdp_plan_new (parse_ok (kept->str), tracks, policy, NULL);
  own_feedback = TRUE;
  char *answer = write_answer (plan, 1);
  own_feedback = FALSE;
  return answer;
}

/* M-29: both the extension and the feedback, for audio and video, of viewers
 * who do not estimate their link themselves; neither when one is missing. */
static void
test_transport_wide (void)
{
  const WcSdpPolicy none = {0}, plain = {.twcc = TRUE},
                    layers = {.send_times = TRUE, .twcc = TRUE};
  static const struct {
    const char *without;
    guint n; /* of media with it */
    gboolean with_layers, remb;
  } rows[] = {
      {"goog-remb", 2, FALSE, FALSE},
      {"goog-remb", 2, TRUE, FALSE},
      {"abs-send-time", 0, FALSE, TRUE},
      {"abs-send-time", 2, TRUE, FALSE},
      {"transport-wide", 0, TRUE, TRUE},
      {" transport-cc", 0, TRUE, TRUE},
      {"no such line", 0, FALSE, TRUE},
      {"goog-remb|rtcp-fb:(?!111)[0-9]+ transport-cc", 0, TRUE, FALSE},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *answer = answer_without (
        rows[i].without, rows[i].with_layers ? &layers : &plain);
    g_assert_cmpuint (count (answer, "transport-wide-cc"), ==, rows[i].n);
    g_assert_cmpuint (count (answer, " transport-cc"), ==, rows[i].n);
    g_assert_cmpuint (count (answer, "goog-remb"), ==, rows[i].remb ? 1 : 0);
  }
  g_autofree char *without = answer_without ("goog-remb", &none);
  assert_absent (without, "transport-");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdp/answer/S-01", test_order);
  g_test_add_func ("/sdp/answer/S-02", test_mids);
  g_test_add_func ("/sdp/answer/S-03", test_protocol);
  g_test_add_func ("/sdp/answer/S-04-S-16-S-17-S-19-S-30-S-32", test_sent);
  g_test_add_func ("/sdp/answer/S-05-S-06-S-07", test_bundle_only);
  g_test_add_func ("/sdp/answer/S-11", test_no_bundle);
  g_test_add_func ("/sdp/answer/S-12-S-15", test_extra_and_application);
  g_test_add_func ("/sdp/answer/S-08-S-13", test_missing_kind);
  g_test_add_func ("/sdp/answer/S-14", test_tagged);
  g_test_add_func ("/sdp/answer/S-14-data-channel", test_tagged_data_channel);
  g_test_add_func ("/sdp/answer/S-20", test_setup);
  g_test_add_func ("/sdp/answer/S-22-S-31", test_options);
  g_test_add_func ("/sdp/answer/S-23-S-24", test_candidates);
  g_test_add_func ("/sdp/answer/S-24-tcp", test_tcp_candidates);
  g_test_add_func ("/sdp/answer/S-25", test_size);
  g_test_add_func ("/sdp/answer/S-26-S-35", test_text);
  g_test_add_func ("/sdp/answer/S-37", test_codec_mismatch);
  g_test_add_func ("/sdp/answer/M-28", test_nack_without_rtx);
  g_test_add_func ("/sdp/answer/M-30", test_send_times);
  g_test_add_func ("/sdp/answer/M-29", test_transport_wide);
  g_test_add_func ("/sdp/answer/M-20-M-21", test_opus_without_channels);
  g_test_add_func ("/sdp/answer/restart/T-22", test_restart);
  g_test_add_func ("/sdp/answer/restart/tagged", test_restart_tagged);
  g_test_add_func ("/sdp/canonical/A-V", test_canonical);
  g_test_add_func ("/sdp/canonical/S-14", test_canonical_video_only);
  g_test_add_func ("/sdp/canonical/keys", test_keys_offer);
  g_test_add_func ("/sdp/answer/own-feedback", test_own_feedback);
  return g_test_run ();
}
