/* SPDX-License-Identifier: MIT */
#include "server/server.h"

#include "base/clock.h"
#include "ingest/pipeline.h"
#include "ingest/rtsp-server.h"
#include "mountpoint/links.h"
#include "peer/network.h"
#include "server/server-private.h"
#include "stats/metrics.h"
#include "stats/process.h"
#include "version.h"

#define STOP_LIMIT_MS 2000
#define STOP_POLL_MS 10

static gboolean
make_engine (WcServer *server, GError **error)
{
  const WcConfig *config = server->config;
  WcEngineConfig engine = {
      .workers = config->workers,
      .udp_port = config->udp_port,
      .tcp = config->tcp_port != 0,
      .tcp_port =
          config->tcp_port == WC_TCP_PORT_SAME ? 0 : (guint16)config->tcp_port,
      .ipv6 = config->ipv6,
      .dscp = config->dscp,
      .connect_timeout_ms = config->connect_timeout_ms,
      .consent_timeout_ms = config->consent_timeout_ms,
      .fast_start = config->fast_start,
  };

  server->engine = wc_engine_new (&engine, error);
  return server->engine != NULL;
}

static gboolean
make_peers (WcServer *server, GError **error)
{
  server->peers =
      wc_peer_factory_new (server->engine, server->config->history_ms, error);
  if (server->peers != NULL)
    wc_peer_factory_set_direct (server->peers,
                                server->config->lane == WC_LANE_DIRECT);
  return server->peers != NULL;
}

static gboolean
make_ports (WcServer *server, GError **error)
{
  server->ports =
      wc_port_pool_new (server->config->port_min, server->config->port_max);
  return TRUE;
}

/* Opens nothing before a mountpoint needs it. */
static gboolean
make_rtsp (WcServer *server, GError **error)
{
  server->rtsp = wc_rtsp_server_new (server->config);
  return TRUE;
}

static gboolean
make_network (WcServer *server, GError **error)
{
  server->network = wc_network_new (server->config, server->engine);
  return TRUE;
}

static gboolean
make_registry (WcServer *server, GError **error)
{
  server->mountpoint_context = (WcMountpointContext){
      .engine = server->engine,
      .sources =
          {
              .config = server->config,
              .ports = server->ports,
              .peers = server->peers,
              .rtsp = server->rtsp,
          },
      .candidates = wc_network_candidates (server->network),
  };
  server->registry = wc_registry_new (&server->mountpoint_context, error);
  server->mountpoint_context.sources.links = wc_registry_links ();
  server->mountpoint_context.sources.registry = server->registry;
  return server->registry != NULL;
}

static gboolean
make_snapshots (WcServer *server, GError **error)
{
  server->snapshots = wc_snapshots_new (server->registry, server->config);
  return TRUE;
}

/* After the registry, which makes the state directory. */
static gboolean
make_access (WcServer *server, GError **error)
{
  server->access = wc_access_new (server->config, error);
  return server->access != NULL;
}

static gboolean
make_turn (WcServer *server, GError **error)
{
  server->turn = wc_turn_new (server->config, error);
  return server->turn != NULL;
}

static WcReloadReport *
reload (gpointer user_data)
{
  return wc_server_reload (user_data);
}

static void
make_metrics (WcServer *server)
{
  WcMetricsContext context = {
      .config = server->config,
      .engine = server->engine,
      .peers = server->peers,
      .registry = server->registry,
      .version = WC_VERSION,
  };

  server->metrics = wc_metrics_new (&context);
}

static gboolean
make_events (WcServer *server, GError **error)
{
  server->bus = wc_event_bus_new (server->registry);
  server->events = wc_event_log_new (server->bus);
  server->webhooks = wc_webhooks_new (server->config, server->events, error);
  return server->webhooks != NULL;
}

static gboolean
make_http (WcServer *server, GError **error)
{
  make_metrics (server);
  server->drain = wc_drain_new (server->registry);
  server->http_context = (WcHttpContext){
      .config = server->config,
      .engine = server->engine,
      .peers = server->peers,
      .ports = server->ports,
      .rtsp = server->rtsp,
      .registry = server->registry,
      .snapshots = server->snapshots,
      .network = server->network,
      .access = server->access,
      .turn = server->turn,
      .bus = server->bus,
      .drain = server->drain,
      .events = server->events,
      .webhooks = server->webhooks,
      .control = {.reload = reload, .user_data = server},
      .metrics = server->metrics,
      .version = WC_VERSION,
  };
  server->http = wc_http_server_new (&server->http_context);
  return wc_http_server_start (server->http, error);
}

WcServer *
wc_server_start (WcConfig *config, const WcServerSetup *setup, GError **error)
{
  g_autoptr (WcServer) server = g_new0 (WcServer, 1);

  server->config = config;
  server->setup = *setup;
  wc_process_stats_start ();
  if (!make_engine (server, error) || !make_peers (server, error) ||
      !make_ports (server, error) || !make_rtsp (server, error) ||
      !make_network (server, error) || !make_registry (server, error) ||
      !make_snapshots (server, error) || !make_access (server, error) ||
      !make_turn (server, error) || !make_events (server, error) ||
      !make_http (server, error) ||
      !wc_registry_load (server->registry, setup->with_demo, error))
    return NULL;
  server->http_context.ready = TRUE;
  return g_steal_pointer (&server);
}

