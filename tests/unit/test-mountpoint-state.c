/* SPDX-License-Identifier: MIT */
/* The life cycle of a mountpoint, without viewers that get as far as a peer. */
#include "mountpoint-support.h"

typedef struct {
  WcConfig *config;
  WcMountpointContext context;
  WcCandidateList candidates; /* none */
  WcMountpoint *mountpoint;
  guint changes;
  guint16 seq;
} Fixture;

static void
on_state_changed (WcMountpoint *mountpoint, Fixture *f)
{
  f->changes++;
}

static void
set_up (Fixture *f, gboolean enabled)
{
  g_autoptr (WcMountpointSpec) spec = make_spec ("cam1", 0);
  g_autoptr (GError) error = NULL;

  memset (f, 0, sizeof *f);
  f->config = wc_config_load (NULL, NULL, &error);
  g_assert_no_error (error);
  f->context.sources.config = f->config;
  f->context.candidates = &f->candidates;
  f->context.sources.ports = wc_port_pool_new (32000, 32099);
  spec->enabled = enabled;
  f->mountpoint = wc_mountpoint_new (spec, WC_ORIGIN_API, &f->context, &error);
  g_assert_no_error (error);
  g_signal_connect (f->mountpoint, "state-changed",
                    G_CALLBACK (on_state_changed), f);
}

static void
tear_down (Fixture *f)
{
  wc_mountpoint_stop (f->mountpoint, "over");
  wc_mountpoint_stop (f->mountpoint, "over");
  g_assert_cmpuint (wc_port_pool_taken (f->context.sources.ports), ==, 0);
  g_assert_finalize_object (f->mountpoint);
  wc_port_pool_free (f->context.sources.ports);
  wc_config_free (f->config);
}

static guint16
port_of (Fixture *f)
{
  const WcMountpointSpec *spec = wc_mountpoint_spec (f->mountpoint);

  return ((const WcTrackSpec *)g_ptr_array_index (spec->tracks, 0))->port;
}

static gboolean
is_live (gpointer data)
{
  Fixture *f = data;

  send_opus (port_of (f), f->seq++);
  return wc_mountpoint_state (f->mountpoint) == WC_MOUNTPOINT_LIVE;
}

static gboolean
is_lost (gpointer data)
{
  return wc_mountpoint_state (((Fixture *)data)->mountpoint) ==
         WC_MOUNTPOINT_LOST;
}

static void
refuse_viewer (Fixture *f, GQuark domain, int code, const char *word)
{
  WcViewerInfo viewer = {.address = "192.0.2.1"};
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  wc_mountpoint_watch_async (f->mountpoint, "v=0\r\n", 5, &viewer, on_result,
                             &result);
  g_assert_null (wc_mountpoint_watch_finish (f->mountpoint,
                                             wait_result (&result), &error));
  g_assert_error (error, domain, code);
  g_test_message ("%s", error->message);
  g_assert_true (word == NULL || strstr (error->message, word) != NULL);
  g_object_unref (result);
  g_assert_cmpuint (wc_mountpoint_n_viewers (f->mountpoint), ==, 0);
}

static void
test_life (void)
{
  Fixture f;

  set_up (&f, TRUE);
  g_assert_cmpint (wc_mountpoint_state (f.mountpoint), ==, WC_MOUNTPOINT_IDLE);
  wc_mountpoint_start (f.mountpoint);
  wc_mountpoint_start (f.mountpoint);
  g_assert_cmpuint (port_of (&f), !=, 0);
  refuse_viewer (&f, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_NOT_LIVE,
                 "it is idle");

  g_assert_true (wait_until (is_live, &f, 5000));
  g_assert_null (wc_mountpoint_reason (f.mountpoint));
  /* Live, it looks at the offer. */
  refuse_viewer (&f, WC_SDP_ERROR, WC_SDP_ERROR_INVALID, NULL);

  g_assert_true (wait_until (is_lost, &f, 5000));
  refuse_viewer (&f, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_NOT_LIVE,
                 "it is lost, no packets for 500 ms");
  g_assert_true (wait_until (is_live, &f, 5000));
  g_assert_cmpuint (f.changes, >=, 4);
  wc_mountpoint_stop (f.mountpoint, "over");
  refuse_viewer (&f, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STOPPING, NULL);
  tear_down (&f);
}

