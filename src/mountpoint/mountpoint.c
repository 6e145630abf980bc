/* SPDX-License-Identifier: MIT */
#include "mountpoint/mountpoint.h"

#include "base/log.h"
#include "mountpoint/mountpoint-private.h"
#include "mountpoint/session-private.h"

G_DEFINE_FINAL_TYPE (WcMountpoint, wc_mountpoint, G_TYPE_OBJECT)

enum {
  SIGNAL_STATE_CHANGED,
  SIGNAL_SWITCHED,
  SIGNAL_SESSION_ADDED,
  SIGNAL_SESSION_ENDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

#define N_STATES (WC_MOUNTPOINT_FAILED + 1)
#define TO(state) (1u << WC_MOUNTPOINT_##state)

/* The drawing is in README.md. */
static const guint transitions[N_STATES] = {
    [WC_MOUNTPOINT_IDLE] = TO (STARTING) | TO (FAILED) | TO (DISABLED),
    [WC_MOUNTPOINT_STARTING] =
        TO (LIVE) | TO (LOST) | TO (FAILED) | TO (IDLE) | TO (DISABLED),
    [WC_MOUNTPOINT_LIVE] = TO (LOST) | TO (FAILED) | TO (IDLE) | TO (DISABLED),
    [WC_MOUNTPOINT_LOST] = TO (LIVE) | TO (FAILED) | TO (IDLE) | TO (DISABLED),
    [WC_MOUNTPOINT_DISABLED] = TO (IDLE),
    [WC_MOUNTPOINT_FAILED] =
        TO (STARTING) | TO (LOST) | TO (IDLE) | TO (DISABLED),
};

static const char *const state_names[N_STATES] = {
    [WC_MOUNTPOINT_IDLE] = "idle",
    [WC_MOUNTPOINT_STARTING] = "starting",
    [WC_MOUNTPOINT_LIVE] = "live",
    [WC_MOUNTPOINT_LOST] = "lost",
    [WC_MOUNTPOINT_DISABLED] = "disabled",
    [WC_MOUNTPOINT_FAILED] = "failed",
};

const char *
wc_mountpoint_state_name (WcMountpointState state)
{
  return state_names[state];
}

const char *
wc_origin_name (WcOrigin origin)
{
  switch (origin) {
  case WC_ORIGIN_CONFIG:
    return "config";
  case WC_ORIGIN_API:
    return "api";
  case WC_ORIGIN_DEMO:
    return "demo";
  }
  return "";
}

/* --- viewers ---------------------------------------------------------------
 */

/* The viewers; a copy: closing one may change the list. (transfer container) */
GPtrArray *
wc_mountpoint_list_sessions (WcMountpoint *mountpoint)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < mountpoint->sessions->len; i++) {
    WcSession *session = g_ptr_array_index (mountpoint->sessions, i);
    if (!wc_session_publishes (session))
      g_ptr_array_add (list, g_object_ref (session));
  }
  return list;
}

static gboolean
is_watching (WcSession *session)
{
  return !wc_session_publishes (session) &&
         wc_session_state (session) < WC_SESSION_CLOSING;
}

guint
wc_mountpoint_n_viewers (WcMountpoint *mountpoint)
{
  guint n = 0;

  for (guint i = 0; i < mountpoint->sessions->len; i++)
    n += is_watching (g_ptr_array_index (mountpoint->sessions, i)) ? 1 : 0;
  return n;
}

guint
wc_mountpoint_kick (WcMountpoint *mountpoint, const char *reason)
{
  g_autoptr (GPtrArray) list = wc_mountpoint_list_sessions (mountpoint);
  guint n = 0;

  for (guint i = 0; i < list->len; i++)
    n += wc_session_close (g_ptr_array_index (list, i), reason) ? 1 : 0;
  return n;
}

static void
forget_session (WcMountpoint *self, WcSession *session)
{
  g_signal_handlers_disconnect_by_data (session, self);
  if (self->publisher == session)
    self->publisher = NULL;
  g_ptr_array_remove (self->sessions, session);
}

static void
on_key_frame_wanted (WcSession *session, guint media, WcMountpoint *self)
{
  if (self->ingest == NULL || media >= WC_N_MEDIA)
    return;
  if (media == WC_MEDIA_AUDIO || !wc_mountpoint_request_layer (self, session))
    wc_ingest_request_key_frame (self->ingest, media);
}

