/* SPDX-License-Identifier: MIT */
/* What has happened at one mountpoint since it was made: what viewers and
 * sources leave behind stays counted when they go. Owned by WcMetrics; main
 * thread.
 *
 * Nothing is counted here while media flows: the workers' and the sources' own
 * counters are read when somebody asks, and when a viewer or a source goes. */
#pragma once

#include "base/histogram.h"
#include "mountpoint/mountpoint.h"

/** Of what a join takes: seconds. */
extern const WcHistogramBounds wc_join_bounds;

/** Viewers that have been sent their first packet, ever, and how long they
 * waited for it since their offer, in all. */
typedef struct {
  guint64 joins;
  guint64 waited_us;
} WcJoinStats;

/** All of them only rise. */
typedef struct {
  guint64 sessions;        /* offers of viewers */
  guint64 sessions_failed; /* ended without a packet */
  guint64 packets, bytes;  /* sent to viewers, once for each */
  guint64 dropped, skips;  /* not sent, as the viewer was too slow */
  guint64 nacked, retransmitted, key_requests;
  guint64 publisher_nacked, publisher_repaired, publisher_key_requests;
  guint64 lost;     /* from live to lost */
  guint64 switches; /* of a fail-over */
  WcHistogram join, first_frame, rtt, loss;
} WcMountpointTotals;

/** Of one medium of the source. */
typedef struct {
  gboolean present; /* there is, or was, such a track */
  WcRtpStats input;
  guint key_interval_ms; /* 0: not known */
} WcIngestTotals;

typedef struct {
  WcMountpointTotals totals;
  WcIngestTotals ingest[WC_N_MEDIA];
} WcMountpointFigures;

typedef struct WcMountpointMetrics WcMountpointMetrics;

/** Before it is started. @mountpoint, @joins: borrowed; outlive it. @joins: of
 * the server; those of this mountpoint are added. */
WcMountpointMetrics *wc_mountpoint_metrics_new (WcMountpoint *mountpoint,
                                                WcJoinStats *joins);
/** @metrics: a WcMountpointMetrics. */
void wc_mountpoint_metrics_free (gpointer metrics);

void wc_mountpoint_metrics_read (WcMountpointMetrics *metrics,
                                 WcMountpointFigures *figures);
