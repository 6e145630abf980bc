/* SPDX-License-Identifier: MIT */
#include "common/offer.h"

#include "base/id.h"

#include <string.h>

#define H264_FMTP(profile)                                                     \
  "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" profile

const TcOfferCodec tc_offer_chrome_codecs[] = {
    {WC_MEDIA_VIDEO, 96, "VP8/90000", NULL, 97},
    {WC_MEDIA_VIDEO, 102, "H264/90000", H264_FMTP ("42001f"), 103},
    {WC_MEDIA_VIDEO, 108, "H264/90000", H264_FMTP ("42e01f"), 109},
    {WC_MEDIA_VIDEO, 45, "AV1/90000", "level-idx=5;profile=0;tier=0", 46},
    {WC_MEDIA_VIDEO, 98, "VP9/90000", "profile-id=0", 99},
    {WC_MEDIA_VIDEO, 49, "H265/90000",
     "level-id=180;profile-id=1;tier-flag=0;tx-mode=SRST", 50},
    {WC_MEDIA_AUDIO, 111, "opus/48000/2", "minptime=10;useinbandfec=1", 0},
    {WC_MEDIA_AUDIO, 9, "G722/8000", NULL, 0},
    {WC_MEDIA_AUDIO, 0, "PCMU/8000", NULL, 0},
    {WC_MEDIA_AUDIO, 8, "PCMA/8000", NULL, 0},
    {.rtpmap = NULL},
};

typedef struct {
  GString *out;
  const TcOfferOptions *options;
  const TcOfferTransport *transport;
  const TcOfferCodec *codecs;
} Writer;

static const char *
or_default (const char *value, const char *fallback)
{
  return value != NULL ? value : fallback;
}

static gboolean
has_rtx (Writer *writer, const TcOfferCodec *codec)
{
  return codec->rtx_pt != 0 && !writer->options->no_rtx;
}

static void
write_transport (Writer *writer)
{
  const TcOfferTransport *transport = writer->transport;

  g_string_append_printf (
      writer->out,
      "a=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
      "a=ice-options:trickle\r\na=fingerprint:sha-256 %s\r\na=setup:%s\r\n",
      transport->ufrag, transport->pwd, transport->fingerprint,
      or_default (writer->options->setup, "actpass"));
  if (transport->ip == NULL || writer->options->no_candidates)
    return;
  g_string_append_printf (writer->out,
                          "a=candidate:1 1 udp 2113937151 %s %u typ host "
                          "generation 0\r\na=end-of-candidates\r\n",
                          transport->ip, transport->port);
}

static void
write_codec (Writer *writer, const TcOfferCodec *codec)
{
  g_string_append_printf (writer->out, "a=rtpmap:%u %s\r\n", codec->pt,
                          codec->rtpmap);
  if (codec->media == WC_MEDIA_VIDEO) {
    g_string_append_printf (writer->out, "a=rtcp-fb:%u ccm fir\r\n", codec->pt);
    if (!writer->options->no_nack)
      g_string_append_printf (writer->out, "a=rtcp-fb:%u nack\r\n", codec->pt);
    g_string_append_printf (writer->out, "a=rtcp-fb:%u nack pli\r\n",
                            codec->pt);
  }
  if (codec->fmtp != NULL)
    g_string_append_printf (writer->out, "a=fmtp:%u %s\r\n", codec->pt,
                            codec->fmtp);
  if (has_rtx (writer, codec))
    g_string_append_printf (writer->out,
                            "a=rtpmap:%u rtx/90000\r\na=fmtp:%u apt=%u\r\n",
                            codec->rtx_pt, codec->rtx_pt, codec->pt);
}

static void
write_media_line (Writer *writer, WcMedia media)
{
  g_string_append_printf (writer->out, "m=%s 9 UDP/TLS/RTP/SAVPF",
                          wc_media_name (media));
  for (const TcOfferCodec *c = writer->codecs; c->rtpmap != NULL; c++) {
    if (c->media != media)
      continue;
    g_string_append_printf (writer->out, " %u", c->pt);
    if (has_rtx (writer, c))
      g_string_append_printf (writer->out, " %u", c->rtx_pt);
  }
  g_string_append (writer->out, "\r\nc=IN IP4 0.0.0.0\r\n");
}

static void
write_rtp_section (Writer *writer, WcMedia media, guint mid)
{
  write_media_line (writer, media);
  write_transport (writer);
  g_string_append_printf (writer->out, "a=mid:%u\r\n", mid);
  if (media == WC_MEDIA_AUDIO)
    g_string_append (writer->out, "a=extmap:1 urn:ietf:params:rtp-hdrext:"
                                  "ssrc-audio-level\r\n");
  g_string_append_printf (
      writer->out,
      "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/"
      "abs-send-time\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
      "a=%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n",
      or_default (writer->options->direction, "recvonly"));
  for (const TcOfferCodec *c = writer->codecs; c->rtpmap != NULL; c++)
    if (c->media == media)
      write_codec (writer, c);
}

static void
write_data_section (Writer *writer, guint mid)
{
  g_string_append (writer->out, "m=application 9 UDP/DTLS/SCTP "
                                "webrtc-datachannel\r\n"
                                "c=IN IP4 0.0.0.0\r\n");
  write_transport (writer);
  g_string_append_printf (writer->out,
                          "a=mid:%u\r\na=sctp-port:5000\r\n"
                          "a=max-message-size:262144\r\n",
                          mid);
}

static void
write_session (Writer *writer, gsize n_sections)
{
  guint64 id;

  wc_id_random_bytes (&id, sizeof id);
  g_string_append_printf (writer->out,
                          "v=0\r\no=- %" G_GUINT64_FORMAT
                          " 2 IN IP4 127.0.0.1\r\ns=-\r\n"
                          "t=0 0\r\n",
                          id >> 2);
  if (!writer->options->no_bundle) {
    g_string_append (writer->out, "a=group:BUNDLE");
    for (gsize i = 0; i < n_sections; i++)
      g_string_append_printf (writer->out, " %" G_GSIZE_FORMAT, i);
    g_string_append (writer->out, "\r\n");
  }
  g_string_append (writer->out, "a=extmap-allow-mixed\r\n"
                                "a=msid-semantic: WMS\r\n");
  g_string_append (writer->out,
                   or_default (writer->options->session_lines, ""));
}

char *
tc_offer_write (const TcOfferOptions *options,
                const TcOfferTransport *transport)
{
  static const TcOfferOptions defaults = {0};
  Writer writer = {.out = g_string_new (NULL),
                   .options = options != NULL ? options : &defaults,
                   .transport = transport};
  const char *media = or_default (writer.options->media, "av");

  writer.codecs = writer.options->codecs != NULL ? writer.options->codecs
                                                 : tc_offer_chrome_codecs;
  write_session (&writer, strlen (media));
  for (guint i = 0; media[i] != '\0'; i++) {
    if (media[i] == 'd')
      write_data_section (&writer, i);
    else
      write_rtp_section (&writer,
                         media[i] == 'a' ? WC_MEDIA_AUDIO : WC_MEDIA_VIDEO, i);
    g_string_append (writer.out, or_default (writer.options->media_lines, ""));
  }
  return g_string_free (writer.out, FALSE);
}
