/* SPDX-License-Identifier: MIT */
#include "access/access.h"

#include "access/bearer.h"
#include "access/jwt-keys.h"
#include "base/id.h"
#include "base/log.h"

struct WcAccess {
  const WcConfig *config;
  const char *admin_token;
  WcJwtSource *keys; /* nullable */
  WcHook *hook;      /* nullable */
  WcAttempts *attempts;
};

WcAccess *
wc_access_new (const WcConfig *config, const char *admin_token, GError **error)
{
  g_autoptr (WcAccess) access = g_new0 (WcAccess, 1);

  access->config = config;
  access->admin_token = admin_token;
  access->attempts = wc_attempts_new ();
  if (config->jwt_keys != NULL) {
    access->keys = wc_jwt_source_new (config->jwt_keys, error);
    if (access->keys == NULL)
      return NULL;
  }
  if (config->hook_url != NULL)
    access->hook = wc_hook_new (config->hook_url, config->hook_timeout_ms,
                                config->hook_cache_ms);
  return g_steal_pointer (&access);
}

void
wc_access_free (WcAccess *access)
{
  g_clear_pointer (&access->hook, wc_hook_free);
  g_clear_pointer (&access->keys, wc_jwt_source_free);
  wc_attempts_free (access->attempts);
  g_free (access);
}

WcHook *
wc_access_hook (WcAccess *access)
{
  return access->hook;
}

WcAttempts *
wc_access_attempts (WcAccess *access)
{
  return access->attempts;
}

/* The mountpoint's own token for it; nullable. */
static const char *
own_token (WcAccessAction action, const WcMountpointSpec *spec)
{
  if (spec == NULL)
    return NULL;
  switch (action) {
  case WC_ACCESS_WATCH:
    return spec->watch_token;
  case WC_ACCESS_PUBLISH:
    return spec->publish_token;
  case WC_ACCESS_MANAGE:
    return spec->manage_token;
  }
  return NULL;
}

static gboolean
is_open (WcAccess *access, WcAccessAction action, const char *own)
{
  return action != WC_ACCESS_MANAGE && own == NULL && access->keys == NULL;
}

/* Each comparison is made, whatever the others say. */
static gboolean
is_static_token (WcAccess *access, WcAccessAction action, const char *own,
                 const char *token)
{
  gboolean is_own = own != NULL && wc_id_equal_secret (token, own);
  gboolean is_admin = action == WC_ACCESS_MANAGE &&
                      wc_id_equal_secret (token, access->admin_token);

  return is_own || is_admin;
}

static WcAccessVerdict
check_signed (WcAccess *access, WcAccessAction action,
              const WcMountpointSpec *spec, const char *token,
              gboolean may_be_expired)
{
  const WcJwtKeys *keys =
      access->keys != NULL ? wc_jwt_source_keys (access->keys) : NULL;
  const WcJwtRules rules = {
      .issuer = access->config->jwt_issuer,
      .audience = access->config->jwt_audience,
      .action = action,
      .mountpoint = spec != NULL ? spec->id : NULL,
      .now_s = g_get_real_time () / G_USEC_PER_SEC,
      .may_be_expired = may_be_expired,
  };
  const char *reason = NULL;

  if (access->keys == NULL)
    return WC_ACCESS_INVALID;
  if (keys == NULL) {
    wc_jwt_source_miss (access->keys);
    return WC_ACCESS_UNKNOWN;
  }
  WcAccessVerdict verdict = wc_jwt_check (keys, &rules, token, &reason);
  if (verdict == WC_ACCESS_GRANTED)
    return verdict;
  wc_debug ("a signed token is refused: %s", reason);
  if (wc_jwt_is_of_unknown_key (keys, token))
    wc_jwt_source_miss (access->keys);
  return verdict;
}

static WcAccessVerdict
check_token (WcAccess *access, WcAccessAction action,
             const WcMountpointSpec *spec, const char *authorization,
             gboolean may_be_expired)
{
  g_autofree char *token = NULL;
  const char *own = own_token (action, spec);

  if (!wc_bearer_parse (authorization, &token))
    return WC_ACCESS_MISSING;
  if (token == NULL)
    return WC_ACCESS_INVALID;
  if (is_static_token (access, action, own, token))
    return WC_ACCESS_GRANTED;
  return check_signed (access, action, spec, token, may_be_expired);
}

WcAccessVerdict
wc_access_check_action (WcAccess *access, WcAccessAction action,
                        const WcMountpointSpec *spec, const char *authorization)
{
  if (is_open (access, action, own_token (action, spec)))
    return WC_ACCESS_GRANTED;
  return check_token (access, action, spec, authorization, FALSE);
}

WcAccessVerdict
wc_access_check_capability (WcAccess *access, WcAccessAction action,
                            const WcMountpointSpec *spec,
                            const char *authorization)
{
  if (spec == NULL || is_open (access, action, own_token (action, spec)))
    return WC_ACCESS_GRANTED;
  WcAccessVerdict verdict =
      check_token (access, action, spec, authorization, TRUE);
  if (verdict == WC_ACCESS_MISSING && !access->config->session_auth_strict)
    return WC_ACCESS_GRANTED;
  return verdict;
}
