/* SPDX-License-Identifier: MIT */
#include "sdp/pull.h"
#include "sdp/section.h"

/* Servers match H.264 by its profile: three that browsers offer too. */
static const WcSdpPullFormat formats[] = {
    {WC_CODEC_OPUS, 111, 0, "minptime=10;useinbandfec=1;stereo=1"},
    {WC_CODEC_G722, 9, 0, NULL},
    {WC_CODEC_PCMU, 0, 0, NULL},
    {WC_CODEC_PCMA, 8, 0, NULL},
    {WC_CODEC_H264, 96, 97,
     "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
    {WC_CODEC_H264, 98, 99,
     "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f"},
    {WC_CODEC_H264, 100, 101,
     "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f"},
    {WC_CODEC_H265, 102, 103, NULL},
    {WC_CODEC_VP8, 104, 105, NULL},
    {WC_CODEC_VP9, 106, 107, "profile-id=0"},
    {WC_CODEC_VP9, 108, 109, "profile-id=2"},
    {WC_CODEC_AV1, 112, 113, NULL},
};

const WcSdpPullFormat *
wc_sdp_pull_formats (guint *n)
{
  *n = G_N_ELEMENTS (formats);
  return formats;
}

static gboolean
is_of (const WcSdpPullFormat *format, WcMedia media)
{
  return wc_codec_info (format->codec)->media == media;
}

static void
append_m_line (GString *out, WcMedia media)
{
  g_string_append_printf (out, "m=%s 9 UDP/TLS/RTP/SAVPF",
                          wc_media_name (media));
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    if (!is_of (&formats[i], media))
      continue;
    g_string_append_printf (out, " %u", formats[i].payload_type);
    if (formats[i].rtx_payload_type != 0)
      g_string_append_printf (out, " %u", formats[i].rtx_payload_type);
  }
  g_string_append (out, "\r\n");
}

static void
append_format (GString *out, const WcSdpPullFormat *format)
{
  const WcCodecInfo *info = wc_codec_info (format->codec);
  guint type = format->payload_type;

  if (info->codec == WC_CODEC_OPUS)
    wc_sdp_append (out, "a=rtpmap:%u opus/48000/2", type);
  else
    wc_sdp_append (out, "a=rtpmap:%u %s/%u", type, info->name,
                   info->clock_rate);
  if (format->fmtp != NULL)
    wc_sdp_append (out, "a=fmtp:%u %s", type, format->fmtp);
  if (format->rtx_payload_type == 0)
    return;
  wc_sdp_append (out, "a=rtcp-fb:%u nack", type);
  wc_sdp_append (out, "a=rtcp-fb:%u nack pli", type);
  wc_sdp_append (out, "a=rtcp-fb:%u ccm fir", type);
  wc_sdp_append (out, "a=rtpmap:%u rtx/%u", format->rtx_payload_type,
                 info->clock_rate);
  wc_sdp_append (out, "a=fmtp:%u apt=%u", format->rtx_payload_type, type);
}

static void
append_section (GString *out, const WcSdpPullOfferParams *params, WcMedia media)
{
  append_m_line (out, media);
  wc_sdp_append (out, "c=IN IP4 0.0.0.0");
  wc_sdp_append (out, "a=mid:%s", params->mids[media]);
  wc_sdp_append (out, "a=recvonly");
  wc_sdp_append (out, "a=rtcp-mux");
  wc_sdp_append (out, "a=rtcp-rsize");
  wc_sdp_append (out, "a=setup:actpass");
  wc_sdp_append (out, "a=ice-ufrag:%s", params->ufrag);
  wc_sdp_append (out, "a=ice-pwd:%s", params->pwd);
  wc_sdp_append (out, "a=fingerprint:%s", params->fingerprint);
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (is_of (&formats[i], media))
      append_format (out, &formats[i]);
}

/* The first section carries the transport of both. */
static void
append_candidates (GString *out, const char *const *candidates)
{
  if (candidates == NULL)
    return;
  for (guint i = 0; candidates[i] != NULL; i++)
    wc_sdp_append (out, "a=candidate:%s", candidates[i]);
  wc_sdp_append (out, "a=end-of-candidates");
}

char *
wc_sdp_pull_offer_write (const WcSdpPullOfferParams *params)
{
  GString *out = g_string_new (NULL);

  wc_sdp_append_head (out, params->session_id);
  wc_sdp_append (out, "a=group:BUNDLE %s %s", params->mids[0], params->mids[1]);
  append_section (out, params, WC_MEDIA_AUDIO);
  append_candidates (out, params->candidates);
  append_section (out, params, WC_MEDIA_VIDEO);
  return g_string_free (out, FALSE);
}
