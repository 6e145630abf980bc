/* SPDX-License-Identifier: MIT */
#include "mountpoint/session.h"

#include "base/id.h"
#include "base/log.h"
#include "mountpoint/session-private.h"

G_DEFINE_FINAL_TYPE (WcSession, wc_session, G_TYPE_OBJECT)

enum { SIGNAL_STATE_CHANGED, SIGNAL_KEY_FRAME_WANTED, N_SIGNALS };
static guint signals[N_SIGNALS];

#define N_STATES (WC_SESSION_CLOSED + 1)
#define TO(state) (1u << WC_SESSION_##state)

/* The drawing is in README.md. */
static const guint transitions[N_STATES] = {
    [WC_SESSION_NEGOTIATING] = TO (CONNECTING) | TO (CLOSED),
    [WC_SESSION_CONNECTING] = TO (PLAYING) | TO (CLOSING) | TO (CLOSED),
    [WC_SESSION_PLAYING] = TO (CLOSING) | TO (CLOSED),
    [WC_SESSION_CLOSING] = TO (CLOSED),
    [WC_SESSION_CLOSED] = 0,
};

static const char *const state_names[N_STATES] = {
    [WC_SESSION_NEGOTIATING] = "negotiating",
    [WC_SESSION_CONNECTING] = "connecting",
    [WC_SESSION_PLAYING] = "playing",
    [WC_SESSION_CLOSING] = "closing",
    [WC_SESSION_CLOSED] = "closed",
};

const char *
wc_session_state_name (WcSessionState state)
{
  return state_names[state];
}

/* --- state -----------------------------------------------------------------
 */

gboolean
wc_session_set_state (WcSession *self, WcSessionState state, const char *reason)
{
  if ((transitions[self->state] & (1u << state)) == 0)
    return FALSE;
  wc_info ("%s: %s %s: %s -> %s%s%s%s", self->mountpoint_id,
           self->publishes ? "publisher" : "viewer", self->public_id,
           state_names[self->state], state_names[state],
           reason != NULL ? " (" : "", reason != NULL ? reason : "",
           reason != NULL ? ")" : "");
  self->state = state;
  g_object_ref (self); /* a handler may drop the last reference */
  g_signal_emit (self, signals[SIGNAL_STATE_CHANGED], 0);
  g_object_unref (self);
  return TRUE;
}

static void
close_peer (WcSession *self, const char *reason)
{
  if (self->peer != NULL)
    wc_peer_close (self->peer, reason);
}

/* One that is still negotiating has no URL that could be asked. */
gboolean
wc_session_close (WcSession *session, const char *reason)
{
  gboolean known = session->state != WC_SESSION_NEGOTIATING;

  if (session->state == WC_SESSION_CLOSING ||
      session->state == WC_SESSION_CLOSED)
    return FALSE;
  if (!known) {
    wc_session_forget (session, reason);
    return TRUE;
  }
  g_autoptr (WcSession) self = g_object_ref (session);
  self->reason = g_strdup (reason);
  wc_session_set_state (self, WC_SESSION_CLOSING, reason);
  close_peer (self, reason);
  return TRUE;
}

void
wc_session_forget (WcSession *session, const char *reason)
{
  g_autoptr (WcSession) self = g_object_ref (session);

  if (self->reason == NULL)
    self->reason = g_strdup (reason);
  if (wc_session_set_state (self, WC_SESSION_CLOSED, reason))
    close_peer (self, reason);
}

static void
on_peer_state_changed (WcPeer *peer, WcSession *self)
{
  switch (wc_peer_state (peer)) {
  case WC_PEER_NEW:
  case WC_PEER_NEGOTIATING:
  case WC_PEER_CONNECTING: /* when the answer is there, see below */
    break;
  case WC_PEER_ACTIVE:
    wc_session_set_state (self, WC_SESSION_PLAYING, NULL);
    break;
  case WC_PEER_CLOSED:
    wc_session_close (self, wc_peer_reason (peer));
    break;
  }
}

static void
on_key_frame_wanted (WcPeer *peer, guint media, WcSession *self)
{
  g_signal_emit (self, signals[SIGNAL_KEY_FRAME_WANTED], 0, media);
}

/* --- negotiation -----------------------------------------------------------
 */

