/* SPDX-License-Identifier: MIT */
#include "sdp/section.h"

void
wc_sdp_append (GString *out, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_string_append_vprintf (out, format, args);
  va_end (args);
  g_string_append (out, "\r\n");
}

void
wc_sdp_append_head (GString *out, guint64 session_id)
{
  wc_sdp_append (out, "v=0");
  wc_sdp_append (out, "o=- %" G_GUINT64_FORMAT " 1 IN IP4 127.0.0.1",
                 session_id);
  wc_sdp_append (out, "s=-");
  wc_sdp_append (out, "t=0 0");
}

void
wc_sdp_append_feedback (GString *out, const WcSdpFormat *format,
                        gboolean has_nack)
{
  if (format->nack && has_nack)
    wc_sdp_append (out, "a=rtcp-fb:%u nack", format->payload_type);
  if (format->nack_pli)
    wc_sdp_append (out, "a=rtcp-fb:%u nack pli", format->payload_type);
  if (format->ccm_fir)
    wc_sdp_append (out, "a=rtcp-fb:%u ccm fir", format->payload_type);
}
