/* SPDX-License-Identifier: MIT */
#include "bench/answer.h"

#include <string.h>

static gboolean
is_taken (const TcSection *section)
{
  return section->port != 0 && section->formats->len > 0 &&
         strstr (section->protocol, "RTP") != NULL;
}

static void
write_group (GString *out, const TcDescription *offer)
{
  g_string_append (out, "a=group:BUNDLE");
  for (guint i = 0; i < offer->sections->len; i++) {
    const TcSection *section = g_ptr_array_index (offer->sections, i);

    if (is_taken (section) && section->mid != NULL)
      g_string_append_printf (out, " %s", section->mid);
  }
  g_string_append (out, "\r\n");
}

static void
write_format (GString *out, const TcSection *section, const TcFormat *format)
{
  gboolean is_opus = g_ascii_strcasecmp (format->encoding, "opus") == 0;

  g_string_append_printf (out, "a=rtpmap:%u %s/%u%s\r\n", format->pt,
                          format->encoding, format->clock_rate,
                          is_opus ? "/2" : "");
  if (format->fmtp[0] != '\0')
    g_string_append_printf (out, "a=fmtp:%u %s\r\n", format->pt, format->fmtp);
  if (format->has_nack)
    g_string_append_printf (out, "a=rtcp-fb:%u nack\r\n", format->pt);
  if (format->has_pli)
    g_string_append_printf (out, "a=rtcp-fb:%u nack pli\r\n", format->pt);
  if (format->rtx_pt >= 0)
    g_string_append_printf (out, "a=rtpmap:%d rtx/%u\r\na=fmtp:%d apt=%u\r\n",
                            format->rtx_pt, format->clock_rate, format->rtx_pt,
                            format->pt);
}

static void
write_transport (GString *out, const TcOfferTransport *transport)
{
  g_string_append_printf (
      out,
      "c=IN IP4 0.0.0.0\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
      "a=ice-options:trickle\r\na=fingerprint:sha-256 %s\r\n"
      "a=setup:active\r\na=rtcp-mux\r\n",
      transport->ufrag, transport->pwd, transport->fingerprint);
  if (transport->ip != NULL)
    g_string_append_printf (out,
                            "a=candidate:1 1 udp 2113937151 %s %u typ host\r\n"
                            "a=end-of-candidates\r\n",
                            transport->ip, transport->port);
}

static void
write_section (GString *out, const TcSection *section,
               const TcOfferTransport *transport)
{
  const TcFormat *format;

  if (!is_taken (section)) {
    g_string_append_printf (out, "m=%s 0 %s 0\r\nc=IN IP4 0.0.0.0\r\n",
                            section->kind, section->protocol);
    return;
  }
  format = g_ptr_array_index (section->formats, 0);
  g_string_append_printf (out, "m=%s 9 %s %u", section->kind, section->protocol,
                          format->pt);
  if (format->rtx_pt >= 0)
    g_string_append_printf (out, " %d", format->rtx_pt);
  g_string_append (out, "\r\n");
  write_transport (out, transport);
  if (section->mid != NULL)
    g_string_append_printf (out, "a=mid:%s\r\n", section->mid);
  g_string_append (out, "a=recvonly\r\n");
  write_format (out, section, format);
}

char *
tb_answer_write (const TcDescription *offer, const TcOfferTransport *transport)
{
  GString *out = g_string_new ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
                               "t=0 0\r\n");

  write_group (out, offer);
  for (guint i = 0; i < offer->sections->len; i++)
    write_section (out, g_ptr_array_index (offer->sections, i), transport);
  return g_string_free (out, FALSE);
}