static void
note_viewers (WcMountpoint *self)
{
  wc_demand_note_viewers (self->demand,
                          wc_mountpoint_n_viewers (self) + self->n_holds);
}

void
wc_mountpoint_hold (WcMountpoint *mountpoint, gboolean hold)
{
  if (hold)
    mountpoint->n_holds++;
  else
    mountpoint->n_holds--;
  note_viewers (mountpoint);
}

static void
on_session_state_changed (WcSession *session, WcMountpoint *self)
{
  WcSessionState state = wc_session_state (session);

  if (state == WC_SESSION_CLOSING)
    g_signal_emit (self, signals[SIGNAL_SESSION_ENDED], 0, session);
  else if (state == WC_SESSION_CLOSED)
    forget_session (self, session);
  note_viewers (self);
  wc_demand_note_state (self->demand);
}

void
wc_mountpoint_add_session (WcMountpoint *self, WcSession *session)
{
  g_ptr_array_add (self->sessions, g_object_ref (session));
  g_signal_connect (session, "state-changed",
                    G_CALLBACK (on_session_state_changed), self);
  g_signal_connect (session, "key-frame-wanted",
                    G_CALLBACK (on_key_frame_wanted), self);
  g_signal_emit (self, signals[SIGNAL_SESSION_ADDED], 0, session);
  note_viewers (self);
}

/* --- state -----------------------------------------------------------------
 */

static gboolean
on_grace_over (gpointer user_data)
{
  WcMountpoint *self = user_data;

  self->grace_source = 0;
  wc_mountpoint_kick (self, "its source did not come back");
  return G_SOURCE_REMOVE;
}

/* Viewers stay for a while when the picture goes; not when it was stopped. */
static void
look_after_viewers (WcMountpoint *self)
{
  switch (self->state) {
  case WC_MOUNTPOINT_LIVE:
    g_clear_handle_id (&self->grace_source, g_source_remove);
    break;
  case WC_MOUNTPOINT_STARTING:
  case WC_MOUNTPOINT_LOST:
  case WC_MOUNTPOINT_FAILED:
    if (self->grace_source == 0)
      self->grace_source =
          g_timeout_add (self->spec->viewer_grace_ms, on_grace_over, self);
    break;
  case WC_MOUNTPOINT_IDLE:
  case WC_MOUNTPOINT_DISABLED:
    g_clear_handle_id (&self->grace_source, g_source_remove);
    wc_mountpoint_kick (self, self->state == WC_MOUNTPOINT_DISABLED
                                  ? "the mountpoint was disabled"
                                  : "its source was stopped");
    break;
  }
}

static void
set_state (WcMountpoint *self, WcMountpointState state, const char *reason)
{
  gboolean same = self->state == state;

  if (same && g_strcmp0 (self->reason, reason) == 0)
    return;
  if (!same && (transitions[self->state] & (1u << state)) == 0)
    wc_warning ("%s: no way leads from %s to %s", self->spec->id,
                state_names[self->state], state_names[state]);
  if (!same)
    wc_info ("%s: %s -> %s%s%s%s", self->spec->id, state_names[self->state],
             state_names[state], reason != NULL ? " (" : "",
             reason != NULL ? reason : "", reason != NULL ? ")" : "");
  g_free (self->reason);
  self->reason = g_strdup (reason);
  self->state = state;
  if (!same) {
    self->since_us = g_get_real_time ();
    look_after_viewers (self);
  }
  wc_demand_note_state (self->demand);
  g_signal_emit (self, signals[SIGNAL_STATE_CHANGED], 0);
}

static WcMountpointState
state_of_ingest (WcIngestState state)
{
  switch (state) {
  case WC_INGEST_IDLE:
    return WC_MOUNTPOINT_IDLE;
  case WC_INGEST_STARTING:
    return WC_MOUNTPOINT_STARTING;
  case WC_INGEST_LIVE:
    return WC_MOUNTPOINT_LIVE;
  case WC_INGEST_LOST:
    return WC_MOUNTPOINT_LOST;
  case WC_INGEST_FAILED:
    return WC_MOUNTPOINT_FAILED;
  }
  return WC_MOUNTPOINT_FAILED;
}

