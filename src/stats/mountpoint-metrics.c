/* SPDX-License-Identifier: MIT */
#include "stats/mountpoint-metrics.h"

#include "base/clock.h"

const WcHistogramBounds wc_join_bounds = {
    9, {0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8}};

/* A session that is not closed: what it has done is not in `totals` yet, but
 * for its joining. */
typedef struct {
  gint64 came_us;
  gboolean joined, has_frame;
} Guest;

struct WcMountpointMetrics {
  WcMountpoint *mountpoint;
  WcJoinStats *joins; /* of the server */
  GHashTable *guests; /* WcSession (a reference) -> Guest */
  WcMountpointState state;
  guint64 switches_seen;
  WcMountpointTotals totals;
  WcIngestTotals ingest[WC_N_MEDIA];
  WcIngestCounts seen[WC_N_MEDIA]; /* what `ingest` holds already */
};

/* --- viewers and publishers ----------------------------------------------- */

/* How long it has taken. */
static gint64
note_moment (WcHistogram *histogram, gint64 came_us, gint64 at_us)
{
  gint64 took_us = MAX (at_us - came_us, 0);

  wc_histogram_add (histogram, &wc_join_bounds,
                    (double)took_us / G_USEC_PER_SEC);
  return took_us;
}

static void
note_joining (WcMountpointMetrics *self, Guest *guest,
              const WcViewerPeerStats *stats)
{
  if (!guest->joined && stats->first_packet_us != 0) {
    self->joins->joins++;
    self->joins->waited_us += (guint64)note_moment (
        &self->totals.join, guest->came_us, stats->first_packet_us);
  }
  if (!guest->has_frame && stats->first_frame_us != 0)
    note_moment (&self->totals.first_frame, guest->came_us,
                 stats->first_frame_us);
  guest->joined = stats->first_packet_us != 0;
  guest->has_frame = stats->first_frame_us != 0;
}

static void
add_viewer (WcMountpointTotals *totals, const WcViewerPeerStats *stats)
{
  totals->packets += stats->packets_sent;
  totals->bytes += stats->bytes_sent;
  totals->dropped += stats->packets_dropped;
  totals->skips += stats->skips;
  totals->nacked += stats->nacks;
  totals->retransmitted += stats->resent;
  totals->key_requests += stats->plis;
  wc_histogram_merge (&totals->rtt, &stats->reports.rtt);
  wc_histogram_merge (&totals->loss, &stats->reports.loss);
}

static void
add_publisher (WcMountpointTotals *totals, const WcPublisherStats *stats)
{
  const WcIntakeStats *streams = &stats->streams[0][0];

  for (guint i = 0; i < WC_N_MEDIA * WC_DEMUX_MAX_LAYERS; i++) {
    totals->publisher_nacked += streams[i].nacked;
    totals->publisher_repaired += streams[i].repaired;
    totals->publisher_key_requests += streams[i].key_requests;
  }
}

/* Adds to @totals what @session has done until now. */
static void
add_guest (WcMountpointMetrics *self, WcSession *session, Guest *guest,
           WcMountpointTotals *totals)
{
  if (wc_session_publishes (session)) {
    WcPublisherStats stats;
    wc_session_get_publisher_stats (session, &stats);
    add_publisher (totals, &stats);
  } else {
    WcViewerPeerStats stats;
    wc_session_get_counts (session, &stats);
    note_joining (self, guest, &stats);
    add_viewer (totals, &stats);
  }
}

static void
note_playing (WcMountpointMetrics *self, WcSession *session, Guest *guest)
{
  WcViewerPeerStats stats;

  if (wc_session_publishes (session))
    return;
  wc_session_get_counts (session, &stats);
  note_joining (self, guest, &stats);
}

/* The rest not before it is closed: in `closing` what was on its way is still
 * being counted. */
static void
on_session_state_changed (WcSession *session, WcMountpointMetrics *self)
{
  Guest *guest = g_hash_table_lookup (self->guests, session);

  if (wc_session_state (session) == WC_SESSION_PLAYING)
    note_playing (self, session, guest);
  if (wc_session_state (session) != WC_SESSION_CLOSED)
    return;
  add_guest (self, session, guest, &self->totals);
  if (!wc_session_publishes (session) && !guest->joined)
    self->totals.sessions_failed++;
  g_signal_handlers_disconnect_by_data (session, self);
  g_hash_table_remove (self->guests, session);
}

static void
on_session_added (WcMountpoint *mountpoint, WcSession *session,
                  WcMountpointMetrics *self)
{
  Guest *guest = g_new0 (Guest, 1);

  guest->came_us = wc_clock_now_us ();
  if (!wc_session_publishes (session))
    self->totals.sessions++;
  g_hash_table_insert (self->guests, g_object_ref (session), guest);
  g_signal_connect (session, "state-changed",
                    G_CALLBACK (on_session_state_changed), self);
}

