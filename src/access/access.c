/* SPDX-License-Identifier: MIT */
#include "access/access.h"

#include "access/admin-token.h"
#include "access/bearer.h"
#include "access/jwt-keys.h"
#include "base/id.h"
#include "base/log.h"
#include "config/change.h"

struct WcAccess {
  const WcConfig *config;
  char *admin_token;
  char *admin_token_path; /* nullable: it is in the configuration */
  WcJwtSource *keys;      /* nullable */
  WcHook *hook;           /* nullable */
  WcAttempts *attempts;
};

/* --- made, and made anew ---------------------------------------------------
 */

struct WcAccessReload {
  WcAccess *access;
  char *admin_token, *admin_token_path;
  gboolean other_keys; /* those here, nullable, replace what there is */
  WcJwtSource *keys;
  gboolean other_hook; /* than there is, or none */
};

static gboolean
is_url (const char *where)
{
  return g_str_has_prefix (where, "http://") ||
         g_str_has_prefix (where, "https://");
}

/* A file is read again in any case; a URL that is still the same is only asked
 * again, so that its keys are there in the meantime. */
static gboolean
load_keys (WcAccessReload *reload, const char *where, GError **error)
{
  const WcJwtSource *present = reload->access->keys;

  reload->other_keys = where == NULL || present == NULL || !is_url (where) ||
                       !g_str_equal (where, wc_jwt_source_where (present));
  if (where != NULL && reload->other_keys)
    reload->keys = wc_jwt_source_new (where, error);
  return where == NULL || !reload->other_keys || reload->keys != NULL;
}

static gboolean
is_other_hook (const WcAccess *access, const WcConfig *wanted)
{
  const WcConfig *config = access->config;

  return access->hook == NULL ||
         g_strcmp0 (wanted->hook_url, config->hook_url) != 0 ||
         wanted->hook_timeout_ms != config->hook_timeout_ms ||
         wanted->hook_cache_ms != config->hook_cache_ms;
}

WcAccessReload *
wc_access_reload_new (WcAccess *access, const WcConfig *wanted, GError **error)
{
  g_autoptr (WcAccessReload) reload = g_new0 (WcAccessReload, 1);

  reload->access = access;
  reload->admin_token =
      wc_admin_token_load (wanted, &reload->admin_token_path, error);
  if (reload->admin_token == NULL ||
      !load_keys (reload, wanted->jwt_keys, error))
    return NULL;
  reload->other_hook = is_other_hook (access, wanted);
  return g_steal_pointer (&reload);
}

void
wc_access_reload_free (WcAccessReload *reload)
{
  g_clear_pointer (&reload->keys, wc_jwt_source_free);
  g_free (reload->admin_token);
  g_free (reload->admin_token_path);
  g_free (reload);
}

static void
note_file (GPtrArray *changes, const char *key)
{
  if (changes != NULL)
    g_ptr_array_add (changes, wc_change_new (WC_CHANGE_FILE, WC_CHANGE_APPLIED,
                                             "auth", key, NULL));
}

static void
take_keys (WcAccess *access, WcAccessReload *reload, GPtrArray *changes)
{
  if (!reload->other_keys) {
    wc_jwt_source_refresh (access->keys);
    return;
  }
  if (access->keys != NULL && reload->keys != NULL &&
      wc_jwt_source_differs (access->keys, reload->keys))
    note_file (changes, "jwt-keys");
  g_clear_pointer (&access->keys, wc_jwt_source_free);
  access->keys = g_steal_pointer (&reload->keys);
}

static void
take_admin_token (WcAccess *access, WcAccessReload *reload, GPtrArray *changes)
{
  if (reload->admin_token_path != NULL && access->admin_token_path != NULL &&
      !g_str_equal (access->admin_token, reload->admin_token))
    note_file (changes, "admin-token-file");
  g_free (access->admin_token);
  g_free (access->admin_token_path);
  access->admin_token = g_steal_pointer (&reload->admin_token);
  access->admin_token_path = g_steal_pointer (&reload->admin_token_path);
}

static void
take_hook (WcAccess *access)
{
  const WcConfig *config = access->config;

  if (config->hook_url == NULL)
    g_clear_pointer (&access->hook, wc_hook_free);
  else if (access->hook == NULL)
    access->hook = wc_hook_new (config->hook_url, config->hook_timeout_ms,
                                config->hook_cache_ms);
  else
    wc_hook_change (access->hook, config->hook_url, config->hook_timeout_ms,
                    config->hook_cache_ms);
}

void
wc_access_reload_commit (WcAccessReload *reload, GPtrArray *changes)
{
  WcAccess *access = reload->access;

  take_admin_token (access, reload, changes);
  take_keys (access, reload, changes);
  if (reload->other_hook)
    take_hook (access);
}

WcAccess *
wc_access_new (const WcConfig *config, GError **error)
{
  g_autoptr (WcAccess) access = g_new0 (WcAccess, 1);

  access->config = config;
  access->attempts = wc_attempts_new ();

  g_autoptr (WcAccessReload) all = wc_access_reload_new (access, config, error);
  if (all == NULL)
    return NULL;
  wc_access_reload_commit (all, NULL);
  return g_steal_pointer (&access);
}

void
wc_access_free (WcAccess *access)
{
  g_clear_pointer (&access->hook, wc_hook_free);
  g_clear_pointer (&access->keys, wc_jwt_source_free);
  wc_attempts_free (access->attempts);
  g_free (access->admin_token);
  g_free (access->admin_token_path);
  g_free (access);
}

const char *
wc_access_admin_token_path (const WcAccess *access)
{
  return access->admin_token_path;
}

/* --- who may ---------------------------------------------------------------
 */

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
