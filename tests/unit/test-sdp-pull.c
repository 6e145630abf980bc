/* SPDX-License-Identifier: MIT */
/* The client's side of WHEP: our offer satisfies our own server, and answers
 * are read strictly. */
#include "sdp-support.h"

#include "sdp/answer.h"
#include "sdp/pull.h"

static const char *const mids[WC_N_MEDIA] = {"audio0", "video1"};
static const char *const candidates[] = {
    "1 1 UDP 2015363327 192.0.2.2 52144 typ host", NULL};

#define PWD "gwRtNkdN/mjpoqBz4uxobtYOM61G05aJ"
#define FINGERPRINT                                                            \
  "sha-256 10:1D:84:C7:04:2B:19:76:98:C5:F9:90:88:10:62:FE:1C:11:A8:9F:D5:DE:" \
  "BE:45:C8:73:25:AD:3D:BF:38:66"

static char *
write_offer (void)
{
  WcSdpPullOfferParams params = {
      .mids = {mids[0], mids[1]},
      .ufrag = "VbSy",
      .pwd = PWD,
      .fingerprint = FINGERPRINT,
      .candidates = candidates,
      .session_id = 42,
  };

  return wc_sdp_pull_offer_write (&params);
}

static void
test_offer (void)
{
  g_autofree char *text = write_offer ();
  g_autoptr (GError) error = NULL;
  g_autoptr (WcSdpOffer) offer =
      wc_sdp_offer_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_cmpuint (offer->media->len, ==, 2);
  g_assert_cmpuint (offer->n_candidates, ==, 1);
  g_assert_cmpint (offer->setup, ==, WC_SDP_SETUP_ACTPASS);
  for (guint i = 0; i < 2; i++) {
    const WcSdpOfferMedia *media = g_ptr_array_index (offer->media, i);
    g_assert_cmpint (media->direction, ==, WC_SDP_RECVONLY);
    g_assert_true (media->rtcp_mux);
    g_assert_true (media->bundled);
  }
}

/* --- answers ----------------------------------------------------------------
 */

#define HEAD "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
#define TRANSPORT                                                              \
  "c=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=setup:active\r\na=ice-ufrag:abcd\r\n"   \
  "a=ice-pwd:" PWD "\r\na=fingerprint:" FINGERPRINT "\r\n"
#define CANDIDATES                                                             \
  "a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host\r\n"                 \
  "a=candidate:2 1 udp 2130706175 2001:db8::1 8189 typ host\r\n"               \
  "a=candidate:3 1 udp 2130705919 a1b2.local 8189 typ host\r\n"                \
  "a=candidate:4 1 tcp 2130705663 192.0.2.1 9 typ host tcptype active\r\n"
#define AUDIO                                                                  \
  "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" TRANSPORT CANDIDATES                   \
  "a=mid:audio0\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n"                \
  "a=fmtp:111 stereo=1\r\n"
#define VIDEO                                                                  \
  "m=video 9 UDP/TLS/RTP/SAVPF 98 99\r\n" TRANSPORT                            \
  "a=mid:video1\r\na=sendonly\r\na=rtpmap:98 H264/90000\r\n"                   \
  "a=fmtp:98 packetization-mode=1;profile-level-id=4d001f\r\n"                 \
  "a=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\n"
#define GROUP "a=group:BUNDLE audio0 video1\r\n"
#define ANSWER HEAD GROUP "a=ice-lite\r\n" AUDIO VIDEO

static WcSdpPullAnswer *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  WcSdpPullAnswer *answer =
      wc_sdp_pull_answer_parse (text, strlen (text), mids, &error);

  g_assert_no_error (error);
  return answer;
}

static void
test_answer (void)
{
  g_autoptr (WcSdpPullAnswer) answer = parse (ANSWER);
  const WcSdpPullMedia *video = &answer->media[WC_MEDIA_VIDEO];
  const WcSdpPullMedia *audio = &answer->media[WC_MEDIA_AUDIO];

  g_assert_true (answer->ice_lite);
  g_assert_cmpint (answer->setup, ==, WC_SDP_SETUP_ACTIVE);
  g_assert_cmpstr (answer->ufrag, ==, "abcd");
  g_assert_cmpuint (answer->fingerprints->len, ==, 1);
  g_assert_cmpuint (answer->candidates->len, ==, 2); /* no name, no TCP */
  g_assert_true (video->sends && video->has_rtx);
  g_assert_cmpint (video->format->codec, ==, WC_CODEC_H264);
  g_assert_cmpuint (video->format->payload_type, ==, 98);
  g_assert_cmpstr (video->fmtp, ==,
                   "packetization-mode=1;profile-level-id=4d001f");
  g_assert_true (audio->sends && !audio->has_rtx);
  g_assert_cmpint (audio->format->codec, ==, WC_CODEC_OPUS);
}

