/* SPDX-License-Identifier: MIT */
#include "http/http-server.h"

#include "base/clock.h"
#include "config/change.h"
#include "http/api.h"
#include "http/cors.h"
#include "http/gate.h"
#include "http/request.h"
#include "http/routes.h"

#define KEY "wc-request"
#define API_PREFIX "/api/"
#define MAX_LAST_ROUNDS 1000

struct WcHttpServer {
  const WcHttpContext *context;
  SoupServer *soup;
  WcGate *gate;         /* nullable */
  GHashTable *requests; /* set of WcRequest, owned */
};

struct WcHttpReload {
  WcHttpServer *server;
  WcTls *tls; /* nullable */
  gboolean other_files;
};

static WcRequest *
request_of (SoupServerMessage *message)
{
  return g_object_get_data (G_OBJECT (message), KEY);
}

static void
log_request (WcRequest *request)
{
  if (request->message == NULL || request->path[0] == '\0')
    return;

  g_autofree char *path = wc_request_log_path (request);
  g_autofree char *address = wc_request_address (request);
  wc_debug ("%s %s %s -> %u, %" G_GINT64_FORMAT " ms", address,
            soup_server_message_get_method (request->message), path,
            soup_server_message_get_status (request->message),
            (wc_clock_now_us () - request->started_us) / 1000);
}

/* The message is over, one way or the other. */
static void
forget_request (WcHttpServer *server, SoupServerMessage *message)
{
  WcRequest *request = request_of (message);

  if (request == NULL)
    return;
  log_request (request);
  wc_request_ref (request);
  g_object_set_data (G_OBJECT (message), KEY, NULL);
  g_hash_table_remove (server->requests, request);
  wc_request_detach (request);
  wc_request_unref (request);
}

static void
on_message_disconnected (SoupServerMessage *message, gpointer user_data)
{
  forget_request (user_data, message);
}

static void
on_request_started (SoupServer *soup, SoupServerMessage *message,
                    gpointer user_data)
{
  WcHttpServer *server = user_data;
  WcRequest *request = wc_request_new (server->context, message);

  g_hash_table_add (server->requests, request);
  g_object_set_data (G_OBJECT (message), KEY, request);
  g_signal_connect (message, "disconnected",
                    G_CALLBACK (on_message_disconnected), server);
}

static void
on_request_finished (SoupServer *soup, SoupServerMessage *message,
                     gpointer user_data)
{
  forget_request (user_data, message);
}

/* The answer did not arrive: nobody knows the session that it was about. */
static void
on_request_aborted (SoupServer *soup, SoupServerMessage *message,
                    gpointer user_data)
{
  WcRequest *request = request_of (message);

  if (request != NULL && request->session != NULL)
    wc_session_close (request->session, "the answer could not be sent");
  forget_request (user_data, message);
}

/* What the API has is told only to those who may use it. */
static gboolean
check_unrouted (WcRequest *request)
{
  return !g_str_has_prefix (request->path, API_PREFIX) ||
         wc_api_check (request);
}

/* A server that stops has no mountpoints and no sessions any more, and must not
 * say that there never were any. Pages and its health are open to all. */
static gboolean
is_too_late (WcRequest *request)
{
  return request->route->check != NULL && !request->context->ready &&
         !wc_cors_is_preflight (
             soup_server_message_get_request_headers (request->message));
}

/* FALSE when it has answered. */
static gboolean
check_route (WcRequest *request)
{
  if (!is_too_late (request))
    return request->route->check == NULL || request->route->check (request);
  wc_request_answer_stopping (request);
  return FALSE;
}

/* FALSE when it has answered. */
static gboolean
find_route (WcRequest *request)
{
  const char *name = soup_server_message_get_method (request->message);

  switch (wc_routes_find (request, wc_method_parse (name))) {
  case WC_ROUTE_FOUND:
    return check_route (request);
  case WC_ROUTE_BAD_PATH:
    wc_request_answer_problem (request, 400, "not a path of this server");
    return FALSE;
  case WC_ROUTE_NO_PATH:
    if (check_unrouted (request))
      wc_request_answer_problem (request, 404, "there is nothing here");
    return FALSE;
  case WC_ROUTE_NO_METHOD:
    if (!check_unrouted (request))
      return FALSE;
    wc_request_set_field (request, "Allow", request->allow);
    wc_request_answer_problem (request, 405, "%s does not work here; %s do",
                               name, request->allow);
    return FALSE;
  }
  return FALSE;
}

