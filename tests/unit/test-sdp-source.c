/* SPDX-License-Identifier: MIT */
#include "sdp/source.h"

#include <string.h>

#define HEAD "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=No Name\nt=0 0\n"

static GPtrArray *
parse_ok (const char *text)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *media = wc_sdp_source_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return media;
}

static void
assert_refused (const char *text, WcSdpError code, const char *hint)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (wc_sdp_source_parse (text, strlen (text), &error));
  g_assert_error (error, WC_SDP_ERROR, (gint)code);
  if (strstr (error->message, hint) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, hint);
}

static void
test_ffmpeg (void)
{
  g_autoptr (GPtrArray) media = parse_ok (
      "SDP:\n" HEAD "a=tool:libavformat 59.27.100\n"
      "m=video 5004 RTP/AVP 96\nc=IN IP4 127.0.0.1\nb=AS:2000\n"
      "a=rtpmap:96 H264/90000\n"
      "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z2QAH6zZ,aOvj; "
      "profile-level-id=64001F\n"
      "m=audio 5006 RTP/AVP 97\nc=IN IP4 127.0.0.1\nb=AS:96\n"
      "a=rtpmap:97 opus/48000/2\na=fmtp:97 sprop-stereo=1\n\n");
  const WcSdpSourceMedia *video = media->pdata[0], *audio = media->pdata[1];

  g_assert_cmpuint (media->len, ==, 2);
  g_assert_cmpint (video->codec, ==, WC_CODEC_H264);
  g_assert_cmpint (video->media, ==, WC_MEDIA_VIDEO);
  g_assert_cmpuint (video->port, ==, 5004);
  g_assert_cmpuint (video->rtcp_port, ==, 0);
  g_assert_cmpuint (video->payload_type, ==, 96);
  g_assert_null (video->group);
  g_assert_nonnull (strstr (video->fmtp, "sprop-parameter-sets=Z2QAH6zZ,aOvj"));
  g_assert_cmpint (audio->codec, ==, WC_CODEC_OPUS);
  g_assert_cmpuint (audio->clock_rate, ==, 48000);
  g_assert_cmpuint (audio->channels, ==, 2);
  g_assert_cmpstr (audio->fmtp, ==, "sprop-stereo=1");
}

static void
test_multicast (void)
{
  g_autoptr (GPtrArray) media =
      parse_ok (HEAD "c=IN IP4 239.1.2.3/16\nm=audio 6000 RTP/AVP 8\n"
                     "a=rtcp:6005 IN IP4 239.1.2.3\nm=video 6002 RTP/AVPF 33 "
                     "100\nc=IN IP6 ff15::7\na=rtpmap:100 vp8/90000\n");
  const WcSdpSourceMedia *audio = media->pdata[0], *video = media->pdata[1];

  g_assert_cmpstr (audio->group, ==, "239.1.2.3");
  g_assert_cmpuint (audio->rtcp_port, ==, 6005);
  g_assert_cmpint (audio->codec, ==, WC_CODEC_PCMA);
  g_assert_cmpuint (audio->channels, ==, 1);
  g_assert_cmpstr (video->group, ==, "ff15::7");
  g_assert_cmpint (video->codec, ==, WC_CODEC_VP8);
  g_assert_cmpuint (video->payload_type, ==, 100);
  assert_refused (HEAD "c=IN IP4 239.1.2.3/16/2\nm=audio 6000 RTP/AVP 8\n",
                  WC_SDP_ERROR_UNSUPPORTED, "line 5");
}

static void
test_codecs (void)
{
  assert_refused (HEAD "m=audio 5006 RTP/AVP 97\n"
                       "a=rtpmap:97 speex/16000\n",
                  WC_SDP_ERROR_UNSUPPORTED, "line 6: speex");
  assert_refused (HEAD "m=audio 5006 RTP/AVP 97\n"
                       "a=rtpmap:97 speex/16000\n",
                  WC_SDP_ERROR_UNSUPPORTED, WC_CODEC_NAMES);
  assert_refused (HEAD "m=audio 5006 RTP/AVP 13\n", WC_SDP_ERROR_UNSUPPORTED,
                  "payload type 13");
  assert_refused (HEAD "m=video 5006 RTP/AVP 97\na=rtpmap:97 opus/48000/2\n",
                  WC_SDP_ERROR_UNSUPPORTED, "opus");
  assert_refused (HEAD "m=audio 5006 RTP/AVP 97\na=rtpmap:97 PCMU/96000\n",
                  WC_SDP_ERROR_UNSUPPORTED, "clock rate");
  assert_refused (HEAD "m=audio 5006 RTP/AVP 97\na=rtpmap:97 opus/48000/9\n",
                  WC_SDP_ERROR_UNSUPPORTED, "channels");
  assert_refused (HEAD "m=video 5006 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
                       "a=fmtp:96 packetization-mode=2\n",
                  WC_SDP_ERROR_UNSUPPORTED, "packetization-mode");
}

