/* SPDX-License-Identifier: MIT */
/* What has come of one source's RTP, in figures: counted by the one thread that
 * takes it in, read by any. */
#pragma once

#include <glib.h>

#include <stdatomic.h>

typedef struct {
  guint64 packets;      /* taken */
  guint64 bytes;        /* their RTP payload */
  guint64 lost;         /* never came (RFC 3550 appendix A.3, without late) */
  guint64 late;         /* came after they were given up, or twice */
  guint64 malformed;    /* not RTP, or not the codec's format */
  guint64 refragmented; /* were larger than WC_MAX_PAYLOAD */
  guint64 restarts;     /* source changes absorbed */
  guint64 no_parameter_sets; /* key frames that could not be start points,
                                as no parameter sets were known */
  guint32 jitter_us;         /* RFC 3550 section 6.4.1 */
} WcRtpStats;

/** Adds what @more has counted to @stats; the jitter there stays. */
void wc_rtp_stats_add (WcRtpStats *stats, const WcRtpStats *more);
/** The reverse. */
void wc_rtp_stats_subtract (WcRtpStats *stats, const WcRtpStats *less);

/** The same while it is counted. All zero is the beginning. */
typedef struct {
  _Atomic guint64 packets, bytes, lost, late, malformed, refragmented, restarts,
      no_parameter_sets;
  _Atomic guint32 jitter_us;
  gboolean has_transit;
  guint32 transit, jitter; /* RFC 3550 appendix A.8, jitter times 16 */
} WcRtpCounters;

static inline void
wc_rtp_count (_Atomic guint64 *counter, guint64 n)
{
  atomic_fetch_add_explicit (counter, n, memory_order_relaxed);
}

/** One packet of @size bytes of payload has come (RFC 3550 appendix A.8).
 * @arrival_us: monotonic. */
void wc_rtp_counters_add_packet (WcRtpCounters *counters, gsize size,
                                 guint32 timestamp, guint32 clock_rate,
                                 gint64 arrival_us);
/** The next packet's time has nothing to do with the last one's. */
void wc_rtp_counters_restart (WcRtpCounters *counters);
/** Any thread. */
void wc_rtp_counters_get (WcRtpCounters *counters, WcRtpStats *stats);
