/* SPDX-License-Identifier: MIT */
#include "registry-support.h"

#include "mountpoint/store.h"

typedef RegistryFixture Fixture;

static void
set_up (Fixture *f, const char *text)
{
  set_up_registry (f, text, 34000, 34199);
}

static void
tear_down (Fixture *f)
{
  tear_down_registry (f);
}

static gboolean
create (Fixture *f, const WcMountpointSpec *spec, GError **error)
{
  g_autoptr (WcMountpoint) mountpoint =
      create_mountpoint (f->registry, spec, error);

  return mountpoint != NULL;
}

static gboolean
create_id (Fixture *f, const char *id, GError **error)
{
  g_autoptr (WcMountpointSpec) spec = make_spec (id, 0);

  return create (f, spec, error);
}

static gboolean
destroy (Fixture *f, const char *id, GError **error)
{
  GAsyncResult *result = NULL;
  gboolean ok;

  wc_registry_destroy_async (f->registry, id, on_result, &result);
  ok = wc_registry_destroy_finish (f->registry, wait_result (&result), error);
  g_object_unref (result);
  return ok;
}

static gboolean
set_enabled (Fixture *f, const char *id, gboolean enabled, GError **error)
{
  GAsyncResult *result = NULL;
  gboolean ok;

  wc_registry_set_enabled_async (f->registry, id, enabled, on_result, &result);
  ok = wc_registry_set_enabled_finish (f->registry, wait_result (&result),
                                       error);
  g_object_unref (result);
  return ok;
}

static gboolean
edit (Fixture *f, const char *id, const WcMountpointSpec *spec, GError **error)
{
  GAsyncResult *result = NULL;
  gboolean ok;

  wc_registry_edit_async (f->registry, id, spec, on_result, &result);
  ok = wc_registry_edit_finish (f->registry, wait_result (&result), error);
  g_object_unref (result);
  return ok;
}

static guint16
port_of (Fixture *f, const char *id)
{
  WcMountpoint *mountpoint = wc_registry_lookup (f->registry, id);
  const WcMountpointSpec *spec = wc_mountpoint_spec (mountpoint);

  return ((const WcTrackSpec *)g_ptr_array_index (spec->tracks, 0))->port;
}