static void
on_request (SoupServer *soup, SoupServerMessage *message, const char *path,
            GHashTable *query, gpointer user_data)
{
  WcRequest *request = request_of (message);

  if (request == NULL || request->answered)
    return;
  wc_request_ref (request);
  request->path = g_uri_get_path (soup_server_message_get_uri (message));
  if (find_route (request))
    request->route->handler (request);
  wc_request_unref (request);
}

WcHttpServer *
wc_http_server_new (const WcHttpContext *context)
{
  WcHttpServer *server = g_new0 (WcHttpServer, 1);

  server->context = context;
  server->requests = g_hash_table_new_full (
      NULL, NULL, (GDestroyNotify)wc_request_unref, NULL);
  server->soup =
      soup_server_new ("server-header", "whepcast", "raw-paths", TRUE, NULL);
  g_signal_connect (server->soup, "request-started",
                    G_CALLBACK (on_request_started), server);
  g_signal_connect (server->soup, "request-finished",
                    G_CALLBACK (on_request_finished), server);
  g_signal_connect (server->soup, "request-aborted",
                    G_CALLBACK (on_request_aborted), server);
  soup_server_add_handler (server->soup, NULL, on_request, server, NULL);
  return server;
}

gboolean
wc_http_server_start (WcHttpServer *server, GError **error)
{
  server->gate = wc_gate_new (server->soup, server->context->config,
                              wc_routes_body_limit, error);
  return server->gate != NULL;
}

WcHttpReload *
wc_http_reload_new (WcHttpServer *server, const WcConfig *wanted,
                    GError **error)
{
  g_autoptr (WcHttpReload) reload = g_new0 (WcHttpReload, 1);
  WcTls *present = wc_gate_tls (server->gate);

  reload->server = server;
  if (wanted->tls_certificate == NULL)
    return g_steal_pointer (&reload);
  reload->other_files = present != NULL && wc_tls_has_changed (present);
  reload->tls = wc_tls_new (wanted->tls_certificate, wanted->tls_key, error);
  return reload->tls != NULL ? g_steal_pointer (&reload) : NULL;
}

void
wc_http_reload_free (WcHttpReload *reload)
{
  g_clear_pointer (&reload->tls, wc_tls_free);
  g_free (reload);
}

void
wc_http_reload_commit (WcHttpReload *reload, GPtrArray *changes)
{
  WcHttpServer *server = reload->server;

  if (reload->other_files)
    g_ptr_array_add (changes, wc_change_new (WC_CHANGE_FILE, WC_CHANGE_APPLIED,
                                             "http", "tls-certificate", NULL));
  wc_gate_reload (server->gate, server->context->config,
                  g_steal_pointer (&reload->tls));
}

void
wc_http_server_address (WcHttpServer *server, WcAddress *address)
{
  *address = (WcAddress){0};
  if (server->gate != NULL)
    wc_gate_address (server->gate, address);
}

guint
wc_http_server_n_waiting (WcHttpServer *server)
{
  GHashTableIter iter;
  gpointer request;
  guint n = 0;

  g_hash_table_iter_init (&iter, server->requests);
  while (g_hash_table_iter_next (&iter, &request, NULL))
    if (((WcRequest *)request)->paused)
      n++;
  return n;
}

static void
answer_waiting (WcHttpServer *server)
{
  g_autoptr (GList) requests = g_hash_table_get_keys (server->requests);

  for (GList *each = requests; each != NULL; each = each->next) {
    WcRequest *request = each->data;
    if (request->paused)
      wc_request_answer_stopping (request);
  }
}

void
wc_http_server_stop (WcHttpServer *server)
{
  if (server->gate == NULL)
    return;
  answer_waiting (server);
  /* What can be written at once is. */
  for (guint i = 0; i < MAX_LAST_ROUNDS && g_main_context_pending (NULL); i++)
    g_main_context_iteration (NULL, FALSE);
  soup_server_disconnect (server->soup);
  g_clear_pointer (&server->gate, wc_gate_free);
}

void
wc_http_server_free (WcHttpServer *server)
{
  wc_http_server_stop (server);
  g_object_unref (server->soup);
  g_hash_table_unref (server->requests);
  g_free (server);
}
