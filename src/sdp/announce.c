/* SPDX-License-Identifier: MIT */
#include "sdp/announce.h"

#include "sdp/lines.h"

#include <string.h>

#define MAX_CONTROL 1024
#define CONTROL_CHARACTERS "/:?=&;@,%()[]"
/* What stands for a stream that is not taken: it has to have some clock. */
#define OTHER_CLOCK_RATE 90000

/* RFC 3551 section 6, as far as sources still use it. */
static const struct {
  guint8 payload_type;
  const char *encoding;
  guint32 clock_rate;
  guint8 channels;
} static_types[] = {
    {0, "PCMU", 8000, 1},   {3, "GSM", 8000, 1},    {8, "PCMA", 8000, 1},
    {9, "G722", 8000, 1},   {10, "L16", 44100, 2},  {11, "L16", 44100, 1},
    {14, "MPA", 90000, 1},  {26, "JPEG", 90000, 1}, {32, "MPV", 90000, 1},
    {33, "MP2T", 90000, 1},
};

typedef struct {
  WcSdpLines lines;
  GPtrArray *streams;
  WcSdpAnnounceStream *stream; /* the one being read; NULL: session level */
  gboolean is_lenient;
  gboolean is_skipping; /* an m-line that is left out */
  char *control;        /* of the session, when lenient */
} Parser;

static void
free_stream (gpointer data)
{
  WcSdpAnnounceStream *stream = data;

  g_free (stream->fmtp);
  g_free (stream->control);
  g_free (stream);
}

static gboolean
fail (Parser *parser, GError **error, WcSdpError code, const char *message)
{
  return wc_sdp_lines_fail (&parser->lines, error, code, "%s", message);
}

/* --- m-lines -------------------------------------------------------------- */

static gboolean
check_protocol (Parser *parser, const char *protocol, GError **error)
{
  if (g_str_equal (protocol, "RTP/AVP") || g_str_equal (protocol, "RTP/AVPF"))
    return TRUE;
  if (strstr (protocol, "SAVP") != NULL)
    return fail (parser, error, WC_SDP_ERROR_UNSUPPORTED,
                 "encrypted RTP is not taken; it must be RTP/AVP");
  return fail (parser, error, WC_SDP_ERROR_UNSUPPORTED,
               "the protocol of the m-line must be RTP/AVP");
}

static void
set_static_type (WcSdpAnnounceStream *stream)
{
  for (gsize i = 0; i < G_N_ELEMENTS (static_types); i++) {
    if (static_types[i].payload_type != stream->payload_type)
      continue;
    g_strlcpy (stream->encoding, static_types[i].encoding,
               sizeof stream->encoding);
    stream->clock_rate = static_types[i].clock_rate;
    stream->channels = static_types[i].channels;
  }
}

static void
add_stream (Parser *parser, const char *type, guint payload_type)
{
  WcSdpAnnounceStream *stream = g_new0 (WcSdpAnnounceStream, 1);

  stream->is_media = TRUE;
  if (g_str_equal (type, "video"))
    stream->media = WC_MEDIA_VIDEO;
  else if (g_str_equal (type, "audio"))
    stream->media = WC_MEDIA_AUDIO;
  else
    stream->is_media = FALSE;
  stream->payload_type = (guint8)payload_type;
  stream->channels = 1;
  set_static_type (stream);
  g_ptr_array_add (parser->streams, stream);
  parser->stream = stream;
}

/* Any port: it is SETUP that names the ports. */
static gboolean
parse_media (Parser *parser, GError **error)
{
  char *rest = parser->lines.value;
  const char *type = wc_sdp_take_word (&rest);
  const char *port = wc_sdp_take_word (&rest);
  const char *protocol = wc_sdp_take_word (&rest);
  const char *format = wc_sdp_take_word (&rest);
  guint payload_type;

  if (port == NULL || protocol == NULL)
    return fail (parser, error, WC_SDP_ERROR_INVALID,
                 "malformed m-line; it must be m=<medium> <port> RTP/AVP "
                 "<payload type>");
  if (parser->streams->len == WC_SDP_ANNOUNCE_MAX_STREAMS)
    return fail (
        parser, error, WC_SDP_ERROR_UNSUPPORTED,
        "more than " G_STRINGIFY (WC_SDP_ANNOUNCE_MAX_STREAMS) " streams");
  if (!check_protocol (parser, protocol, error))
    return FALSE;
  if (format == NULL || !wc_sdp_parse_uint (format, 127, &payload_type))
    return fail (parser, error, WC_SDP_ERROR_INVALID,
                 "the payload type of the m-line must be 0 to 127");
  add_stream (parser, type, payload_type);
  return TRUE;
}

/* --- attributes ----------------------------------------------------------- */

