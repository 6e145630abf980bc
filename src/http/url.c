/* SPDX-License-Identifier: MIT */
#include "http/url.h"

#include <string.h>

#define MAX_HOST 255

/* A Host is the client's word, and it goes into documents. */
static gboolean
is_host (const char *host)
{
  gsize length = host != NULL ? strlen (host) : 0;

  if (length == 0 || length > MAX_HOST)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (host[i]) && strchr (".-_:", host[i]) == NULL)
      return FALSE;
  return TRUE;
}

static GUri *
parse_public_url (WcRequest *request)
{
  const char *url = request->context->config->public_url;

  return url != NULL ? g_uri_parse (url, G_URI_FLAGS_NONE, NULL) : NULL;
}

static char *
local_host (WcRequest *request)
{
  GSocketAddress *local =
      soup_server_message_get_local_address (request->message);
  struct sockaddr_storage native;
  char text[WC_ADDRESS_STRLEN];

  if (local == NULL ||
      !g_socket_address_to_native (local, &native, sizeof native, NULL))
    return g_strdup ("127.0.0.1");
  WcAddress address =
      wc_address_from_sockaddr ((const struct sockaddr *)&native);
  return g_strdup (wc_address_ip (&address, text));
}

char *
wc_url_host (WcRequest *request)
{
  g_autoptr (GUri) public_url = parse_public_url (request);

  if (public_url != NULL && g_uri_get_host (public_url) != NULL)
    return g_strdup (g_uri_get_host (public_url));
  if (request->message == NULL)
    return g_strdup ("127.0.0.1");

  const char *host =
      g_uri_get_host (soup_server_message_get_uri (request->message));
  return is_host (host) ? g_strdup (host) : local_host (request);
}

char *
wc_url_absolute (WcRequest *request, const char *path)
{
  if (request->context->config->public_url != NULL)
    return g_strconcat (request->context->config->public_url, path, NULL);

  g_autofree char *host = wc_url_host (request);
  int port =
      request->message != NULL
          ? g_uri_get_port (soup_server_message_get_uri (request->message))
          : -1;
  gboolean v6 = strchr (host, ':') != NULL;
  gboolean https = wc_request_is_https (request);
  g_autoptr (GString) url = g_string_new (https ? "https://" : "http://");
  g_string_append_printf (url, v6 ? "[%s]" : "%s", host);
  if (port > 0 && port != (https ? 443 : 80))
    g_string_append_printf (url, ":%d", port);
  g_string_append (url, path);
  return g_string_free (g_steal_pointer (&url), FALSE);
}
