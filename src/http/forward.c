/* SPDX-License-Identifier: MIT */
#include "http/forward.h"

static const char *const dropped[] = {
    "Connection",
    "Content-Length",
    "Expect",
    "Forwarded",
    "Host",
    "If-Range",
    "Keep-Alive",
    "Proxy-Connection",
    "Range",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "HTTP2-Settings",
    WC_FORWARD_ADDRESS,
    WC_FORWARD_SCHEME,
};

static gboolean
is_dropped (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (dropped); i++)
    if (g_ascii_strcasecmp (dropped[i], name) == 0)
      return TRUE;
  return FALSE;
}

static void
append_field (GString *text, const char *name, const char *value)
{
  g_string_append_printf (text, "%s: %s\r\n", name, value);
}

static void
append_client (GString *text, const WcHead *head, const WcProxies *proxies,
               const char *peer, gboolean tls)
{
  g_autofree char *address = wc_head_fields (head, WC_FORWARD_ADDRESS);
  g_autofree char *scheme = wc_head_fields (head, WC_FORWARD_SCHEME);
  g_autofree char *forwarded = wc_head_fields (head, "Forwarded");
  gboolean https = tls;
  g_autofree char *client =
      wc_proxies_client (proxies, peer, address, scheme, forwarded, &https);

  append_field (text, WC_FORWARD_ADDRESS, client);
  append_field (text, WC_FORWARD_SCHEME, https ? "https" : "http");
}

GString *
wc_forward_write (const WcHead *head, const GByteArray *body,
                  const WcProxies *proxies, const char *peer, gboolean tls)
{
  GString *text = g_string_sized_new (1024 + body->len);

  g_string_append_printf (text, "%s %s%s%s HTTP/1.%d\r\n", head->method,
                          head->path, head->query != NULL ? "?" : "",
                          head->query != NULL ? head->query : "",
                          head->is_http_1_0 ? 0 : 1);
  if (head->host != NULL)
    append_field (text, "Host", head->host);
  for (guint i = 0; i < head->n_fields; i++)
    if (!is_dropped (head->fields[i].name))
      append_field (text, head->fields[i].name, head->fields[i].value);
  append_client (text, head, proxies, peer, tls);
  if (head->closes)
    append_field (text, "Connection", "close");
  if (head->body != WC_HEAD_BODY_NONE)
    g_string_append_printf (text, "Content-Length: %u\r\n", body->len);
  g_string_append (text, "\r\n");
  g_string_append_len (text, (const char *)body->data, body->len);
  return text;
}
