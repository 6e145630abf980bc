/* SPDX-License-Identifier: MIT */
#include "http/whep-session.h"

#include "base/clock.h"
#include "http/cors.h"
#include "http/etag.h"
#include "http/grant.h"
#include "http/whep.h"
#include "sdp/fragment.h"

#include <string.h>

/* A session stays known while it is closing, so that a client that closes its
 * connection first can still DELETE it; one that was DELETEd is gone at once.
 */
#define KEY_DELETED "wc-deleted"

gboolean
wc_whep_session_is_deleted (WcSession *session)
{
  return g_object_get_data (G_OBJECT (session), KEY_DELETED) != NULL;
}

static gboolean
is_whip (WcRequest *request)
{
  return g_str_has_prefix (request->path, "/whip/");
}

/* A WHEP session's secret opens nothing below /whip, and the other way round.
 */
static WcSession *
find_session (WcRequest *request)
{
  WcSession *session = wc_registry_find_session (request->context->registry,
                                                 request->params.params[0],
                                                 request->params.params[1]);

  if (session == NULL || wc_session_publishes (session) != is_whip (request) ||
      wc_whep_session_is_deleted (session))
    return NULL;
  return session;
}

/* The session, or NULL after a 404. */
WcSession *
wc_whep_session_require (WcRequest *request)
{
  WcSession *session = find_session (request);

  if (session == NULL) {
    wc_request_answer_problem (request, 404, "there is no such session");
    return NULL;
  }
  if (request->log_name == NULL)
    request->log_name = g_strdup (wc_session_public_id (session));
  return session;
}

gboolean
wc_whep_session_check_open (WcRequest *request)
{
  return wc_whep_session_require (request) != NULL;
}

gboolean
wc_whep_session_check (WcRequest *request)
{
  if (wc_whep_session_require (request) == NULL)
    return FALSE;

  WcMountpoint *mountpoint = wc_registry_lookup (request->context->registry,
                                                 request->params.params[0]);
  const WcMountpointSpec *spec =
      mountpoint != NULL ? wc_mountpoint_spec (mountpoint) : NULL;
  return wc_grant_capability (
      request, is_whip (request) ? WC_ACCESS_PUBLISH : WC_ACCESS_WATCH, spec);
}

gboolean
wc_whep_session_check_options (WcRequest *request)
{
  return wc_cors_is_preflight (
             soup_server_message_get_request_headers (request->message)) ||
         wc_whep_session_check_open (request);
}

/* Preconditions (RFC 9110 section 13.2.1) come before the body is looked at.
 * A field that is missing is forgiven to a trickle unless etag=strict. */
static gboolean
check_precondition (WcRequest *request, WcIfMatch match, gboolean restart)
{
  gboolean strict = request->context->config->etag_strict;

  switch (match) {
  case WC_IF_MATCH_ANY:
  case WC_IF_MATCH_SAME:
    return TRUE;
  case WC_IF_MATCH_OTHER:
    wc_request_answer_problem (
        request, 412, "If-Match does not name the ETag of the session");
    return FALSE;
  case WC_IF_MATCH_MISSING:
    if (!strict && !restart)
      return TRUE;
    wc_request_answer_problem (request, 428,
                               "If-Match is missing: the ETag of the session%s",
                               restart ? ", or * for an ICE restart" : "");
    return FALSE;
  }
  return FALSE;
}

static void
restart_ice (WcRequest *request, WcSession *session,
             const WcSdpFragment *fragment)
{
  WcMountpoint *mountpoint = wc_registry_lookup (request->context->registry,
                                                 request->params.params[0]);
  g_autofree char *answer =
      mountpoint != NULL
          ? wc_mountpoint_restart_ice (mountpoint, session, fragment->ufrag,
                                       fragment->pwd)
          : NULL;

  if (answer == NULL) {
    wc_request_answer_problem (
        request, 422,
        "ICE cannot be restarted: a restart has a new a=ice-ufrag and a new "
        "a=ice-pwd, and a session that is not over");
    return;
  }
  wc_request_set_field (request, "ETag", wc_session_etag (session));
  wc_request_set_field (request, "Cache-Control", "no-store");
  wc_request_answer (request, 200, WC_TYPE_FRAGMENT, answer, strlen (answer));
}

static void
answer_fragment (WcRequest *request, WcSession *session, WcIfMatch match)
{
  g_autoptr (GBytes) body = wc_request_body (request);
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *text = g_bytes_get_data (body, &size);

  if (size == 0) {
    wc_request_answer_problem (request, 400, "the body is empty");
    return;
  }
  g_autoptr (WcSdpFragment) fragment =
      wc_sdp_fragment_parse (text, size, &error);
  if (fragment == NULL) {
    wc_request_answer_error (request, error);
    return;
  }

  /* A restart shows by its credentials, not by "If-Match: *", which some
   * clients send with every fragment. */
  if (wc_session_is_current_ice (session, fragment->ufrag, fragment->pwd))
    wc_request_answer (request, 204, NULL, NULL, 0);
  else if (check_precondition (request, match, TRUE))
    restart_ice (request, session, fragment);
}

void
wc_whep_session_patch (WcRequest *request)
{
  WcSession *session = wc_whep_session_require (request);

  if (session == NULL)
    return;
  if (!wc_session_may_patch (session, wc_clock_now_us ())) {
    wc_request_set_field (request, "Retry-After", "1");
    wc_request_answer_problem (request, 429,
                               "too many PATCHes of one session in a second");
    return;
  }
  if (!wc_request_is_type (request, WC_TYPE_FRAGMENT)) {
    wc_request_set_field (request, "Accept-Patch", WC_TYPE_FRAGMENT);
    wc_request_answer_problem (request, 415,
                               "the body must be " WC_TYPE_FRAGMENT);
    return;
  }

  WcIfMatch match = wc_etag_if_match (wc_request_field (request, "If-Match"),
                                      wc_session_etag (session));
  if (check_precondition (request, match, FALSE))
    answer_fragment (request, session, match);
}

static void
end_session (WcRequest *request, WcSession *session)
{
  WcMountpoint *mountpoint = wc_registry_lookup (request->context->registry,
                                                 request->params.params[0]);

  if (is_whip (request) && mountpoint != NULL)
    wc_mountpoint_unpublish (mountpoint, session);
  else
    wc_session_close (session, "viewer left");
}

void
wc_whep_session_delete (WcRequest *request)
{
  WcSession *session = wc_whep_session_require (request);

  if (session == NULL)
    return;
  g_object_set_data (G_OBJECT (session), KEY_DELETED, GINT_TO_POINTER (TRUE));
  end_session (request, session);
  wc_request_answer (request, 200, NULL, NULL, 0);
}

void
wc_whep_session_get (WcRequest *request)
{
  wc_request_set_field (request, "Cache-Control", "no-store");
  wc_request_answer (request, 200, NULL, NULL, 0);
}

void
wc_whep_session_options (WcRequest *request)
{
  wc_request_set_field (request, "Accept-Patch", WC_TYPE_FRAGMENT);
  wc_request_answer_options (request);
}
