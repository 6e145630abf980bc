/* SPDX-License-Identifier: MIT */
/* kind=test: live picture and sound, with lips in sync. */
#include "media-support.h"

typedef struct {
  WcConfig config;
  WcIngestContext context;
  WcMountpointSpec *spec;
  WcIngest *ingest;
  guint64 starts; /* of the picture, before it is waited for */
} Fixture;

static void
set_up (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  init_config (&f->config);
  f->context.config = &f->config;
  f->spec = wc_mountpoint_spec_new ();
  f->spec->id = g_strdup ("demo");
  f->spec->kind = WC_KIND_TEST;
  f->spec->test_width = 640;
  f->spec->test_height = 360;
  f->ingest = wc_ingest_new (f->spec, &f->context, &error);
  g_assert_no_error (error);
  wc_ingest_start (f->ingest);
  g_assert_cmpint (wc_ingest_state (f->ingest), ==, WC_INGEST_STARTING);
}

static void
tear_down (Fixture *f)
{
  wc_ingest_stop (f->ingest);
  g_assert_cmpint (wc_ingest_state (f->ingest), ==, WC_INGEST_IDLE);
  g_assert_finalize_object (f->ingest);
  wc_mountpoint_spec_free (f->spec);
  run_for (300); /* for the leak check: the pipeline goes on its own thread */
}

static gboolean
is_live (gpointer data)
{
  return wc_ingest_state (((Fixture *)data)->ingest) == WC_INGEST_LIVE;
}

static guint64
start_points (Fixture *f)
{
  WcTrackStats stats;

  wc_track_get_stats (wc_ingest_track (f->ingest, WC_MEDIA_VIDEO), &stats);
  return stats.start_points;
}

/* One track is enough to be live. */
static gboolean
has_picture (gpointer data)
{
  Fixture *f = data;

  return is_live (f) && wc_ingest_track (f->ingest, WC_MEDIA_VIDEO) != NULL &&
         start_points (f) > f->starts;
}

static void
test_live (void)
{
  Fixture f = {0};
  WcIngestTrackInfo info;
  gint64 timestamp, captured_us[WC_N_MEDIA];
  guint32 frame;

  set_up (&f);
  g_assert_true (wait_until (has_picture, &f, 20000));
  run_for (1000);
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    g_assert_true (wc_track_newest (wc_ingest_track (f.ingest, i), &timestamp,
                                    &captured_us[i], &frame));
    wc_ingest_get_track_info (f.ingest, i, &info);
    g_assert_true (info.present);
    g_assert_cmpuint (info.input.packets, >, 20);
    g_assert_cmpuint (info.input.malformed, ==, 0);
    g_assert_cmpuint (info.input.refragmented, ==, 0);
    g_assert_cmpuint (info.port, ==, 0);
    wc_ingest_track_info_clear (&info);
  }
  g_assert_cmpint (ABS (captured_us[0] - captured_us[1]), <,
                   G_USEC_PER_SEC / 2);
  tear_down (&f);
}

static gboolean
has_another_start (gpointer data)
{
  return start_points (data) > 1;
}

/* The encoder's own key frames are 2 s apart; asking makes one at once. */
static void
test_key_frame (void)
{
  Fixture f = {0};
  guint64 before;

  set_up (&f);
  g_assert_true (wait_until (has_picture, &f, 20000));
  before = start_points (&f);
  for (guint i = 0; i < 20; i++)
    wc_ingest_request_key_frame (f.ingest, WC_MEDIA_VIDEO);
  g_assert_true (wait_until (has_another_start, &f, 10000));
  g_assert_cmpuint (start_points (&f), <=, before + 2); /* not twenty */
  tear_down (&f);
}

static void
test_restart (void)
{
  Fixture f = {0};
  guint64 head;

  set_up (&f);
  g_assert_true (wait_until (has_picture, &f, 20000));
  wc_ingest_stop (f.ingest);
  f.starts = start_points (&f);
  head = wc_track_head (wc_ingest_track (f.ingest, WC_MEDIA_VIDEO));
  wc_ingest_start (f.ingest);
  g_assert_true (wait_until (has_picture, &f, 20000));
  g_assert_cmpuint (wc_track_head (wc_ingest_track (f.ingest, WC_MEDIA_VIDEO)),
                    >, head);
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ingest-test/live", test_live);
  g_test_add_func ("/ingest-test/key-frame", test_key_frame);
  g_test_add_func ("/ingest-test/restart", test_restart);
  return g_test_run ();
}
