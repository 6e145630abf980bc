/* SPDX-License-Identifier: MIT */
#include "http/grant.h"

#include "access/bearer.h"
#include "base/clock.h"

/* Of the parameter that `[http] token-in-query` names. */
static char *
token_in_query (WcRequest *request)
{
  const char *name = request->context->config->token_in_query;
  const char *query =
      name != NULL && request->message != NULL
          ? g_uri_get_query (soup_server_message_get_uri (request->message))
          : NULL;
  g_autoptr (GHashTable) parameters =
      query != NULL
          ? g_uri_parse_params (query, -1, "&", G_URI_PARAMS_NONE, NULL)
          : NULL;

  return parameters != NULL ? g_strdup (g_hash_table_lookup (parameters, name))
                            : NULL;
}

/* The field, or what stands for it (RFC 6750 section 2.3). Managing takes the
 * field alone: its token is worth too much to be in a URL. */
static char *
authorization_of (WcRequest *request, WcAccessAction action)
{
  const char *field = wc_request_field (request, "Authorization");
  g_autofree char *token = field == NULL && action != WC_ACCESS_MANAGE
                               ? token_in_query (request)
                               : NULL;

  return token != NULL ? g_strconcat ("Bearer ", token, NULL)
                       : g_strdup (field);
}

static void
answer_wait (WcRequest *request, guint status, guint seconds,
             const char *detail)
{
  g_autofree char *text = g_strdup_printf ("%u", seconds);

  wc_request_set_field (request, "Retry-After", text);
  wc_request_answer_problem (request, status, "%s", detail);
}

static void
answer_refusal (WcRequest *request, WcAccessVerdict verdict)
{
  switch (verdict) {
  case WC_ACCESS_MISSING:
  case WC_ACCESS_INVALID:
    wc_request_answer_unauthorised (request, verdict == WC_ACCESS_INVALID);
    return;
  case WC_ACCESS_FORBIDDEN:
    wc_request_set_field (request, "WWW-Authenticate",
                          "Bearer realm=\"whepcast\", "
                          "error=\"insufficient_scope\"");
    wc_request_answer_problem (request, 403, "not with this token");
    return;
  case WC_ACCESS_UNKNOWN:
    answer_wait (request, 503, 2, "who may come in cannot be found out now");
    return;
  case WC_ACCESS_GRANTED:
    return;
  }
}

/* TRUE when it is granted; else it has been answered, and is counted. */
static gboolean
settle (WcRequest *request, WcAccessVerdict verdict)
{
  g_autofree char *address = wc_request_address (request);

  if (verdict == WC_ACCESS_GRANTED)
    return TRUE;
  if (verdict != WC_ACCESS_UNKNOWN)
    wc_attempts_add (wc_access_attempts (request->context->access), address,
                     wc_clock_now_us ());
  answer_refusal (request, verdict);
  return FALSE;
}

/* Only tokens can be guessed: who sends none is not held up. */
static gboolean
may_try (WcRequest *request, const char *authorization)
{
  g_autofree char *address = wc_request_address (request);
  guint wait_s =
      authorization != NULL
          ? wc_attempts_wait_s (wc_access_attempts (request->context->access),
                                address, wc_clock_now_us ())
          : 0;

  if (wait_s == 0)
    return TRUE;
  answer_wait (request, 429, wait_s, "too many refusals of this address");
  return FALSE;
}

gboolean
wc_grant (WcRequest *request, WcAccessAction action,
          const WcMountpointSpec *spec)
{
  g_autofree char *authorization = authorization_of (request, action);

  return may_try (request, authorization) &&
         settle (request, wc_access_check_action (request->context->access,
                                                  action, spec, authorization));
}

gboolean
wc_grant_is_open (WcRequest *request, WcAccessAction action,
                  const WcMountpointSpec *spec)
{
  WcAccess *access = request->context->access;

  return wc_access_hook (access) == NULL &&
         wc_access_check_action (access, action, spec, NULL) ==
             WC_ACCESS_GRANTED;
}

gboolean
wc_grant_capability (WcRequest *request, WcAccessAction action,
                     const WcMountpointSpec *spec)
{
  g_autofree char *authorization = authorization_of (request, action);

  return may_try (request, authorization) &&
         settle (request,
                 wc_access_check_capability (request->context->access, action,
                                             spec, authorization));
}

typedef struct {
  WcRequest *request;
  WcGrantFunc func;
} Waiting;

static void
on_verdict (WcAccessVerdict verdict, gpointer user_data)
{
  Waiting *waiting = user_data;
  g_autoptr (WcRequest) request = waiting->request;

  /* Answered: the server is stopping. Gone: nobody would get the session. */
  if (!request->answered && wc_request_is_connected (request) &&
      settle (request, verdict))
    waiting->func (request);
  g_free (waiting);
}

void
wc_grant_by_hook (WcRequest *request, WcAccessAction action,
                  const char *mountpoint, WcGrantFunc func)
{
  WcHook *hook = wc_access_hook (request->context->access);

  wc_request_pause (request);
  if (hook == NULL) {
    func (request);
    return;
  }
  g_autofree char *address = wc_request_address (request);
  g_autofree char *token = NULL;
  g_autofree char *authorization = authorization_of (request, action);
  wc_bearer_parse (authorization, &token);
  WcHookQuestion question = {
      .action = action,
      .mountpoint = mountpoint,
      .address = address,
      .user_agent = wc_request_field (request, "User-Agent"),
      .token = token,
  };
  Waiting *waiting = g_new0 (Waiting, 1);
  waiting->request = wc_request_ref (request);
  waiting->func = func;
  wc_hook_ask (hook, &question, on_verdict, waiting);
}
