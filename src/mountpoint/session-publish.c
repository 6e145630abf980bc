/* SPDX-License-Identifier: MIT */
/* A session that publishes: its offer is answered by a publisher's peer, whose
 * media the source takes. */
#include "mountpoint/session-private.h"

static WcPeer *
make_publisher (WcSession *self, WcIngestWhip *ingest, const char *offer,
                gsize size, GError **error)
{
  WcSdpOffer *parsed = wc_sdp_offer_parse (offer, size, error);
  WcSdpPlan *plan =
      parsed != NULL ? wc_sdp_publish_plan_new (parsed, error) : NULL;

  if (plan == NULL)
    return NULL;
  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (plan->index[i] >= 0)
      self->media |= 1u << i;
  return wc_ingest_whip_publish (ingest, plan, self->public_id, error);
}

void
wc_session_publish_async (WcSession *session, WcIngestWhip *ingest,
                          const WcAddress *candidates, guint n_candidates,
                          const char *offer, gsize size,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (session, NULL, callback, user_data);
  GError *error = NULL;
  WcPeer *peer = make_publisher (session, ingest, offer, size, &error);

  if (peer == NULL) {
    wc_session_forget (session, error->message);
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  wc_session_open_peer (session, peer, candidates, n_candidates, task);
}

gboolean
wc_session_publish_finish (WcSession *session, GAsyncResult *result,
                           GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
