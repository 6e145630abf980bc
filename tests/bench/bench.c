/* SPDX-License-Identifier: MIT */
/* whepcast-bench: viewers of a WHEP endpoint, and what they got. README.md
 * says what each figure means. */
#include "bench/proc-stat.h"
#include "bench/report.h"
#include "bench/sender.h"
#include "bench/viewers.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Beyond the time that the joins take by their rate. */
#define JOIN_GRACE_MS 15000
#define STOP_TIMEOUT_MS 20000
#define SETTLE_MS 1000

static struct {
  char *url, *token, *json, *title, *send_ip;
  int viewers, duration_s, verify, pid, warmup_ms;
  int video_port, audio_port, bitrate_bps, fps, gop;
  double rate, loss;
  gboolean send, sequential, audio_only;
} opt = {
    .viewers = 1,
    .duration_s = 10,
    .verify = 100,
    .warmup_ms = 2000,
    .bitrate_bps = 2000000,
    .fps = 30,
    .gop = 60,
    .rate = 20,
};

static const GOptionEntry entries[] = {
    {"url", 0, 0, G_OPTION_ARG_STRING, &opt.url, "WHEP endpoint", "URL"},
    {"token", 0, 0, G_OPTION_ARG_STRING, &opt.token, "Bearer token", "TOKEN"},
    {"viewers", 0, 0, G_OPTION_ARG_INT, &opt.viewers, "How many [1]", "N"},
    {"rate", 0, 0, G_OPTION_ARG_DOUBLE, &opt.rate, "Joins per second [20]",
     "R"},
    {"sequential", 0, 0, G_OPTION_ARG_NONE, &opt.sequential,
     "One viewer after another; no steady phase", NULL},
    {"duration", 0, 0, G_OPTION_ARG_INT, &opt.duration_s,
     "Steady phase in seconds [10]", "S"},
    {"verify", 0, 0, G_OPTION_ARG_INT, &opt.verify,
     "Viewers that check every packet [100]", "PERCENT"},
    {"loss", 0, 0, G_OPTION_ARG_DOUBLE, &opt.loss,
     "Received packets to throw away and ask for again", "PERCENT"},
    {"audio-only", 0, 0, G_OPTION_ARG_NONE, &opt.audio_only,
     "The stream has no video: wait for no key frame", NULL},
    {"send", 0, 0, G_OPTION_ARG_NONE, &opt.send,
     "Feed H.264 and Opus to the RTP ports below", NULL},
    {"send-to", 0, 0, G_OPTION_ARG_STRING, &opt.send_ip,
     "Address of these ports [127.0.0.1]", "IP"},
    {"video-port", 0, 0, G_OPTION_ARG_INT, &opt.video_port, "RTP, pt 96",
     "PORT"},
    {"audio-port", 0, 0, G_OPTION_ARG_INT, &opt.audio_port, "RTP, pt 111",
     "PORT"},
    {"bitrate", 0, 0, G_OPTION_ARG_INT, &opt.bitrate_bps,
     "Of the video [2000000]", "BPS"},
    {"fps", 0, 0, G_OPTION_ARG_INT, &opt.fps, "[30]", "N"},
    {"gop", 0, 0, G_OPTION_ARG_INT, &opt.gop, "Frames per key frame [60]", "N"},
    {"warmup", 0, 0, G_OPTION_ARG_INT, &opt.warmup_ms,
     "Of the sender before the first join [2000]", "MS"},
    {"pid", 0, 0, G_OPTION_ARG_INT, &opt.pid, "The server's, to read its /proc",
     "PID"},
    {"json", 0, 0, G_OPTION_ARG_FILENAME, &opt.json, "Write figures", "FILE"},
    {"title", 0, 0, G_OPTION_ARG_STRING, &opt.title, "Over the table", "TEXT"},
    {NULL}};

typedef struct {
  TcLoop *loop;
  TbViewers *viewers;
  TbSender *sender;
  TbReport *report;
  TbProcStat idle, begin, end, after; /* of the server */
  TbProcStat own_begin, own_end;
  TbTotals totals_begin, totals_end;
  guint64 sent_begin, sent_end;
  GArray *packets_begin, *packets_end; /* guint64 for each viewer */
  gint64 join_us;
} Bench;

static gboolean
never (gpointer data)
{
  return FALSE;
}

