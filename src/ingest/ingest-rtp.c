/* SPDX-License-Identifier: MIT */
#include "ingest/ingest-rtp.h"

#include "base/clock.h"
#include "base/log.h"
#include "ingest/rtp-diagnosis.h"
#include "ingest/rtp-receiver.h"
#include "ingest/rtp-spec.h"

#define TICK_MS 100
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 30000
#define KEY_FRAME_NUDGE_US G_USEC_PER_SEC
/* How long giving a port back may hold the main thread up. */
#define PORT_RELEASE_MS 500

typedef struct {
  const WcTrackSpec *spec; /* of wc_ingest_spec () */
  WcRtpReceiver *receiver; /* NULL: no such track */
  gboolean is_silent;
} Track;

struct _WcIngestRtp {
  WcIngest parent;
  WcSourceClock *clock;
  Track tracks[WC_N_MEDIA];
  gboolean started;
  gboolean watched;
  char *broken; /* nullable: why there is no pipeline */
  guint tick_source, retry_source;
  guint retry_ms;
  gint64 nudged_us;
  gint64 live_since_us; /* monotonic */
};

G_DEFINE_FINAL_TYPE (WcIngestRtp, wc_ingest_rtp, WC_TYPE_INGEST)

/* --- receivers -------------------------------------------------------------
 */

static void ensure_receivers (WcIngestRtp *self);
static void update_state (WcIngestRtp *self);

static gboolean
on_retry (gpointer user_data)
{
  WcIngestRtp *self = user_data;

  self->retry_source = 0;
  ensure_receivers (self);
  update_state (self);
  return G_SOURCE_REMOVE;
}

static void
schedule_retry (WcIngestRtp *self, const char *reason)
{
  g_free (self->broken);
  self->broken = g_strdup (reason);
  if (self->retry_source != 0)
    return;
  self->retry_ms = CLAMP (self->retry_ms * 2, RETRY_MIN_MS, RETRY_MAX_MS);
  self->retry_source = g_timeout_add (self->retry_ms, on_retry, self);
}

static void
on_receiver_failed (const char *reason, gpointer user_data)
{
  WcIngestRtp *self = user_data;

  schedule_retry (self, reason);
  update_state (self);
}

static void
ensure_receiver (WcIngestRtp *self, WcRtpReceiver *receiver)
{
  g_autoptr (GError) error = NULL;

  if (!wc_rtp_receiver_start (receiver, &error))
    schedule_retry (self, error->message);
}

static void
ensure_receivers (WcIngestRtp *self)
{
  g_clear_pointer (&self->broken, g_free);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (self->tracks[i].receiver != NULL)
      ensure_receiver (self, self->tracks[i].receiver);
}

static void
stop_receivers (WcIngestRtp *self)
{
  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (self->tracks[i].receiver != NULL)
      wc_rtp_receiver_stop (self->tracks[i].receiver);
}

static WcRtpTrack *
input_of (const Track *track)
{
  return wc_rtp_receiver_input (track->receiver);
}

static WcTrackFeed *
feed_of (const Track *track)
{
  return wc_rtp_track_feed (input_of (track));
}

/* --- state -----------------------------------------------------------------
 */

typedef struct {
  guint n[WC_RTP_MISMATCH + 1]; /* tracks of each verdict */
  gboolean heard, left;
  GString *reason;
} Summary;

static void
add_reason (Summary *summary, const char *reason)
{
  if (reason == NULL)
    return;
  if (summary->reason->len > 0)
    g_string_append (summary->reason, "; ");
  g_string_append (summary->reason, reason);
}

static void
note_silence (WcIngestRtp *self, Track *track, gboolean is_silent)
{
  if (is_silent && !track->is_silent)
    wc_rtp_track_forget (input_of (track));
  if (!is_silent)
    self->retry_ms = 0;
  track->is_silent = is_silent;
}

static void
look_at_track (WcIngestRtp *self, Track *track, Summary *summary, gint64 now_us)
{
  WcTrack *ring = wc_ingest_track (WC_INGEST (self), track->spec->media);
  WcRtpTrackStatus status;
  WcRtpStats input;
  WcTrackStats stats;
  WcRtpDiagnosis diagnosis;

  wc_rtp_track_flush (input_of (track), now_us);
  wc_track_feed_supervise (feed_of (track), self->started && self->watched,
                           now_us);
  wc_rtp_track_get_status (input_of (track), &status);
  wc_rtp_track_get_stats (input_of (track), &input);
  wc_track_get_stats (ring, &stats);
  stats.has_start = wc_track_feed_is_ready (feed_of (track));
  wc_rtp_diagnose (&diagnosis, track->spec, &status, &input, &stats,
                   wc_ingest_spec (WC_INGEST (self))->source_timeout_ms,
                   now_us);
  note_silence (self, track, diagnosis.verdict == WC_RTP_SILENT);
  summary->n[diagnosis.verdict]++;
  summary->heard |= status.heard;
  summary->left |= status.left;
  add_reason (summary, diagnosis.reason);
  wc_rtp_diagnosis_clear (&diagnosis);
}