static void
on_ingest_state_changed (WcIngest *ingest, WcMountpoint *self)
{
  g_object_ref (self); /* a handler may drop us */
  set_state (self, state_of_ingest (wc_ingest_state (ingest)),
             wc_ingest_reason (ingest));
  g_object_unref (self);
}

/* --- the source ------------------------------------------------------------
 */

/* Their tracks get nothing any more, and another codec has to be negotiated. */
static void
on_tracks_changed (WcIngest *ingest, guint media, WcMountpoint *self)
{
  g_autofree char *reason = g_strdup_printf (
      "the source sends another %s codec now", wc_media_name (media));

  wc_mountpoint_kick (self, reason);
}

static void
on_switched (WcIngest *ingest, WcMountpoint *self)
{
  g_signal_emit (self, signals[SIGNAL_SWITCHED], 0);
}

static void
attach_ingest (WcMountpoint *self, WcIngest *ingest)
{
  self->ingest = ingest;
  if (WC_IS_INGEST_FAILOVER (ingest))
    g_signal_connect (ingest, "switched", G_CALLBACK (on_switched), self);
  g_signal_connect (ingest, "tracks-changed", G_CALLBACK (on_tracks_changed),
                    self);
  g_signal_connect (ingest, "state-changed",
                    G_CALLBACK (on_ingest_state_changed), self);
}

static void
detach_ingest (WcMountpoint *self)
{
  if (self->ingest == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->ingest, self);
  wc_ingest_stop (self->ingest);
  g_clear_object (&self->ingest);
}

void
wc_mountpoint_start (WcMountpoint *mountpoint)
{
  if (mountpoint->ingest == NULL)
    return;
  if (!mountpoint->spec->enabled) {
    set_state (mountpoint, WC_MOUNTPOINT_DISABLED, NULL);
    return;
  }
  if (mountpoint->state == WC_MOUNTPOINT_DISABLED)
    set_state (mountpoint, WC_MOUNTPOINT_IDLE, NULL);
  wc_demand_set_enabled (mountpoint->demand, TRUE);
}

/* What the demand asks for. */
static void
set_running (gpointer user_data, gboolean running)
{
  WcMountpoint *self = user_data;

  if (self->ingest == NULL)
    return;
  if (running)
    wc_ingest_start (self->ingest);
  else
    wc_ingest_stop (self->ingest);
}

static void
set_watched (gpointer user_data, gboolean watched)
{
  WcMountpoint *self = user_data;

  if (self->ingest != NULL)
    wc_ingest_set_watched (self->ingest, watched);
}

static const WcDemandEvents demand_events = {
    .set_running = set_running,
    .set_watched = set_watched,
};

void
wc_mountpoint_stop (WcMountpoint *mountpoint, const char *reason)
{
  g_autoptr (WcMountpoint) self = g_object_ref (mountpoint);

  g_clear_handle_id (&self->grace_source, g_source_remove);
  wc_demand_set_enabled (self->demand, FALSE);
  wc_mountpoint_kick (self, reason);
  detach_ingest (self);
  if (self->state != WC_MOUNTPOINT_DISABLED)
    set_state (self, WC_MOUNTPOINT_IDLE, reason);
}

void
wc_mountpoint_set_enabled (WcMountpoint *mountpoint, gboolean enabled)
{
  if (mountpoint->spec->enabled == enabled || mountpoint->ingest == NULL)
    return;
  mountpoint->spec->enabled = enabled;
  if (enabled) {
    wc_mountpoint_start (mountpoint);
    return;
  }
  g_signal_handlers_block_by_func (
      mountpoint->ingest, (gpointer)on_ingest_state_changed, mountpoint);
  wc_demand_set_enabled (mountpoint->demand, FALSE);
  g_signal_handlers_unblock_by_func (
      mountpoint->ingest, (gpointer)on_ingest_state_changed, mountpoint);
  set_state (mountpoint, WC_MOUNTPOINT_DISABLED, NULL);
}

/* --- editing ---------------------------------------------------------------
 */

struct WcMountpointEdit {
  WcMountpointSpec *spec;
  WcIngest *ingest; /* NULL: the present one goes on */
};

