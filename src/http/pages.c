/* SPDX-License-Identifier: MIT */
#include "http/pages.h"

#include "http/etag.h"
#include "web-resources.h"

#include <string.h>

#define PREFIX "/whepcast/web/"

static const struct {
  const char *suffix, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".json", "application/json"},
};

static const char *
type_of (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (name, types[i].suffix))
      return types[i].type;
  return "application/octet-stream";
}

static GBytes *
lookup (const char *name)
{
  g_autofree char *path = g_strconcat (PREFIX, name, NULL);

  return g_resource_lookup_data (wc_web_get_resource (), path,
                                 G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

gboolean
wc_pages_has (const char *name)
{
  g_autofree char *path = g_strconcat (PREFIX, name, NULL);

  return g_resource_get_info (wc_web_get_resource (), path,
                              G_RESOURCE_LOOKUP_FLAGS_NONE, NULL, NULL, NULL);
}

static void
append_origin (GString *sources, const char *url)
{
  g_autoptr (GUri) uri =
      url != NULL ? g_uri_parse (url, G_URI_FLAGS_NONE, NULL) : NULL;

  if (uri == NULL || g_uri_get_host (uri) == NULL)
    return;
  g_autofree char *origin =
      g_uri_join (G_URI_FLAGS_NONE, g_uri_get_scheme (uri), NULL,
                  g_uri_get_host (uri), g_uri_get_port (uri), "", NULL, NULL);
  g_string_append_printf (sources, " %s", origin);
}

/* What the player talks to: the origin of public-url, if that is another than
 * the page's, and the server that viewers are sent to in a drain. */
static char *
connect_sources (WcRequest *request)
{
  g_autoptr (GString) sources = g_string_new ("'self'");
  const WcConfig *config = request->context->config;

  append_origin (sources, config->public_url);
  append_origin (sources, config->drain_to);
  return g_string_free (g_steal_pointer (&sources), FALSE);
}

/* The player may be framed by other sites, the dashboard may not. */
static void
set_page_fields (WcRequest *request, gboolean frameable)
{
  g_autofree char *connect = connect_sources (request);
  g_autofree char *policy = g_strdup_printf (
      "default-src 'self'; media-src 'self' blob: mediastream:; "
      "img-src 'self' data: blob:; connect-src %s; object-src 'none'; "
      "base-uri 'none'; form-action 'self'%s",
      connect, frameable ? "" : "; frame-ancestors 'self'");

  wc_request_set_field (request, "Content-Security-Policy", policy);
  wc_request_set_field (request, "Referrer-Policy", "no-referrer");
}

void
wc_pages_answer (WcRequest *request, GBytes *data, const char *type)
{
  gsize size;
  const char *bytes = g_bytes_get_data (data, &size);
  g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, data);
  g_autofree char *etag = g_strdup_printf ("\"%.32s\"", sum);

  wc_request_set_field (request, "ETag", etag);
  wc_request_set_field (request, "Cache-Control", "no-cache");
  if (wc_etag_if_none_match (wc_request_field (request, "If-None-Match"), etag))
    wc_request_answer (request, 304, NULL, NULL, 0);
  else
    wc_request_answer (request, 200, type, bytes, size);
}

static void
answer_file (WcRequest *request, const char *name)
{
  g_autoptr (GBytes) data = lookup (name);

  if (data != NULL)
    wc_pages_answer (request, data, type_of (name));
  else
    wc_request_answer_problem (request, 404, "there is no page %s", name);
}

void
wc_pages_index (WcRequest *request)
{
  set_page_fields (request, FALSE);
  answer_file (request, "index.html");
}

void
wc_pages_watch (WcRequest *request)
{
  set_page_fields (request, TRUE);
  answer_file (request, "watch.html");
}

void
wc_pages_publish (WcRequest *request)
{
  set_page_fields (request, FALSE);
  answer_file (request, "publish.html");
}

void
wc_pages_file (WcRequest *request)
{
  set_page_fields (request, FALSE);
  answer_file (request, request->params.params[0]);
}
