/* SPDX-License-Identifier: MIT */
#include "bench/figures.h"

static void
add_number (TbReport *report, const char *key, const char *label, guint64 value)
{
  tb_report_add (report, key, label, (double)value, 0, "");
}

static void
add_spread (TbReport *report, const char *key, const char *label,
            GArray *values)
{
  static const guint percents[] = {50, 90, 99, 100};

  if (values != NULL)
    tb_report_add_percentiles (report, key, label, values, percents,
                               G_N_ELEMENTS (percents), 1, "ms");
}

static void
add_times (TbRun *run, TbReport *report, const char *key, const char *label,
           gsize from, gsize to)
{
  g_autoptr (GArray) values = tb_viewers_times (run->viewers, from, to);

  add_spread (report, key, label, values);
}

static void
add_joins (TbRun *run, TbReport *report)
{
  const gsize start = offsetof (TcWhepTimes, start_us);
  TbTotals totals = tb_viewers_totals (run->viewers);

  add_number (report, "joins_ok", "joins that got media", totals.with_media);
  add_number (report, "joined", "joins complete", totals.joined);
  add_number (report, "joins_failed", "joins failed", totals.failed);
  if (!run->options->audio_only)
    add_number (report, "with_key_frame", "with a key frame",
                totals.with_key_frame);
  add_times (run, report, "post_to_201_ms", "POST to answer", start,
             offsetof (TcWhepTimes, answered_us));
  add_times (run, report, "post_to_keys_ms", "POST to DTLS done", start,
             offsetof (TcWhepTimes, dtls_us));
  add_times (run, report, "post_to_packet_ms", "POST to first packet", start,
             offsetof (TcWhepTimes, first_packet_us));
  add_times (run, report, "post_to_key_frame_ms", "POST to first key frame",
             start, offsetof (TcWhepTimes, first_key_us));
  add_times (run, report, "answer_to_key_frame_ms", "answer to first key frame",
             offsetof (TcWhepTimes, answered_us),
             offsetof (TcWhepTimes, first_key_us));
}

/* What each viewer got of what was sent in the steady phase. */
static void
add_shares (TbRun *run, TbReport *report)
{
  static const guint percents[] = {0, 1, 50};
  g_autoptr (GArray) shares = g_array_new (FALSE, FALSE, sizeof (double));
  guint64 sent = run->end.sent - run->begin.sent;

  if (sent == 0)
    return;
  add_number (report, "sent_packets", "packets sent by the source", sent);
  for (guint i = 0; i < run->begin.packets->len; i++) {
    guint64 got = g_array_index (run->end.packets, guint64, i) -
                  g_array_index (run->begin.packets, guint64, i);
    double share = 100.0 * (double)got / (double)sent;

    if (tb_viewers_gets_media (run->viewers, i))
      g_array_append_val (shares, share);
  }
  tb_report_add_percentiles (report, "got_share_percent",
                             "got of it, per viewer", shares, percents,
                             G_N_ELEMENTS (percents), 2, "%");
}

static void
add_counters (TbRun *run, TbReport *report)
{
  const TbTotals *begin = &run->begin.totals;
  const TbTotals *end = &run->end.totals;

  add_number (report, "packets", "packets delivered",
              end->packets - begin->packets);
  add_number (report, "packets_verified", "of them decrypted",
              end->verified_packets - begin->verified_packets);
  add_number (report, "lost_steady", "lost in the steady phase",
              end->lost > begin->lost ? end->lost - begin->lost : 0);
  add_number (report, "lost", "lost: missing at the end", end->lost);
  add_number (report, "lost_video", "of it video", end->lost_video);
  add_number (report, "gaps", "gaps in sequence numbers",
              end->gaps - begin->gaps);
  add_number (report, "dropped", "dropped on purpose",
              end->dropped - begin->dropped);
  add_number (report, "nacked", "asked for again", end->nacked - begin->nacked);
  add_number (report, "recovered", "recovered",
              end->recovered - begin->recovered);
  add_number (report, "duplicates", "duplicates", end->duplicates);
  add_number (report, "auth_failures", "SRTP failures", end->auth_failures);
}