static void
print_progress (Bench *bench, const char *phase)
{
  TbTotals totals = tb_viewers_totals (bench->viewers);
  gboolean is_terminal = isatty (STDERR_FILENO) == 1;

  fprintf (stderr,
           "%s%-8s %u started, %u playing, %u failed, %" G_GUINT64_FORMAT
           " packets, %" G_GUINT64_FORMAT " lost%s",
           is_terminal ? "\r\033[K" : "", phase, totals.started, totals.playing,
           totals.failed, totals.packets, totals.lost, is_terminal ? "" : "\n");
}

/* Runs the loop in steps of a second, with a progress line after each. */
static gboolean
run_phase (Bench *bench, const char *phase, gint64 timeout_ms,
           TcCondition condition)
{
  gint64 end_us = wc_clock_now_us () + timeout_ms * 1000;
  gboolean done = FALSE;

  while (!done && wc_clock_now_us () < end_us) {
    gint64 left_ms = (end_us - wc_clock_now_us ()) / 1000;

    done = tc_loop_run (bench->loop, CLAMP (left_ms, 1, 1000), condition,
                        bench->viewers);
    print_progress (bench, phase);
  }
  return done;
}

static void
snapshot (Bench *bench, TbProcStat *server)
{
  if (opt.pid > 0)
    tb_proc_stat_read (server, (guint)opt.pid);
}

static void
note_packets (Bench *bench, GArray *list)
{
  for (guint i = 0; i < tb_viewers_n (bench->viewers); i++) {
    guint64 packets = tb_viewers_packets (bench->viewers, i);

    g_array_append_val (list, packets);
  }
}

static void
run_steady (Bench *bench)
{
  snapshot (bench, &bench->begin);
  tb_proc_stat_read (&bench->own_begin, 0);
  bench->totals_begin = tb_viewers_totals (bench->viewers);
  bench->sent_begin =
      bench->sender != NULL ? tb_sender_packets (bench->sender) : 0;
  note_packets (bench, bench->packets_begin);
  run_phase (bench, "steady", opt.duration_s * G_GINT64_CONSTANT (1000), never);
  snapshot (bench, &bench->end);
  tb_proc_stat_read (&bench->own_end, 0);
  bench->totals_end = tb_viewers_totals (bench->viewers);
  note_packets (bench, bench->packets_end);
  bench->sent_end =
      bench->sender != NULL ? tb_sender_packets (bench->sender) : 0;
}

static void
run_concurrent (Bench *bench)
{
  gint64 start_us = wc_clock_now_us ();

  tb_viewers_start (bench->viewers);
  run_phase (bench, "joining",
             (gint64)(opt.viewers / opt.rate * 1000) + JOIN_GRACE_MS,
             tb_viewers_joined);
  bench->join_us = wc_clock_now_us () - start_us;
  run_steady (bench);
  tb_viewers_stop (bench->viewers);
  run_phase (bench, "leaving", STOP_TIMEOUT_MS, tb_viewers_stopped);
}

/* Ends with all viewers in bench->viewers, as a concurrent run does. */
static void
run_sequential (Bench *bench)
{
  gint64 end_us = wc_clock_now_us () + opt.viewers * (gint64)G_USEC_PER_SEC;

  for (int i = 0; i < opt.viewers && wc_clock_now_us () < end_us; i++) {
    tb_viewers_join_one (bench->viewers);
    tc_loop_run (bench->loop, 5000, tb_viewers_joined, bench->viewers);
    tb_viewers_stop (bench->viewers);
    tc_loop_run (bench->loop, 5000, tb_viewers_stopped, bench->viewers);
    if (i % 20 == 19)
      print_progress (bench, "joining");
  }
}

static void
add_times (Bench *bench, const char *key, const char *label, gsize to_offset)
{
  static const guint percents[] = {50, 90, 99, 100};
  g_autoptr (GArray) values = tb_viewers_times (
      bench->viewers, offsetof (TcWhepTimes, start_us), to_offset);

  tb_report_add_percentiles (bench->report, key, label, values, percents,
                             G_N_ELEMENTS (percents), 1, "ms");
}

