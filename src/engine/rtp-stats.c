/* SPDX-License-Identifier: MIT */
#include "engine/rtp-stats.h"

#include "engine/source-clock.h"

void
wc_rtp_stats_add (WcRtpStats *stats, const WcRtpStats *more)
{
  stats->packets += more->packets;
  stats->bytes += more->bytes;
  stats->lost += more->lost;
  stats->late += more->late;
  stats->malformed += more->malformed;
  stats->refragmented += more->refragmented;
  stats->restarts += more->restarts;
  stats->no_parameter_sets += more->no_parameter_sets;
}

void
wc_rtp_stats_subtract (WcRtpStats *stats, const WcRtpStats *less)
{
  stats->packets -= less->packets;
  stats->bytes -= less->bytes;
  stats->lost -= less->lost;
  stats->late -= less->late;
  stats->malformed -= less->malformed;
  stats->refragmented -= less->refragmented;
  stats->restarts -= less->restarts;
  stats->no_parameter_sets -= less->no_parameter_sets;
}

static void
measure_jitter (WcRtpCounters *counters, guint32 timestamp, guint32 rate,
                gint64 arrival_us)
{
  guint64 arrival =
      (guint64)(arrival_us / G_USEC_PER_SEC) * rate +
      (guint64)(arrival_us % G_USEC_PER_SEC) * rate / G_USEC_PER_SEC;
  guint32 transit = (guint32)arrival - timestamp;
  gint64 distance = ABS ((gint64)(gint32)(transit - counters->transit));

  /* A step of a second is a change of the source, not jitter. */
  if (counters->has_transit && distance < rate) {
    counters->jitter += (guint32)distance - ((counters->jitter + 8) >> 4);
    atomic_store_explicit (
        &counters->jitter_us,
        (guint32)wc_ticks_to_us (counters->jitter >> 4, rate),
        memory_order_relaxed);
  }
  counters->transit = transit;
  counters->has_transit = TRUE;
}

void
wc_rtp_counters_add_packet (WcRtpCounters *counters, gsize size,
                            guint32 timestamp, guint32 clock_rate,
                            gint64 arrival_us)
{
  wc_rtp_count (&counters->packets, 1);
  wc_rtp_count (&counters->bytes, size);
  measure_jitter (counters, timestamp, clock_rate, arrival_us);
}

void
wc_rtp_counters_restart (WcRtpCounters *counters)
{
  counters->has_transit = FALSE;
}

static guint64
read_counter (_Atomic guint64 *counter)
{
  return atomic_load_explicit (counter, memory_order_relaxed);
}

void
wc_rtp_counters_get (WcRtpCounters *counters, WcRtpStats *stats)
{
  stats->packets = read_counter (&counters->packets);
  stats->bytes = read_counter (&counters->bytes);
  stats->lost = read_counter (&counters->lost);
  stats->late = read_counter (&counters->late);
  stats->malformed = read_counter (&counters->malformed);
  stats->refragmented = read_counter (&counters->refragmented);
  stats->restarts = read_counter (&counters->restarts);
  stats->no_parameter_sets = read_counter (&counters->no_parameter_sets);
  stats->jitter_us =
      atomic_load_explicit (&counters->jitter_us, memory_order_relaxed);
}