static void
test_disabled (void)
{
  Fixture f;

  set_up (&f, FALSE);
  wc_mountpoint_start (f.mountpoint);
  g_assert_cmpint (wc_mountpoint_state (f.mountpoint), ==,
                   WC_MOUNTPOINT_DISABLED);
  refuse_viewer (&f, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_DISABLED,
                 "disabled");
  wc_mountpoint_set_enabled (f.mountpoint, TRUE);
  g_assert_true (wait_until (is_live, &f, 5000));
  wc_mountpoint_set_enabled (f.mountpoint, FALSE);
  g_assert_cmpint (wc_mountpoint_state (f.mountpoint), ==,
                   WC_MOUNTPOINT_DISABLED);
  g_assert_false (wait_until (is_live, &f, 300)); /* it does not listen */
  wc_mountpoint_set_enabled (f.mountpoint, TRUE);
  g_assert_true (wait_until (is_live, &f, 5000));
  tear_down (&f);
}

static void
test_edit (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) taken = NULL;

  set_up (&f, TRUE);
  wc_mountpoint_start (f.mountpoint);
  g_assert_true (wait_until (is_live, &f, 5000));
  guint16 port = port_of (&f);

  /* A title is no reason to interrupt anybody. */
  g_autoptr (WcMountpointSpec) spec =
      wc_mountpoint_spec_copy (wc_mountpoint_spec (f.mountpoint));
  spec->title = g_strdup ("Camera 1");
  g_assert_true (wc_mountpoint_edit (f.mountpoint, spec, &error));
  g_assert_cmpint (wc_mountpoint_state (f.mountpoint), ==, WC_MOUNTPOINT_LIVE);
  g_assert_cmpstr (wc_mountpoint_spec (f.mountpoint)->title, ==, "Camera 1");

  /* What the source depends on is: it keeps its port. */
  WcTrackSpec *track = g_ptr_array_index (spec->tracks, 0);
  track->channels = 1;
  g_assert_true (wc_mountpoint_edit (f.mountpoint, spec, &error));
  g_assert_cmpint (wc_mountpoint_state (f.mountpoint), ==, WC_MOUNTPOINT_IDLE);
  g_assert_cmpuint (port_of (&f), ==, port);
  g_assert_true (wait_until (is_live, &f, 5000));

  /* A port that somebody has: all is as it was. */
  WcUdpBinding any = {.address = "0.0.0.0"};
  for (guint16 p = 33000; taken == NULL; p += 2) {
    taken = wc_udp_socket_open (&any, p, NULL);
    track->port = p;
  }
  track->rtcp_port = 0;
  g_assert_false (wc_mountpoint_edit (f.mountpoint, spec, &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_IN_USE);
  g_assert_cmpuint (port_of (&f), ==, port);
  g_assert_cmpint (wc_mountpoint_state (f.mountpoint), ==, WC_MOUNTPOINT_LIVE);
  g_assert_cmpuint (wc_port_pool_taken (f.context.sources.ports), ==, 2);
  tear_down (&f);
}

static void
test_edit_disables (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f, TRUE);
  wc_mountpoint_start (f.mountpoint);
  g_autoptr (WcMountpointSpec) spec =
      wc_mountpoint_spec_copy (wc_mountpoint_spec (f.mountpoint));
  spec->enabled = FALSE;
  g_assert_true (wc_mountpoint_edit (f.mountpoint, spec, &error));
  g_assert_cmpint (wc_mountpoint_state (f.mountpoint), ==,
                   WC_MOUNTPOINT_DISABLED);
  spec->enabled = TRUE;
  g_assert_true (wc_mountpoint_edit (f.mountpoint, spec, &error));
  g_assert_true (wait_until (is_live, &f, 5000));
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mountpoint/life", test_life);
  g_test_add_func ("/mountpoint/disabled", test_disabled);
  g_test_add_func ("/mountpoint/edit", test_edit);
  g_test_add_func ("/mountpoint/edit-disables", test_edit_disables);
  return g_test_run ();
}
