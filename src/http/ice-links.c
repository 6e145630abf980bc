/* SPDX-License-Identifier: MIT */
#include "http/ice-links.h"

#include "access/turn.h"
#include "base/id.h"
#include "http/cors.h"
#include "http/grant.h"
#include "http/whep.h"

#define USER_BYTES 4

void
wc_ice_links_add (WcRequest *request, const char *user)
{
  g_auto (GStrv) links =
      wc_turn_links (request->context->turn, user, g_get_real_time ());

  for (guint i = 0; links[i] != NULL; i++)
    wc_request_add_field (request, "Link", links[i]);
}

static void
answer_with_links (WcRequest *request)
{
  g_autofree char *user = wc_id_random_hex (USER_BYTES);

  wc_ice_links_add (request, user);
  wc_request_set_field (request, "Cache-Control", "no-store");
  wc_whep_options (request);
}

/* A wrong token is answered, and counted, as with a POST; who sends none learns
 * what is open to all. */
static void
answer_who_may (WcRequest *request, WcAccessAction action,
                const WcMountpointSpec *spec)
{
  gboolean has_token = wc_request_field (request, "Authorization") != NULL;

  if (!has_token && !wc_grant_is_open (request, action, spec))
    wc_whep_options (request);
  else if (wc_grant (request, action, spec))
    wc_grant_by_hook (request, action, spec->id, answer_with_links);
}

void
wc_ice_links_options (WcRequest *request)
{
  const WcHttpContext *context = request->context;
  WcMountpoint *mountpoint =
      wc_registry_lookup (context->registry, request->params.params[0]);
  gboolean is_whip = g_str_has_prefix (request->path, "/whip/");

  if (!context->config->ice_links_on_options ||
      wc_turn_n_servers (context->turn) == 0 || mountpoint == NULL ||
      wc_cors_is_preflight (
          soup_server_message_get_request_headers (request->message)))
    wc_whep_options (request);
  else
    answer_who_may (request, is_whip ? WC_ACCESS_PUBLISH : WC_ACCESS_WATCH,
                    wc_mountpoint_spec (mountpoint));
}
