/* SPDX-License-Identifier: MIT */
/* Sessions of a kind=test mountpoint, with real negotiation but viewers that
 * never connect: answers, limits, and every way to end. */
#include "../unit/mountpoint-support.h"

#include "engine/engine.h"
#include "peer/peer.h"

typedef struct {
  char *state_dir;
  WcConfig *config;
  WcEngine *engine;
  WcCandidateList candidates;
  WcMountpointContext context;
  WcRegistry *registry;
  WcMountpoint *demo;
  char *offer;
  guint ended;
} Fixture;

static gboolean
is_live (gpointer data)
{
  return wc_mountpoint_state (((Fixture *)data)->demo) == WC_MOUNTPOINT_LIVE;
}

static void
on_session_ended (WcMountpoint *mountpoint, WcSession *session, Fixture *f)
{
  g_assert_cmpint (wc_session_state (session), ==, WC_SESSION_CLOSING);
  f->ended++;
}

static void
start_engine (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  WcEngineConfig config = {
      .workers = 1, .connect_timeout_ms = 20000, .consent_timeout_ms = 15000};

  f->engine = wc_engine_new (&config, &error);
  g_assert_no_error (error);
  wc_address_parse (&f->candidates.items[0], "127.0.0.1",
                    wc_engine_udp_port (f->engine));
  f->candidates.n = 1;
  f->context.sources.config = f->config;
  f->context.sources.ports = wc_port_pool_new (36000, 36099);
  f->context.sources.peers = wc_peer_factory_new (f->engine, 2000, &error);
  g_assert_no_error (error);
  f->context.candidates = &f->candidates;
}

static void
set_up (Fixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;

  memset (f, 0, sizeof *f);
  f->state_dir = make_state_dir ();
  f->config = wc_config_parse ("test.conf", text, strlen (text), NULL, &error);
  g_assert_no_error (error);
  g_free (f->config->state_dir);
  f->config->state_dir = g_strdup (f->state_dir);
  start_engine (f);
  f->registry = wc_registry_new (&f->context, &error);
  g_assert_no_error (error);
  g_assert_true (wc_registry_load (f->registry, TRUE, &error));
  f->demo = g_object_ref (wc_registry_lookup (f->registry, "demo"));
  g_signal_connect (f->demo, "session-ended", G_CALLBACK (on_session_ended), f);
  g_assert_true (g_file_get_contents (
      TEST_DATA "/offers/chrome-audio-video.sdp", &f->offer, NULL, &error));
  g_assert_true (wait_until (is_live, f, 20000));
}

static gboolean
is_clean (gpointer data)
{
  return wc_peer_factory_alive (((Fixture *)data)->context.sources.peers) == 0;
}

static void
tear_down (Fixture *f)
{
  wc_registry_stop (f->registry);
  g_assert_cmpuint (wc_registry_n_sessions (f->registry), ==, 0);
  g_assert_finalize_object (f->demo);
  g_assert_finalize_object (f->registry);
  g_assert_true (wait_until (is_clean, f, 10000));
  wc_peer_factory_stop (f->context.sources.peers);
  g_clear_object (&f->context.sources.peers);
  wc_engine_free (f->engine);
  wc_port_pool_free (f->context.sources.ports);
  wc_config_free (f->config);
  remove_tree (f->state_dir);
  g_free (f->state_dir);
  g_free (f->offer);
}

static WcSession *
watch (Fixture *f, const char *address, GError **error)
{
  WcViewerInfo viewer = {.address = address, .user_agent = "test"};
  GAsyncResult *result = NULL;
  WcSession *session;

  wc_registry_watch_async (f->registry, "demo", f->offer, strlen (f->offer),
                           &viewer, on_result, &result);
  session =
      wc_registry_watch_finish (f->registry, wait_result (&result), error);
  g_object_unref (result);
  return session;
}