/* What webrtcbin gets has nothing of the server's own words. */
static void
test_canonical (void)
{
  g_autoptr (WcSdpPullAnswer) answer =
      parse (HEAD GROUP "a=tool:x\r\n" AUDIO "a=evil:y\r\n" VIDEO);
  g_autofree char *text = wc_sdp_pull_answer_write (answer, mids);

  g_assert_null (strstr (text, "evil"));
  g_assert_null (strstr (text, "tool"));
  g_assert_null (strstr (text, "ice-lite"));
  g_assert_null (strstr (text, ".local"));
  g_assert_nonnull (strstr (text, "m=video 9 UDP/TLS/RTP/SAVPF 98 99\r\n"));
  g_assert_nonnull (strstr (text, "a=rtpmap:111 OPUS/48000/2\r\n"));
  g_assert_nonnull (strstr (text, " 2001:db8::1 8189 typ host\r\n"));
  g_assert_nonnull (strstr (text, "a=setup:active\r\n"));
  g_assert_nonnull (strstr (text, "a=group:BUNDLE audio0 video1\r\n"));
}

static void
test_no_audio (void)
{
  g_autoptr (WcSdpPullAnswer) rejected =
      parse (HEAD "a=group:BUNDLE video1\r\n"
                  "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n"
                  "a=mid:audio0\r\na=inactive\r\n" VIDEO CANDIDATES);
  g_autofree char *text = wc_sdp_pull_answer_write (rejected, mids);

  g_assert_false (rejected->media[WC_MEDIA_AUDIO].sends);
  g_assert_true (rejected->media[WC_MEDIA_VIDEO].sends);
  g_assert_nonnull (strstr (text, "a=inactive\r\n"));
}

static void
refuse (const char *text, int code, const char *words)
{
  g_autoptr (GError) error = NULL;
  WcSdpPullAnswer *answer =
      wc_sdp_pull_answer_parse (text, strlen (text), mids, &error);

  g_assert_null (answer);
  g_assert_error (error, WC_SDP_ERROR, code);
  if (strstr (error->message, words) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, words);
}

static char *
with (const char *from, const char *to)
{
  g_autoptr (GString) text = g_string_new (ANSWER);

  g_assert_cmpuint (g_string_replace (text, from, to, 0), >, 0);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_refused (void)
{
  static const struct {
    const char *from, *to;
    int code;
    const char *words;
  } cases[] = {
      {"setup:active", "setup:actpass", WC_SDP_ERROR_INVALID,
       "must be active or passive"},
      {"mid:video1", "mid:video2", WC_SDP_ERROR_INVALID,
       "is not that of the offer, which is video with a=mid:video1"},
      {"m=audio", "m=video", WC_SDP_ERROR_INVALID, "is not that of the offer"},
      {"a=rtpmap:98 H264", "a=rtpmap:98 VP8", WC_SDP_ERROR_UNSUPPORTED,
       "no format for video that was offered"},
      {"sendonly", "recvonly", WC_SDP_ERROR_UNSUPPORTED,
       "neither sound nor picture"},
      {"a=ice-ufrag:abcd\r\n", "", WC_SDP_ERROR_INVALID, "ice-ufrag"},
      {"a=fingerprint:" FINGERPRINT "\r\n", "", WC_SDP_ERROR_INVALID,
       "fingerprint"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = with (cases[i].from, cases[i].to);
    refuse (text, cases[i].code, cases[i].words);
  }
  refuse (HEAD "a=group:BUNDLE audio0\r\n" AUDIO, WC_SDP_ERROR_INVALID,
          "has 1 m-lines, and the offer 2");
  refuse (HEAD GROUP VIDEO AUDIO, WC_SDP_ERROR_INVALID,
          "is not that of the offer, which is audio");
  refuse ("", WC_SDP_ERROR_INVALID, "empty");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdp-pull/offer", test_offer);
  g_test_add_func ("/sdp-pull/answer", test_answer);
  g_test_add_func ("/sdp-pull/canonical", test_canonical);
  g_test_add_func ("/sdp-pull/no-audio", test_no_audio);
  g_test_add_func ("/sdp-pull/refused", test_refused);
  return g_test_run ();
}
