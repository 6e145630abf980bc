/* SPDX-License-Identifier: MIT */
#include "http/problem.h"

#include "access/admin-token.h"
#include "config/config.h"
#include "ingest/ingest.h"
#include "mountpoint/mountpoint.h"
#include "peer/peer.h"
#include "sdp/sdp.h"

#include <json-glib/json-glib.h>

static const struct {
  guint status;
  const char *title;
} titles[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

static WcProblem
mountpoint_problem (WcMountpointError code)
{
  switch (code) {
  case WC_MOUNTPOINT_ERROR_NOT_FOUND:
    return (WcProblem){404, 0};
  case WC_MOUNTPOINT_ERROR_EXISTS:
  case WC_MOUNTPOINT_ERROR_IN_USE:
  case WC_MOUNTPOINT_ERROR_READ_ONLY:
    return (WcProblem){409, 0};
  case WC_MOUNTPOINT_ERROR_PUBLISHED:
  case WC_MOUNTPOINT_ERROR_NOT_LIVE:
    return (WcProblem){409, 2};
  case WC_MOUNTPOINT_ERROR_UNDECODABLE:
    return (WcProblem){409, 10};
  case WC_MOUNTPOINT_ERROR_DISABLED:
    return (WcProblem){403, 0};
  case WC_MOUNTPOINT_ERROR_LIMIT:
  case WC_MOUNTPOINT_ERROR_STOPPING:
    return (WcProblem){503, 5};
  case WC_MOUNTPOINT_ERROR_RATE:
    return (WcProblem){429, 1};
  case WC_MOUNTPOINT_ERROR_INVALID:
    return (WcProblem){422, 0};
  case WC_MOUNTPOINT_ERROR_STORE:
    return (WcProblem){500, 0};
  }
  return (WcProblem){500, 0};
}

static WcProblem
ingest_problem (WcIngestError code)
{
  switch (code) {
  case WC_INGEST_ERROR_IN_USE:
    return (WcProblem){409, 0};
  case WC_INGEST_ERROR_INVALID:
    return (WcProblem){422, 0};
  case WC_INGEST_ERROR_TRANSIENT:
    return (WcProblem){503, 5};
  case WC_INGEST_ERROR_INTERNAL:
    return (WcProblem){500, 0};
  }
  return (WcProblem){500, 0};
}

static WcProblem
sdp_problem (WcSdpError code)
{
  switch (code) {
  case WC_SDP_ERROR_INVALID:
    return (WcProblem){400, 0};
  case WC_SDP_ERROR_UNSUPPORTED:
    return (WcProblem){422, 0};
  }
  return (WcProblem){500, 0};
}

static WcProblem
peer_problem (WcPeerError code)
{
  switch (code) {
  case WC_PEER_ERROR_NEGOTIATION:
    return (WcProblem){500, 0};
  case WC_PEER_ERROR_CLOSED: /* kicked, or the source went away meanwhile */
    return (WcProblem){503, 2};
  }
  return (WcProblem){500, 0};
}

WcProblem
wc_problem_from_error (const GError *error)
{
  if (error->domain == WC_MOUNTPOINT_ERROR)
    return mountpoint_problem ((WcMountpointError)error->code);
  if (error->domain == WC_INGEST_ERROR)
    return ingest_problem ((WcIngestError)error->code);
  if (error->domain == WC_SDP_ERROR)
    return sdp_problem ((WcSdpError)error->code);
  if (error->domain == WC_PEER_ERROR)
    return peer_problem ((WcPeerError)error->code);
  if (error->domain == WC_CONFIG_ERROR)
    return (WcProblem){422, 0};
  return (WcProblem){500, 0};
}

const char *
wc_problem_title (guint status)
{
  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    if (titles[i].status == status)
      return titles[i].title;
  return status < 400 ? "OK" : "Error";
}

char *
wc_problem_write (guint status, const char *detail)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  g_autofree char *valid = g_utf8_make_valid (detail, -1);

  json_object_set_string_member (object, "title", wc_problem_title (status));
  json_object_set_int_member (object, "status", status);
  json_object_set_string_member (object, "detail", valid);
  json_object_set_string_member (object, "error", valid);
  json_node_take_object (root, object);
  return json_to_string (root, FALSE);
}
