/* SPDX-License-Identifier: MIT */
#include "mountpoint/layer-choice.h"

#define TICK_US (250 * 1000)
#define START_US (1000 * G_USEC_PER_SEC)

enum { LOW, MIDDLE, HIGH, N };

/* A viewer behind a link of @link_bps, as it is seen from here: what it does
 * not carry is lost, and the estimate (if there is one) follows. */
typedef struct {
  WcLayerSight layers[N];
  WcLayerChoice choice;
  int current;
  gint64 now_us;
  guint64 link_bps; /* 0: any */
  guint64 estimate_bps;
  gboolean estimates, losses;
  gint rtt_ms;
  guint changes;
} Viewer;

static Viewer
make_viewer (guint64 link_bps)
{
  return (Viewer){
      .layers = {{TRUE, 320 * 180, 150000},
                 {TRUE, 640 * 360, 500000},
                 {TRUE, 1280 * 720, 1500000}},
      .current = HIGH,
      .now_us = START_US,
      .link_bps = link_bps,
      .losses = TRUE,
      .rtt_ms = 20,
  };
}

static void
step (Viewer *viewer)
{
  double sent = viewer->layers[viewer->current].bitrate_bps;
  double link = viewer->link_bps > 0 ? (double)viewer->link_bps : 1e9;
  WcLayerNet net = {.rtt_ms = viewer->rtt_ms};

  if (viewer->losses && sent > link)
    net.loss = 1 - link / sent;
  /* As a browser does: by some percent a second up to half as much again as
   * comes, and down to what came when a queue grows. */
  if (viewer->estimates) {
    double most = 1.5 * MIN (sent, link);
    viewer->estimate_bps =
        sent > link ? (guint64)(0.85 * link)
                    : (guint64)MIN (viewer->estimate_bps * 1.02, most);
    net.estimated_bps = viewer->estimate_bps;
  }
  int chosen = wc_layer_choice_update (&viewer->choice, viewer->layers, N,
                                       viewer->current, &net, viewer->now_us);
  viewer->changes += chosen != viewer->current;
  viewer->current = chosen;
  viewer->now_us += TICK_US;
}

static void
run (Viewer *viewer, guint seconds)
{
  for (guint i = 0; i < 4 * seconds; i++)
    step (viewer);
}

static void
test_good_link (void)
{
  Viewer viewer = make_viewer (0);

  viewer.estimates = TRUE;
  viewer.estimate_bps = 300000; /* it has only begun to look */
  run (&viewer, 120);
  g_assert_cmpint (viewer.current, ==, HIGH);
  g_assert_cmpuint (viewer.changes, ==, 0);
}

/* Down within a report, to what fits. */
static void
test_loss (void)
{
  Viewer viewer = make_viewer (550000);

  run (&viewer, 1);
  g_assert_cmpint (viewer.current, ==, LOW); /* 500 would be too near */
  viewer = make_viewer (200000);
  run (&viewer, 1);
  g_assert_cmpint (viewer.current, ==, LOW);
  viewer = make_viewer (800000);
  run (&viewer, 1);
  g_assert_cmpint (viewer.current, ==, MIDDLE);
}

static void
test_estimate (void)
{
  Viewer viewer = make_viewer (0);

  viewer.losses = FALSE;
  viewer.estimates = TRUE;
  viewer.estimate_bps = 1500000;
  run (&viewer, 10);
  g_assert_cmpint (viewer.current, ==, HIGH);
  viewer.link_bps = 700000;
  run (&viewer, 1);
  g_assert_cmpint (viewer.current, ==, MIDDLE);
  g_assert_cmpuint (viewer.changes, ==, 1);
}

static void
test_queue (void)
{
  Viewer viewer = make_viewer (0);

  run (&viewer, 5);
  viewer.rtt_ms = 900; /* one report may be late */
  run (&viewer, 1);
  g_assert_cmpint (viewer.current, ==, HIGH);
  viewer.rtt_ms = 20;
  run (&viewer, 1);
  viewer.rtt_ms = 900;
  run (&viewer, 2);
  g_assert_cmpint (viewer.current, ==, MIDDLE);
}