/* What an answer may say of a track: what its bitstream has shown, else what
 * its source announced. */
static void
describe_track (WcIngest *ingest, WcMedia media, WcSdpTrack *track,
                WcIngestTrackInfo *info)
{
  wc_ingest_get_track_info (ingest, media, info);
  *track = (WcSdpTrack){
      .codec = info->codec,
      .clock_rate = info->clock_rate,
      .channels = info->channels,
      .profile = info->profile != NULL ? info->profile : info->fmtp,
  };
}

static WcSdpPlan *
make_plan (const WcSessionSource *source, const char *offer, gsize size,
           GError **error)
{
  WcSdpPolicy policy = {
      .h264_profile_strict = source->config->h264_profile_strict,
      .send_times = source->config->lane == WC_LANE_DIRECT &&
                    wc_ingest_whip_n_layers (source->ingest) > 0,
      .twcc = source->config->lane == WC_LANE_DIRECT,
  };
  WcIngestTrackInfo infos[WC_N_MEDIA];
  WcSdpTrack tracks[WC_N_MEDIA];
  const WcSdpTrack *present[WC_N_MEDIA];
  WcSdpOffer *parsed = wc_sdp_offer_parse (offer, size, error);
  WcSdpPlan *plan;

  if (parsed == NULL)
    return NULL;
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    describe_track (source->ingest, i, &tracks[i], &infos[i]);
    present[i] = infos[i].present ? &tracks[i] : NULL;
  }
  plan = wc_sdp_plan_new (parsed, present, &policy, error);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_ingest_track_info_clear (&infos[i]);
  return plan;
}

static void
note_layers (WcSession *self, const WcSessionSource *source,
             const WcSdpPlan *plan)
{
  self->video_index = plan->index[WC_MEDIA_VIDEO];
  if (self->video_index < 0)
    return;
  const WcSdpPlanMedia *video =
      g_ptr_array_index (plan->media, (guint)self->video_index);
  self->layers.offered = wc_ingest_whip_n_layers (source->ingest) > 0;
  self->layers.estimates =
      video->send_time_extension != 0 || video->twcc_extension != 0;
}

static WcPeer *
make_peer (WcSession *self, const WcSessionSource *source, WcSdpPlan *plan)
{
  WcTrack *tracks[WC_N_MEDIA];

  note_layers (self, source, plan);
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    tracks[i] = wc_ingest_track (source->ingest, i);
    if (plan->index[i] >= 0)
      self->media |= 1u << i;
  }
  WcPeer *peer =
      wc_viewer_peer_new (source->peers, plan, tracks, self->public_id);
  g_signal_connect (peer, "key-frame-wanted", G_CALLBACK (on_key_frame_wanted),
                    self);
  return peer;
}

static void
on_negotiated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  WcSession *self = g_task_get_source_object (task);
  GError *error = NULL;

  self->answer = wc_peer_negotiate_finish (
      WC_PEER (source), result, self->candidates, self->n_candidates, &error);
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
  close_peer (self, "the session was closed");
  g_task_return_new_error (task, WC_PEER_ERROR, WC_PEER_ERROR_CLOSED,
                           "the session was closed: %s", self->reason);
}

void
wc_session_open_peer (WcSession *session, WcPeer *peer,
                      const WcAddress *candidates, guint n_candidates,
                      GTask *task)
{
  session->peer = peer;
  g_signal_connect (peer, "state-changed", G_CALLBACK (on_peer_state_changed),
                    session);
  session->candidates =
      g_memdup2 (candidates, n_candidates * sizeof *candidates);
  session->n_candidates = n_candidates;
  wc_peer_negotiate_async (peer, on_negotiated, task);
}

