/* SPDX-License-Identifier: MIT */
#include "sdp/source.h"

#include "base/address.h"
#include "sdp/fmtp.h"
#include "sdp/lines.h"

#include <string.h>

/* One payload type of an m-line. */
typedef struct {
  guint payload_type;
  guint line;                 /* where the rtpmap is, else the m-line */
  char *name;                 /* nullable */
  guint clock_rate, channels; /* 0: not given */
  char *fmtp;                 /* nullable */
} Format;

typedef struct {
  WcSdpLines lines;
  GPtrArray *result;       /* of WcSdpSourceMedia */
  WcSdpSourceMedia *media; /* the one being read, in @result; or NULL */
  GPtrArray *formats;      /* of Format, of @media */
  char *session_group;     /* nullable */
} Parser;

static void
free_media (WcSdpSourceMedia *media)
{
  g_free (media->fmtp);
  g_free (media->group);
  g_free (media);
}

static void
free_format (Format *format)
{
  g_free (format->name);
  g_free (format->fmtp);
  g_free (format);
}

static gboolean
invalid (Parser *parser, GError **error, const char *message)
{
  return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_INVALID, "%s",
                            message);
}

static gboolean
unsupported (Parser *parser, GError **error, const char *message)
{
  return wc_sdp_lines_fail (&parser->lines, error, WC_SDP_ERROR_UNSUPPORTED,
                            "%s", message);
}

/* --- choosing the format
 * ------------------------------------------------------ */

static gboolean
fail_format (const Format *format, GError **error, const char *what,
             const char *why)
{
  g_set_error (error, WC_SDP_ERROR, WC_SDP_ERROR_UNSUPPORTED, "line %u: %s: %s",
               format->line, what, why);
  return FALSE;
}

static const WcCodecInfo *
format_codec (const Format *format, WcMedia media)
{
  const WcCodecInfo *info =
      format->name != NULL ? wc_codec_find_source (format->name)
                           : wc_codec_find_source_static (format->payload_type);

  if (info != NULL && info->codec == WC_CODEC_OPUS && format->channels > 2)
    info = wc_codec_info (WC_CODEC_MULTIOPUS);
  return info != NULL && info->media == media ? info : NULL;
}

/* Not said is 1 (RFC 8866 section 6.6), but where the payload type is static or
 * the codec has always the same. */
static guint
count_channels (const Format *format, const WcCodecInfo *info)
{
  if (format->channels != 0)
    return format->channels;
  if (format->name == NULL && format->payload_type == 11)
    return 1; /* L16, mono (RFC 3551 section 6) */
  return format->name == NULL || info->codec == WC_CODEC_OPUS ||
                 info->codec == WC_CODEC_MPA
             ? info->channels
             : 1;
}

static gboolean
apply_format (WcSdpSourceMedia *media, const Format *format,
              const WcCodecInfo *info, GError **error)
{
  guint clock_rate =
      format->clock_rate != 0 ? format->clock_rate : info->clock_rate;
  guint channels = count_channels (format, info);

  if (!wc_codec_has_rate (info->codec, clock_rate))
    return fail_format (
        format, error, info->name,
        "it is taken only with its usual clock rate (90000 for "
        "video and MPA, 48000 for opus, 8000 for G722 and G726, "
        "8000 to 96000 for others)");
  if (media->media == WC_MEDIA_AUDIO &&
      channels > wc_codec_max_channels (info->codec))
    return fail_format (format, error, info->name,
                        "more channels than are taken (2 for opus, PCMU and "
                        "PCMA, 1 for G722 and G726, 8 for others)");
  if (info->codec == WC_CODEC_H264 &&
      wc_sdp_fmtp_get_int (format->fmtp, "packetization-mode", 0) > 1)
    return fail_format (format, error, info->name,
                        "packetization-mode must be 0 or 1");

  media->codec = info->codec;
  media->payload_type = (guint8)format->payload_type;
  media->clock_rate = clock_rate;
  media->channels = media->media == WC_MEDIA_AUDIO ? (guint8)channels : 0;
  media->fmtp = g_strdup (format->fmtp);
  return TRUE;
}

/* The first payload type whose codec can be played counts; telephone-event and
 * the like may stand beside it. */
static gboolean
finish_media (Parser *parser, GError **error)
{
  const Format *first;
  g_autofree char *what = NULL;

  if (parser->media == NULL)
    return TRUE;
  if (parser->media->group == NULL)
    parser->media->group = g_strdup (parser->session_group);
  for (guint i = 0; i < parser->formats->len; i++) {
    const Format *format = parser->formats->pdata[i];
    const WcCodecInfo *info = format_codec (format, parser->media->media);

    if (info != NULL)
      return apply_format (parser->media, format, info, error);
  }
  first = parser->formats->pdata[0];
  what = first->name != NULL
             ? g_strdup (first->name)
             : g_strdup_printf ("payload type %u without a=rtpmap",
                                first->payload_type);
  return fail_format (
      first, error, what,
      "browsers do not play it over RTP; it must be one of " WC_CODEC_NAMES
      ", or of " WC_CONVERTED_CODEC_NAMES ", which are converted");
}