static gboolean
has_file (Fixture *f, const char *id)
{
  g_autofree char *name = g_strconcat (id, ".json", NULL);
  g_autofree char *path =
      g_build_filename (f->state_dir, "mountpoints", name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
put_file (Fixture *f, const char *id, const char *text)
{
  g_autofree char *name = g_strconcat (id, ".json", NULL);
  g_autofree char *path =
      g_build_filename (f->state_dir, "mountpoints", name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
reopen (Fixture *f)
{
  close_registry (f);
  open_registry (f);
}

/* --- tests -----------------------------------------------------------------
 */

static void
test_survives (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autoptr (WcMountpointSpec) passing = make_spec ("passing", 0);

  set_up (&f, NULL);
  g_assert_true (create_id (&f, "b", &error));
  g_assert_true (create_id (&f, "a", &error));
  passing->persist = FALSE;
  g_assert_true (create (&f, passing, &error));
  g_assert_no_error (error);
  g_assert_true (has_file (&f, "a"));
  g_assert_false (has_file (&f, "passing"));
  guint16 port = port_of (&f, "a");

  reopen (&f);
  g_autoptr (GPtrArray) list = wc_registry_list (f.registry);
  g_assert_cmpuint (list->len, ==, 2);
  g_assert_cmpstr (wc_mountpoint_id (list->pdata[0]), ==, "a");
  g_assert_cmpuint (port_of (&f, "a"), ==, port); /* kept */
  g_clear_pointer (&list, g_ptr_array_unref);

  g_assert_true (destroy (&f, "a", &error));
  g_assert_null (wc_registry_lookup (f.registry, "a"));
  g_assert_false (has_file (&f, "a"));
  g_assert_false (destroy (&f, "a", &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_NOT_FOUND);
  tear_down (&f);
}

static void
test_create_refused (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f, "[limits]\nmax-mountpoints=2\n");
  g_assert_true (create_id (&f, "a", &error));
  g_assert_false (create_id (&f, "a", &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_false (create_id (&f, "../a", &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_INVALID);
  g_clear_error (&error);

  /* A port that a has: nothing is left of b. */
  g_autoptr (WcMountpointSpec) clash = make_spec ("b", port_of (&f, "a"));
  g_assert_false (create (&f, clash, &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_IN_USE);
  g_clear_error (&error);
  g_assert_false (has_file (&f, "b"));
  g_assert_cmpuint (wc_port_pool_taken (f.context.sources.ports), ==, 2);

  g_assert_true (create_id (&f, "b", &error));
  g_assert_false (create_id (&f, "c", &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_LIMIT);
  tear_down (&f);
}

/* Two at once: one is made, the other is told so, whoever wins. */
static void
test_create_twice_at_once (void)
{
  Fixture f;
  GAsyncResult *results[2] = {NULL, NULL};
  g_autoptr (WcMountpointSpec) spec = make_spec ("a", 0);
  guint n_made = 0;

  set_up (&f, NULL);
  for (guint i = 0; i < 2; i++)
    wc_registry_create_async (f.registry, spec, on_result, &results[i]);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (WcMountpoint) made = wc_registry_create_finish (
        f.registry, wait_result (&results[i]), &error);
    n_made += made != NULL ? 1 : 0;
    if (made == NULL)
      g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_EXISTS);
    g_object_unref (results[i]);
  }
  g_assert_cmpuint (n_made, ==, 1);
  g_assert_cmpuint (wc_port_pool_taken (f.context.sources.ports), ==, 2);
  tear_down (&f);
}

static void
test_save_fails (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f, NULL);
  g_assert_true (create_id (&f, "a", &error));
  guint16 port = port_of (&f, "a");
  g_autofree char *path = g_build_filename (f.state_dir, "mountpoints", NULL);
  g_autofree char *away = g_build_filename (f.state_dir, "away", NULL);
  g_assert_cmpint (g_rename (path, away), ==, 0);
  g_assert_true (g_file_set_contents (path, "in the way", -1, NULL));

  g_assert_false (create_id (&f, "b", &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STORE);
  g_clear_error (&error);
  g_assert_null (wc_registry_lookup (f.registry, "b"));
  g_assert_cmpuint (wc_port_pool_taken (f.context.sources.ports), ==, 2);

  g_autoptr (WcMountpointSpec) spec = make_spec ("a", 0);
  g_assert_false (edit (&f, "a", spec, &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STORE);
  g_clear_error (&error);
  g_assert_cmpuint (port_of (&f, "a"), ==, port);
  g_assert_cmpuint (wc_port_pool_taken (f.context.sources.ports), ==, 2);
  g_assert_false (set_enabled (&f, "a", FALSE, &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STORE);
  g_clear_error (&error);
  g_assert_true (
      wc_mountpoint_spec (wc_registry_lookup (f.registry, "a"))->enabled);
  g_assert_false (destroy (&f, "a", &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STORE);
  g_clear_error (&error);
  g_assert_nonnull (wc_registry_lookup (f.registry, "a"));

  /* The disk is back: everything goes again. */
  g_remove (path);
  g_assert_cmpint (g_rename (away, path), ==, 0);
  g_assert_true (create_id (&f, "b", &error));
  g_assert_true (destroy (&f, "a", &error));
  g_assert_no_error (error);
  tear_down (&f);
}

static void
test_edit (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f, NULL);
  g_assert_true (create_id (&f, "a", &error));
  g_autoptr (WcMountpointSpec) spec = wc_mountpoint_spec_copy (
      wc_mountpoint_spec (wc_registry_lookup (f.registry, "a")));
  spec->title = g_strdup ("New");
  g_assert_true (edit (&f, "a", spec, &error));
  reopen (&f);
  g_assert_cmpstr (
      wc_mountpoint_spec (wc_registry_lookup (f.registry, "a"))->title, ==,
      "New");

  spec->persist = FALSE;
  g_assert_true (edit (&f, "a", spec, &error));
  g_assert_false (has_file (&f, "a"));
  spec->persist = TRUE;
  g_assert_true (edit (&f, "a", spec, &error));
  g_assert_true (has_file (&f, "a"));
  g_assert_true (set_enabled (&f, "a", FALSE, &error));
  reopen (&f);
  g_assert_cmpint (wc_mountpoint_state (wc_registry_lookup (f.registry, "a")),
                   ==, WC_MOUNTPOINT_DISABLED);
  g_assert_false (edit (&f, "nobody", spec, &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_NOT_FOUND);
  tear_down (&f);
}

static const char config_text[] = "[mountpoint fixed]\n"
                                  "kind=rtp\n"
                                  "[track fixed/audio]\n"
                                  "codec=opus\n"
                                  "port=0\n"
                                  "payload-type=111\n";

static void
test_configured (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f, config_text);
  WcMountpoint *mountpoint = wc_registry_lookup (f.registry, "fixed");
  g_assert_cmpint (wc_mountpoint_origin (mountpoint), ==, WC_ORIGIN_CONFIG);
  g_assert_false (edit (&f, "fixed", wc_mountpoint_spec (mountpoint), &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_READ_ONLY);
  g_assert_nonnull (strstr (error->message, "test.conf"));
  g_clear_error (&error);
  g_assert_false (destroy (&f, "fixed", &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_READ_ONLY);
  g_clear_error (&error);

  /* Disabling it is remembered, enabling too. */
  g_assert_true (set_enabled (&f, "fixed", FALSE, &error));
  reopen (&f);
  mountpoint = wc_registry_lookup (f.registry, "fixed");
  g_assert_cmpint (wc_mountpoint_state (mountpoint), ==,
                   WC_MOUNTPOINT_DISABLED);
  g_assert_true (set_enabled (&f, "fixed", TRUE, &error));
  reopen (&f);
  mountpoint = wc_registry_lookup (f.registry, "fixed");
  g_assert_cmpint (wc_mountpoint_state (mountpoint), ==, WC_MOUNTPOINT_IDLE);
  g_assert_false (has_file (&f, "fixed"));
  tear_down (&f);
}

/* Of an id in both places the configuration wins, and the file is kept; what
 * cannot be used is told, kept, and not overwritten. */
static void
test_problems (void)
{
  static const char text[] = "{\"id\":\"fixed\",\"kind\":\"test\"}";
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f, config_text);
  g_assert_true (create_id (&f, "good", &error));
  put_file (&f, "fixed", text);
  put_file (&f, "cut", "{\"id\":\"cu");
  reopen (&f);
  g_assert_cmpuint (wc_registry_problems (f.registry)->len, ==, 2);
  g_assert_cmpint (
      wc_mountpoint_origin (wc_registry_lookup (f.registry, "fixed")), ==,
      WC_ORIGIN_CONFIG);
  g_assert_nonnull (wc_registry_lookup (f.registry, "good"));
  g_assert_true (has_file (&f, "fixed"));
  g_assert_false (create_id (&f, "cut", &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, "cut.json"));
  g_assert_true (has_file (&f, "cut"));
  tear_down (&f);
}

static gboolean
has_mountpoint (gpointer user_data)
{
  Fixture *f = user_data;

  return wc_registry_lookup (f->registry, "late") != NULL;
}

static gboolean
has_no_problems (gpointer user_data)
{
  const Fixture *f = user_data;

  return wc_registry_problems (f->registry)->len == 0;
}

/* Whose file an operator removes meanwhile is not wanted any more. */
static void
test_stored_port_forgotten (void)
{
  Fixture f;
  WcUdpBinding any = {.address = "0.0.0.0"};
  g_autoptr (GError) error = NULL;

  set_up (&f, NULL);
  g_assert_true (create_id (&f, "gone", &error));
  const WcMountpointSpec *spec =
      wc_mountpoint_spec (wc_registry_lookup (f.registry, "gone"));
  guint16 port = ((WcTrackSpec *)spec->tracks->pdata[0])->port;
  g_autofree char *path =
      g_build_filename (f.state_dir, "mountpoints", "gone.json", NULL);
  close_registry (&f);

  GSocket *taken = wc_udp_socket_open (&any, port, &error);
  g_assert_no_error (error);
  open_registry (&f);
  g_assert_cmpuint (wc_registry_problems (f.registry)->len, ==, 1);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_object_unref (taken);

  g_assert_true (wait_until (has_no_problems, &f, 10000));
  g_assert_null (wc_registry_lookup (f.registry, "gone"));
  g_assert_true (create_id (&f, "gone", &error));
  tear_down (&f);
}

/* It is not lost, nor may it be overwritten, until the port is free. */
static void
test_stored_port_taken (void)
{
  Fixture f;
  WcUdpBinding any = {.address = "0.0.0.0"};
  g_autoptr (WcMountpointSpec) spec = NULL;
  g_autoptr (GError) error = NULL;

  set_up (&f, NULL);
  g_assert_true (create_id (&f, "late", &error));
  spec = wc_mountpoint_spec_copy (
      wc_mountpoint_spec (wc_registry_lookup (f.registry, "late")));
  guint16 port = ((WcTrackSpec *)spec->tracks->pdata[0])->port;
  close_registry (&f);

  GSocket *taken = wc_udp_socket_open (&any, port, &error);
  g_assert_no_error (error);
  open_registry (&f);
  g_assert_null (wc_registry_lookup (f.registry, "late"));
  g_assert_cmpuint (wc_registry_problems (f.registry)->len, ==, 1);
  g_assert_nonnull (strstr (wc_registry_problems (f.registry)->pdata[0],
                            "when the port is free"));
  g_assert_false (create_id (&f, "late", &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_EXISTS);
  g_object_unref (taken);

  g_assert_true (wait_until (has_mountpoint, &f, 10000));
  g_assert_cmpuint (wc_registry_problems (f.registry)->len, ==, 0);
  g_assert_true (wc_mountpoint_spec_equal (
      spec, wc_mountpoint_spec (wc_registry_lookup (f.registry, "late"))));
  tear_down (&f);
}

static void
test_configured_port_taken (void)
{
  Fixture f;
  WcUdpBinding any = {.address = "0.0.0.0"};
  g_autoptr (GSocket) taken = NULL;
  g_autoptr (GError) error = NULL;
  guint16 port = 35000;

  while ((taken = wc_udp_socket_open (&any, port, NULL)) == NULL)
    port += 2;
  set_up (&f, NULL);
  g_ptr_array_add (f.config->mountpoints, make_spec ("fixed", port));
  g_autoptr (WcRegistry) registry = wc_registry_new (&f.context, &error);
  g_assert_false (wc_registry_load (registry, FALSE, &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_IN_USE);
  g_assert_nonnull (strstr (error->message, "[mountpoint fixed]"));
  tear_down (&f);
}

static void
test_demo (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f, NULL);
  g_autoptr (WcRegistry) registry = wc_registry_new (&f.context, &error);
  g_assert_true (wc_registry_load (registry, TRUE, &error));
  WcMountpoint *demo = wc_registry_lookup (registry, "demo");
  g_assert_cmpint (wc_mountpoint_origin (demo), ==, WC_ORIGIN_DEMO);
  g_assert_cmpint (wc_mountpoint_state (demo), ==, WC_MOUNTPOINT_STARTING);
  g_assert_false (has_file (&f, "demo"));
  wc_registry_stop (registry);
  tear_down (&f);
}

static void
watch_refused (Fixture *f, const char *id, int code)
{
  WcViewerInfo viewer = {.address = "192.0.2.1"};
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  wc_registry_watch_async (f->registry, id, "v=0", 3, &viewer, on_result,
                           &result);
  g_assert_null (
      wc_registry_watch_finish (f->registry, wait_result (&result), &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, code);
  g_object_unref (result);
}

static void
test_stopped (void)
{
  Fixture f;
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (WcMountpointSpec) spec = make_spec ("b", 0);

  set_up (&f, NULL);
  g_assert_true (create_id (&f, "a", &error));
  watch_refused (&f, "nobody", WC_MOUNTPOINT_ERROR_NOT_FOUND);
  watch_refused (&f, "a", WC_MOUNTPOINT_ERROR_NOT_LIVE);

  /* A create that is being saved when the server goes down leaves nothing. */
  wc_registry_create_async (f.registry, spec, on_result, &result);
  wc_registry_stop (f.registry);
  g_assert_null (
      wc_registry_create_finish (f.registry, wait_result (&result), &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STOPPING);
  g_clear_error (&error);
  g_object_unref (result);
  g_assert_false (has_file (&f, "b"));
  g_assert_true (has_file (&f, "a"));

  g_assert_false (create_id (&f, "c", &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STOPPING);
  watch_refused (&f, "a", WC_MOUNTPOINT_ERROR_STOPPING);
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/registry/survives", test_survives);
  g_test_add_func ("/registry/create-refused", test_create_refused);
  g_test_add_func ("/registry/create-twice-at-once", test_create_twice_at_once);
  g_test_add_func ("/registry/save-fails", test_save_fails);
  g_test_add_func ("/registry/edit", test_edit);
  g_test_add_func ("/registry/configured", test_configured);
  g_test_add_func ("/registry/problems", test_problems);
  g_test_add_func ("/registry/stored-port-taken", test_stored_port_taken);
  g_test_add_func ("/registry/stored-port-forgotten",
                   test_stored_port_forgotten);
  g_test_add_func ("/registry/configured-port-taken",
                   test_configured_port_taken);
  g_test_add_func ("/registry/demo", test_demo);
  g_test_add_func ("/registry/stopped", test_stopped);
  return g_test_run ();
}
