/* SPDX-License-Identifier: MIT */
/* whepcast-bench: viewers of a stream, and what they got. README.md says what
 * each figure means. */
#include "bench/figures.h"
#include "bench/sender.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Beyond the time that the joins take by their rate. */
#define JOIN_GRACE_MS 25000
#define STOP_TIMEOUT_MS 30000
/* What the last joins set off is part of the crowd. */
#define CROWD_TAIL_MS 1000
#define RETURN_TIMEOUT_MS 20000

typedef struct {
  TbOptions options;
  TcLoop *loop;
  TbSender *sender; /* with --send */
  TbRun run;
} Bench;

static gboolean
never (gpointer data)
{
  return FALSE;
}

static void
print_progress (Bench *bench, const char *phase)
{
  TbTotals totals = tb_viewers_totals (bench->run.viewers);
  gboolean is_terminal = isatty (STDERR_FILENO) == 1;

  fprintf (stderr,
           "%s%-8s %u started, %u playing, %u failed, %u gone, "
           "%" G_GUINT64_FORMAT " packets, %" G_GUINT64_FORMAT " lost%s",
           is_terminal ? "\r\033[K" : "", phase, totals.started, totals.playing,
           totals.failed, totals.gone, totals.packets, totals.lost,
           is_terminal ? "" : "\n");
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
                        bench->run.viewers);
    print_progress (bench, phase);
  }
  return done;
}

static GArray *
list_packets (Bench *bench)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (guint64));

  for (guint i = 0; i < tb_viewers_n (bench->run.viewers); i++) {
    guint64 packets = tb_viewers_packets (bench->run.viewers, i);

    g_array_append_val (list, packets);
  }
  return list;
}

static void
note_moment (Bench *bench, TbMoment *moment)
{
  g_autoptr (GError) error = NULL;
  const char *counter = bench->options.nft_counter;

  if (bench->options.pid > 0)
    tb_proc_stat_read (&moment->server, (guint)bench->options.pid);
  if (counter != NULL &&
      !tb_nft_counter_read (&moment->outside, counter, &error))
    fprintf (stderr, "\nnftables: %s\n", error->message);
  tb_proc_stat_read (&moment->own, 0);
  moment->totals = tb_viewers_totals (bench->run.viewers);
  moment->sent = bench->sender != NULL ? tb_sender_packets (bench->sender) : 0;
}

static void
run_steady (Bench *bench)
{
  TbRun *run = &bench->run;
  guint n = tb_viewers_n (run->viewers);

  tb_viewers_reset_times (run->viewers);
  note_moment (bench, &run->begin);
  run->begin.packets = list_packets (bench);
  run_phase (bench, "steady",
             bench->options.duration_s * G_GINT64_CONSTANT (1000), never);
  note_moment (bench, &run->end);
  run->end.packets = list_packets (bench);
  run->pauses = tb_viewers_pauses (run->viewers, n);
  run->delays = tb_viewers_delays (run->viewers, n);
}

static gint64
joins_ms (int n, double rate)
{
  return (gint64)(n / rate * 1000) + JOIN_GRACE_MS;
}

/* Others come while the first ones watch. */
static void
run_crowd (Bench *bench)
{
  TbRun *run = &bench->run;
  guint watching = tb_viewers_n (run->viewers);
  int n = bench->options.crowd;

  tb_viewers_reset_times (run->viewers);
  tb_viewers_start (run->viewers, (guint)n, bench->options.crowd_rate);
  run_phase (bench, "crowd", joins_ms (n, bench->options.crowd_rate),
             tb_viewers_joined);
  run_phase (bench, "crowd", CROWD_TAIL_MS, never);
  run->crowd_pauses = tb_viewers_pauses (run->viewers, watching);
  run->crowd_delays = tb_viewers_delays (run->viewers, watching);
}

static void
run_outage (Bench *bench)
{
  TbRun *run = &bench->run;

  tb_sender_pause (bench->sender);
  run_phase (bench, "outage", bench->options.outage_ms, never);
  tb_viewers_arm (run->viewers);
  tb_sender_resume (bench->sender);
  run_phase (bench, "return", RETURN_TIMEOUT_MS, tb_viewers_have_key);
  run->key_times =
      tb_viewers_key_times (run->viewers, tb_sender_resumed_us (bench->sender));
}

static void
run_together (Bench *bench)
{
  const TbOptions *options = &bench->options;

  tb_viewers_start (bench->run.viewers, (guint)options->viewers, options->rate);
  run_phase (bench, "joining", joins_ms (options->viewers, options->rate),
             tb_viewers_joined);
  run_phase (bench, "lead", options->lead_ms, never);
  run_steady (bench);
  if (options->crowd > 0)
    run_crowd (bench);
  if (options->outage_ms > 0)
    run_outage (bench);
  tb_viewers_stop (bench->run.viewers);
  run_phase (bench, "leaving", STOP_TIMEOUT_MS, tb_viewers_gone);
}

