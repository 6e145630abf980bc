/* SPDX-License-Identifier: MIT */
#include "http/routes.h"

#include "http/api-drain.h"
#include "http/api-events.h"
#include "http/api-mountpoints.h"
#include "http/api-openapi.h"
#include "http/api-probe.h"
#include "http/api-reload.h"
#include "http/api-server.h"
#include "http/api-sessions.h"
#include "http/api-snapshot.h"
#include "http/api.h"
#include "http/failover-json.h"
#include "http/health.h"
#include "http/ice-links.h"
#include "http/metrics.h"
#include "http/pages.h"
#include "http/whep-events.h"
#include "http/whep-layers.h"
#include "http/whep-poster.h"
#include "http/whep-session.h"
#include "http/whep.h"
#include "http/whip.h"

#define KIB 1024
#define OFFER_LIMIT (128 * KIB)
#define FRAGMENT_LIMIT (16 * KIB)
#define JSON_LIMIT (64 * KIB)

#define GET WC_METHOD_GET
#define POST WC_METHOD_POST
#define PATCH WC_METHOD_PATCH
#define DELETE WC_METHOD_DELETE
#define OPTIONS WC_METHOD_OPTIONS

/* clang-format off */
static const WcRoute routes[] = {
  { "/whep/{id}", POST, OFFER_LIMIT, wc_whep_check_watch, wc_whep_watch },
  { "/whep/{id}", GET, KIB, wc_whep_check, wc_whep_get },
  { "/whep/{id}", OPTIONS, KIB, wc_whep_check_options, wc_ice_links_options },
  { "/whep/{id}/{secret}", PATCH, FRAGMENT_LIMIT, wc_whep_session_check,
    wc_whep_session_patch },
  { "/whep/{id}/{secret}", DELETE, KIB, wc_whep_session_check,
    wc_whep_session_delete },
  { "/whep/{id}/{secret}", GET, KIB, wc_whep_session_check_open,
    wc_whep_session_get },
  { "/whep/{id}/{secret}", OPTIONS, KIB, wc_whep_session_check_options,
    wc_whep_session_options },

  { "/whip/{id}", POST, OFFER_LIMIT, wc_whip_check_publish, wc_whip_publish },
  { "/whip/{id}", GET, KIB, wc_whip_check, wc_whep_get },
  { "/whip/{id}", OPTIONS, KIB, wc_whip_check_options, wc_ice_links_options },
  { "/whip/{id}/{secret}", PATCH, FRAGMENT_LIMIT, wc_whep_session_check,
    wc_whep_session_patch },
  { "/whip/{id}/{secret}", DELETE, KIB, wc_whep_session_check,
    wc_whep_session_delete },
  { "/whip/{id}/{secret}", GET, KIB, wc_whep_session_check_open,
    wc_whep_session_get },
  { "/whip/{id}/{secret}", OPTIONS, KIB, wc_whep_session_check_options,
    wc_whep_session_options },

  { "/whep/{id}/{secret}/events", POST, KIB, wc_whep_session_check,
    wc_whep_events_create },
  { "/whep/{id}/{secret}/events", GET, KIB, wc_whep_session_check,
    wc_whep_events_read_all },
  { "/whep/{id}/{secret}/events/{stream}", GET, KIB, wc_whep_session_check,
    wc_whep_events_read },
  { "/whep/{id}/{secret}/events/{stream}", DELETE, KIB, wc_whep_session_check,
    wc_whep_events_delete },

  { "/whep/{id}/{secret}/layer", POST, KIB, wc_whep_session_check,
    wc_whep_layers_select },
  { "/whep/{id}/{secret}/poster.jpg", GET, KIB, wc_whep_session_check,
    wc_whep_poster_get },

  { "/api/v1/mountpoints", GET, KIB, wc_api_check, wc_api_mountpoints_list },
  { "/api/v1/mountpoints", POST, JSON_LIMIT, wc_api_check,
    wc_api_mountpoints_create },
  { "/api/v1/mountpoints/{id}", GET, KIB, wc_api_check_mountpoint, wc_api_mountpoint_get },
  { "/api/v1/mountpoints/{id}", PATCH, JSON_LIMIT, wc_api_check_mountpoint,
    wc_api_mountpoint_edit },
  { "/api/v1/mountpoints/{id}", DELETE, KIB, wc_api_check_mountpoint,
    wc_api_mountpoint_destroy },
  { "/api/v1/mountpoints/{id}/enable", POST, KIB, wc_api_check_mountpoint,
    wc_api_mountpoint_enable },
  { "/api/v1/mountpoints/{id}/disable", POST, KIB, wc_api_check_mountpoint,
    wc_api_mountpoint_disable },
  { "/api/v1/mountpoints/{id}/kick", POST, KIB, wc_api_check_mountpoint,
    wc_api_mountpoint_kick },
  { "/api/v1/mountpoints/{id}/switch", POST, KIB, wc_api_check_mountpoint,
    wc_api_mountpoint_switch },
  { "/api/v1/mountpoints/{id}/snapshot.jpg", GET, KIB, wc_api_check_mountpoint,
    wc_api_snapshot_get },
  { "/api/v1/mountpoints/{id}/sessions", GET, KIB, wc_api_check_mountpoint,
    wc_api_sessions_list },
  { "/api/v1/sessions/{session}", DELETE, KIB, wc_api_check,
    wc_api_session_end },
  { "/api/v1/events", GET, KIB, wc_api_check, wc_api_events_read },
  { "/api/v1/probe", POST, JSON_LIMIT, wc_api_check, wc_api_probe },
  { "/api/v1/drain", POST, KIB * 4, wc_api_check, wc_api_drain_begin },
  { "/api/v1/drain", DELETE, KIB, wc_api_check, wc_api_drain_end },
  { "/api/v1/reload", POST, KIB, wc_api_check, wc_api_reload },
  { "/api/v1/server", GET, KIB, wc_api_check, wc_api_server_get },
  { "/api/v1/openapi.json", GET, KIB, wc_api_check, wc_api_openapi_get },

  { "/metrics", GET, KIB, wc_metrics_check, wc_metrics_get },

  { "/healthz", GET, KIB, NULL, wc_health_alive },
  { "/readyz", GET, KIB, NULL, wc_health_ready },

  { "/", GET, KIB, NULL, wc_pages_index },
  { "/watch/{id}", GET, KIB, NULL, wc_pages_watch },
  { "/publish/{id}", GET, KIB, NULL, wc_pages_publish },
  { "/{file}", GET, KIB, NULL, wc_pages_file },
};
/* clang-format on */