/* One track is enough to be watched; a group of pictures that outgrew the ring
 * does not end what is live. */
static WcIngestState
choose_state (WcIngestRtp *self, const Summary *summary)
{
  WcIngestState state = wc_ingest_state (WC_INGEST (self));

  if (self->broken != NULL)
    return WC_INGEST_FAILED;
  if (summary->n[WC_RTP_PLAYING] > 0)
    return WC_INGEST_LIVE;
  if (summary->n[WC_RTP_WAITING] > 0)
    return state == WC_INGEST_LIVE || state == WC_INGEST_LOST
               ? state
               : WC_INGEST_STARTING;
  if (summary->n[WC_RTP_MISMATCH] > 0)
    return WC_INGEST_FAILED;
  return summary->heard ? WC_INGEST_LOST : WC_INGEST_IDLE;
}

static void
explain_lost (WcIngestRtp *self, Summary *summary)
{
  const WcMountpointSpec *spec = wc_ingest_spec (WC_INGEST (self));
  g_autofree char *text =
      summary->n[WC_RTP_WAITING] > 0
          ? g_strdup ("packets come again, but no key frame yet")
      : summary->left
          ? g_strdup ("the source said goodbye (RTCP BYE)")
          : g_strdup_printf ("no packets for %u ms", spec->source_timeout_ms);

  add_reason (summary, text);
}

/* Of two tracks one may be missing for good: worth a word while the other is
 * watched, but not as long as it may be about to come. */
static void
explain_missing (WcIngestRtp *self, Summary *summary, gint64 now_us)
{
  const WcMountpointSpec *spec = wc_ingest_spec (WC_INGEST (self));

  if (wc_ingest_state (WC_INGEST (self)) != WC_INGEST_LIVE ||
      now_us - self->live_since_us < (gint64)spec->source_timeout_ms * 1000)
    return;
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    const Track *track = &self->tracks[i];
    if (track->receiver == NULL || !track->is_silent)
      continue;
    g_autofree char *text = g_strdup_printf (
        "no %s comes on port %u", wc_media_name (i), track->spec->port);
    add_reason (summary, text);
  }
}

static void
enter_state (WcIngestRtp *self, WcIngestState state, const char *reason)
{
  WcIngest *ingest = WC_INGEST (self);
  WcIngestState old = wc_ingest_state (ingest);

  if (state == WC_INGEST_LIVE &&
      (old == WC_INGEST_IDLE || old == WC_INGEST_FAILED))
    wc_ingest_set_state (ingest, WC_INGEST_STARTING, NULL);
  if (state == WC_INGEST_LOST && old == WC_INGEST_IDLE)
    wc_ingest_set_state (ingest, WC_INGEST_STARTING, NULL);
  if (state == WC_INGEST_LIVE && old != WC_INGEST_LIVE)
    self->live_since_us = wc_clock_now_us ();
  wc_ingest_set_state (ingest, state, reason);
}

static void
update_state (WcIngestRtp *self)
{
  g_autoptr (GString) reason = g_string_new (NULL);
  Summary summary = {.reason = reason};
  gint64 now_us = wc_clock_now_us ();

  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (self->tracks[i].receiver != NULL)
      look_at_track (self, &self->tracks[i], &summary, now_us);

  WcIngestState state = choose_state (self, &summary);
  add_reason (&summary, self->broken);
  if (state == WC_INGEST_LOST && reason->len == 0)
    explain_lost (self, &summary);
  if (state == WC_INGEST_LIVE && reason->len == 0)
    explain_missing (self, &summary, now_us);
  enter_state (self, state, reason->len > 0 ? reason->str : NULL);
}