/* What browsers do not play, and is converted. */
static void
test_converted (void)
{
  static const struct {
    const char *map;
    WcCodec codec;
    guint32 clock_rate;
    guint8 channels;
  } rows[] = {
      {"97\na=rtpmap:97 MPEG4-GENERIC/44100/2", WC_CODEC_AAC, 44100, 2},
      {"97\na=rtpmap:97 mpeg4-generic/48000", WC_CODEC_AAC, 48000, 1},
      {"97\na=rtpmap:97 MP4A-LATM/48000/2", WC_CODEC_LATM, 48000, 2},
      {"14", WC_CODEC_MPA, 90000, 2},
      {"97\na=rtpmap:97 AAL2-G726-32/8000", WC_CODEC_AAL2_G726_32, 8000, 1},
      {"97\na=rtpmap:97 G726-16/8000", WC_CODEC_G726_16, 8000, 1},
      {"10", WC_CODEC_L16, 44100, 2},
      {"11", WC_CODEC_L16, 44100, 1},
      {"97\na=rtpmap:97 L16/48000/1", WC_CODEC_L16, 48000, 1},
      {"97\na=rtpmap:97 PCMU/16000", WC_CODEC_PCMU, 16000, 1},
      {"97\na=rtpmap:97 opus/48000/6", WC_CODEC_MULTIOPUS, 48000, 6},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text =
        g_strconcat (HEAD "m=audio 5006 RTP/AVP ", rows[i].map, "\n", NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) all =
        wc_sdp_source_parse (text, strlen (text), &error);
    const WcSdpSourceMedia *media;

    g_assert_no_error (error);
    media = g_ptr_array_index (all, 0);
    g_assert_cmpstr (wc_codec_info (media->codec)->name, ==,
                     wc_codec_info (rows[i].codec)->name);
    g_assert_cmpuint (media->clock_rate, ==, rows[i].clock_rate);
    g_assert_cmpuint (media->channels, ==, rows[i].channels);
  }
}

static void
test_refused (void)
{
  assert_refused (HEAD "m=audio 5004 RTP/AVP 0\nm=audio 5006 RTP/AVP 8\n",
                  WC_SDP_ERROR_UNSUPPORTED, "line 6");
  assert_refused (HEAD "m=audio 5004 RTP/SAVP 0\n", WC_SDP_ERROR_UNSUPPORTED,
                  "encrypted");
  assert_refused (HEAD "m=audio 5004 RTP/AVP 0\na=crypto:1 x\n",
                  WC_SDP_ERROR_UNSUPPORTED, "encrypted");
  assert_refused (HEAD "m=video 5004 udp 33\n", WC_SDP_ERROR_UNSUPPORTED,
                  "RTP/AVP");
  assert_refused (HEAD "m=text 5004 RTP/AVP 98\n", WC_SDP_ERROR_UNSUPPORTED,
                  "audio");
  assert_refused (HEAD "m=audio 5004/2 RTP/AVP 0\n", WC_SDP_ERROR_UNSUPPORTED,
                  "port");
}

static void
test_invalid (void)
{
  static const char *const bad[] = {
      "",
      "SDP:\n",
      "hello",
      HEAD,
      "v=0\nm=audio\n",
      HEAD "m=audio 5004 RTP/AVP\n",
      HEAD "m=audio 0 RTP/AVP 0\n",
      HEAD "m=audio 65536 RTP/AVP 0\n",
      HEAD "m=audio 5004 RTP/AVP 128\n",
      HEAD "m=audio 5004 RTP/AVP 0\na=rtpmap:0\n",
      HEAD "m=audio 5004 RTP/AVP 0\na=rtpmap:1 PCMU/8000\n",
      HEAD "m=audio 5004 RTP/AVP 0\na=rtcp:0\n",
      HEAD "c=IN\nm=audio 5004 RTP/AVP 0\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refused (bad[i], WC_SDP_ERROR_INVALID, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdp/source/ffmpeg", test_ffmpeg);
  g_test_add_func ("/sdp/source/multicast", test_multicast);
  g_test_add_func ("/sdp/source/codecs", test_codecs);
  g_test_add_func ("/sdp/source/converted", test_converted);
  g_test_add_func ("/sdp/source/refused", test_refused);
  g_test_add_func ("/sdp/source/invalid", test_invalid);
  return g_test_run ();
}