static WcIngest *
make_ingest (WcMountpointSpec *spec, const WcMountpointContext *context,
             GError **error)
{
  GError *cause = NULL;
  WcIngest *ingest = wc_ingest_new (spec, &context->sources, &cause);

  if (ingest == NULL)
    g_propagate_error (error, wc_mountpoint_error_from_ingest (cause));
  return ingest;
}

WcMountpointEdit *
wc_mountpoint_prepare_edit (WcMountpoint *mountpoint,
                            const WcMountpointSpec *spec, GError **error)
{
  g_autoptr (WcMountpointEdit) edit = g_new0 (WcMountpointEdit, 1);

  edit->spec = wc_mountpoint_spec_copy (spec);
  if (wc_mountpoint_spec_needs_restart (mountpoint->spec, spec)) {
    edit->ingest = make_ingest (edit->spec, mountpoint->context, error);
    if (edit->ingest == NULL)
      return NULL;
  }
  return g_steal_pointer (&edit);
}

const WcMountpointSpec *
wc_mountpoint_edit_spec (const WcMountpointEdit *edit)
{
  return edit->spec;
}

void
wc_mountpoint_edit_free (WcMountpointEdit *edit)
{
  g_clear_object (&edit->ingest);
  g_clear_pointer (&edit->spec, wc_mountpoint_spec_free);
  g_free (edit);
}

static void
replace_ingest (WcMountpoint *self, WcIngest *ingest)
{
  wc_demand_set_enabled (self->demand, FALSE);
  wc_mountpoint_kick (self, "the mountpoint was changed");
  detach_ingest (self);
  if (self->state != WC_MOUNTPOINT_DISABLED)
    set_state (self, WC_MOUNTPOINT_IDLE, NULL);
  attach_ingest (self, ingest);
  wc_demand_set_policy (self->demand,
                        wc_mountpoint_spec_is_on_demand (self->spec),
                        self->spec->on_demand_linger_ms);
  wc_mountpoint_start (self);
}

void
wc_mountpoint_commit_edit (WcMountpoint *mountpoint, WcMountpointEdit *edit)
{
  g_autoptr (WcMountpointEdit) taken = edit;
  g_autoptr (WcMountpoint) self = g_object_ref (mountpoint);
  gboolean enabled = taken->spec->enabled;

  if (self->ingest == NULL)
    return;
  taken->spec->enabled = self->spec->enabled;
  wc_mountpoint_spec_free (self->spec);
  self->spec = g_steal_pointer (&taken->spec);
  if (taken->ingest != NULL)
    replace_ingest (self, g_steal_pointer (&taken->ingest));
  else
    wc_ingest_update_spec (self->ingest, self->spec);
  wc_demand_set_policy (self->demand,
                        wc_mountpoint_spec_is_on_demand (self->spec),
                        self->spec->on_demand_linger_ms);
  wc_mountpoint_set_enabled (self, enabled);
  g_signal_emit (self, signals[SIGNAL_STATE_CHANGED], 0);
}

gboolean
wc_mountpoint_edit (WcMountpoint *mountpoint, const WcMountpointSpec *spec,
                    GError **error)
{
  WcMountpointEdit *edit = wc_mountpoint_prepare_edit (mountpoint, spec, error);

  if (edit == NULL)
    return FALSE;
  wc_mountpoint_commit_edit (mountpoint, edit);
  return TRUE;
}

/* --- fail-over ---------------------------------------------------------------
 */

WcIngestFailover *
wc_mountpoint_failover (WcMountpoint *mountpoint)
{
  return mountpoint->ingest != NULL &&
                 WC_IS_INGEST_FAILOVER (mountpoint->ingest)
             ? WC_INGEST_FAILOVER (mountpoint->ingest)
             : NULL;
}

/* --- looking ---------------------------------------------------------------
 */

const char *
wc_mountpoint_id (WcMountpoint *mountpoint)
{
  return mountpoint->spec->id;
}

const WcMountpointSpec *
wc_mountpoint_spec (WcMountpoint *mountpoint)
{
  return mountpoint->spec;
}

WcOrigin
wc_mountpoint_origin (WcMountpoint *mountpoint)
{
  return mountpoint->origin;
}

WcMountpointState
wc_mountpoint_state (WcMountpoint *mountpoint)
{
  return mountpoint->state;
}

