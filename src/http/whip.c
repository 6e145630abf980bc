/* SPDX-License-Identifier: MIT */
#include "http/whip.h"

#include "http/api-drain.h"
#include "http/cors.h"
#include "http/grant.h"
#include "http/whep.h"

static WcMountpoint *
require_mountpoint (WcRequest *request)
{
  const char *id = request->params.params[0];
  WcMountpoint *mountpoint =
      wc_registry_lookup (request->context->registry, id);

  if (mountpoint == NULL)
    wc_request_answer_problem (request, 404, "there is no mountpoint %s", id);
  else if (wc_mountpoint_spec (mountpoint)->kind != WC_KIND_WHIP)
    wc_request_answer_problem (
        request, 404, "mountpoint %s takes no publisher: it is of kind=%s", id,
        wc_kind_name (wc_mountpoint_spec (mountpoint)->kind));
  else
    return mountpoint;
  return NULL;
}

gboolean
wc_whip_check (WcRequest *request)
{
  return require_mountpoint (request) != NULL;
}

gboolean
wc_whip_check_publish (WcRequest *request)
{
  WcMountpoint *mountpoint = require_mountpoint (request);

  if (mountpoint == NULL)
    return FALSE;
  return wc_grant (request, WC_ACCESS_PUBLISH, wc_mountpoint_spec (mountpoint));
}

gboolean
wc_whip_check_options (WcRequest *request)
{
  return wc_cors_is_preflight (
             soup_server_message_get_request_headers (request->message)) ||
         wc_whip_check (request);
}

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (WcRequest) request = user_data;
  g_autoptr (GError) error = NULL;
  WcMountpoint *mountpoint = WC_MOUNTPOINT (source);
  g_autoptr (WcSession) session =
      wc_mountpoint_publish_finish (mountpoint, result, &error);

  wc_whep_answer_session (request, session, error);
}

static void
make_session (WcRequest *request)
{
  g_autoptr (GBytes) offer = wc_request_body (request);
  WcMountpoint *mountpoint = require_mountpoint (request);
  g_autofree char *address = wc_request_address (request);
  WcViewerInfo publisher = {
      .address = address,
      .user_agent = wc_request_field (request, "User-Agent"),
  };

  if (mountpoint == NULL)
    return; /* destroyed while the hook was asked */
  wc_mountpoint_publish_async (mountpoint, g_bytes_get_data (offer, NULL),
                               g_bytes_get_size (offer), &publisher,
                               on_published, wc_request_ref (request));
}

void
wc_whip_publish (WcRequest *request)
{
  g_autoptr (GBytes) offer = wc_whep_require_offer (request);
  WcMountpoint *mountpoint = require_mountpoint (request);

  if (offer != NULL && mountpoint != NULL &&
      !wc_whep_redirect (request,
                         wc_mountpoint_spec (mountpoint)->publish_redirect) &&
      !wc_api_drain_refuse_publisher (request))
    wc_grant_by_hook (request, WC_ACCESS_PUBLISH, request->params.params[0],
                      make_session);
}