static void
add_frames (TbRun *run, TbReport *report)
{
  guint64 frames =
      run->end.totals.frames.frames - run->begin.totals.frames.frames;
  guint64 decodable =
      run->end.totals.frames.decodable - run->begin.totals.frames.decodable;

  if (frames == 0)
    return;
  add_number (report, "frames", "frames that verified viewers should have",
              frames);
  tb_report_add (report, "decodable_percent", "decodable of them",
                 100.0 * (double)decodable / (double)frames, 3, "%");
}

static double
steady_seconds (const TbRun *run)
{
  return (double)(run->end.own.at_us - run->begin.own.at_us) * 1e-6;
}

static void
add_client (TbRun *run, TbReport *report)
{
  double seconds = steady_seconds (run);
  TbSocket *socket = tb_viewers_socket (run->viewers);

  tb_report_add (report, "mbit_per_s", "received, all viewers",
                 (double)(run->end.totals.datagram_bytes -
                          run->begin.totals.datagram_bytes) *
                     8e-6 / seconds,
                 1, "Mbit/s");
  tb_report_add (report, "client_cpu_percent", "CPU of the client",
                 (double)(run->end.own.cpu_us - run->begin.own.cpu_us) /
                     seconds / 1e4,
                 0, "% of a core");
  if (socket != NULL)
    add_number (report, "client_overflows", "lost by the client's own socket",
                tb_socket_stats (socket).overflows);
}

/* Packets that nftables took away, in numbers of those that were not. */
static double
outside_packets (const TbRun *run, double *share)
{
  guint64 payload =
      tb_nft_counter_payload (&run->begin.outside, &run->end.outside);
  guint64 packets = run->end.totals.packets - run->begin.totals.packets;
  double bytes =
      (double)(run->end.totals.rtp_bytes - run->begin.totals.rtp_bytes);
  guint n = tb_viewers_n (run->viewers);
  guint watching = 0;

  for (guint i = 0; i < n; i++)
    watching += tb_viewers_gets_media (run->viewers, i);
  *share = 0;
  if (packets == 0 || watching == 0 || n == watching)
    return 0;
  *share = 100 * (double)payload / (n - watching) / (bytes / watching);
  return (double)payload / (bytes / (double)packets);
}

static void
add_outside (TbRun *run, TbReport *report)
{
  double share;
  double packets = outside_packets (run, &share);

  if (run->options->nft_counter == NULL)
    return;
  tb_report_add (report, "packets_outside", "packets dropped by nftables",
                 packets, 0, "");
  tb_report_add (report, "outside_share_percent",
                 "bytes of such a viewer against a verified one", share, 2,
                 "%");
}

static void
add_server (TbRun *run, TbReport *report)
{
  double share;
  double cpu_us = (double)(run->end.server.cpu_us - run->begin.server.cpu_us);
  double packets =
      (double)(run->end.totals.packets - run->begin.totals.packets) +
      outside_packets (run, &share);
  double playing = MAX (run->begin.totals.playing, 1);

  tb_report_add (report, "server_cpu_percent", "CPU of the server",
                 cpu_us / steady_seconds (run) / 1e4, 1, "% of a core");
  if (packets > 0)
    tb_report_add (report, "server_us_per_packet",
                   "CPU of the server per packet", cpu_us / packets, 3, "us");
  tb_report_add (report, "rss_kib_per_viewer", "memory per viewer",
                 (double)(run->end.server.rss_kib - run->idle.server.rss_kib) /
                     playing,
                 1, "KiB");
  tb_report_add (report, "threads_per_viewer", "threads per viewer",
                 ((double)run->end.server.threads - run->idle.server.threads) /
                     playing,
                 2, "");
  tb_report_add (report, "fds_per_viewer", "descriptors per viewer",
                 ((double)run->end.server.fds - run->idle.server.fds) / playing,
                 2, "");
}

