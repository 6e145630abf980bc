/* SPDX-License-Identifier: MIT */
/* The configuration, read again. First whatever can fail is made beside what
 * there is; only when all of it is there does anything change. */
#include "ingest/rtsp-server.h"
#include "mountpoint/registry-reload.h"
#include "server/server-private.h"

/* What is to take the place of what there is; each NULL if it could not be
 * made. */
typedef struct {
  WcConfig *wanted;
  WcHttpReload *http;
  WcAccessReload *access;
  WcWebhooksReload *webhooks;
  char *turn_secret;
  WcRegistryReload *registry;
} Next;

static void
next_clear (Next *next)
{
  g_clear_pointer (&next->registry, wc_registry_reload_free);
  g_clear_pointer (&next->http, wc_http_reload_free);
  g_clear_pointer (&next->access, wc_access_reload_free);
  g_clear_pointer (&next->webhooks, wc_webhooks_reload_free);
  g_clear_pointer (&next->turn_secret, g_free);
  g_clear_pointer (&next->wanted, wc_config_free);
}

static void
take_error (WcReloadReport *report, GError **error)
{
  if (*error != NULL)
    wc_reload_report_take_error (report, g_steal_pointer (error));
}

/* Everything is tried, so that everything that is wrong is told at once. */
static void
prepare (WcServer *server, Next *next, WcReloadReport *report)
{
  GError *error = NULL;

  next->http = wc_http_reload_new (server->http, next->wanted, &error);
  take_error (report, &error);
  next->access = wc_access_reload_new (server->access, next->wanted, &error);
  take_error (report, &error);
  next->webhooks =
      wc_webhooks_reload_new (server->webhooks, next->wanted, &error);
  take_error (report, &error);
  next->turn_secret = wc_turn_load_secret (next->wanted, &error);
  take_error (report, &error);
  next->registry =
      wc_registry_reload_new (server->registry, server->config->mountpoints,
                              next->wanted->mountpoints, report->errors);
}

/* The keys that WcNetwork goes by. */
static gboolean
concerns_network (const GPtrArray *changes)
{
  static const char *const keys[] = {"addresses", "addresses-refresh-ms",
                                     "interfaces", NULL};

  for (guint i = 0; i < changes->len; i++) {
    const WcChange *change = changes->pdata[i];
    if (change->subject == WC_CHANGE_KEY &&
        g_str_equal (change->group, "ice") &&
        g_strv_contains (keys, change->name))
      return TRUE;
  }
  return FALSE;
}

/* Of what other threads go by. */
static void
apply_values (WcServer *server)
{
  const WcConfig *config = server->config;

  wc_engine_set_timeouts (server->engine, config->connect_timeout_ms,
                          config->consent_timeout_ms);
  wc_engine_set_fast_start (server->engine, config->fast_start);
  wc_rtsp_server_set_max_connections (server->rtsp,
                                      config->rtsp_max_connections);
}

static void
commit (WcServer *server, Next *next, GPtrArray *changes)
{
  WcConfig *config = server->config;

  wc_config_exchange (config, next->wanted);
  wc_log_set_level (config->log_level);
  wc_log_set_format (config->log_format);
  apply_values (server);
  wc_http_reload_commit (next->http, changes);
  wc_access_reload_commit (next->access, changes);
  wc_webhooks_reload_commit (next->webhooks, changes);
  if (wc_turn_take_secret (server->turn,
                           g_steal_pointer (&next->turn_secret)) &&
      config->turn_secret_file != NULL)
    g_ptr_array_add (changes, wc_change_new (WC_CHANGE_FILE, WC_CHANGE_APPLIED,
                                             "ice", "turn-secret-file", NULL));
  if (concerns_network (changes))
    wc_network_reload (server->network);
  wc_registry_note_limits (server->registry);
  wc_registry_reload_commit (next->registry, changes);
}

static void
log_report (const WcReloadReport *report)
{
  if (report->errors->len > 0)
    wc_warning ("the configuration was read again and cannot be used; nothing "
                "changes");
  for (guint i = 0; i < report->errors->len; i++)
    wc_warning ("%s", (const char *)report->errors->pdata[i]);
  if (report->errors->len > 0)
    return;

  wc_info ("the configuration was read again: %u changes",
           report->changes->len);
  for (guint i = 0; i < report->changes->len; i++) {
    const WcChange *change = report->changes->pdata[i];
    g_autofree char *text = wc_change_describe (change);
    if (change->effect == WC_CHANGE_NEEDS_RESTART)
      wc_warning ("%s", text);
    else
      wc_info ("%s", text);
  }
}

WcReloadReport *
wc_server_reload (WcServer *server)
{
  WcReloadReport *report = wc_reload_report_new ();
  GError *error = NULL;
  Next next = {0};

  next.wanted = server->setup.load (server->setup.user_data, &error);
  take_error (report, &error);
  if (next.wanted != NULL) {
    wc_config_settle (next.wanted, server->config, report->changes);
    prepare (server, &next, report);
  }
  if (report->errors->len == 0)
    commit (server, &next, report->changes);
  else
    g_ptr_array_set_size (report->changes, 0);
  next_clear (&next);
  log_report (report);
  return report;
}
