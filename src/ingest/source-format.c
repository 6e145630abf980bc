/* SPDX-License-Identifier: MIT */
#include "ingest/source-format.h"

#include "ingest/conversion.h"

#include <string.h>

/* Fields of RTP caps that are not parameters of a=fmtp; what begins with "a-",
 * "x-", "ssrc-" and the like is none either. */
static const char *const caps_fields[] = {
    "media",           "payload",    "clock-rate",
    "encoding-name",   "ssrc",       "timestamp-offset",
    "seqnum-offset",   "npt-start",  "npt-stop",
    "play-speed",      "play-scale", "onvif-mode",
    "encoding-params", "channels",   "ts-refclk",
    "mediaclk",
};
static const char *const caps_prefixes[] = {"a-",    "x-",      "ssrc-",
                                            "rtcp-", "extmap-", "rid-"};

void
wc_source_format_clear (WcSourceFormat *format)
{
  g_free (format->fmtp);
  memset (format, 0, sizeof *format);
}

void
wc_source_format_copy (WcSourceFormat *to, const WcSourceFormat *from)
{
  *to = *from;
  to->fmtp = g_strdup (from->fmtp);
}

gboolean
wc_source_format_equal (const WcSourceFormat *a, const WcSourceFormat *b)
{
  return a->media == b->media && g_str_equal (a->encoding, b->encoding) &&
         a->payload_type == b->payload_type && a->clock_rate == b->clock_rate &&
         a->channels == b->channels && g_strcmp0 (a->fmtp, b->fmtp) == 0;
}

/* --- from caps ------------------------------------------------------------ */

static gboolean
is_parameter (const char *field)
{
  for (gsize i = 0; i < G_N_ELEMENTS (caps_fields); i++)
    if (g_str_equal (field, caps_fields[i]))
      return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (caps_prefixes); i++)
    if (g_str_has_prefix (field, caps_prefixes[i]))
      return FALSE;
  return TRUE;
}

/* gst_sdp_media_attributes_to_caps () has made a string field of each. */
static char *
fmtp_of_caps (const GstStructure *structure)
{
  g_autoptr (GString) fmtp = g_string_new (NULL);

  for (gint i = 0; i < gst_structure_n_fields (structure); i++) {
    const char *field = gst_structure_nth_field_name (structure, (guint)i);
    const char *value = gst_structure_get_string (structure, field);
    if (value == NULL || !is_parameter (field))
      continue;
    g_string_append_printf (fmtp, "%s%s=%s", fmtp->len > 0 ? ";" : "", field,
                            value);
  }
  if (fmtp->len == 0)
    return NULL;
  return g_string_free (g_steal_pointer (&fmtp), FALSE);
}

/* The encoding parameter of a=rtpmap, which for audio is the channels. */
static guint8
channels_of_caps (const GstStructure *structure)
{
  const char *text = gst_structure_get_string (structure, "encoding-params");
  guint64 channels = text != NULL ? g_ascii_strtoull (text, NULL, 10) : 1;

  return channels >= 1 && channels <= 255 ? (guint8)channels : 1;
}

static gboolean
read_media (const GstStructure *structure, WcMedia *media)
{
  const char *name = gst_structure_get_string (structure, "media");

  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (g_strcmp0 (name, wc_media_name (i)) == 0) {
      *media = i;
      return TRUE;
    }
  return FALSE;
}

static void
read_encoding (WcSourceFormat *format, const GstStructure *structure)
{
  const char *name = gst_structure_get_string (structure, "encoding-name");
  const WcCodecInfo *fixed = wc_codec_find_source_static (format->payload_type);
  g_autofree char *upper = NULL;

  if (name == NULL)
    name = fixed != NULL ? fixed->name : "";
  upper = g_ascii_strup (name, -1);
  g_strlcpy (format->encoding, upper, sizeof format->encoding);
}

gboolean
wc_source_format_from_caps (WcSourceFormat *format, const GstCaps *caps)
{
  const GstStructure *structure;
  gint payload_type, clock_rate;

  memset (format, 0, sizeof *format);
  if (gst_caps_is_any (caps) || gst_caps_is_empty (caps))
    return FALSE;
  structure = gst_caps_get_structure (caps, 0);
  if (!gst_structure_has_name (structure, "application/x-rtp") ||
      !read_media (structure, &format->media) ||
      !gst_structure_get_int (structure, "payload", &payload_type) ||
      payload_type < 0 || payload_type > 127 ||
      !gst_structure_get_int (structure, "clock-rate", &clock_rate) ||
      clock_rate <= 0) {
    memset (format, 0, sizeof *format);
    return FALSE;
  }
  format->payload_type = (guint8)payload_type;
  format->clock_rate = (guint32)clock_rate;
  if (format->media == WC_MEDIA_AUDIO)
    format->channels = channels_of_caps (structure);
  read_encoding (format, structure);
  format->fmtp = fmtp_of_caps (structure);
  return TRUE;
}

/* --- what it is ----------------------------------------------------------- */

/* Opus is always announced as 48000/2 (RFC 7587 section 7), G.722 as 8000 (RFC
 * 3551 section 4.5.2); G.711 comes at other rates and with two channels too,
 * which browsers do not take. */
const WcCodecInfo *
wc_source_format_codec (const WcSourceFormat *format)
{
  const WcCodecInfo *info = wc_codec_find_source (format->encoding);
  const WcCodecInfo *target;

  if (info == NULL || info->media != format->media)
    return NULL;
  if (info->codec == WC_CODEC_OPUS && format->channels > 2)
    info = wc_codec_info (WC_CODEC_MULTIOPUS);
  target =
      wc_conversion_target (info->codec, format->clock_rate, format->channels);
  if (target != info)
    return info;
  if (info->clock_rate != format->clock_rate ||
      (info->codec == WC_CODEC_G722 && format->channels != 1))
    return NULL;
  return info;
}
