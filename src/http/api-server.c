/* SPDX-License-Identifier: MIT */
#include "http/api-server.h"

#include "http/api-drain.h"
#include "http/api.h"
#include "http/stream-json.h"
#include "ingest/rtsp-server.h"
#include "stats/process.h"

static JsonObject *
process_json (const WcProcessStats *stats)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "cpu_ms", stats->cpu_ms);
  json_object_set_int_member (object, "rss_bytes", (gint64)stats->rss_bytes);
  json_object_set_int_member (object, "threads", stats->threads);
  json_object_set_int_member (object, "descriptors", stats->descriptors);
  json_object_set_int_member (object, "descriptors_max",
                              (gint64)stats->descriptors_max);
  return object;
}

static JsonObject *
engine_json (const WcHttpContext *context)
{
  JsonObject *object = json_object_new ();
  WcEngineStats stats = {0};

  wc_engine_get_stats (context->engine, &stats);
  json_object_set_int_member (object, "workers", context->config->workers);
  json_object_set_int_member (object, "udp_port",
                              wc_engine_udp_port (context->engine));
  json_object_set_int_member (object, "tcp_port",
                              wc_engine_tcp_port (context->engine));
  json_object_set_boolean_member (object, "ipv6",
                                  wc_engine_has_ipv6 (context->engine));
  json_object_set_int_member (object, "subscribers", stats.subscribers);
  json_object_set_int_member (object, "publishers", stats.publishers);
  json_object_set_int_member (object, "datagrams_in",
                              (gint64)stats.datagrams_in);
  json_object_set_int_member (object, "datagrams_out",
                              (gint64)stats.datagrams_out);
  json_object_set_int_member (object, "bytes_out", (gint64)stats.bytes_out);
  json_object_set_int_member (object, "foreign", (gint64)stats.foreign);
  json_object_set_int_member (object, "stun_rejected",
                              (gint64)stats.stun_rejected);
  json_object_set_int_member (object, "stray", (gint64)stats.stray);
  json_object_set_int_member (object, "send_failed", (gint64)stats.send_failed);
  json_object_set_int_member (object, "send_blocked",
                              (gint64)stats.send_blocked);
  json_object_set_int_member (object, "send_apart", (gint64)stats.send_apart);
  json_object_set_int_member (object, "tcp_connections", stats.tcp_connections);
  json_object_set_int_member (object, "tcp_pending", stats.tcp_pending);
  json_object_set_int_member (object, "tcp_accepted",
                              (gint64)stats.tcp_accepted);
  json_object_set_int_member (object, "tcp_refused", (gint64)stats.tcp_refused);
  json_object_set_int_member (object, "webrtcbins",
                              wc_peer_factory_webrtcbins (context->peers));
  json_object_set_int_member (object, "peers_alive",
                              wc_peer_factory_alive (context->peers));
  return object;
}

static JsonObject *
joins_json (const WcHttpContext *context)
{
  JsonObject *object = json_object_new ();
  WcJoinStats joins;

  wc_metrics_get_joins (context->metrics, &joins);
  json_object_set_int_member (object, "count", (gint64)joins.joins);
  json_object_set_int_member (object, "waited_ms",
                              (gint64)joins.waited_us / 1000);
  return object;
}

static JsonObject *
limits_json (const WcConfig *config)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "max_viewers", config->max_viewers);
  json_object_set_int_member (object, "max_viewers_per_mountpoint",
                              config->max_viewers_per_mountpoint);
  json_object_set_int_member (object, "max_viewers_per_address",
                              config->max_viewers_per_address);
  json_object_set_int_member (object, "max_mountpoints",
                              config->max_mountpoints);
  json_object_set_int_member (object, "max_pending", config->max_pending);
  return object;
}

static JsonObject *
rtp_json (const WcHttpContext *context)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "port_min", context->config->port_min);
  json_object_set_int_member (object, "port_max", context->config->port_max);
  json_object_set_int_member (object, "ports_taken",
                              wc_port_pool_taken (context->ports));
  return object;
}

static JsonObject *
rtsp_json (const WcHttpContext *context)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "port",
                              wc_rtsp_server_port (context->rtsp));
  json_object_set_int_member (object, "connections",
                              wc_rtsp_server_n_connections (context->rtsp));
  json_object_set_int_member (object, "max_connections",
                              context->config->rtsp_max_connections);
  return object;
}

static JsonObject *
snapshots_json (const WcHttpContext *context)
{
  JsonObject *object = json_object_new ();
  WcSnapshotStats stats;

  wc_snapshots_get_stats (context->snapshots, &stats);
  json_object_set_int_member (object, "max_decoders",
                              context->config->max_snapshot_decoders);
  json_object_set_int_member (object, "running", stats.running);
  json_object_set_int_member (object, "waiting", stats.waiting);
  json_object_set_int_member (object, "decoded", (gint64)stats.decoded);
  json_object_set_int_member (object, "failed", (gint64)stats.failed);
  json_object_set_int_member (object, "cached", (gint64)stats.cached);
  json_object_set_int_member (object, "held_bytes", (gint64)stats.held_bytes);
  return object;
}

