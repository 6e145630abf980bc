/* SPDX-License-Identifier: MIT */
/* A mountpoint's viewers come: at once when it is live, after a wait when its
 * source runs on demand. */
#include "mountpoint/mountpoint-private.h"
#include "mountpoint/session-private.h"

#include <string.h>

/* A viewer's request; its task is answered once. */
typedef struct {
  GTask *task;
  WcSession *session;
  char *offer;
  gsize size;
} Watch;

static void
watch_free (Watch *watch)
{
  g_object_unref (watch->session);
  g_object_unref (watch->task);
  g_free (watch->offer);
  g_free (watch);
}

static GError *
refuse_viewer (WcMountpoint *self)
{
  const char *id = self->spec->id;

  if (self->ingest == NULL)
    return g_error_new (WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STOPPING,
                        "mountpoint \"%s\" is being stopped", id);
  if (self->state == WC_MOUNTPOINT_LIVE)
    return NULL;
  if (self->state == WC_MOUNTPOINT_DISABLED)
    return g_error_new (WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_DISABLED,
                        "mountpoint \"%s\" is disabled", id);
  return g_error_new (WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_NOT_LIVE,
                      "mountpoint \"%s\" has no picture now: it is %s%s%s", id,
                      wc_mountpoint_state_name (self->state),
                      self->reason != NULL ? ", " : "",
                      self->reason != NULL ? self->reason : "");
}

/* --- negotiating ---------------------------------------------------------- */

static void
on_negotiated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Watch *watch = user_data;
  GError *error = NULL;

  if (wc_session_negotiate_finish (watch->session, result, &error))
    g_task_return_pointer (watch->task, g_object_ref (watch->session),
                           g_object_unref);
  else
    g_task_return_error (watch->task, error);
  watch_free (watch);
}

static void
negotiate (WcMountpoint *self, Watch *watch)
{
  WcSessionSource source = {
      .peers = self->context->sources.peers,
      .config = self->context->sources.config,
      .candidates = self->context->candidates->items,
      .n_candidates = self->context->candidates->n,
      .ingest = self->ingest,
  };

  wc_session_negotiate_async (watch->session, &source, watch->offer,
                              watch->size, on_negotiated, watch);
}

/* --- waiting for a source on demand --------------------------------------- */

static gboolean
may_come (WcMountpoint *self)
{
  switch (self->state) {
  case WC_MOUNTPOINT_IDLE:
  case WC_MOUNTPOINT_STARTING:
  case WC_MOUNTPOINT_LOST:
    return self->ingest != NULL;
  case WC_MOUNTPOINT_LIVE:
  case WC_MOUNTPOINT_DISABLED:
  case WC_MOUNTPOINT_FAILED:
    return FALSE;
  }
  return FALSE;
}

/* A session that was closed meanwhile (kicked) waits no longer. */
static gboolean
on_ready (gpointer data, gboolean late)
{
  Watch *watch = data;
  WcMountpoint *self = g_task_get_source_object (watch->task);
  gboolean closed = wc_session_state (watch->session) == WC_SESSION_CLOSED;
  GError *error;

  if (!closed && !late && may_come (self))
    return FALSE;
  error = refuse_viewer (self);
  if (!closed && error == NULL) {
    negotiate (self, watch);
    return TRUE;
  }
  if (error == NULL)
    error = g_error_new (WC_PEER_ERROR, WC_PEER_ERROR_CLOSED,
                         "the session was closed: %s",
                         wc_session_reason (watch->session));
  wc_session_forget (watch->session, error->message);
  g_task_return_error (watch->task, error);
  watch_free (watch);
  return TRUE;
}

void
wc_mountpoint_watch_async (WcMountpoint *mountpoint, const char *offer,
                           gsize size, const WcViewerInfo *viewer,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (mountpoint, NULL, callback, user_data);
  GError *error = refuse_viewer (mountpoint);
  gboolean wait = error != NULL && may_come (mountpoint) &&
                  wc_demand_is_on_demand (mountpoint->demand);

  if (error != NULL && !wait) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  g_clear_error (&error);

  Watch *watch = g_new0 (Watch, 1);
  watch->task = task;
  watch->session = wc_session_new (mountpoint->spec->id, viewer);
  watch->offer = g_malloc0 (size + 1);
  memcpy (watch->offer, offer, size);
  watch->size = size;
  if (wait)
    wc_demand_wait (mountpoint->demand, mountpoint->spec->on_demand_timeout_ms,
                    on_ready, watch);
  wc_mountpoint_add_session (mountpoint, watch->session);
  if (!wait)
    negotiate (mountpoint, watch);
}

WcSession *
wc_mountpoint_watch_finish (WcMountpoint *mountpoint, GAsyncResult *result,
                            GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