char *
wc_server_http_address (WcServer *server)
{
  WcAddress address;
  char text[WC_ADDRESS_STRLEN];

  wc_http_server_address (server->http, &address);
  return g_strdup (wc_address_format (&address, text));
}

const char *
wc_server_http_scheme (WcServer *server)
{
  return server->config->tls_certificate != NULL ? "https" : "http";
}

guint16
wc_server_udp_port (WcServer *server)
{
  return wc_engine_udp_port (server->engine);
}

/* A URL that can be opened: an address to listen on all interfaces is none. */
static char *
make_page_url (WcServer *server)
{
  WcAddress address;
  char text[WC_ADDRESS_STRLEN];

  if (server->config->public_url != NULL)
    return g_strconcat (server->config->public_url, "/", NULL);
  wc_http_server_address (server->http, &address);
  const WcCandidateList *candidates = wc_network_candidates (server->network);
  if (wc_address_is_any (&address) && candidates->n > 0) {
    guint16 port = wc_address_port (&address);
    address = candidates->items[0];
    wc_address_set_port (&address, port);
  }
  return g_strdup_printf ("%s://%s/", wc_server_http_scheme (server),
                          wc_address_format (&address, text));
}

void
wc_server_log_ready (WcServer *server)
{
  g_autofree char *url = make_page_url (server);
  if (wc_engine_tcp_port (server->engine) != 0)
    wc_info ("viewers without UDP may come by TCP to port %u",
             wc_engine_tcp_port (server->engine));
  const char *path = wc_access_admin_token_path (server->access);
  if (path != NULL)
    wc_info ("the admin token is in %s", path);
  else
    wc_info ("the admin token is that of [auth] admin-token");
  wc_info ("dashboard: %s", url);
}

static gboolean
on_stop_poll (gpointer user_data)
{
  WcServer *server = user_data;
  guint alive = wc_peer_factory_alive (server->peers);
  guint waiting = wc_http_server_n_waiting (server->http);
  guint changing = wc_pipeline_n_changing ();
  guint telling = wc_webhooks_n_under_way (server->webhooks);
  gboolean unfinished = alive > 0 || waiting > 0 || changing > 0;
  gboolean late = wc_clock_now_us () >= server->stop_deadline_us;

  if ((unfinished || telling > 0) && !late)
    return G_SOURCE_CONTINUE;
  if (unfinished) /* events that are not told are counted by who tells them */
    wc_warning (
        "%u peers, %u requests and %u sources were not finished in time", alive,
        waiting, changing);
  server->stop_source = 0;
  server->stopped (server->stopped_data);
  return G_SOURCE_REMOVE;
}

static void
stop_now (WcServer *server)
{
  if (server->stop_source != 0)
    return;
  g_signal_handlers_disconnect_by_data (server->drain, server);
  server->http_context.ready = FALSE;
  server->stop_deadline_us = wc_clock_now_us () + STOP_LIMIT_MS * 1000;
  wc_registry_stop (server->registry);
  server->stop_source = g_timeout_add (STOP_POLL_MS, on_stop_poll, server);
}

static void
on_empty (WcDrain *drain, gpointer user_data)
{
  stop_now (user_data);
}

gboolean
wc_server_stop (WcServer *server, gboolean drain, WcServerStoppedFunc stopped,
                gpointer user_data)
{
  gboolean waits =
      server->stopped == NULL && drain && server->config->drain_ms > 0;

  server->stopped = stopped;
  server->stopped_data = user_data;
  server->http_context.stopping = TRUE;
  if (!waits) {
    stop_now (server);
    return FALSE;
  }
  g_signal_connect (server->drain, "empty", G_CALLBACK (on_empty), server);
  wc_drain_begin (server->drain, server->config->drain_ms,
                  server->config->drain_to);
  return TRUE;
}

void
wc_server_free (WcServer *server)
{
  if (server->stop_source != 0)
    g_source_remove (server->stop_source);
  server->http_context.ready = FALSE;
  if (server->registry != NULL)
    wc_registry_stop (server->registry);
  g_clear_pointer (&server->http, wc_http_server_free);
  g_clear_pointer (&server->metrics, wc_metrics_free);
  g_clear_object (&server->drain);
  g_clear_pointer (&server->webhooks, wc_webhooks_free);
  g_clear_pointer (&server->events, wc_event_log_free);
  g_clear_pointer (&server->bus, wc_event_bus_free);
  g_clear_pointer (&server->turn, wc_turn_free);
  g_clear_pointer (&server->access, wc_access_free);
  g_clear_pointer (&server->snapshots, wc_snapshots_free);
  g_clear_object (&server->registry);
  g_clear_pointer (&server->network, wc_network_free);
  g_clear_pointer (&server->rtsp, wc_rtsp_server_free);
  g_clear_pointer (&server->ports, wc_port_pool_free);
  if (server->peers != NULL)
    wc_peer_factory_stop (server->peers);
  g_clear_object (&server->peers);
  g_clear_pointer (&server->engine, wc_engine_free);
  g_free (server);
}