/* TRUE when @value is about the stream's payload type, which is cut off. */
static gboolean
is_of_stream (Parser *parser, char **value)
{
  guint payload_type;

  return wc_sdp_parse_uint (wc_sdp_take_word (value), 127, &payload_type) &&
         payload_type == parser->stream->payload_type;
}

static gboolean
parse_rtpmap (Parser *parser, char *value, GError **error)
{
  WcSdpAnnounceStream *stream = parser->stream;
  guint clock_rate, channels = 1;

  if (!is_of_stream (parser, &value))
    return TRUE;

  const char *encoding = wc_sdp_take_word (&value);
  g_auto (GStrv) parts = g_strsplit (encoding != NULL ? encoding : "", "/", 4);
  guint n = g_strv_length (parts);
  if (n < 2 || n > 3 ||
      !wc_sdp_is_token (parts[0], sizeof stream->encoding - 1, NULL) ||
      !wc_sdp_parse_uint (parts[1], G_MAXINT32, &clock_rate) ||
      clock_rate == 0 ||
      (n == 3 &&
       (!wc_sdp_parse_uint (parts[2], 255, &channels) || channels == 0)))
    return fail (parser, error, WC_SDP_ERROR_INVALID,
                 "malformed a=rtpmap; it must be a=rtpmap:<payload type> "
                 "<name>/<clock>[/<channels>]");
  g_strlcpy (stream->encoding, parts[0], sizeof stream->encoding);
  stream->clock_rate = clock_rate;
  stream->channels = (guint8)channels;
  return TRUE;
}

static gboolean
parse_control (Parser *parser, const char *value, GError **error)
{
  if (value == NULL ||
      !wc_sdp_is_token (value, MAX_CONTROL, CONTROL_CHARACTERS))
    return fail (parser, error, WC_SDP_ERROR_INVALID,
                 "a=control must be 1 to " G_STRINGIFY (
                     MAX_CONTROL) " characters of a URL");
  for (guint i = 0; i < parser->streams->len && !parser->is_lenient; i++)
    if (g_strcmp0 (((WcSdpAnnounceStream *)parser->streams->pdata[i])->control,
                   value) == 0)
      return fail (parser, error, WC_SDP_ERROR_INVALID,
                   "a second stream of the same a=control");
  g_free (parser->stream->control);
  parser->stream->control = g_strdup (value);
  return TRUE;
}

static gboolean
parse_attribute (Parser *parser, GError **error)
{
  char *value;
  const char *name = wc_sdp_lines_attribute (&parser->lines, &value);

  if (g_str_equal (name, "crypto") || g_str_equal (name, "key-mgmt"))
    return fail (parser, error, WC_SDP_ERROR_UNSUPPORTED,
                 "encrypted RTP is not taken");
  if (parser->stream == NULL)
    return TRUE;
  if (g_str_equal (name, "rtpmap"))
    return parse_rtpmap (parser, value, error);
  if (g_str_equal (name, "control"))
    return parse_control (parser, value, error);
  if (g_str_equal (name, "sendonly"))
    parser->stream->is_sendonly = TRUE;
  if (g_str_equal (name, "fmtp") && is_of_stream (parser, &value) &&
      value != NULL && parser->stream->fmtp == NULL)
    parser->stream->fmtp = g_strdup (value);
  return TRUE;
}

static gboolean
parse_lines (Parser *parser, GError **error)
{
  if (!wc_sdp_lines_next (&parser->lines) || parser->lines.type != 'v' ||
      !g_str_equal (parser->lines.value, "0"))
    return fail (parser, error, WC_SDP_ERROR_INVALID,
                 "the SDP must begin with the line v=0");
  while (wc_sdp_lines_next (&parser->lines)) {
    gboolean ok = TRUE;

    if (parser->lines.type == 'm')
      ok = parse_media (parser, error);
    else if (parser->lines.type == 'a')
      ok = parse_attribute (parser, error);
    if (!ok)
      return FALSE;
  }
  if (parser->streams->len == 0)
    return fail (parser, error, WC_SDP_ERROR_UNSUPPORTED,
                 "the SDP has no m-line; it must have one for audio or video");
  return TRUE;
}

GPtrArray *
wc_sdp_announce_parse (const char *text, gsize size, GError **error)
{
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (free_stream);
  Parser parser = {.streams = streams};
  gboolean ok;

  if (size > WC_SDP_ANNOUNCE_MAX_SIZE) {
    g_set_error (error, WC_SDP_ERROR, WC_SDP_ERROR_INVALID,
                 "the SDP is larger than %d bytes", WC_SDP_ANNOUNCE_MAX_SIZE);
    return NULL;
  }
  ok = wc_sdp_lines_init (&parser.lines, text, size, WC_SDP_LINES_ALLOW_BLANK,
                          error) &&
       parse_lines (&parser, error);
  wc_sdp_lines_clear (&parser.lines);
  return ok ? g_steal_pointer (&streams) : NULL;
}

