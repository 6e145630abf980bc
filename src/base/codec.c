/* SPDX-License-Identifier: MIT */
#include "base/codec.h"

static const WcCodecInfo codecs[WC_N_CODECS] = {
    {WC_CODEC_H264, WC_MEDIA_VIDEO, "H264", 90000, 0, -1},
    {WC_CODEC_H265, WC_MEDIA_VIDEO, "H265", 90000, 0, -1},
    {WC_CODEC_VP8, WC_MEDIA_VIDEO, "VP8", 90000, 0, -1},
    {WC_CODEC_VP9, WC_MEDIA_VIDEO, "VP9", 90000, 0, -1},
    {WC_CODEC_AV1, WC_MEDIA_VIDEO, "AV1", 90000, 0, -1},
    {WC_CODEC_OPUS, WC_MEDIA_AUDIO, "opus", 48000, 2, -1},
    {WC_CODEC_PCMU, WC_MEDIA_AUDIO, "PCMU", 8000, 1, 0},
    {WC_CODEC_PCMA, WC_MEDIA_AUDIO, "PCMA", 8000, 1, 8},
    {WC_CODEC_G722, WC_MEDIA_AUDIO, "G722", 8000, 1, 9},
};

const WcCodecInfo *
wc_codec_info (WcCodec codec)
{
  return &codecs[codec];
}

const WcCodecInfo *
wc_codec_find (const char *name)
{
  for (guint i = 0; i < WC_N_CODECS; i++)
    if (g_ascii_strcasecmp (codecs[i].name, name) == 0)
      return &codecs[i];
  return NULL;
}

const WcCodecInfo *
wc_codec_find_static (guint pt)
{
  for (guint i = 0; i < WC_N_CODECS; i++)
    if (codecs[i].static_pt == (gint)pt)
      return &codecs[i];
  return NULL;
}

const char *
wc_media_name (WcMedia media)
{
  return media == WC_MEDIA_AUDIO ? "audio" : "video";
}
