/* SPDX-License-Identifier: MIT */
/* A publisher comes to a mountpoint of kind=whip, and leaves it. */
#include "base/clock.h"
#include "mountpoint/mountpoint-private.h"
#include "mountpoint/session-private.h"

WcIngestWhip *
wc_mountpoint_whip (WcMountpoint *self)
{
  return self->ingest != NULL && WC_IS_INGEST_WHIP (self->ingest)
             ? WC_INGEST_WHIP (self->ingest)
             : NULL;
}

/* Two publishers that take the place of each other again and again, or a flood
 * of them (RFC 9725 section 5), must not cost more than this. */
#define TAKEOVER_INTERVAL_US G_USEC_PER_SEC

/* There is a publisher. */
static GError *
refuse_second (WcMountpoint *self)
{
  const char *id = self->spec->id;

  if (!self->spec->publisher_takeover)
    return g_error_new (WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_PUBLISHED,
                        "somebody publishes to mountpoint \"%s\" already "
                        "(publisher-takeover is off)",
                        id);
  if (wc_clock_now_us () - self->published_us < TAKEOVER_INTERVAL_US)
    return g_error_new (WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_RATE,
                        "a publisher came to mountpoint \"%s\" a moment ago; "
                        "another may take its place after a second",
                        id);
  return NULL;
}

static GError *
refuse_publisher (WcMountpoint *self)
{
  const char *id = self->spec->id;

  if (self->spec->kind != WC_KIND_WHIP)
    return g_error_new (WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_NOT_FOUND,
                        "mountpoint \"%s\" takes no publisher: it is of "
                        "kind=%s, not kind=whip",
                        id, wc_kind_name (self->spec->kind));
  if (self->ingest == NULL)
    return g_error_new (WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STOPPING,
                        "mountpoint \"%s\" is being stopped", id);
  if (self->state == WC_MOUNTPOINT_DISABLED)
    return g_error_new (WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_DISABLED,
                        "mountpoint \"%s\" is disabled", id);
  return wc_ingest_whip_is_taken (wc_mountpoint_whip (self))
             ? refuse_second (self)
             : NULL;
}

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  WcSession *session = WC_SESSION (source);
  GError *error = NULL;

  if (wc_session_publish_finish (session, result, &error)) {
    wc_mountpoint_watch_layers (g_task_get_source_object (task));
    g_task_return_pointer (task, g_object_ref (session), g_object_unref);
  } else
    g_task_return_error (task, wc_mountpoint_error_from_ingest (error));
}

/* The offer is read before the publisher that is there has to go. */
static gboolean
check_offer (const char *offer, gsize size, GError **error)
{
  WcSdpOffer *parsed = wc_sdp_offer_parse (offer, size, error);
  g_autoptr (WcSdpPlan) plan =
      parsed != NULL ? wc_sdp_publish_plan_new (parsed, error) : NULL;

  return plan != NULL;
}

void
wc_mountpoint_publish_async (WcMountpoint *mountpoint, const char *offer,
                             gsize size, const WcViewerInfo *publisher,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (mountpoint, NULL, callback, user_data);
  GError *error = refuse_publisher (mountpoint);

  if (error != NULL || !check_offer (offer, size, &error)) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }

  WcSession *session = wc_session_new (mountpoint->spec->id, publisher);
  session->publishes = TRUE;
  wc_mountpoint_add_session (mountpoint, session);
  mountpoint->publisher = session;
  mountpoint->published_us = wc_clock_now_us ();
  wc_session_publish_async (session, wc_mountpoint_whip (mountpoint),
                            mountpoint->context->candidates->items,
                            mountpoint->context->candidates->n, offer, size,
                            on_published, task);
  g_object_unref (session);
}

WcSession *
wc_mountpoint_publish_finish (WcMountpoint *mountpoint, GAsyncResult *result,
                              GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
wc_mountpoint_unpublish (WcMountpoint *mountpoint, WcSession *session)
{
  const char *reason = "the publisher left";

  g_object_ref (session);
  if (session == mountpoint->publisher &&
      wc_mountpoint_whip (mountpoint) != NULL)
    wc_ingest_whip_goodbye (wc_mountpoint_whip (mountpoint), session->peer,
                            reason);
  wc_session_close (session, reason);
  g_object_unref (session);
}

static void
fill_codecs (const WcSdpPlan *plan, const char *codecs[WC_N_MEDIA])
{
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    const WcSdpPlanMedia *media =
        plan->index[i] >= 0
            ? g_ptr_array_index (plan->media, (guint)plan->index[i])
            : NULL;
    codecs[i] =
        media != NULL ? wc_codec_find (media->format->name)->name : NULL;
  }
}

gboolean
wc_mountpoint_get_publisher (WcMountpoint *mountpoint, WcPublisherInfo *info)
{
  WcSession *session = mountpoint->publisher;

  *info = (WcPublisherInfo){.session = session};
  if (session == NULL || session->peer == NULL ||
      wc_session_state (session) >= WC_SESSION_CLOSING)
    return FALSE;
  wc_publisher_peer_get_stats (WC_PUBLISHER_PEER (session->peer), &info->stats);
  fill_codecs (wc_peer_plan (session->peer), info->codecs);
  info->n_layers = wc_mountpoint_get_layers (mountpoint, info->layers);
  return TRUE;
}