/* --- descriptions of servers -----------------------------------------------
 */

/* Lines that wc_sdp_lines_init () takes, in ASCII. */
static char *
clean_text (const char *text, gsize size)
{
  GString *clean = g_string_sized_new (size);
  g_autofree char *copy = g_strndup (text != NULL ? text : "",
                                     MIN (size, WC_SDP_ANNOUNCE_MAX_SIZE));
  g_auto (GStrv) lines = g_strsplit_set (copy, "\r\n", -1);

  for (guint i = 0; lines[i] != NULL; i++) {
    gsize length = strlen (lines[i]);

    if (length < 3 || length > WC_SDP_MAX_LINE ||
        !g_ascii_islower (lines[i][0]) || lines[i][1] != '=')
      continue;
    for (char *c = lines[i]; *c != '\0'; c++)
      if (!g_ascii_isprint (*c))
        *c = '?';
    g_string_append_printf (clean, "%s\n", lines[i]);
  }
  return g_string_free (clean, FALSE);
}

static void
take_session_control (Parser *parser)
{
  char *value;
  const char *name = wc_sdp_lines_attribute (&parser->lines, &value);

  if (g_str_equal (name, "control") && parser->control == NULL &&
      value != NULL && wc_sdp_is_token (value, MAX_CONTROL, CONTROL_CHARACTERS))
    parser->control = g_strdup (value);
}

/* What fails is left out. */
static void
take_line (Parser *parser)
{
  if (parser->lines.type == 'm')
    parser->is_skipping = !parse_media (parser, NULL);
  else if (parser->lines.type == 'a' && !parser->is_skipping) {
    if (parser->stream == NULL)
      take_session_control (parser);
    else
      parse_attribute (parser, NULL);
  }
}

GPtrArray *
wc_sdp_describe_parse (const char *text, gsize size, char **control,
                       GError **error)
{
  g_autoptr (GPtrArray) streams = g_ptr_array_new_with_free_func (free_stream);
  g_autofree char *clean = clean_text (text, size);
  Parser parser = {.streams = streams, .is_lenient = TRUE};

  if (wc_sdp_lines_init (&parser.lines, clean, strlen (clean),
                         WC_SDP_LINES_ALLOW_BLANK, error)) {
    while (wc_sdp_lines_next (&parser.lines))
      take_line (&parser);
    if (streams->len == 0)
      g_set_error_literal (error, WC_SDP_ERROR, WC_SDP_ERROR_UNSUPPORTED,
                           "it describes no stream of plain RTP");
  }
  wc_sdp_lines_clear (&parser.lines);
  *control = parser.control;
  return streams->len > 0 ? g_steal_pointer (&streams) : NULL;
}

/* --- writing -------------------------------------------------------------- */

static void
write_stream (GString *text, const WcSdpAnnounceStream *stream)
{
  guint pt = stream->payload_type;

  g_string_append_printf (
      text, "m=%s 0 RTP/AVP %u\r\n",
      stream->is_media ? wc_media_name (stream->media) : "application", pt);
  g_string_append_printf (
      text, "a=rtpmap:%u %s/%u", pt,
      stream->encoding[0] != '\0' ? stream->encoding : "X-OTHER",
      stream->clock_rate != 0 ? stream->clock_rate : OTHER_CLOCK_RATE);
  if (stream->is_media && stream->media == WC_MEDIA_AUDIO &&
      stream->channels > 1)
    g_string_append_printf (text, "/%u", stream->channels);
  g_string_append (text, "\r\n");
  if (stream->is_media && stream->media == WC_MEDIA_VIDEO)
    g_string_append_printf (text, "a=rtcp-fb:%u nack pli\r\n", pt);
  if (stream->control != NULL && !g_str_equal (stream->control, "*"))
    g_string_append_printf (text, "a=control:%s\r\n", stream->control);
}

char *
wc_sdp_announce_write (const GPtrArray *streams)
{
  return wc_sdp_describe_write (streams, NULL);
}

char *
wc_sdp_describe_write (const GPtrArray *streams, const char *control)
{
  GString *text = g_string_new ("v=0\r\n"
                                "o=- 0 0 IN IP4 127.0.0.1\r\n"
                                "s=-\r\n"
                                "c=IN IP4 0.0.0.0\r\n"
                                "t=0 0\r\n");

  if (control != NULL)
    g_string_append_printf (text, "a=control:%s\r\n", control);
  for (guint i = 0; i < streams->len; i++)
    write_stream (text, streams->pdata[i]);
  return g_string_free (text, FALSE);
}