void
wc_session_negotiate_async (WcSession *session, const WcSessionSource *source,
                            const char *offer, gsize size,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (session, NULL, callback, user_data);
  GError *error = NULL;
  WcSdpPlan *plan = make_plan (source, offer, size, &error);

  if (plan == NULL) {
    wc_session_forget (session, error->message);
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  wc_session_open_peer (session, make_peer (session, source, plan),
                        source->candidates, source->n_candidates, task);
}

gboolean
wc_session_negotiate_finish (WcSession *session, GAsyncResult *result,
                             GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- looking ---------------------------------------------------------------
 */

const char *
wc_session_secret (WcSession *session)
{
  return session->secret;
}

const char *
wc_session_public_id (WcSession *session)
{
  return session->public_id;
}

const char *
wc_session_etag (WcSession *session)
{
  return session->etag;
}

const char *
wc_session_answer (WcSession *session)
{
  return session->answer;
}

const char *
wc_session_mountpoint_id (WcSession *session)
{
  return session->mountpoint_id;
}

WcSessionState
wc_session_state (WcSession *session)
{
  return session->state;
}

const char *
wc_session_reason (WcSession *session)
{
  return session->reason;
}

gboolean
wc_session_publishes (WcSession *session)
{
  return session->publishes;
}

gint64
wc_session_since_us (WcSession *session)
{
  return session->since_us;
}

const char *
wc_session_address (WcSession *session)
{
  return session->address;
}

const char *
wc_session_user_agent (WcSession *session)
{
  return session->user_agent;
}

guint
wc_session_media (WcSession *session)
{
  return session->media;
}

gint
wc_session_video_index (WcSession *session)
{
  return session->video_index;
}

gboolean
wc_session_offers_layers (WcSession *session)
{
  return session->layers.offered;
}

const WcLayerWish *
wc_session_layer_wish (WcSession *session)
{
  return &session->layers.wish;
}

void
wc_session_get_stats (WcSession *session, WcViewerPeerStats *stats)
{
  *stats = (WcViewerPeerStats){.rtt_ms = -1, .layer = -1};
  if (session->peer != NULL && !session->publishes)
    wc_viewer_peer_get_stats (WC_VIEWER_PEER (session->peer), stats);
}

void
wc_session_get_counts (WcSession *session, WcViewerPeerStats *stats)
{
  *stats = (WcViewerPeerStats){.rtt_ms = -1, .layer = -1};
  if (session->peer != NULL && !session->publishes)
    wc_viewer_peer_get_counts (WC_VIEWER_PEER (session->peer), stats);
}

void
wc_session_get_publisher_stats (WcSession *session, WcPublisherStats *stats)
{
  *stats = (WcPublisherStats){0};
  if (session->peer != NULL && session->publishes)
    wc_publisher_peer_get_stats (WC_PUBLISHER_PEER (session->peer), stats);
}

/* --- life ------------------------------------------------------------------
 */

WcSession *
wc_session_new (const char *mountpoint_id, const WcViewerInfo *viewer)
{
  WcSession *self = g_object_new (WC_TYPE_SESSION, NULL);

  self->mountpoint_id = g_strdup (mountpoint_id);
  self->address = g_strdup (viewer->address);
  self->user_agent = g_strdup (viewer->user_agent);
  self->secret = wc_id_random_hex (16);
  self->public_id = wc_id_random_hex (6);
  self->etag = wc_session_make_etag ();
  self->since_us = g_get_real_time ();
  return self;
}

static void
wc_session_dispose (GObject *object)
{
  WcSession *self = WC_SESSION (object);

  if (self->peer != NULL) {
    g_signal_handlers_disconnect_by_data (self->peer, self);
    wc_peer_close (self->peer, "the session is gone");
    g_clear_object (&self->peer);
  }
  G_OBJECT_CLASS (wc_session_parent_class)->dispose (object);
}

static void
wc_session_finalize (GObject *object)
{
  WcSession *self = WC_SESSION (object);

  g_free (self->mountpoint_id);
  g_free (self->address);
  g_free (self->user_agent);
  g_free (self->secret);
  g_free (self->public_id);
  g_free (self->etag);
  g_free (self->answer);
  g_free (self->reason);
  g_free (self->candidates);
  g_free (self->layers.wish.rid);
  g_clear_pointer (&self->layers.track, wc_track_unref);
  G_OBJECT_CLASS (wc_session_parent_class)->finalize (object);
}

static void
wc_session_class_init (WcSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = wc_session_dispose;
  G_OBJECT_CLASS (klass)->finalize = wc_session_finalize;
  signals[SIGNAL_STATE_CHANGED] =
      g_signal_new ("state-changed", WC_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0,
                    NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_KEY_FRAME_WANTED] =
      g_signal_new ("key-frame-wanted", WC_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0,
                    NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
wc_session_init (WcSession *self)
{
  self->video_index = -1;
  self->layers.wanted = -1;
}