/* --- lines
 * ---------------------------------------------------------------------- */

static gboolean
parse_formats (Parser *parser, char *rest, GError **error)
{
  const char *word;

  g_ptr_array_set_size (parser->formats, 0);
  while ((word = wc_sdp_take_word (&rest)) != NULL) {
    Format *format = g_new0 (Format, 1);

    g_ptr_array_add (parser->formats, format);
    format->line = parser->lines.number;
    if (!wc_sdp_parse_uint (word, 127, &format->payload_type))
      return invalid (parser, error,
                      "a payload type of the m-line is not 0 to 127");
    if (parser->formats->len > WC_SDP_MAX_FORMATS)
      return invalid (parser, error, "too many formats in the m-line");
  }
  if (parser->formats->len == 0)
    return invalid (parser, error,
                    "malformed m-line; it must be "
                    "m=<audio or video> <port> RTP/AVP <payload type>");
  return TRUE;
}

static gboolean
check_protocol (Parser *parser, const char *proto, GError **error)
{
  if (g_str_equal (proto, "RTP/AVP") || g_str_equal (proto, "RTP/AVPF"))
    return TRUE;
  if (strstr (proto, "SAVP") != NULL)
    return unsupported (parser, error,
                        "encrypted RTP is not taken; it must be RTP/AVP");
  return unsupported (parser, error,
                      "the protocol of the m-line must be RTP/AVP");
}

static gboolean
add_media (Parser *parser, const char *type, GError **error)
{
  WcMedia kind = WC_MEDIA_AUDIO;

  if (g_str_equal (type, "video"))
    kind = WC_MEDIA_VIDEO;
  else if (!g_str_equal (type, "audio"))
    return unsupported (parser, error, "only m=audio and m=video are taken");
  for (guint i = 0; i < parser->result->len; i++) {
    const WcSdpSourceMedia *other = parser->result->pdata[i];

    if (other->media == kind)
      return unsupported (parser, error,
                          "a second m-line of its kind; at most one for audio "
                          "and one for video are taken");
  }
  parser->media = g_new0 (WcSdpSourceMedia, 1);
  parser->media->media = kind;
  g_ptr_array_add (parser->result, parser->media);
  return TRUE;
}

static gboolean
parse_media (Parser *parser, GError **error)
{
  char *rest = parser->lines.value;
  const char *type = wc_sdp_take_word (&rest);
  const char *port = wc_sdp_take_word (&rest);
  const char *proto = wc_sdp_take_word (&rest);
  guint number;

  if (!finish_media (parser, error))
    return FALSE;
  if (proto == NULL)
    return invalid (parser, error,
                    "malformed m-line; it must be "
                    "m=<audio or video> <port> RTP/AVP <payload type>");
  if (strchr (port, '/') != NULL)
    return unsupported (parser, error,
                        "one port only; <port>/<n> is not taken");
  if (!wc_sdp_parse_uint (port, 65535, &number) || number == 0)
    return invalid (parser, error,
                    "the port must be the one that is sent to, 1 to 65535");
  if (!check_protocol (parser, proto, error) ||
      !add_media (parser, type, error))
    return FALSE;
  parser->media->port = (guint16)number;
  return parse_formats (parser, rest, error);
}

/* "IN IP4 239.0.0.1/127": address, TTL and, for IPv4, a count. */
static gboolean
parse_connection (Parser *parser, GError **error)
{
  char *rest = parser->lines.value;
  const char *net = wc_sdp_take_word (&rest);
  const char *family = wc_sdp_take_word (&rest);
  const char *word = wc_sdp_take_word (&rest);
  g_auto (GStrv) parts = g_strsplit (word != NULL ? word : "", "/", 4);
  char **group =
      parser->media != NULL ? &parser->media->group : &parser->session_group;
  gboolean is_ip6 = g_strcmp0 (family, "IP6") == 0;
  WcAddress address;

  if (g_strcmp0 (net, "IN") != 0 || word == NULL ||
      (!is_ip6 && g_strcmp0 (family, "IP4") != 0))
    return invalid (parser, error,
                    "malformed c= line; it must be c=IN IP4 <address>");
  /* A host name is unicast, and that is not looked at. */
  if (!wc_address_parse (&address, parts[0] != NULL ? parts[0] : "", 0) ||
      !wc_address_is_multicast (&address))
    return TRUE;
  if (g_strv_length (parts) > (is_ip6 ? 1 : 2))
    return unsupported (parser, error, "one multicast group only");
  g_free (*group);
  *group = g_strdup (parts[0]);
  return TRUE;
}