const char *
wc_mountpoint_reason (WcMountpoint *mountpoint)
{
  return mountpoint->reason;
}

gint64
wc_mountpoint_since_us (WcMountpoint *mountpoint)
{
  return mountpoint->since_us;
}

gboolean
wc_mountpoint_get_track_info (WcMountpoint *mountpoint, WcMedia media,
                              WcIngestTrackInfo *info)
{
  *info = (WcIngestTrackInfo){.media = media};
  if (mountpoint->ingest != NULL)
    wc_ingest_get_track_info (mountpoint->ingest, media, info);
  return info->present;
}

gboolean
wc_mountpoint_get_counts (WcMountpoint *mountpoint, WcMedia media,
                          WcIngestCounts *counts)
{
  *counts = (WcIngestCounts){0};
  return mountpoint->ingest != NULL &&
         wc_ingest_get_counts (mountpoint->ingest, media, counts);
}

/* --- life ------------------------------------------------------------------
 */

WcMountpoint *
wc_mountpoint_new (const WcMountpointSpec *spec, WcOrigin origin,
                   const WcMountpointContext *context, GError **error)
{
  g_autoptr (WcMountpointSpec) copy = wc_mountpoint_spec_copy (spec);
  WcIngest *ingest = make_ingest (copy, context, error);

  if (ingest == NULL)
    return NULL;

  WcMountpoint *self = g_object_new (WC_TYPE_MOUNTPOINT, NULL);
  self->spec = g_steal_pointer (&copy);
  self->origin = origin;
  self->context = context;
  self->since_us = g_get_real_time ();
  attach_ingest (self, ingest);
  wc_demand_set_policy (self->demand,
                        wc_mountpoint_spec_is_on_demand (self->spec),
                        self->spec->on_demand_linger_ms);
  return self;
}

static void
wc_mountpoint_dispose (GObject *object)
{
  WcMountpoint *self = WC_MOUNTPOINT (object);

  g_clear_handle_id (&self->grace_source, g_source_remove);
  g_clear_handle_id (&self->layers_source, g_source_remove);
  while (self->sessions->len > 0) {
    g_autoptr (WcSession) session =
        g_object_ref (g_ptr_array_index (self->sessions, 0));
    forget_session (self, session);
    wc_session_close (session, "the mountpoint is gone");
  }
  wc_demand_set_enabled (self->demand, FALSE);
  detach_ingest (self);
  G_OBJECT_CLASS (wc_mountpoint_parent_class)->dispose (object);
}

static void
wc_mountpoint_finalize (GObject *object)
{
  WcMountpoint *self = WC_MOUNTPOINT (object);

  g_clear_pointer (&self->spec, wc_mountpoint_spec_free);
  g_ptr_array_unref (self->sessions);
  wc_demand_free (self->demand);
  g_free (self->reason);
  G_OBJECT_CLASS (wc_mountpoint_parent_class)->finalize (object);
}

static void
wc_mountpoint_class_init (WcMountpointClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = wc_mountpoint_dispose;
  G_OBJECT_CLASS (klass)->finalize = wc_mountpoint_finalize;
  signals[SIGNAL_STATE_CHANGED] =
      g_signal_new ("state-changed", WC_TYPE_MOUNTPOINT, G_SIGNAL_RUN_LAST, 0,
                    NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_SWITCHED] =
      g_signal_new ("switched", WC_TYPE_MOUNTPOINT, G_SIGNAL_RUN_LAST, 0, NULL,
                    NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_SESSION_ADDED] =
      g_signal_new ("session-added", WC_TYPE_MOUNTPOINT, G_SIGNAL_RUN_LAST, 0,
                    NULL, NULL, NULL, G_TYPE_NONE, 1, WC_TYPE_SESSION);
  signals[SIGNAL_SESSION_ENDED] =
      g_signal_new ("session-ended", WC_TYPE_MOUNTPOINT, G_SIGNAL_RUN_LAST, 0,
                    NULL, NULL, NULL, G_TYPE_NONE, 1, WC_TYPE_SESSION);
}

static void
wc_mountpoint_init (WcMountpoint *self)
{
  self->sessions = g_ptr_array_new_with_free_func (g_object_unref);
  self->demand = wc_demand_new (&demand_events, self);
}
