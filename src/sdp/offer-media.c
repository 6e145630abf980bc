/* SPDX-License-Identifier: MIT */
#include "sdp/offer-media.h"

#include <string.h>

static void
clear_format (WcSdpFormat *format)
{
  g_free (format->name);
  g_free (format->fmtp);
}

static void
free_format (WcSdpFormat *format)
{
  clear_format (format);
  g_free (format);
}

static void
free_extmap (WcSdpExtmap *extmap)
{
  g_free (extmap->uri);
  g_free (extmap->direction);
  g_free (extmap);
}

void
wc_sdp_offer_media_free (WcSdpOfferMedia *media)
{
  g_free (media->type);
  g_free (media->proto);
  g_free (media->format_line);
  g_free (media->mid);
  g_ptr_array_unref (media->formats);
  g_ptr_array_unref (media->extmaps);
  clear_format (&media->every);
  wc_sdp_transport_clear (&media->transport);
  wc_sdp_sending_clear (&media->sending);
  g_free (media);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSdpOfferMedia, wc_sdp_offer_media_free)

gboolean
wc_sdp_offer_media_is_offered (const WcSdpOfferMedia *media)
{
  return media->port != 0 || (media->bundle_only && media->bundled);
}

/* RTP/SAVPF is what draft-ietf-wish-whep-03 prints; that there is a fingerprint
 * is checked for all. RTP/AVP has no keys, SAVP no feedback (RFC 9429 5.1.2).
 */
gboolean
wc_sdp_offer_media_has_dtls (const WcSdpOfferMedia *media)
{
  static const char *const protos[] = {"UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF",
                                       "RTP/SAVPF", NULL};

  return g_strv_contains (protos, media->proto);
}

WcSdpFormat *
wc_sdp_offer_media_find_format (const WcSdpOfferMedia *media,
                                guint payload_type)
{
  for (guint i = 0; i < media->formats->len; i++) {
    WcSdpFormat *format = media->formats->pdata[i];

    if (format->payload_type == payload_type)
      return format;
  }
  return NULL;
}

static WcSdpOfferMedia *
media_new (void)
{
  WcSdpOfferMedia *media = g_new0 (WcSdpOfferMedia, 1);

  media->formats = g_ptr_array_new_with_free_func ((GDestroyNotify)free_format);
  media->extmaps = g_ptr_array_new_with_free_func ((GDestroyNotify)free_extmap);
  wc_sdp_transport_init (&media->transport);
  wc_sdp_sending_init (&media->sending);
  return media;
}

static gboolean
add_format (WcSdpOfferMedia *media, const char *word, GString *line,
            WcSdpLines *lines, GError **error)
{
  gboolean is_rtp = strstr (media->proto, "RTP/") != NULL;
  WcSdpFormat *format;
  guint pt;

  if (!wc_sdp_is_token (word, 32, NULL))
    return wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                              "a format of the m-line is no token of at most "
                              "32 characters");
  g_string_append_printf (line, "%s%s", line->len > 0 ? " " : "", word);
  if (!is_rtp)
    return TRUE;

  if (!wc_sdp_parse_uint (word, 127, &pt))
    return wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                              "%s is no payload type; it must be 0 to 127",
                              word);
  if (wc_sdp_offer_media_find_format (media, pt) != NULL)
    return wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                              "payload type %u is there twice", pt);
  format = g_new0 (WcSdpFormat, 1);
  format->payload_type = (guint8)pt;
  g_ptr_array_add (media->formats, format);
  return TRUE;
}

static gboolean
parse_formats (WcSdpOfferMedia *media, char *rest, WcSdpLines *lines,
               GError **error)
{
  g_autoptr (GString) line = g_string_new (NULL);
  const char *word;
  guint n = 0;

  while ((word = wc_sdp_take_word (&rest)) != NULL) {
    if (++n > WC_SDP_MAX_FORMATS)
      return wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                                "the m-line has more than %d formats",
                                WC_SDP_MAX_FORMATS);
    if (!add_format (media, word, line, lines, error))
      return FALSE;
  }
  if (n == 0)
    return wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                              "the m-line has no format; it must be "
                              "m=<media> <port> <proto> <format> ...");
  media->format_line = g_string_free (g_steal_pointer (&line), FALSE);
  return TRUE;
}

