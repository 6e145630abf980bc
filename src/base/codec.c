/* SPDX-License-Identifier: MIT */
#include "base/codec.h"

static const WcCodecInfo codecs[WC_N_SOURCE_CODECS] = {
    {WC_CODEC_H264, WC_MEDIA_VIDEO, "H264", 90000, 0, -1},
    {WC_CODEC_H265, WC_MEDIA_VIDEO, "H265", 90000, 0, -1},
    {WC_CODEC_VP8, WC_MEDIA_VIDEO, "VP8", 90000, 0, -1},
    {WC_CODEC_VP9, WC_MEDIA_VIDEO, "VP9", 90000, 0, -1},
    {WC_CODEC_AV1, WC_MEDIA_VIDEO, "AV1", 90000, 0, -1},
    {WC_CODEC_OPUS, WC_MEDIA_AUDIO, "opus", 48000, 2, -1},
    {WC_CODEC_PCMU, WC_MEDIA_AUDIO, "PCMU", 8000, 1, 0},
    {WC_CODEC_PCMA, WC_MEDIA_AUDIO, "PCMA", 8000, 1, 8},
    {WC_CODEC_G722, WC_MEDIA_AUDIO, "G722", 8000, 1, 9},
    {WC_CODEC_AAC, WC_MEDIA_AUDIO, "AAC", 48000, 2, -1},
    {WC_CODEC_LATM, WC_MEDIA_AUDIO, "MP4A-LATM", 48000, 2, -1},
    {WC_CODEC_MPA, WC_MEDIA_AUDIO, "MPA", 90000, 2, 14},
    {WC_CODEC_G726_16, WC_MEDIA_AUDIO, "G726-16", 8000, 1, -1},
    {WC_CODEC_G726_24, WC_MEDIA_AUDIO, "G726-24", 8000, 1, -1},
    {WC_CODEC_G726_32, WC_MEDIA_AUDIO, "G726-32", 8000, 1, 2},
    {WC_CODEC_G726_40, WC_MEDIA_AUDIO, "G726-40", 8000, 1, -1},
    {WC_CODEC_AAL2_G726_16, WC_MEDIA_AUDIO, "AAL2-G726-16", 8000, 1, -1},
    {WC_CODEC_AAL2_G726_24, WC_MEDIA_AUDIO, "AAL2-G726-24", 8000, 1, -1},
    {WC_CODEC_AAL2_G726_32, WC_MEDIA_AUDIO, "AAL2-G726-32", 8000, 1, -1},
    {WC_CODEC_AAL2_G726_40, WC_MEDIA_AUDIO, "AAL2-G726-40", 8000, 1, -1},
    {WC_CODEC_L16, WC_MEDIA_AUDIO, "L16", 44100, 2, 10},
    {WC_CODEC_L8, WC_MEDIA_AUDIO, "L8", 8000, 1, -1},
    {WC_CODEC_MULTIOPUS, WC_MEDIA_AUDIO, "multiopus", 48000, 6, -1},
};

/* Other names for the same. */
static const struct {
  const char *name;
  WcCodec codec;
} aliases[] = {
    {"MPEG4-GENERIC", WC_CODEC_AAC},
    {"MP2", WC_CODEC_MPA},
    {"MP3", WC_CODEC_MPA},
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

/* --- what a source may have ------------------------------------------------
 */

typedef struct {
  guint32 least, most; /* of the RTP clock */
  const char *rates;
  guint channels;
} Range;

static Range
range_of (WcCodec codec)
{
  const WcCodecInfo *info = wc_codec_info (codec);

  if (info->media == WC_MEDIA_VIDEO || codec == WC_CODEC_MPA)
    return (Range){90000, 90000, "90000", codec == WC_CODEC_MPA ? 2 : 0};
  if (codec == WC_CODEC_AAC || codec == WC_CODEC_LATM ||
      codec == WC_CODEC_L16 || codec == WC_CODEC_L8)
    return (Range){8000, 96000, "8000 to 96000", 8};
  if (codec == WC_CODEC_PCMU || codec == WC_CODEC_PCMA)
    return (Range){8000, 48000, "8000 to 48000", 2};
  if (codec == WC_CODEC_OPUS || codec == WC_CODEC_MULTIOPUS)
    return (Range){48000, 48000, "48000", codec == WC_CODEC_OPUS ? 2 : 8};
  return (Range){8000, 8000, "8000", 1};
}

const char *
wc_codec_rates (WcCodec codec)
{
  return range_of (codec).rates;
}

gboolean
wc_codec_has_rate (WcCodec codec, guint32 clock_rate)
{
  Range range = range_of (codec);

  return clock_rate >= range.least && clock_rate <= range.most;
}

guint
wc_codec_max_channels (WcCodec codec)
{
  return range_of (codec).channels;
}

gboolean
wc_codec_is_played (WcCodec codec)
{
  return codec < WC_N_CODECS;
}

const WcCodecInfo *
wc_codec_find_source (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (aliases); i++)
    if (g_ascii_strcasecmp (aliases[i].name, name) == 0)
      return &codecs[aliases[i].codec];
  for (guint i = 0; i < WC_N_SOURCE_CODECS; i++)
    if (g_ascii_strcasecmp (codecs[i].name, name) == 0)
      return &codecs[i];
  return NULL;
}

const WcCodecInfo *
wc_codec_find_source_static (guint pt)
{
  if (pt == 11) /* L16 with one channel */
    pt = 10;
  for (guint i = 0; i < WC_N_SOURCE_CODECS; i++)
    if (codecs[i].static_pt == (gint)pt)
      return &codecs[i];
  return NULL;
}

const char *
wc_media_name (WcMedia media)
{
  return media == WC_MEDIA_AUDIO ? "audio" : "video";
}