/* A source that was just heard of need not wait for its next key frame. */
static void
nudge_source (WcIngestRtp *self)
{
  WcIngestState state = wc_ingest_state (WC_INGEST (self));
  gint64 now_us = wc_clock_now_us ();

  if ((state != WC_INGEST_STARTING && state != WC_INGEST_LOST) ||
      now_us - self->nudged_us < KEY_FRAME_NUDGE_US)
    return;
  self->nudged_us = now_us;
  wc_ingest_request_key_frame (WC_INGEST (self), WC_MEDIA_VIDEO);
}

static gboolean
on_tick (gpointer user_data)
{
  WcIngestRtp *self = user_data;

  g_object_ref (self); /* a handler may drop us */
  update_state (self);
  if (self->started)
    nudge_source (self);
  g_object_unref (self);
  return G_SOURCE_CONTINUE;
}

/* --- WcIngest --------------------------------------------------------------
 */

static void
wc_ingest_rtp_start (WcIngest *ingest)
{
  WcIngestRtp *self = WC_INGEST_RTP (ingest);

  if (self->started)
    return;
  self->started = TRUE;
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    self->tracks[i].is_silent = TRUE;
    if (self->tracks[i].receiver != NULL)
      wc_rtp_track_open (input_of (&self->tracks[i]));
  }
  ensure_receivers (self);
  self->tick_source = g_timeout_add (TICK_MS, on_tick, self);
  update_state (self);
}

static void
stop_sources (WcIngestRtp *self)
{
  self->started = FALSE;
  self->retry_ms = 0;
  g_clear_handle_id (&self->tick_source, g_source_remove);
  g_clear_handle_id (&self->retry_source, g_source_remove);
  g_clear_pointer (&self->broken, g_free);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (self->tracks[i].receiver != NULL) {
      wc_rtp_track_close (input_of (&self->tracks[i]));
      wc_track_feed_supervise (feed_of (&self->tracks[i]), FALSE,
                               wc_clock_now_us ());
    }
  stop_receivers (self);
}

static void
wc_ingest_rtp_stop (WcIngest *ingest)
{
  WcIngestRtp *self = WC_INGEST_RTP (ingest);

  if (!self->started)
    return;
  stop_sources (self);
  wc_ingest_set_state (ingest, WC_INGEST_IDLE, NULL);
}

static void
wc_ingest_rtp_request_key_frame (WcIngest *ingest, WcMedia media)
{
  const Track *track = &WC_INGEST_RTP (ingest)->tracks[media];
  guint8 packet[WC_SOURCE_RTCP_PLI_SIZE];
  WcAddress to;
  gboolean muxed;

  if (track->receiver == NULL ||
      !wc_rtp_track_take_pli (input_of (track), wc_clock_now_us (), packet, &to,
                              &muxed))
    return;
  WcPortLease *lease = wc_rtp_receiver_lease (track->receiver);
  wc_udp_socket_send (muxed ? wc_port_lease_rtp_socket (lease)
                            : wc_port_lease_rtcp_socket (lease),
                      &to, packet, sizeof packet);
}

/* Not a moment is waited: somebody comes. */
static void
wc_ingest_rtp_set_watched (WcIngest *ingest, gboolean watched)
{
  WcIngestRtp *self = WC_INGEST_RTP (ingest);

  self->watched = watched;
  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (self->tracks[i].receiver != NULL)
      wc_track_feed_supervise (feed_of (&self->tracks[i]),
                               self->started && watched, wc_clock_now_us ());
}

static void
wc_ingest_rtp_get_counts (WcIngest *ingest, WcMedia media,
                          WcIngestCounts *counts)
{
  const Track *track = &WC_INGEST_RTP (ingest)->tracks[media];

  wc_ingest_fill_feed_counts (feed_of (track), counts);
}

static void
wc_ingest_rtp_get_track_info (WcIngest *ingest, WcMedia media,
                              WcIngestTrackInfo *info)
{
  const Track *track = &WC_INGEST_RTP (ingest)->tracks[media];
  WcPortLease *lease = wc_rtp_receiver_lease (track->receiver);
  WcRtpTrackStatus status;
  char source[WC_ADDRESS_STRLEN];

  wc_ingest_fill_track_info (ingest, track->spec, info);
  wc_ingest_fill_feed_info (feed_of (track), info);
  wc_rtp_track_get_status (input_of (track), &status);
  info->port = wc_port_lease_rtp_port (lease);
  info->rtcp_port = wc_port_lease_rtcp_port (lease);
  info->address = g_strdup (track->spec->address);
  if (!status.latched)
    return;
  info->source = g_strdup (wc_address_format (&status.source, source));
  info->ssrc = status.ssrc;
  info->payload_type = status.payload_type;
}

