/* SPDX-License-Identifier: MIT */
#include "http/whip.h"

#include "http/cors.h"
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
  return wc_whep_grant (
      request, wc_access_check (wc_mountpoint_spec (mountpoint)->publish_token,
                                wc_request_field (request, "Authorization")));
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

void
wc_whip_publish (WcRequest *request)
{
  g_autoptr (GBytes) offer = wc_whep_require_offer (request);
  WcMountpoint *mountpoint = require_mountpoint (request);

  if (offer == NULL || mountpoint == NULL)
    return;
  g_autofree char *address = wc_request_address (request);
  WcViewerInfo publisher = {
      .address = address,
      .user_agent = wc_request_field (request, "User-Agent"),
  };
  wc_request_pause (request);
  wc_mountpoint_publish_async (mountpoint, g_bytes_get_data (offer, NULL),
                               g_bytes_get_size (offer), &publisher,
                               on_published, wc_request_ref (request));
}