static void
test_answer (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f, "");
  g_autoptr (WcSession) session = watch (&f, "192.0.2.1", &error);
  g_assert_no_error (error);
  const char *secret = wc_session_secret (session);
  g_assert_cmpuint (strlen (secret), ==, 32);
  g_assert_cmpuint (strlen (wc_session_public_id (session)), ==, 12);
  g_assert_cmpuint (strlen (wc_session_etag (session)), ==, 18);
  g_assert_true (g_str_has_prefix (wc_session_answer (session), "v=0\r\n"));
  g_assert_nonnull (strstr (wc_session_answer (session), "a=ice-lite"));
  g_assert_cmpuint (wc_session_media (session), ==, 3);
  g_assert_cmpint (wc_session_state (session), ==, WC_SESSION_CONNECTING);
  g_assert_cmpuint (wc_mountpoint_n_viewers (f.demo), ==, 1);

  g_assert_true (wc_registry_find_session (f.registry, "demo", secret) ==
                 session);
  g_assert_null (wc_registry_find_session (f.registry, "other", secret));
  g_assert_true (wc_registry_find_session_by_public_id (
                     f.registry, wc_session_public_id (session)) == session);
  g_assert_true (wc_session_is_current_ice (session, NULL, NULL));
  g_assert_false (wc_session_is_current_ice (session, "other", NULL));
  tear_down (&f);
  g_assert_cmpint (wc_session_state (session), ==, WC_SESSION_CLOSED);
}

static gboolean
is_forgotten (gpointer data)
{
  return wc_registry_n_sessions (((Fixture *)data)->registry) == 0;
}

/* Closing, it still answers; 10 s later it is gone. */
static void
test_close (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f, "");
  g_autoptr (WcSession) session = watch (&f, "192.0.2.1", &error);
  g_assert_true (wc_session_close (session, "viewer left"));
  g_assert_false (wc_session_close (session, "viewer left"));
  g_assert_cmpint (wc_session_state (session), ==, WC_SESSION_CLOSING);
  g_assert_cmpuint (f.ended, ==, 1);
  g_assert_cmpuint (wc_mountpoint_n_viewers (f.demo), ==, 0);
  g_assert_true (wc_registry_find_session (f.registry, "demo",
                                           wc_session_secret (session)) ==
                 session);
  g_assert_true (wait_until (is_clean, &f, 10000));
  g_assert_true (wait_until (is_forgotten, &f, 15000));
  g_assert_cmpint (wc_session_state (session), ==, WC_SESSION_CLOSED);
  tear_down (&f);
}

static void
refuse (Fixture *f, const char *address, const char *key)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (watch (f, address, &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_LIMIT);
  g_assert_nonnull (strstr (error->message, key));
}

static void
test_limits (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f, "[limits]\nmax-viewers=3\nmax-viewers-per-address=1\n");
  g_autoptr (WcSession) a = watch (&f, "192.0.2.1", &error);
  g_assert_nonnull (a);
  g_assert_no_error (error);
  refuse (&f, "192.0.2.1", "max-viewers-per-address");
  g_autoptr (WcSession) b = watch (&f, "192.0.2.2", &error);
  g_assert_nonnull (b);
  g_autoptr (WcSession) c = watch (&f, "192.0.2.3", &error);
  g_assert_nonnull (c);
  g_assert_no_error (error);
  refuse (&f, "192.0.2.4", "max-viewers=3");
  wc_session_close (a, "over"); /* one that is closing does not count */
  g_autoptr (WcSession) d = watch (&f, "192.0.2.1", &error);
  g_assert_nonnull (d);
  g_assert_no_error (error);
  tear_down (&f);

  set_up (&f, "[limits]\nmax-pending=1\n");
  g_autoptr (WcSession) e = watch (&f, "192.0.2.1", &error);
  g_assert_nonnull (e);
  refuse (&f, "192.0.2.2", "max-pending");
  tear_down (&f);

  set_up (&f, "[limits]\nmax-viewers-per-mountpoint=1\n");
  g_autoptr (WcSession) g = watch (&f, "192.0.2.1", &error);
  g_assert_nonnull (g);
  refuse (&f, "192.0.2.2", "max-viewers-per-mountpoint");
  tear_down (&f);
}

