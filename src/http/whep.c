/* SPDX-License-Identifier: MIT */
#include "http/whep.h"

#include "http/api-drain.h"
#include "http/cors.h"
#include "http/grant.h"
#include "http/ice-links.h"
#include "http/url.h"
#include "http/whep-events.h"
#include "http/whep-layers.h"
#include "http/whep-poster.h"

#include <string.h>

static gboolean
is_preflight (WcRequest *request)
{
  return wc_cors_is_preflight (
      soup_server_message_get_request_headers (request->message));
}

gboolean
wc_whep_check (WcRequest *request)
{
  const char *id = request->params.params[0];

  if (wc_registry_lookup (request->context->registry, id) != NULL)
    return TRUE;
  wc_request_answer_problem (request, 404, "there is no mountpoint %s", id);
  return FALSE;
}

gboolean
wc_whep_check_watch (WcRequest *request)
{
  if (!wc_whep_check (request))
    return FALSE;

  WcMountpoint *mountpoint = wc_registry_lookup (request->context->registry,
                                                 request->params.params[0]);
  return wc_grant (request, WC_ACCESS_WATCH, wc_mountpoint_spec (mountpoint));
}

gboolean
wc_whep_check_options (WcRequest *request)
{
  return is_preflight (request) || wc_whep_check (request);
}

static void
give_answer (WcRequest *request, WcSession *session)
{
  const char *answer = wc_session_answer (session);
  g_autofree char *path = g_strdup_printf (
      "/%s/%s/%s", wc_session_publishes (session) ? "whip" : "whep",
      wc_session_mountpoint_id (session), wc_session_secret (session));
  g_autofree char *location = request->context->config->public_url != NULL
                                  ? wc_url_absolute (request, path)
                                  : g_strdup (path);

  wc_request_set_field (request, "Location", location);
  wc_request_set_field (request, "ETag", wc_session_etag (session));
  wc_request_set_field (request, "Accept-Patch", WC_TYPE_FRAGMENT);
  /* Before any other Link: some clients look at the first. */
  wc_ice_links_add (request, wc_session_public_id (session));
  if (!wc_session_publishes (session)) {
    wc_whep_events_announce (request, session);
    wc_whep_layers_announce (request, session);
    wc_whep_poster_announce (request, session);
  }
  wc_request_set_field (request, "Cache-Control", "no-store");
  wc_request_answer (request, 201, WC_TYPE_SDP, answer, strlen (answer));
}

void
wc_whep_answer_session (WcRequest *request, WcSession *session,
                        const GError *error)
{
  if (session == NULL) {
    wc_request_answer_error (request, error);
    return;
  }
  if (request->answered || !wc_request_is_connected (request)) {
    wc_session_close (session, "the client hung up before the answer");
    wc_request_answer_problem (request, 503, "the session was closed");
    return;
  }
  request->log_name = g_strdup (wc_session_public_id (session));
  request->session = g_object_ref (session);
  give_answer (request, session);
}

static void
on_watched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (WcRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (WcSession) session =
      wc_registry_watch_finish (WC_REGISTRY (source), result, &error);

  wc_whep_answer_session (request, session, error);
}

GBytes *
wc_whep_require_offer (WcRequest *request)
{
  g_autoptr (GBytes) body = NULL;

  if (!wc_request_is_type (request, WC_TYPE_SDP)) {
    wc_request_set_field (request, "Accept-Post", WC_TYPE_SDP);
    wc_request_answer_problem (request, 415,
                               "the body must be " WC_TYPE_SDP ": an offer");
    return NULL;
  }
  body = wc_request_body (request);
  if (g_bytes_get_size (body) > 0)
    return g_steal_pointer (&body);
  wc_request_answer_problem (request, 400,
                             "the body is empty; it must be an SDP offer");
  return NULL;
}

static void
make_session (WcRequest *request)
{
  if (wc_api_drain_refuse_viewer (request))
    return; /* it began while the hook was asked */

  g_autoptr (GBytes) offer = wc_request_body (request);
  g_autofree char *address = wc_request_address (request);
  WcViewerInfo viewer = {
      .address = address,
      .user_agent = wc_request_field (request, "User-Agent"),
  };

  wc_registry_watch_async (
      request->context->registry, request->params.params[0],
      g_bytes_get_data (offer, NULL), g_bytes_get_size (offer), &viewer,
      on_watched, wc_request_ref (request));
}

/* RFC 9110 section 15.4.8: the same request again, there; nothing else may be
 * answered (draft-ietf-wish-whep section 4.7). */
gboolean
wc_whep_redirect (WcRequest *request, const char *url)
{
  if (url == NULL)
    return FALSE;
  wc_request_set_field (request, "Location", url);
  wc_request_set_field (request, "Cache-Control", "no-store");
  wc_request_answer (request, 307, NULL, NULL, 0);
  return TRUE;
}

static const char *
redirect_of (WcRequest *request)
{
  WcMountpoint *mountpoint = wc_registry_lookup (request->context->registry,
                                                 request->params.params[0]);

  if (mountpoint == NULL ||
      wc_mountpoint_state (mountpoint) == WC_MOUNTPOINT_DISABLED)
    return NULL;
  return wc_mountpoint_spec (mountpoint)->watch_redirect;
}

void
wc_whep_watch (WcRequest *request)
{
  g_autoptr (GBytes) offer = wc_whep_require_offer (request);

  if (offer != NULL && !wc_whep_redirect (request, redirect_of (request)) &&
      !wc_api_drain_refuse_viewer (request))
    wc_grant_by_hook (request, WC_ACCESS_WATCH, request->params.params[0],
                      make_session);
}

void
wc_whep_get (WcRequest *request)
{
  wc_request_set_field (request, "Cache-Control", "no-store");
  wc_request_answer (request, 200, WC_TYPE_SDP, NULL, 0);
}

void
wc_whep_options (WcRequest *request)
{
  wc_request_set_field (request, "Accept-Post", WC_TYPE_SDP);
  wc_request_answer_options (request);
}