/* A link that carries the middle layer: trials of the high one become rare. */
static void
test_backs_off (void)
{
  Viewer viewer = make_viewer (800000);
  guint before;

  run (&viewer, 60);
  before = viewer.changes;
  g_assert_cmpint (viewer.current, ==, MIDDLE);
  g_assert_cmpuint (before, >=, 3);
  run (&viewer, 600);
  g_assert_cmpuint (viewer.changes - before, <=, 2 * (600 / 60));
}

/* It got better: up, step by step, and there it stays. */
static void
test_recovers (void)
{
  Viewer viewer = make_viewer (170000);

  run (&viewer, 5);
  g_assert_cmpint (viewer.current, ==, LOW);
  viewer.link_bps = 0;
  run (&viewer, 60);
  g_assert_cmpint (viewer.current, ==, HIGH);
  viewer.changes = 0;
  run (&viewer, 120);
  g_assert_cmpuint (viewer.changes, ==, 0);
}

/* A little loss, which repairs keep up with, is no reason to go down, but none
 * to go up either. */
static void
test_hysteresis (void)
{
  Viewer viewer = make_viewer (0);
  WcLayerNet net = {.loss = 0.06, .rtt_ms = 20};

  for (guint i = 0; i < 400; i++, viewer.now_us += TICK_US)
    g_assert_cmpint (wc_layer_choice_update (&viewer.choice, viewer.layers, N,
                                             HIGH, &net, viewer.now_us),
                     ==, HIGH);
  net.loss = 0.5;
  viewer.current = wc_layer_choice_update (&viewer.choice, viewer.layers, N,
                                           HIGH, &net, viewer.now_us);
  g_assert_cmpint (viewer.current, <, HIGH);
  net.loss = 0.06;
  for (guint i = 0; i < 400; i++, viewer.now_us += TICK_US)
    g_assert_cmpint (wc_layer_choice_update (&viewer.choice, viewer.layers, N,
                                             viewer.current, &net,
                                             viewer.now_us),
                     ==, viewer.current);
}

/* The publisher switches layers off and on. */
static void
test_layers_go (void)
{
  Viewer viewer = make_viewer (0);

  viewer.layers[HIGH].active = FALSE;
  step (&viewer);
  g_assert_cmpint (viewer.current, ==, MIDDLE);
  viewer.layers[HIGH].active = TRUE;
  step (&viewer);
  g_assert_cmpint (viewer.current, ==, HIGH);
  for (guint i = 0; i < N; i++)
    viewer.layers[i].active = FALSE;
  WcLayerNet net = {.rtt_ms = -1};
  g_assert_cmpint (wc_layer_choice_update (&viewer.choice, viewer.layers, N,
                                           HIGH, &net, viewer.now_us),
                   ==, -1);
}

/* Reports that come right after a change are of before it. */
static void
test_stale_reports (void)
{
  Viewer viewer = make_viewer (0);
  WcLayerNet net = {.loss = 0.4, .rtt_ms = 20};
  int first = wc_layer_choice_update (&viewer.choice, viewer.layers, N, HIGH,
                                      &net, viewer.now_us);

  g_assert_cmpint (first, ==, MIDDLE);
  for (guint i = 1; i < 8; i++)
    g_assert_cmpint (wc_layer_choice_update (&viewer.choice, viewer.layers, N,
                                             MIDDLE, &net,
                                             viewer.now_us + i * TICK_US),
                     ==, MIDDLE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layer-choice/good-link", test_good_link);
  g_test_add_func ("/layer-choice/loss", test_loss);
  g_test_add_func ("/layer-choice/estimate", test_estimate);
  g_test_add_func ("/layer-choice/queue", test_queue);
  g_test_add_func ("/layer-choice/backs-off", test_backs_off);
  g_test_add_func ("/layer-choice/recovers", test_recovers);
  g_test_add_func ("/layer-choice/hysteresis", test_hysteresis);
  g_test_add_func ("/layer-choice/layers-go", test_layers_go);
  g_test_add_func ("/layer-choice/stale-reports", test_stale_reports);
  return g_test_run ();
}