/* Kick, disable, and destroy while somebody watches. */
static void
test_ends (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;

  set_up (&f, "");
  g_autoptr (WcSession) a = watch (&f, "192.0.2.1", &error);
  g_assert_nonnull (a);
  g_assert_cmpuint (wc_mountpoint_kick (f.demo, "kicked"), ==, 1);
  g_assert_cmpuint (wc_mountpoint_kick (f.demo, "kicked"), ==, 0);
  g_assert_cmpint (wc_session_state (a), ==, WC_SESSION_CLOSING);

  g_autoptr (WcSession) b = watch (&f, "192.0.2.1", &error);
  g_assert_nonnull (b);
  g_assert_no_error (error);
  wc_mountpoint_set_enabled (f.demo, FALSE);
  g_assert_cmpint (wc_session_state (b), ==, WC_SESSION_CLOSING);
  wc_mountpoint_set_enabled (f.demo, TRUE);
  g_assert_true (wait_until (is_live, &f, 20000));

  g_autoptr (WcSession) c = watch (&f, "192.0.2.1", &error);
  g_assert_nonnull (c);
  g_assert_no_error (error);
  wc_registry_destroy_async (f.registry, "demo", on_result, &result);
  g_assert_true (
      wc_registry_destroy_finish (f.registry, wait_result (&result), &error));
  g_object_unref (result);
  g_assert_cmpint (wc_session_state (c), ==, WC_SESSION_CLOSING);
  g_assert_true (wc_registry_find_session (f.registry, "demo",
                                           wc_session_secret (c)) == c);
  g_assert_cmpuint (f.ended, ==, 3);
  tear_down (&f);
}

/* Every request is answered, also when the server goes down meanwhile. */
static void
test_stop_while_negotiating (void)
{
  Fixture f;
  WcViewerInfo viewer = {.address = "192.0.2.1"};
  GAsyncResult *results[4] = {NULL};

  set_up (&f, "");
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    wc_registry_watch_async (f.registry, "demo", f.offer, strlen (f.offer),
                             &viewer, on_result, &results[i]);
  g_assert_cmpuint (wc_registry_n_sessions (f.registry), ==, 4);
  wc_registry_stop (f.registry);
  g_assert_cmpuint (wc_registry_n_sessions (f.registry), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (wc_registry_watch_finish (
        f.registry, wait_result (&results[i]), &error));
    g_assert_error (error, WC_PEER_ERROR, WC_PEER_ERROR_CLOSED);
    g_object_unref (results[i]);
  }
  tear_down (&f);
}

static void
test_bad_offer (void)
{
  Fixture f;
  WcViewerInfo viewer = {.address = "192.0.2.1"};
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  set_up (&f, "");
  wc_registry_watch_async (f.registry, "demo", "hello", 5, &viewer, on_result,
                           &result);
  g_assert_null (
      wc_registry_watch_finish (f.registry, wait_result (&result), &error));
  g_assert_error (error, WC_SDP_ERROR, WC_SDP_ERROR_INVALID);
  g_object_unref (result);
  g_assert_cmpuint (wc_registry_n_sessions (f.registry), ==, 0);
  g_assert_cmpuint (f.ended, ==, 0);
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mountpoint/answer", test_answer);
  g_test_add_func ("/mountpoint/bad-offer", test_bad_offer);
  g_test_add_func ("/mountpoint/limits", test_limits);
  g_test_add_func ("/mountpoint/ends", test_ends);
  g_test_add_func ("/mountpoint/stop-while-negotiating",
                   test_stop_while_negotiating);
  g_test_add_func ("/mountpoint/close", test_close);
  return g_test_run ();
}