/* --- making one ------------------------------------------------------------
 */

static gboolean
take_ports (const WcMountpointSpec *spec, WcPortPool *ports,
            WcPortLease *leases[WC_N_MEDIA], GError **error)
{
  for (guint i = 0; i < spec->tracks->len; i++) {
    WcTrackSpec *track = g_ptr_array_index (spec->tracks, i);
    WcUdpBinding binding = {
        .address = track->address,
        .interface = track->interface,
        .source = track->source,
    };
    WcPortLease *lease = wc_port_pool_take (
        ports, spec->id, &binding, track->port, track->rtcp_port, error);

    if (lease == NULL)
      return FALSE;
    leases[track->media] = lease;
    track->port = wc_port_lease_rtp_port (lease);
    track->rtcp_port = wc_port_lease_rtcp_port (lease);
  }
  return TRUE;
}

/* Takes the leases that it needs. */
static gboolean
add_receivers (WcIngestRtp *self, const WcConfig *config,
               WcPortLease *leases[WC_N_MEDIA], GError **error)
{
  const WcMountpointSpec *spec = wc_ingest_spec (WC_INGEST (self));
  WcRtpTrackOptions options = {
      .label = spec->id,
      .latch_timeout_ms = config->latch_timeout_ms,
      .bframes = spec->bframes,
      .limits = {config->history_ms, config->gop_max_bytes},
  };

  for (guint i = 0; i < spec->tracks->len; i++) {
    const WcTrackSpec *track = g_ptr_array_index (spec->tracks, i);
    WcTrack *ring = wc_ingest_add_track (WC_INGEST (self), track);
    WcRtpTrack *input =
        wc_rtp_track_new (track, ring, self->clock, &options, error);

    if (input == NULL)
      return FALSE;
    self->tracks[track->media].spec = track;
    self->tracks[track->media].receiver =
        wc_rtp_receiver_new (g_steal_pointer (&leases[track->media]), input,
                             spec->id, on_receiver_failed, self);
  }
  return TRUE;
}

WcIngest *
wc_ingest_rtp_new (WcMountpointSpec *spec, const WcIngestContext *context,
                   GError **error)
{
  g_autoptr (WcIngestRtp) self = g_object_new (WC_TYPE_INGEST_RTP, NULL);
  WcPortLease *leases[WC_N_MEDIA] = {NULL, NULL};
  gboolean ok = wc_rtp_spec_complete (spec, error) &&
                take_ports (spec, context->ports, leases, error);

  if (ok) {
    wc_ingest_init_source (WC_INGEST (self), spec, context);
    ok = add_receivers (self, context->config, leases, error);
  }
  for (guint i = 0; i < WC_N_MEDIA; i++)
    g_clear_pointer (&leases[i], wc_port_lease_free);
  return ok ? WC_INGEST (g_steal_pointer (&self)) : NULL;
}

/* --- GObject ---------------------------------------------------------------
 */

static void
wc_ingest_rtp_dispose (GObject *object)
{
  WcIngestRtp *self = WC_INGEST_RTP (object);
  gint64 deadline_us = wc_clock_now_us () + PORT_RELEASE_MS * 1000;

  stop_sources (self);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (self->tracks[i].receiver != NULL)
      wc_rtp_receiver_free (g_steal_pointer (&self->tracks[i].receiver),
                            deadline_us);
  G_OBJECT_CLASS (wc_ingest_rtp_parent_class)->dispose (object);
}

static void
wc_ingest_rtp_finalize (GObject *object)
{
  wc_source_clock_unref (WC_INGEST_RTP (object)->clock);
  G_OBJECT_CLASS (wc_ingest_rtp_parent_class)->finalize (object);
}

static void
wc_ingest_rtp_class_init (WcIngestRtpClass *klass)
{
  WcIngestClass *ingest_class = WC_INGEST_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = wc_ingest_rtp_dispose;
  G_OBJECT_CLASS (klass)->finalize = wc_ingest_rtp_finalize;
  ingest_class->start = wc_ingest_rtp_start;
  ingest_class->stop = wc_ingest_rtp_stop;
  ingest_class->request_key_frame = wc_ingest_rtp_request_key_frame;
  ingest_class->get_track_info = wc_ingest_rtp_get_track_info;
  ingest_class->get_counts = wc_ingest_rtp_get_counts;
  ingest_class->set_watched = wc_ingest_rtp_set_watched;
}

static void
wc_ingest_rtp_init (WcIngestRtp *self)
{
  self->clock = wc_source_clock_new ();
}