static const WcRoute options_route = {"*", OPTIONS, KIB, NULL,
                                      wc_request_answer_options};

static gboolean
route_applies (const WcRoute *route, const char *path, WcRouteParams *params)
{
  if (!wc_route_match (route->pattern, path, params))
    return FALSE;
  if (route->handler != wc_pages_file || wc_pages_has (params->params[0]))
    return TRUE;
  wc_route_params_clear (params);
  return FALSE;
}

const WcRoute *
wc_routes_table (gsize *n)
{
  *n = G_N_ELEMENTS (routes);
  return routes;
}

gsize
wc_routes_body_limit (const char *method, const char *path)
{
  WcMethod wanted = wc_method_parse (method);

  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++) {
    g_auto (WcRouteParams) params = {0};
    if (routes[i].method == wanted && route_applies (&routes[i], path, &params))
      return routes[i].body_limit;
  }
  return OFFER_LIMIT;
}

WcRouteResult
wc_routes_find (WcRequest *request, WcMethod method)
{
  guint methods = 0;

  if (!wc_route_path_is_sane (request->path))
    return WC_ROUTE_BAD_PATH;

  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++) {
    WcRouteParams params;
    if (!route_applies (&routes[i], request->path, &params))
      continue;
    methods |= routes[i].method;
    if (routes[i].method == method && request->route == NULL) {
      request->route = &routes[i];
      request->params = params;
    } else {
      wc_route_params_clear (&params);
    }
  }

  if (methods == 0)
    return WC_ROUTE_NO_PATH;
  g_free (request->allow);
  request->allow = wc_method_list (methods | WC_METHOD_OPTIONS);
  if (request->route == NULL && method == WC_METHOD_OPTIONS)
    request->route = &options_route;
  return request->route != NULL ? WC_ROUTE_FOUND : WC_ROUTE_NO_METHOD;
}