/* Every viewer leaves by itself. */
static void
run_passing (Bench *bench)
{
  const TbOptions *options = &bench->options;
  gint64 each_ms = 2000 + options->stay_ms;
  gint64 limit_ms = joins_ms (options->viewers, options->rate);

  if (options->at_once > 0)
    limit_ms += options->viewers * each_ms / options->at_once;
  note_moment (bench, &bench->run.begin);
  tb_viewers_start (bench->run.viewers, (guint)options->viewers, options->rate);
  run_phase (bench, "passing", limit_ms, tb_viewers_gone);
  note_moment (bench, &bench->run.end);
  tb_viewers_stop (bench->run.viewers);
  run_phase (bench, "leaving", STOP_TIMEOUT_MS, tb_viewers_gone);
}

/* Has every one who was to get media got it? */
static gboolean
is_complete (Bench *bench)
{
  TbTotals totals = tb_viewers_totals (bench->run.viewers);
  guint n = tb_viewers_n (bench->run.viewers);
  guint wanted = 0;

  for (guint i = 0; i < n; i++)
    wanted += tb_viewers_gets_media (bench->run.viewers, i);
  return totals.with_media >= wanted && totals.failed == 0;
}

static gboolean
finish (Bench *bench)
{
  const TbOptions *options = &bench->options;
  const char *title = options->title != NULL ? options->title : options->url;
  g_autoptr (TbReport) report = tb_report_new ();
  g_autofree char *errors = tb_viewers_errors (bench->run.viewers);
  g_autoptr (GError) error = NULL;

  tb_figures_add (&bench->run, report);
  tb_report_print (report, title);
  fputs (errors, stdout);
  fflush (stdout);
  if (options->json != NULL &&
      !tb_report_write_json (report, title, options->json, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return FALSE;
  }
  return is_complete (bench);
}

static gboolean
start_source (Bench *bench, GError **error)
{
  const TbOptions *options = &bench->options;
  TbSenderOptions source = {.ip = options->send_ip,
                            .video_port = (guint16)options->video_port,
                            .audio_port = (guint16)options->audio_port,
                            .bitrate_bps = (guint)options->bitrate_bps,
                            .fps = (guint)options->fps,
                            .gop = (guint)options->gop};

  if (!options->send)
    return TRUE;
  bench->sender = tb_sender_new (&source, error);
  if (bench->sender == NULL)
    return FALSE;
  tc_loop_run (bench->loop, options->warmup_ms, NULL, NULL);
  return TRUE;
}

static gboolean
make_viewers (Bench *bench, GError **error)
{
  const TbOptions *options = &bench->options;
  TbViewersOptions viewers = {
      .client = {.api = options->api,
                 .url = options->url,
                 .token = options->token,
                 .mountpoint = (guint64)options->mountpoint,
                 .janus_keepalive_s = (guint)options->janus_keepalive_s},
      .range = options->range,
      .srtp_profiles = options->srtp_profiles,
      .verify_percent = (guint)options->verify,
      .loss_percent = options->loss,
      .has_video = !options->audio_only,
      .no_media = options->nft_counter != NULL,
      .stay_ms = options->stay_ms,
      .at_once = (guint)options->at_once};

  bench->run.viewers = tb_viewers_new (bench->loop, &viewers, error);
  return bench->run.viewers != NULL;
}

static gboolean
run (Bench *bench, GError **error)
{
  if (!make_viewers (bench, error) || !start_source (bench, error))
    return FALSE;
  note_moment (bench, &bench->run.idle);
  if (bench->options.stay_ms >= 0)
    run_passing (bench);
  else
    run_together (bench);
  tc_loop_run (bench->loop, bench->options.settle_ms, NULL, NULL);
  note_moment (bench, &bench->run.after);
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

int
main (int argc, char **argv)
{
  Bench bench = {0};
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (!tb_options_parse (&bench.options, &argc, &argv))
    return 2;
  raise_fd_limit ();
  bench.run.options = &bench.options;
  bench.loop = tc_loop_new ();
  ok = run (&bench, &error);
  if (error != NULL)
    fprintf (stderr, "%s\n", error->message);
  g_clear_pointer (&bench.sender, tb_sender_free);
  g_clear_pointer (&bench.run.viewers, tb_viewers_free);
  tb_run_clear (&bench.run);
  tc_loop_free (bench.loop);
  return ok ? 0 : 1;
}