static JsonObject *
webhooks_json (const WcHttpContext *context)
{
  JsonObject *object = json_object_new ();
  WcWebhookStats stats;

  wc_webhooks_get_stats (context->webhooks, &stats);
  json_object_set_string_member (object, "state",
                                 wc_webhooks_state_name (stats.state));
  json_object_set_int_member (object, "paused_ms", (gint64)stats.paused_ms);
  json_object_set_int_member (object, "waiting", stats.waiting);
  json_object_set_int_member (object, "delivered", (gint64)stats.delivered);
  json_object_set_int_member (object, "failed", (gint64)stats.failed);
  json_object_set_int_member (object, "lost", (gint64)stats.lost);
  wc_api_set_text (object, "error", stats.error);
  return object;
}

static JsonObject *
candidate_json (const WcNetwork *network, const WcAddress *address,
                guint16 port, const char *protocol)
{
  JsonObject *object = json_object_new ();
  char text[WC_ADDRESS_STRLEN];
  g_auto (WcReach) reach;

  wc_network_get_reach (network, address, &reach);
  json_object_set_string_member (object, "address",
                                 wc_address_ip (address, text));
  json_object_set_int_member (object, "port", port);
  json_object_set_string_member (object, "protocol", protocol);
  json_object_set_string_member (object, "type", "host");
  wc_api_set_text (object, "interface", reach.interface);
  wc_api_set_text (object, "name", reach.name);
  json_object_set_string_member (object, "reachable", reach.reachable);
  return object;
}

static JsonArray *
candidates_json (const WcHttpContext *context)
{
  const WcCandidateList *list = wc_network_candidates (context->network);
  guint16 udp_port = wc_engine_udp_port (context->engine);
  guint16 tcp_port = wc_engine_tcp_port (context->engine);
  JsonArray *candidates = json_array_new ();

  for (guint i = 0; i < list->n; i++)
    json_array_add_object_element (
        candidates,
        candidate_json (context->network, &list->items[i], udp_port, "udp"));
  for (guint i = 0; tcp_port != 0 && i < list->n; i++)
    json_array_add_object_element (
        candidates,
        candidate_json (context->network, &list->items[i], tcp_port, "tcp"));
  return candidates;
}

static JsonArray *
skipped_json (const WcNetwork *network)
{
  g_autoptr (GPtrArray) list = wc_network_skipped (network);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < list->len; i++) {
    const WcSkipped *skipped = list->pdata[i];
    JsonObject *object = json_object_new ();
    json_object_set_string_member (object, "address", skipped->address);
    json_object_set_string_member (object, "interface", skipped->interface);
    json_object_set_string_member (object, "reason", skipped->reason);
    json_array_add_object_element (array, object);
  }
  return array;
}

static JsonObject *
network_json (const WcHttpContext *context)
{
  g_autoptr (GPtrArray) findings = wc_network_findings (context->network);
  JsonArray *array = json_array_new ();
  JsonArray *servers = json_array_new ();
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < findings->len; i++)
    json_array_add_object_element (array,
                                   wc_finding_json_new (findings->pdata[i]));
  for (guint i = 0; context->config->ice_servers[i] != NULL; i++)
    json_array_add_string_element (servers, context->config->ice_servers[i]);
  json_object_set_array_member (object, "findings", array);
  json_object_set_array_member (object, "skipped",
                                skipped_json (context->network));
  json_object_set_array_member (object, "ice_servers", servers);
  return object;
}

static JsonArray *
problems_json (const WcHttpContext *context)
{
  GPtrArray *list = wc_registry_problems (context->registry);
  JsonArray *problems = json_array_new ();

  for (guint i = 0; list != NULL && i < list->len; i++)
    json_array_add_string_element (problems, list->pdata[i]);
  return problems;
}

void
wc_api_server_get (WcRequest *request)
{
  const WcHttpContext *context = request->context;
  g_autoptr (GPtrArray) mountpoints = wc_registry_list (context->registry);
  JsonObject *object = json_object_new ();
  WcProcessStats process;

  wc_process_get_stats (&process);
  json_object_set_string_member (object, "version", context->version);
  json_object_set_int_member (object, "uptime_ms", process.uptime_ms);
  json_object_set_boolean_member (object, "ready", context->ready);
  json_object_set_object_member (object, "drain",
                                 wc_api_drain_json_new (context->drain));
  wc_api_set_text (object, "public_url", context->config->public_url);
  json_object_set_string_member (object, "lane",
                                 wc_api_lane_name (context->config->lane));
  json_object_set_int_member (object, "mountpoints", mountpoints->len);
  json_object_set_int_member (object, "viewers",
                              wc_registry_n_viewers (context->registry));
  json_object_set_array_member (object, "candidates",
                                candidates_json (context));
  json_object_set_object_member (object, "network", network_json (context));
  json_object_set_array_member (object, "problems", problems_json (context));
  json_object_set_object_member (object, "process", process_json (&process));
  json_object_set_object_member (object, "engine", engine_json (context));
  json_object_set_object_member (object, "joins", joins_json (context));
  json_object_set_object_member (object, "rtp", rtp_json (context));
  json_object_set_object_member (object, "rtsp", rtsp_json (context));
  json_object_set_object_member (object, "snapshots", snapshots_json (context));
  if (context->config->webhook_url != NULL)
    json_object_set_object_member (object, "webhooks", webhooks_json (context));
  else
    json_object_set_null_member (object, "webhooks");
  json_object_set_object_member (object, "limits",
                                 limits_json (context->config));
  wc_request_answer_json (request, 200, object);
}