WcSdpOfferMedia *
wc_sdp_offer_media_parse (WcSdpLines *lines, GError **error)
{
  g_autoptr (WcSdpOfferMedia) media = media_new ();
  char *rest = lines->value;
  const char *type = wc_sdp_take_word (&rest);
  const char *port = wc_sdp_take_word (&rest);
  const char *proto = wc_sdp_take_word (&rest);

  if (!wc_sdp_is_token (type, 16, NULL) || !wc_sdp_is_token (proto, 24, "/") ||
      !wc_sdp_parse_uint (port, 65535, &media->port)) {
    wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                       "malformed m-line; it must be "
                       "m=<media> <port> <proto> <format> ...");
    return NULL;
  }
  media->type = g_strdup (type);
  media->proto = g_strdup (proto);
  if (!parse_formats (media, rest, lines, error))
    return NULL;
  return g_steal_pointer (&media);
}

static gboolean
parse_mid (WcSdpOfferMedia *media, WcSdpLines *lines, char *value,
           GError **error)
{
  if (media->mid != NULL)
    return wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                              "a second a=mid in one section");
  if (!wc_sdp_is_token (value, WC_SDP_MAX_MID, NULL))
    return wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                              "a=mid must be a token of 1 to %d characters",
                              WC_SDP_MAX_MID);
  media->mid = g_strdup (value);
  return TRUE;
}

static gboolean
parse_bundle_only (WcSdpOfferMedia *media, WcSdpLines *lines, char *value,
                   GError **error)
{
  media->bundle_only = TRUE;
  return TRUE;
}

static gboolean
parse_rtcp_mux (WcSdpOfferMedia *media, WcSdpLines *lines, char *value,
                GError **error)
{
  media->rtcp_mux = TRUE;
  return TRUE;
}

static gboolean
parse_rtcp_rsize (WcSdpOfferMedia *media, WcSdpLines *lines, char *value,
                  GError **error)
{
  media->rtcp_rsize = TRUE;
  return TRUE;
}

/* Cuts "<payload type> rest". Sets @format to NULL for a payload type that the
 * m-line does not name: RFC 3264 section 6 ignores such lines. */
static gboolean
take_format (WcSdpOfferMedia *media, char **value, WcSdpFormat **format)
{
  guint pt;

  if (!wc_sdp_parse_uint (wc_sdp_take_word (value), 127, &pt))
    return FALSE;
  *format = wc_sdp_offer_media_find_format (media, pt);
  return TRUE;
}

/* "name/clock[/channels]" */
static gboolean
parse_encoding (const char *text, WcSdpFormat *format)
{
  g_auto (GStrv) parts = g_strsplit (text != NULL ? text : "", "/", 4);
  guint n = g_strv_length (parts), clock_rate, channels = 1;

  if (n < 2 || n > 3 || !wc_sdp_is_token (parts[0], 32, NULL) ||
      !wc_sdp_parse_uint (parts[1], G_MAXINT32, &clock_rate) || clock_rate == 0)
    return FALSE;
  if (n == 3 &&
      (!wc_sdp_parse_uint (parts[2], 255, &channels) || channels == 0))
    return FALSE;

  format->name = g_strdup (parts[0]);
  format->clock_rate = clock_rate;
  format->channels = (guint8)channels;
  return TRUE;
}

static gboolean
parse_rtpmap (WcSdpOfferMedia *media, WcSdpLines *lines, char *value,
              GError **error)
{
  WcSdpFormat *format, ignored = {0};
  gboolean ok;

  ok = take_format (media, &value, &format);
  if (ok && format != NULL && format->name != NULL)
    return wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                              "a second a=rtpmap for payload type %u",
                              format->payload_type);
  ok = ok && parse_encoding (wc_sdp_take_word (&value),
                             format != NULL ? format : &ignored);
  clear_format (&ignored);
  if (!ok)
    return wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                              "malformed a=rtpmap; it must be a=rtpmap:"
                              "<payload type> <name>/<clock>[/<channels>]");
  return TRUE;
}

/* Some offers have several fmtp lines for one payload type: the first counts.
 */
static gboolean
parse_fmtp (WcSdpOfferMedia *media, WcSdpLines *lines, char *value,
            GError **error)
{
  WcSdpFormat *format;

  if (!take_format (media, &value, &format))
    return wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                              "malformed a=fmtp; it must be a=fmtp:"
                              "<payload type> <parameters>");
  if (format != NULL && format->fmtp == NULL && value != NULL)
    format->fmtp = g_strdup (value);
  return TRUE;
}