/* --- the source ----------------------------------------------------------- */

/* What another source counted before it was a fail-over's turn is not what came
 * in here; of any other kind, all of it is. */
static void
take_counts (WcMountpointMetrics *self, WcMedia media,
             const WcIngestCounts *counts)
{
  WcIngestTotals *ingest = &self->ingest[media];
  WcIngestCounts *seen = &self->seen[media];

  if (counts->counter == seen->counter)
    wc_rtp_stats_subtract (&ingest->input, &seen->input);
  if (counts->counter == seen->counter ||
      wc_mountpoint_failover (self->mountpoint) == NULL)
    wc_rtp_stats_add (&ingest->input, &counts->input);
  ingest->present = TRUE;
  ingest->input.jitter_us = counts->input.jitter_us;
  ingest->key_interval_ms = counts->key_interval_ms;
  *seen = *counts;
}

static void
read_source (WcMountpointMetrics *self)
{
  WcIngestCounts counts;

  for (guint media = 0; media < WC_N_MEDIA; media++)
    if (wc_mountpoint_get_counts (self->mountpoint, media, &counts))
      take_counts (self, media, &counts);
}

/* The source that is there is still the one that was: an edit takes it away
 * only after it was stopped. */
static void
on_state_changed (WcMountpoint *mountpoint, WcMountpointMetrics *self)
{
  WcMountpointState state = wc_mountpoint_state (mountpoint);

  if (self->state == WC_MOUNTPOINT_LIVE && state == WC_MOUNTPOINT_LOST)
    self->totals.lost++;
  self->state = state;
  read_source (self);
}

/* The last of the one that does not play any more. */
static void
read_former (WcMountpointMetrics *self, WcIngestFailover *failover)
{
  int from = wc_ingest_failover_last_switch (failover)->from;
  WcIngestCounts counts;

  if (from < 0)
    return;
  for (guint media = 0; media < WC_N_MEDIA; media++)
    if (wc_ingest_failover_get_source_counts (failover, (guint)from, media,
                                              &counts) &&
        counts.counter == self->seen[media].counter)
      take_counts (self, media, &counts);
}

static void
on_switched (WcMountpoint *mountpoint, WcMountpointMetrics *self)
{
  WcIngestFailover *failover = wc_mountpoint_failover (mountpoint);
  guint64 switches = wc_ingest_failover_n_switches (failover);

  if (switches < self->switches_seen)
    self->switches_seen = 0; /* it was edited: another fail-over */
  self->totals.switches += switches - self->switches_seen;
  self->switches_seen = switches;
  read_former (self, failover);
  read_source (self);
}

/* --- reading -------------------------------------------------------------- */

void
wc_mountpoint_metrics_read (WcMountpointMetrics *metrics,
                            WcMountpointFigures *figures)
{
  GHashTableIter iter;
  gpointer session, guest;

  read_source (metrics);
  figures->totals = metrics->totals;
  g_hash_table_iter_init (&iter, metrics->guests);
  while (g_hash_table_iter_next (&iter, &session, &guest))
    add_guest (metrics, session, guest, &figures->totals);
  /* Who has joined by now was noted for good. */
  figures->totals.join = metrics->totals.join;
  figures->totals.first_frame = metrics->totals.first_frame;
  for (guint media = 0; media < WC_N_MEDIA; media++)
    figures->ingest[media] = metrics->ingest[media];
}

/* --- life ----------------------------------------------------------------- */

WcMountpointMetrics *
wc_mountpoint_metrics_new (WcMountpoint *mountpoint, WcJoinStats *joins)
{
  WcMountpointMetrics *self = g_new0 (WcMountpointMetrics, 1);

  self->mountpoint = mountpoint;
  self->joins = joins;
  self->guests = g_hash_table_new_full (NULL, NULL, g_object_unref, g_free);
  self->state = wc_mountpoint_state (mountpoint);
  g_signal_connect (mountpoint, "session-added", G_CALLBACK (on_session_added),
                    self);
  g_signal_connect (mountpoint, "state-changed", G_CALLBACK (on_state_changed),
                    self);
  g_signal_connect (mountpoint, "switched", G_CALLBACK (on_switched), self);
  return self;
}

void
wc_mountpoint_metrics_free (gpointer metrics)
{
  WcMountpointMetrics *self = metrics;
  GHashTableIter iter;
  gpointer session;

  g_signal_handlers_disconnect_by_data (self->mountpoint, self);
  g_hash_table_iter_init (&iter, self->guests);
  while (g_hash_table_iter_next (&iter, &session, NULL))
    g_signal_handlers_disconnect_by_data (session, self);
  g_hash_table_unref (self->guests);
  g_free (self);
}