static void
report_joins (Bench *bench)
{
  TbTotals totals = tb_viewers_totals (bench->viewers);

  tb_report_add (bench->report, "joins_ok", "joins that got media",
                 totals.with_media, 0, "");
  tb_report_add (bench->report, "joins_failed", "joins failed", totals.failed,
                 0, "");
  if (!opt.audio_only)
    tb_report_add (bench->report, "with_key_frame", "with a key frame",
                   totals.with_key_frame, 0, "");
  add_times (bench, "post_to_201_ms", "POST to 201",
             offsetof (TcWhepTimes, answered_us));
  add_times (bench, "post_to_keys_ms", "POST to DTLS done",
             offsetof (TcWhepTimes, dtls_us));
  add_times (bench, "post_to_packet_ms", "POST to first packet",
             offsetof (TcWhepTimes, first_packet_us));
  add_times (bench, "post_to_key_frame_ms", "POST to first key frame",
             offsetof (TcWhepTimes, first_key_us));
}

/* What each viewer got of what was sent in the steady phase. */
static void
report_shares (Bench *bench)
{
  static const guint percents[] = {0, 1, 50};
  g_autoptr (GArray) shares = g_array_new (FALSE, FALSE, sizeof (double));
  guint64 sent = bench->sent_end - bench->sent_begin;

  if (sent == 0)
    return;
  tb_report_add (bench->report, "sent_packets", "packets sent by the source",
                 (double)sent, 0, "");
  for (guint i = 0; i < bench->packets_begin->len; i++) {
    guint64 got = g_array_index (bench->packets_end, guint64, i) -
                  g_array_index (bench->packets_begin, guint64, i);
    double share = 100.0 * (double)got / (double)sent;

    g_array_append_val (shares, share);
  }
  tb_report_add_percentiles (bench->report, "got_share_percent",
                             "got of it, per viewer", shares, percents,
                             G_N_ELEMENTS (percents), 2, "%");
}

