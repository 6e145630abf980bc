/* SPDX-License-Identifier: MIT */
#include "access/hook.h"

#include "access/web.h"
#include "base/clock.h"
#include "base/log.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_WAITING 256
#define MAX_CACHED 4096
#define MAX_ANSWER 65536

struct WcHook {
  char *url;
  guint epoch; /* how often it was changed */
  guint cache_ms;
  WcWeb *web;
  GHashTable *cache; /* digest of a question -> Cached */
};

typedef struct {
  WcAccessVerdict verdict;
  gint64 until_us;
} Cached;

/* A question under way. */
typedef struct {
  WcHook *hook;
  guint epoch; /* of when it was asked */
  char *digest;
  gboolean had_token;
  WcHookFunc func;
  gpointer user_data;
} Asked;

WcHook *
wc_hook_new (const char *url, guint timeout_ms, guint cache_ms)
{
  WcHook *hook = g_new0 (WcHook, 1);

  hook->url = g_strdup (url);
  hook->cache_ms = cache_ms;
  hook->web = wc_web_new (timeout_ms, MAX_ANSWER);
  hook->cache = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return hook;
}

void
wc_hook_change (WcHook *hook, const char *url, guint timeout_ms, guint cache_ms)
{
  g_free (hook->url);
  hook->url = g_strdup (url);
  hook->epoch++;
  hook->cache_ms = cache_ms;
  g_hash_table_remove_all (hook->cache);
  wc_web_set_timeout (hook->web, timeout_ms);
}

void
wc_hook_free (WcHook *hook)
{
  wc_web_free (hook->web);
  g_hash_table_unref (hook->cache);
  g_free (hook->url);
  g_free (hook);
}

static void
set_text (JsonObject *object, const char *name, const char *value)
{
  if (value == NULL) {
    json_object_set_null_member (object, name);
    return;
  }
  g_autofree char *valid = g_utf8_make_valid (value, -1);
  json_object_set_string_member (object, name, valid);
}

static char *
write_question (const WcHookQuestion *question)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  set_text (object, "action", wc_access_action_name (question->action));
  set_text (object, "mountpoint", question->mountpoint);
  set_text (object, "address", question->address);
  set_text (object, "user_agent", question->user_agent);
  set_text (object, "token", question->token);
  json_node_take_object (root, object);
  return json_to_string (root, FALSE);
}

static WcAccessVerdict
verdict_of (guint status, gboolean had_token)
{
  if (status >= 200 && status < 300)
    return WC_ACCESS_GRANTED;
  if (status == 401)
    return had_token ? WC_ACCESS_INVALID : WC_ACCESS_MISSING;
  if (status >= 400 && status < 500 && status != 408 && status != 429)
    return WC_ACCESS_FORBIDDEN;
  return WC_ACCESS_UNKNOWN;
}

static gboolean
is_over (gpointer key, gpointer value, gpointer user_data)
{
  return ((Cached *)value)->until_us <= *(gint64 *)user_data;
}

static void
keep (WcHook *hook, const char *digest, WcAccessVerdict verdict)
{
  gint64 now_us = wc_clock_now_us ();

  if (hook->cache_ms == 0 || verdict == WC_ACCESS_UNKNOWN)
    return;
  if (g_hash_table_size (hook->cache) >= MAX_CACHED)
    g_hash_table_foreach_remove (hook->cache, is_over, &now_us);
  if (g_hash_table_size (hook->cache) >= MAX_CACHED)
    return;
  Cached *cached = g_new0 (Cached, 1);
  cached->verdict = verdict;
  cached->until_us = now_us + (gint64)hook->cache_ms * 1000;
  g_hash_table_replace (hook->cache, g_strdup (digest), cached);
}

static void
on_answer (const WcWebAnswer *answer, gpointer user_data)
{
  Asked *asked = user_data;
  WcAccessVerdict verdict = answer->error != NULL
                                ? WC_ACCESS_UNKNOWN
                                : verdict_of (answer->status, asked->had_token);

  if (answer->error != NULL)
    wc_warning ("[auth] hook-url: %s; nobody is let in",
                answer->error->message);
  else if (verdict == WC_ACCESS_UNKNOWN)
    wc_warning ("[auth] hook-url: status %u; nobody is let in", answer->status);
  if (asked->epoch == asked->hook->epoch)
    keep (asked->hook, asked->digest, verdict);
  asked->func (verdict, asked->user_data);
  g_free (asked->digest);
  g_free (asked);
}

void
wc_hook_ask (WcHook *hook, const WcHookQuestion *question, WcHookFunc func,
             gpointer user_data)
{
  g_autofree char *json = write_question (question);
  g_autofree char *digest =
      g_compute_checksum_for_string (G_CHECKSUM_SHA256, json, -1);
  const Cached *cached = g_hash_table_lookup (hook->cache, digest);

  if (cached != NULL && cached->until_us > wc_clock_now_us ()) {
    func (cached->verdict, user_data);
    return;
  }
  if (wc_web_n_waiting (hook->web) >= MAX_WAITING) {
    func (WC_ACCESS_UNKNOWN, user_data);
    return;
  }
  Asked *asked = g_new0 (Asked, 1);
  asked->hook = hook;
  asked->epoch = hook->epoch;
  asked->digest = g_steal_pointer (&digest);
  asked->had_token = question->token != NULL;
  asked->func = func;
  asked->user_data = user_data;
  wc_web_post (hook->web, hook->url, json, on_answer, asked);
}