/* A run without a steady phase: the joins and leaves are all there is. */
static void
add_server_joins (TbRun *run, TbReport *report)
{
  double cpu_us = (double)(run->end.server.cpu_us - run->begin.server.cpu_us);
  double seconds =
      (double)(run->end.server.at_us - run->begin.server.at_us) * 1e-6;
  guint n = MAX (tb_viewers_n (run->viewers), 1);

  tb_report_add (report, "joins_per_s", "joins and leaves per second",
                 n / seconds, 1, "");
  tb_report_add (report, "server_ms_per_join",
                 "CPU of the server per join and leave", cpu_us / n / 1000, 2,
                 "ms");
}

static void
add_reading (TbReport *report, const char *when, const char *label,
             const TbProcStat *stat)
{
  const struct {
    const char *key, *label, *unit;
    double value;
    guint decimals;
  } rows[] = {
      {"rss_mib", "memory", "MiB", (double)stat->rss_kib / 1024, 2},
      {"threads", "threads", "", stat->threads, 0},
      {"fds", "descriptors", "", stat->fds, 0},
  };

  for (gsize i = 0; stat->at_us != 0 && i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *key = g_strdup_printf ("%s_%s", rows[i].key, when);
    g_autofree char *text =
        g_strdup_printf ("server's %s %s", rows[i].label, label);

    tb_report_add (report, key, text, rows[i].value, rows[i].decimals,
                   rows[i].unit);
  }
}

static void
add_server_totals (TbRun *run, TbReport *report)
{
  add_reading (report, "before", "before", &run->idle.server);
  add_reading (report, "steady", "at the end of the steady phase",
               &run->end.server);
  add_reading (report, "after", "after all have left", &run->after.server);
}

/* From the first join to the last leave, of any kind: what a server should have
 * counted as sent. */
static void
add_datagrams (TbRun *run, TbReport *report)
{
  const TbTotals *totals = &run->after.totals;

  add_number (report, "datagrams", "datagrams from first to last",
              totals->datagrams);
  add_number (report, "datagram_bytes", "bytes in them",
              totals->datagram_bytes);
}

static void
add_steady (TbRun *run, TbReport *report)
{
  add_counters (run, report);
  add_shares (run, report);
  add_frames (run, report);
  add_spread (report, "pause_ms", "longest pause of a viewer", run->pauses);
  add_spread (report, "delay_ms", "latest packet of a viewer", run->delays);
  add_client (run, report);
  add_outside (run, report);
  if (run->options->pid > 0)
    add_server (run, report);
}

void
tb_figures_add (TbRun *run, TbReport *report)
{
  add_joins (run, report);
  if (run->options->stay_ms < 0)
    add_steady (run, report);
  else if (run->options->pid > 0)
    add_server_joins (run, report);
  add_spread (report, "crowd_pause_ms", "longest pause while others join",
              run->crowd_pauses);
  add_spread (report, "crowd_delay_ms", "latest packet while others join",
              run->crowd_delays);
  add_spread (report, "return_to_key_frame_ms",
              "source's return to a key frame", run->key_times);
  add_datagrams (run, report);
  if (run->options->pid > 0)
    add_server_totals (run, report);
}

void
tb_run_clear (TbRun *run)
{
  g_clear_pointer (&run->begin.packets, g_array_unref);
  g_clear_pointer (&run->end.packets, g_array_unref);
  g_clear_pointer (&run->pauses, g_array_unref);
  g_clear_pointer (&run->delays, g_array_unref);
  g_clear_pointer (&run->crowd_pauses, g_array_unref);
  g_clear_pointer (&run->crowd_delays, g_array_unref);
  g_clear_pointer (&run->key_times, g_array_unref);
}