static void
set_feedback (WcSdpFormat *format, const char *type, const char *parameter)
{
  if (g_strcmp0 (type, "nack") == 0 && parameter == NULL)
    format->nack = TRUE;
  else if (g_strcmp0 (type, "nack") == 0 && g_str_equal (parameter, "pli"))
    format->nack_pli = TRUE;
  else if (g_strcmp0 (type, "ccm") == 0 && g_strcmp0 (parameter, "fir") == 0)
    format->ccm_fir = TRUE;
  else if (g_strcmp0 (type, "transport-cc") == 0)
    format->transport_cc = TRUE;
  else if (g_strcmp0 (type, "goog-remb") == 0)
    format->goog_remb = TRUE;
}

static gboolean
parse_rtcp_fb (WcSdpOfferMedia *media, WcSdpLines *lines, char *value,
               GError **error)
{
  WcSdpFormat *format = &media->every;
  const char *type, *parameter;

  if (value != NULL && g_str_has_prefix (value, "* "))
    value += 2;
  else if (!take_format (media, &value, &format))
    return wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                              "malformed a=rtcp-fb; it must be a=rtcp-fb:"
                              "<payload type or *> <type> [<parameter>]");
  type = wc_sdp_take_word (&value);
  parameter = wc_sdp_take_word (&value);
  if (format != NULL)
    set_feedback (format, type, parameter);
  return TRUE;
}

/* "<id>[/<direction>] <uri> [attributes]". Ids from 256 on are only for offers
 * that want to be answered with another id (RFC 8285 section 7): ignored. */
static gboolean
parse_extmap (WcSdpOfferMedia *media, WcSdpLines *lines, char *value,
              GError **error)
{
  char *id = wc_sdp_take_word (&value);
  const char *uri = wc_sdp_take_word (&value);
  char *slash = id != NULL ? strchr (id, '/') : NULL;
  WcSdpExtmap *extmap;
  guint number;

  if (slash != NULL)
    *slash = '\0';
  if (!wc_sdp_parse_uint (id, 65535, &number) || uri == NULL)
    return wc_sdp_lines_fail (lines, error, WC_SDP_ERROR_INVALID,
                              "malformed a=extmap; it must be "
                              "a=extmap:<id>[/<direction>] <uri>");
  if (number == 0 || number > 255 || media->extmaps->len >= WC_SDP_MAX_EXTMAPS)
    return TRUE;

  extmap = g_new0 (WcSdpExtmap, 1);
  extmap->id = (guint8)number;
  extmap->uri = g_strdup (uri);
  extmap->direction = slash != NULL ? g_strdup (slash + 1) : NULL;
  g_ptr_array_add (media->extmaps, extmap);
  return TRUE;
}

gboolean
wc_sdp_offer_media_attribute (WcSdpOfferMedia *media, WcSdpLines *lines,
                              const char *name, char *value, GError **error)
{
  static const struct {
    const char *name;
    gboolean (*parse) (WcSdpOfferMedia *media, WcSdpLines *lines, char *value,
                       GError **error);
  } attributes[] = {
      {"mid", parse_mid},           {"bundle-only", parse_bundle_only},
      {"rtcp-mux", parse_rtcp_mux}, {"rtcp-rsize", parse_rtcp_rsize},
      {"rtpmap", parse_rtpmap},     {"fmtp", parse_fmtp},
      {"rtcp-fb", parse_rtcp_fb},   {"extmap", parse_extmap},
  };

  for (guint i = 0; i < G_N_ELEMENTS (attributes); i++)
    if (g_str_equal (attributes[i].name, name))
      return attributes[i].parse (media, lines, value, error);
  wc_sdp_sending_attribute (&media->sending, name, value);
  return TRUE;
}

static void
ensure_encoding (WcSdpFormat *format)
{
  const WcCodecInfo *info;

  if (format->name != NULL)
    return;
  format->channels = 1;
  info = wc_codec_find_static (format->payload_type);
  if (info == NULL)
    return;
  format->name = g_strdup (info->name);
  format->clock_rate = info->clock_rate;
  format->channels = info->channels;
}

void
wc_sdp_offer_media_finish (WcSdpOfferMedia *media)
{
  for (guint i = 0; i < media->formats->len; i++) {
    WcSdpFormat *format = media->formats->pdata[i];

    ensure_encoding (format);
    format->nack |= media->every.nack;
    format->nack_pli |= media->every.nack_pli;
    format->ccm_fir |= media->every.ccm_fir;
    format->transport_cc |= media->every.transport_cc;
    format->goog_remb |= media->every.goog_remb;
  }
  wc_sdp_sending_finish (&media->sending);
}
