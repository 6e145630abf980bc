/* SPDX-License-Identifier: MIT */
#include "sdp/candidate.h"

#include "sdp/lines.h"

static gboolean
is_candidate_type (const char *text)
{
  static const char *const types[] = {"host", "srflx", "prflx", "relay", NULL};

  return text != NULL && g_strv_contains (types, text);
}

gboolean
wc_sdp_candidate_parse (char *value, WcAddress *address)
{
  const char *foundation = wc_sdp_take_word (&value);
  const char *component = wc_sdp_take_word (&value);
  const char *transport = wc_sdp_take_word (&value);
  const char *priority = wc_sdp_take_word (&value);
  const char *ip = wc_sdp_take_word (&value);
  const char *port = wc_sdp_take_word (&value);
  const char *typ = wc_sdp_take_word (&value);
  const char *type = wc_sdp_take_word (&value);
  guint number, port_number;

  return wc_sdp_is_token (foundation, 32, "/") &&
         g_strcmp0 (component, "1") == 0 && transport != NULL &&
         g_ascii_strcasecmp (transport, "udp") == 0 &&
         wc_sdp_parse_uint (priority, G_MAXUINT32, &number) && ip != NULL &&
         wc_sdp_parse_uint (port, 65535, &port_number) && port_number > 0 &&
         g_strcmp0 (typ, "typ") == 0 && is_candidate_type (type) &&
         wc_address_parse (address, ip, (guint16)port_number);
}
