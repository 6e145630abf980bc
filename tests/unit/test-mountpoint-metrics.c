/* SPDX-License-Identifier: MIT */
/* What stays counted of a mountpoint when sources and viewers go. Viewers that
 * are sent something are those of tests/e2e/metrics.test.mjs. */
#include "stats/mountpoint-metrics.h"

#include "mountpoint-support.h"

typedef struct {
  WcConfig *config;
  WcMountpointContext context;
  WcCandidateList candidates; /* none */
  WcMountpoint *mountpoint;
  WcMountpointMetrics *metrics;
  WcJoinStats joins;
  guint64 sent;
} Fixture;

static void
set_up (Fixture *f)
{
  g_autoptr (WcMountpointSpec) spec = make_spec ("cam1", 0);
  g_autoptr (GError) error = NULL;

  *f = (Fixture){0};
  f->config = wc_config_load (NULL, NULL, &error);
  g_assert_no_error (error);
  f->context.sources.config = f->config;
  f->context.candidates = &f->candidates;
  f->context.sources.ports = wc_port_pool_new (32100, 32199);
  f->mountpoint = wc_mountpoint_new (spec, WC_ORIGIN_API, &f->context, &error);
  g_assert_no_error (error);
  f->metrics = wc_mountpoint_metrics_new (f->mountpoint, &f->joins);
  wc_mountpoint_start (f->mountpoint);
}

static void
tear_down (Fixture *f)
{
  wc_mountpoint_stop (f->mountpoint, "over");
  wc_mountpoint_metrics_free (f->metrics);
  g_assert_finalize_object (f->mountpoint);
  wc_port_pool_free (f->context.sources.ports);
  wc_config_free (f->config);
}

static WcMountpointFigures
read_figures (Fixture *f)
{
  WcMountpointFigures figures;

  wc_mountpoint_metrics_read (f->metrics, &figures);
  return figures;
}

static guint64
n_packets (Fixture *f)
{
  return read_figures (f).ingest[WC_MEDIA_AUDIO].input.packets;
}

static gboolean
all_taken (gpointer data)
{
  Fixture *f = data;

  return n_packets (f) == f->sent;
}

static void
send_packets (Fixture *f, guint n)
{
  const WcMountpointSpec *spec = wc_mountpoint_spec (f->mountpoint);
  guint16 port = ((const WcTrackSpec *)spec->tracks->pdata[0])->port;

  for (guint i = 0; i < n; i++)
    send_opus (port, (guint16)f->sent++);
  g_assert_true (wait_until (all_taken, f, 5000));
}

/* It is seen by a watchdog, now and then. */
static gboolean
is_live (gpointer data)
{
  return wc_mountpoint_state (((Fixture *)data)->mountpoint) ==
         WC_MOUNTPOINT_LIVE;
}

static gboolean
is_lost (gpointer data)
{
  return wc_mountpoint_state (((Fixture *)data)->mountpoint) ==
         WC_MOUNTPOINT_LOST;
}

static void
test_source (void)
{
  Fixture f;

  set_up (&f);
  send_packets (&f, 20);
  send_packets (&f, 5);
  WcMountpointFigures figures = read_figures (&f);
  g_assert_true (figures.ingest[WC_MEDIA_AUDIO].present);
  g_assert_false (figures.ingest[WC_MEDIA_VIDEO].present);
  g_assert_cmpuint (figures.ingest[WC_MEDIA_AUDIO].input.bytes, ==, 25 * 4);
  g_assert_cmpuint (figures.totals.lost, ==, 0);

  g_assert_true (wait_until (is_lost, &f, 5000));
  g_assert_cmpuint (read_figures (&f).totals.lost, ==, 1);
  wc_mountpoint_stop (f.mountpoint, "over");
  g_assert_cmpuint (n_packets (&f), ==, 25);
  g_assert_cmpuint (read_figures (&f).totals.lost, ==, 1);
  tear_down (&f);
}

/* An edit that needs another source: what the former one took stays, also when
 * nobody has looked since. */
static void
test_edit (void)
{
  g_autoptr (GError) error = NULL;
  Fixture f;

  set_up (&f);
  send_packets (&f, 20);
  g_autoptr (WcMountpointSpec) spec =
      wc_mountpoint_spec_copy (wc_mountpoint_spec (f.mountpoint));
  ((WcTrackSpec *)spec->tracks->pdata[0])->channels = 1;
  g_assert_true (wc_mountpoint_edit (f.mountpoint, spec, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_packets (&f), ==, 20);
  send_packets (&f, 3); /* expects 23 */
  tear_down (&f);
}

/* An offer that is none is a session that failed, and says nothing of how long
 * joining takes. */
static void
test_refused (void)
{
  WcViewerInfo viewer = {.address = "192.0.2.1"};
  GAsyncResult *result = NULL;
  Fixture f;

  set_up (&f);
  send_packets (&f, 20);
  g_assert_true (wait_until (is_live, &f, 5000));
  wc_mountpoint_watch_async (f.mountpoint, "v=0\r\n", 5, &viewer, on_result,
                             &result);
  g_assert_null (
      wc_mountpoint_watch_finish (f.mountpoint, wait_result (&result), NULL));
  g_object_unref (result);
  WcMountpointFigures figures = read_figures (&f);
  g_assert_cmpuint (figures.totals.sessions, ==, 1);
  g_assert_cmpuint (figures.totals.sessions_failed, ==, 1);
  g_assert_cmpfloat (figures.totals.join.sum, ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (figures.totals.join.counts); i++)
    g_assert_cmpuint (figures.totals.join.counts[i], ==, 0);
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mountpoint-metrics/source", test_source);
  g_test_add_func ("/mountpoint-metrics/edit", test_edit);
  g_test_add_func ("/mountpoint-metrics/refused", test_refused);
  return g_test_run ();
}
