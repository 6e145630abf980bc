/* SPDX-License-Identifier: MIT */
/* What publishers announce by RTSP. */
#include "sdp/announce.h"

#include <string.h>

#define HEAD "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n"
#define VIDEO "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"

static GPtrArray *
parse_ok (const char *text)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *streams = wc_sdp_announce_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return streams;
}

static void
assert_refused (const char *text, WcSdpError code, const char *hint)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (wc_sdp_announce_parse (text, strlen (text), &error));
  g_assert_error (error, WC_SDP_ERROR, (gint)code);
  if (strstr (error->message, hint) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, hint);
}

/* As ffmpeg 5.1 sends it. */
static void
test_ffmpeg (void)
{
  g_autoptr (GPtrArray) streams = parse_ok (
      "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=No Name\r\n"
      "c=IN IP4 127.0.0.1\r\nt=0 0\r\na=tool:libavformat 59.27.100\r\n"
      "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
      "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z2QAH6zZ,aOvj\r\n"
      "a=control:streamid=0\r\n"
      "m=audio 0 RTP/AVP 97\r\nb=AS:128\r\n"
      "a=rtpmap:97 MPEG4-GENERIC/44100/2\r\n"
      "a=fmtp:97 profile-level-id=1;mode=AAC-hbr;config=121056E500\r\n"
      "a=control:streamid=1\r\n");
  const WcSdpAnnounceStream *video = streams->pdata[0];
  const WcSdpAnnounceStream *audio = streams->pdata[1];

  g_assert_cmpuint (streams->len, ==, 2);
  g_assert_true (video->is_media);
  g_assert_cmpint (video->media, ==, WC_MEDIA_VIDEO);
  g_assert_cmpuint (video->payload_type, ==, 96);
  g_assert_cmpstr (video->encoding, ==, "H264");
  g_assert_cmpuint (video->clock_rate, ==, 90000);
  g_assert_nonnull (strstr (video->fmtp, "sprop-parameter-sets=Z2QAH6zZ,"));
  g_assert_cmpstr (video->control, ==, "streamid=0");
  g_assert_cmpint (audio->media, ==, WC_MEDIA_AUDIO);
  g_assert_cmpstr (audio->encoding, ==, "MPEG4-GENERIC");
  g_assert_cmpuint (audio->clock_rate, ==, 44100);
  g_assert_cmpuint (audio->channels, ==, 2);
  g_assert_cmpstr (audio->control, ==, "streamid=1");
}

static void
test_others (void)
{
  g_autoptr (GPtrArray) streams = parse_ok (
      HEAD "m=audio 4000 RTP/AVP 8\r\n"
           "m=audio 0 RTP/AVP 14\r\n"
           "m=application 0 RTP/AVPF 107\r\na=rtpmap:107 vnd.onvif/90000\r\n"
           "m=video 0 RTP/AVP 97 96\r\na=rtpmap:96 VP8/90000\r\n"
           "a=rtpmap:97 VP9/90000\r\na=fmtp:96 a=b\r\n");
  const WcSdpAnnounceStream *const *stream =
      (const WcSdpAnnounceStream *const *)streams->pdata;

  g_assert_cmpuint (streams->len, ==, 4);
  g_assert_cmpstr (stream[0]->encoding, ==, "PCMA");
  g_assert_cmpuint (stream[0]->clock_rate, ==, 8000);
  g_assert_null (stream[0]->control);
  g_assert_cmpstr (stream[1]->encoding, ==, "MPA");
  g_assert_false (stream[2]->is_media);
  /* The first format counts, and what is said of it. */
  g_assert_cmpuint (stream[3]->payload_type, ==, 97);
  g_assert_cmpstr (stream[3]->encoding, ==, "VP9");
  g_assert_null (stream[3]->fmtp);
}

static void
test_refused (void)
{
  g_autoptr (GString) many = g_string_new (HEAD);
  g_autofree char *large = g_strnfill (WC_SDP_ANNOUNCE_MAX_SIZE + 1, 'v');

  for (guint i = 0; i <= WC_SDP_ANNOUNCE_MAX_STREAMS; i++)
    g_string_append (many, "m=audio 0 RTP/AVP 0\r\n");
  assert_refused (many->str, WC_SDP_ERROR_UNSUPPORTED, "more than 8 streams");
  assert_refused (large, WC_SDP_ERROR_INVALID, "larger than");
  assert_refused ("", WC_SDP_ERROR_INVALID, "empty");
  assert_refused ("s=x\r\n", WC_SDP_ERROR_INVALID, "v=0");
  assert_refused (HEAD, WC_SDP_ERROR_UNSUPPORTED, "no m-line");
  assert_refused (HEAD "m=video\r\n", WC_SDP_ERROR_INVALID, "line 5");
  assert_refused (HEAD "m=video 0 RTP/AVP\r\n", WC_SDP_ERROR_INVALID,
                  "payload type");
  assert_refused (HEAD "m=video 0 RTP/AVP 128\r\n", WC_SDP_ERROR_INVALID,
                  "payload type");
  assert_refused (HEAD "m=video 0 RTP/SAVP 96\r\n", WC_SDP_ERROR_UNSUPPORTED,
                  "encrypted");
  assert_refused (HEAD VIDEO "a=crypto:1 x\r\n", WC_SDP_ERROR_UNSUPPORTED,
                  "encrypted");
  assert_refused (HEAD "m=video 0 UDP 96\r\n", WC_SDP_ERROR_UNSUPPORTED,
                  "RTP/AVP");
  assert_refused (HEAD "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264\r\n",
                  WC_SDP_ERROR_INVALID, "a=rtpmap");
  assert_refused (HEAD "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/0\r\n",
                  WC_SDP_ERROR_INVALID, "a=rtpmap");
  assert_refused (HEAD VIDEO "a=control:a b\r\n", WC_SDP_ERROR_INVALID,
                  "a=control");
  assert_refused (HEAD VIDEO "a=control:a\r\n" VIDEO "a=control:a\r\n",
                  WC_SDP_ERROR_INVALID, "same a=control");
}

/* What is written is read back as the same, and says nothing else. */
static void
test_write (void)
{
  g_autoptr (GPtrArray) streams = parse_ok (
      HEAD "a=evil:1\r\n" VIDEO "a=fmtp:96 x=y\r\na=control:trackID=7\r\n"
           "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n"
           "m=application 0 RTP/AVP 99\r\n");
  g_autofree char *text = wc_sdp_announce_write (streams);
  g_autoptr (GPtrArray) again = parse_ok (text);
  const WcSdpAnnounceStream *video = again->pdata[0];
  const WcSdpAnnounceStream *audio = again->pdata[1];
  const WcSdpAnnounceStream *other = again->pdata[2];

  g_assert_cmpuint (again->len, ==, 3);
  g_assert_cmpstr (video->encoding, ==, "H264");
  g_assert_cmpstr (video->control, ==, "trackID=7");
  g_assert_cmpstr (audio->encoding, ==, "opus");
  g_assert_cmpuint (audio->channels, ==, 2);
  g_assert_false (other->is_media);
  g_assert_null (strstr (text, "evil"));
  g_assert_null (strstr (text, "x=y"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdp/announce/ffmpeg", test_ffmpeg);
  g_test_add_func ("/sdp/announce/others", test_others);
  g_test_add_func ("/sdp/announce/refused", test_refused);
  g_test_add_func ("/sdp/announce/write", test_write);
  return g_test_run ();
}
