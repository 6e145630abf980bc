/* SPDX-License-Identifier: MIT */
/* A session that publishes: its offer is answered by a publisher's peer, whose
 * media the source takes. */
#include "mountpoint/session-private.h"

static void
on_publisher_state_changed (WcPublisherPeer *publisher, WcSession *self)
{
  switch (wc_publisher_peer_state (publisher)) {
  case WC_PUBLISHER_PEER_NEW:
  case WC_PUBLISHER_PEER_NEGOTIATING:
  case WC_PUBLISHER_PEER_CONNECTING: /* when the answer is there, see below */
    break;
  case WC_PUBLISHER_PEER_PUBLISHING:
    wc_session_set_state (self, WC_SESSION_PLAYING, NULL);
    break;
  case WC_PUBLISHER_PEER_CLOSED:
    wc_session_close (self, wc_publisher_peer_reason (publisher));
    break;
  }
}

static gboolean
take_publisher (WcSession *self, WcIngestWhip *ingest, const char *offer,
                gsize size, GError **error)
{
  WcSdpOffer *parsed = wc_sdp_offer_parse (offer, size, error);
  WcSdpPlan *plan =
      parsed != NULL ? wc_sdp_publish_plan_new (parsed, error) : NULL;

  if (plan == NULL)
    return FALSE;
  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (plan->index[i] >= 0)
      self->media |= 1u << i;
  self->publisher =
      wc_ingest_whip_publish (ingest, plan, self->public_id, error);
  if (self->publisher == NULL)
    return FALSE;
  g_signal_connect (self->publisher, "state-changed",
                    G_CALLBACK (on_publisher_state_changed), self);
  return TRUE;
}

static void
on_negotiated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  WcSession *self = g_task_get_source_object (task);
  GError *error = NULL;

  self->answer = wc_publisher_peer_negotiate_finish (
      WC_PUBLISHER_PEER (source), result, self->candidates, self->n_candidates,
      &error);
  g_clear_pointer (&self->candidates, g_free);
  if (self->answer == NULL) {
    wc_session_forget (self, error->message);
    g_task_return_error (task, error);
    return;
  }
  if (wc_session_set_state (self, WC_SESSION_CONNECTING, NULL)) {
    g_task_return_boolean (task, TRUE);
    return;
  }
  wc_publisher_peer_close (self->publisher, "the session was closed");
  g_task_return_new_error (task, WC_PEER_ERROR, WC_PEER_ERROR_CLOSED,
                           "the session was closed: %s", self->reason);
}

void
wc_session_publish_async (WcSession *session, WcIngestWhip *ingest,
                          const WcAddress *candidates, guint n_candidates,
                          const char *offer, gsize size,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (session, NULL, callback, user_data);
  GError *error = NULL;

  if (!take_publisher (session, ingest, offer, size, &error)) {
    wc_session_forget (session, error->message);
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  session->candidates =
      g_memdup2 (candidates, n_candidates * sizeof *candidates);
  session->n_candidates = n_candidates;
  wc_publisher_peer_negotiate_async (session->publisher, on_negotiated, task);
}

gboolean
wc_session_publish_finish (WcSession *session, GAsyncResult *result,
                           GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