static Format *
take_format (Parser *parser, char **value)
{
  guint pt;

  if (!wc_sdp_parse_uint (wc_sdp_take_word (value), 127, &pt))
    return NULL;
  for (guint i = 0; i < parser->formats->len; i++) {
    Format *format = parser->formats->pdata[i];

    if (format->payload_type == pt)
      return format;
  }
  return NULL;
}

static gboolean
parse_rtpmap (Parser *parser, char *value, GError **error)
{
  Format *format = take_format (parser, &value);
  const char *encoding = wc_sdp_take_word (&value);
  g_auto (GStrv) parts = g_strsplit (encoding != NULL ? encoding : "", "/", 4);
  guint n = g_strv_length (parts);

  if (format == NULL || format->name != NULL || n < 2 || n > 3 ||
      !wc_sdp_is_token (parts[0], 32, NULL) ||
      !wc_sdp_parse_uint (parts[1], G_MAXINT32, &format->clock_rate) ||
      format->clock_rate == 0 ||
      (n == 3 && (!wc_sdp_parse_uint (parts[2], 255, &format->channels) ||
                  format->channels == 0)))
    return invalid (parser, error,
                    "malformed a=rtpmap; it must be a=rtpmap:<payload type of "
                    "the m-line> <name>/<clock>[/<channels>], once");
  format->name = g_strdup (parts[0]);
  format->line = parser->lines.number;
  return TRUE;
}

static gboolean
parse_fmtp (Parser *parser, char *value, GError **error)
{
  Format *format = take_format (parser, &value);

  if (format != NULL && format->fmtp == NULL && value != NULL)
    format->fmtp = g_strdup (value);
  return TRUE;
}

/* RFC 3605: "<port> [IN IP4 <address>]". */
static gboolean
parse_rtcp (Parser *parser, char *value, GError **error)
{
  guint port;

  if (!wc_sdp_parse_uint (wc_sdp_take_word (&value), 65535, &port) || port == 0)
    return invalid (parser, error,
                    "malformed a=rtcp; it must be a=rtcp:<port>");
  parser->media->rtcp_port = (guint16)port;
  return TRUE;
}

static gboolean
parse_attribute (Parser *parser, GError **error)
{
  char *value;
  const char *name = wc_sdp_lines_attribute (&parser->lines, &value);

  if (g_str_equal (name, "crypto"))
    return unsupported (parser, error,
                        "encrypted RTP is not taken; leave a=crypto out");
  if (parser->media == NULL)
    return TRUE;
  if (g_str_equal (name, "rtpmap"))
    return parse_rtpmap (parser, value, error);
  if (g_str_equal (name, "fmtp"))
    return parse_fmtp (parser, value, error);
  if (g_str_equal (name, "rtcp"))
    return parse_rtcp (parser, value, error);
  return TRUE;
}

static gboolean
parse_lines (Parser *parser, GError **error)
{
  if (!wc_sdp_lines_next (&parser->lines) || parser->lines.type != 'v' ||
      !g_str_equal (parser->lines.value, "0"))
    return invalid (parser, error, "the SDP must begin with the line v=0");
  while (wc_sdp_lines_next (&parser->lines)) {
    gboolean ok = TRUE;

    if (parser->lines.type == 'm')
      ok = parse_media (parser, error);
    else if (parser->lines.type == 'c')
      ok = parse_connection (parser, error);
    else if (parser->lines.type == 'a')
      ok = parse_attribute (parser, error);
    if (!ok)
      return FALSE;
  }
  if (parser->result->len == 0)
    return invalid (parser, error,
                    "the SDP has no m= line; it must have one for audio or "
                    "video");
  return finish_media (parser, error);
}

/* ffmpeg prints "SDP:" before it. Returns how many lines were skipped. */
static guint
skip_preamble (const char **text, gsize *size)
{
  guint n = 0;

  while (*size > 0) {
    const char *end = memchr (*text, '\n', *size);
    gsize line = end != NULL ? (gsize)(end - *text) + 1 : *size;
    g_autofree char *word = g_strstrip (g_strndup (*text, MIN (line, 16)));

    if (word[0] != '\0' && !g_str_equal (word, "SDP:"))
      break;
    *text += line;
    *size -= line;
    n++;
  }
  return n;
}

GPtrArray *
wc_sdp_source_parse (const char *text, gsize size, GError **error)
{
  g_autoptr (GPtrArray) result =
      g_ptr_array_new_with_free_func ((GDestroyNotify)free_media);
  g_autoptr (GPtrArray) formats =
      g_ptr_array_new_with_free_func ((GDestroyNotify)free_format);
  Parser parser = {.result = result, .formats = formats};
  guint skipped = skip_preamble (&text, &size);
  gboolean ok;

  ok = wc_sdp_lines_init (&parser.lines, text, size, WC_SDP_LINES_ALLOW_BLANK,
                          error);
  parser.lines.number = skipped;
  ok = ok && parse_lines (&parser, error);
  wc_sdp_lines_clear (&parser.lines);
  g_free (parser.session_group);
  return ok ? g_steal_pointer (&result) : NULL;
}