static void
report_media (Bench *bench)
{
  const TbTotals *begin = &bench->totals_begin;
  const TbTotals *end = &bench->totals_end;
  double seconds =
      (double)(bench->own_end.at_us - bench->own_begin.at_us) * 1e-6;
  const struct {
    const char *key, *label;
    guint64 value;
  } rows[] = {
      {"packets", "packets delivered", end->packets - begin->packets},
      {"lost", "lost: missing at the end", end->lost},
      {"lost_video", "of it video", end->lost_video},
      {"gaps", "gaps in sequence numbers", end->gaps - begin->gaps},
      {"dropped", "dropped on purpose", end->dropped - begin->dropped},
      {"nacked", "asked for again", end->nacked - begin->nacked},
      {"recovered", "recovered", end->recovered - begin->recovered},
      {"duplicates", "duplicates", end->duplicates},
      {"auth_failures", "SRTP failures", end->auth_failures},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    tb_report_add (bench->report, rows[i].key, rows[i].label,
                   (double)rows[i].value, 0, "");
  tb_report_add (bench->report, "mbit_per_s", "received, all viewers",
                 (double)(end->datagram_bytes - begin->datagram_bytes) * 8e-6 /
                     seconds,
                 1, "Mbit/s");
  tb_report_add (bench->report, "client_cpu_percent", "CPU of the client",
                 (double)(bench->own_end.cpu_us - bench->own_begin.cpu_us) /
                     seconds / 1e4,
                 0, "% of a core");
}

static void
report_server (Bench *bench)
{
  double seconds = (double)(bench->end.at_us - bench->begin.at_us) * 1e-6;
  double cpu_us = (double)(bench->end.cpu_us - bench->begin.cpu_us);
  double packets =
      (double)(bench->totals_end.packets - bench->totals_begin.packets);
  double playing = MAX (bench->totals_begin.playing, 1);

  if (opt.pid <= 0)
    return;
  tb_report_add (bench->report, "server_cpu_percent", "CPU of the server",
                 cpu_us / seconds / 1e4, 1, "% of a core");
  if (packets > 0)
    tb_report_add (bench->report, "server_us_per_packet",
                   "CPU of the server per packet", cpu_us / packets, 2, "us");
  tb_report_add (bench->report, "rss_kib_per_viewer", "memory per viewer",
                 (double)(bench->end.rss_kib - bench->idle.rss_kib) / playing,
                 1, "KiB");
  tb_report_add (bench->report, "threads_per_viewer", "threads per viewer",
                 ((double)bench->end.threads - (double)bench->idle.threads) /
                     playing,
                 2, "");
  tb_report_add (bench->report, "fds_per_viewer", "descriptors per viewer",
                 ((double)bench->end.fds - (double)bench->idle.fds) / playing,
                 2, "");
}

static void
report_server_totals (Bench *bench)
{
  const struct {
    const char *key, *when;
    const TbProcStat *stat;
  } rows[] = {{"before", "before", &bench->idle},
              {"steady", "at the end of the steady phase", &bench->end},
              {"after", "after all have left", &bench->after}};

  for (gsize i = 0; opt.pid > 0 && i < G_N_ELEMENTS (rows); i++) {
    const TbProcStat *stat = rows[i].stat;
    g_autofree char *key = g_strdup_printf ("rss_mib_%s", rows[i].key);
    g_autofree char *label =
        g_strdup_printf ("server %s: %u threads, %u fds, memory", rows[i].when,
                         stat->threads, stat->fds);

    if (stat->at_us != 0)
      tb_report_add (bench->report, key, label, (double)stat->rss_kib / 1024, 1,
                     "MiB");
  }
}

static gboolean
finish (Bench *bench)
{
  const char *title = opt.title != NULL ? opt.title : opt.url;
  g_autofree char *errors = tb_viewers_errors (bench->viewers);
  g_autoptr (GError) error = NULL;

  report_joins (bench);
  if (!opt.sequential) {
    report_media (bench);
    report_shares (bench);
    report_server (bench);
  }
  report_server_totals (bench);
  tb_report_print (bench->report, title);
  fputs (errors, stdout);
  if (opt.json != NULL &&
      !tb_report_write_json (bench->report, title, opt.json, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return FALSE;
  }
  return tb_viewers_totals (bench->viewers).with_media == (guint)opt.viewers;
}

static gboolean
run (Bench *bench)
{
  TbSenderOptions source = {.ip = opt.send_ip,
                            .video_port = (guint16)opt.video_port,
                            .audio_port = (guint16)opt.audio_port,
                            .bitrate_bps = (guint)opt.bitrate_bps,
                            .fps = (guint)opt.fps,
                            .gop = (guint)opt.gop};
  g_autoptr (GError) error = NULL;

  if (opt.send) {
    bench->sender = tb_sender_new (&source, &error);
    if (bench->sender == NULL) {
      fprintf (stderr, "%s\n", error->message);
      return FALSE;
    }
    tc_loop_run (bench->loop, opt.warmup_ms, NULL, NULL);
  }
  snapshot (bench, &bench->idle);
  if (opt.sequential)
    run_sequential (bench);
  else
    run_concurrent (bench);
  tc_loop_run (bench->loop, SETTLE_MS, NULL, NULL);
  snapshot (bench, &bench->after);
  fputc ('\n', stderr);
  return finish (bench);
}

static void
raise_fd_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
  }
}

static gboolean
parse_options (int *argc, char ***argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return FALSE;
  }
  if (opt.url == NULL || opt.viewers < 1 || opt.rate <= 0 || opt.fps < 1 ||
      opt.duration_s < 0 || opt.loss < 0 || opt.loss > 50) {
    fputs ("--url is needed, and sensible numbers; see --help\n", stderr);
    return FALSE;
  }
  return TRUE;
}

int
main (int argc, char **argv)
{
  Bench bench = {0};
  TbViewersOptions options;
  gboolean ok;

  if (!parse_options (&argc, &argv))
    return 2;
  raise_fd_limit ();
  options =
      (TbViewersOptions){.url = opt.url,
                         .token = opt.token,
                         .n = (guint)opt.viewers,
                         .rate = opt.rate,
                         .verify_percent = (guint)CLAMP (opt.verify, 0, 100),
                         .loss_percent = opt.loss,
                         .has_video = !opt.audio_only};
  bench.loop = tc_loop_new ();
  bench.report = tb_report_new ();
  bench.packets_begin = g_array_new (FALSE, FALSE, sizeof (guint64));
  bench.packets_end = g_array_new (FALSE, FALSE, sizeof (guint64));
  bench.viewers = tb_viewers_new (bench.loop, &options);
  ok = run (&bench);
  g_clear_pointer (&bench.sender, tb_sender_free);
  tb_viewers_free (bench.viewers);
  g_array_unref (bench.packets_begin);
  g_array_unref (bench.packets_end);
  tb_report_free (bench.report);
  tc_loop_free (bench.loop);
  return ok ? 0 : 1;
}
