/* SPDX-License-Identifier: MIT */
#include "http/whep-poster.h"

#include "http/whep-session.h"

void
wc_whep_poster_announce (WcRequest *request, WcSession *session)
{
  if (wc_session_video_index (session) < 0 ||
      request->context->config->max_snapshot_decoders == 0)
    return;
  /* RFC 6903 section 3. */
  g_autofree char *link = g_strdup_printf (
      "</whep/%s/%s/poster.jpg>; rel=\"preview\"; type=\"image/jpeg\"",
      wc_session_mountpoint_id (session), wc_session_secret (session));

  wc_request_add_field (request, "Link", link);
}

/* Whatever the reason for none, it is no failure: browsers would show one. */
static void
on_picture (const WcSnapshot *snapshot, const GError *error, gpointer user_data)
{
  g_autoptr (WcRequest) request = user_data;

  wc_request_set_field (request, "Cache-Control", "no-store");
  if (error != NULL) {
    wc_request_answer (request, 204, NULL, NULL, 0);
    return;
  }
  gsize size;
  const char *data = g_bytes_get_data (snapshot->jpeg, &size);
  wc_request_answer (request, 200, "image/jpeg", data, size);
}

void
wc_whep_poster_get (WcRequest *request)
{
  WcMountpoint *mountpoint = wc_registry_lookup (request->context->registry,
                                                 request->params.params[0]);

  if (wc_whep_session_require (request) == NULL)
    return;
  if (mountpoint == NULL) {
    wc_request_answer_problem (request, 404, "the mountpoint is gone");
    return;
  }
  wc_request_pause (request);
  wc_snapshots_take (request->context->snapshots, mountpoint,
                     WC_SNAPSHOT_WIDTH_DEFAULT, NULL, on_picture,
                     wc_request_ref (request));
}
