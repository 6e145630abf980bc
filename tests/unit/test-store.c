/* SPDX-License-Identifier: MIT */
#include "mountpoint-support.h"

#include "mountpoint/atomic-file.h"
#include "mountpoint/store.h"

typedef struct {
  char *state_dir;
  WcStore *store;
  GPtrArray *problems;
  GHashTable *kept;
} Fixture;

static void
open_store (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->store = wc_store_new (f->state_dir, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *f)
{
  f->state_dir = make_state_dir ();
  f->problems = g_ptr_array_new_with_free_func (g_free);
  f->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  open_store (f);
}

static void
tear_down (Fixture *f)
{
  g_clear_pointer (&f->store, wc_store_free);
  g_ptr_array_unref (f->problems);
  g_hash_table_unref (f->kept);
  remove_tree (f->state_dir);
  g_free (f->state_dir);
}

static GPtrArray *
load (Fixture *f)
{
  g_ptr_array_set_size (f->problems, 0);
  g_hash_table_remove_all (f->kept);
  return wc_store_load (f->store, f->problems, f->kept);
}

static gboolean
save (Fixture *f, const WcMountpointSpec *spec, GError **error)
{
  GAsyncResult *result = NULL;
  gboolean ok;

  wc_store_save_async (f->store, spec, on_result, &result);
  g_assert_true (wc_store_is_busy (f->store));
  ok = wc_store_write_finish (f->store, wait_result (&result), error);
  g_object_unref (result);
  return ok;
}

static void
save_id (Fixture *f, const char *id)
{
  g_autoptr (WcMountpointSpec) spec = make_spec (id, 5002);
  g_autoptr (GError) error = NULL;

  spec->watch_token = g_strdup ("secret");
  g_assert_true (save (f, spec, &error));
  g_assert_no_error (error);
}

static void
write_file (Fixture *f, const char *name, const char *text)
{
  g_autofree char *path =
      g_build_filename (f->state_dir, "mountpoints", name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static guint
mode_of (const char *path)
{
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  return status.st_mode & 0777;
}

static void
test_save_and_load (void)
{
  Fixture f;
  static const char *const ids[] = {"A.b", "a.B", "cam-1", "x.json"};

  set_up (&f);
  for (guint i = G_N_ELEMENTS (ids); i > 0; i--)
    save_id (&f, ids[i - 1]);
  wc_store_free (f.store);
  open_store (&f);
  g_autoptr (GPtrArray) specs = load (&f);
  g_assert_cmpuint (f.problems->len, ==, 0);
  g_assert_cmpuint (specs->len, ==, G_N_ELEMENTS (ids));
  for (guint i = 0; i < specs->len; i++) {
    const WcMountpointSpec *spec = g_ptr_array_index (specs, i);
    g_autoptr (WcMountpointSpec) same = make_spec (ids[i], 5002);
    same->watch_token = g_strdup ("secret");
    g_assert_cmpstr (spec->id, ==, ids[i]);
    g_assert_true (wc_mountpoint_spec_equal (spec, same));
  }

  g_autofree char *path = wc_store_path (f.store, "cam-1");
  g_autofree char *directory = g_path_get_dirname (path);
  g_assert_cmpuint (mode_of (path), ==, 0600);
  g_assert_cmpuint (mode_of (directory), ==, 0700);
  tear_down (&f);
}

static void
test_remove (void)
{
  Fixture f;
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  set_up (&f);
  save_id (&f, "a");
  for (guint i = 0; i < 2; i++) { /* the second time it is not there */
    wc_store_remove_async (f.store, "a", on_result, &result);
    g_assert_true (
        wc_store_write_finish (f.store, wait_result (&result), &error));
    g_assert_no_error (error);
    g_clear_object (&result);
  }
  g_autoptr (GPtrArray) specs = load (&f);
  g_assert_cmpuint (specs->len, ==, 0);
  g_assert_cmpuint (f.problems->len, ==, 0);
  tear_down (&f);
}

/* What a crash in the middle of a write leaves. */
static void
test_leftovers (void)
{
  Fixture f;

  set_up (&f);
  save_id (&f, "a");
  write_file (&f, ".tmp-0123456789abcdef", "{\"id\":");
  wc_store_free (f.store);
  open_store (&f);
  g_autofree char *path = g_build_filename (f.state_dir, "mountpoints",
                                            ".tmp-0123456789abcdef", NULL);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_autoptr (GPtrArray) specs = load (&f);
  g_assert_cmpuint (specs->len, ==, 1);
  g_assert_cmpuint (f.problems->len, ==, 0);
  tear_down (&f);
}

static void
test_bad_files (void)
{
  static const struct {
    const char *name, *text;
    gboolean kept;
  } bad[] = {
      {"cut.json", "{\"id\":\"cut\",\"kind\":\"te", TRUE},
      {"empty.json", "", TRUE},
      {"list.json", "[]", TRUE},
      {"key.json", "{\"id\":\"key\",\"kind\":\"test\",\"colour\":1}", TRUE},
      {"type.json", "{\"id\":\"type\",\"kind\":\"test\",\"title\":1}", TRUE},
      {"other.json", "{\"id\":\"another\",\"kind\":\"test\"}", TRUE},
      {"-bad.json", "{\"id\":\"-bad\",\"kind\":\"test\"}", FALSE},
      {"notes.txt", "mine", FALSE},
  };
  Fixture f;

  set_up (&f);
  save_id (&f, "good");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    write_file (&f, bad[i].name, bad[i].text);
  g_autoptr (GPtrArray) specs = load (&f);
  g_assert_cmpuint (specs->len, ==, 1);
  g_assert_cmpuint (f.problems->len, ==, G_N_ELEMENTS (bad));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *path =
        g_build_filename (f.state_dir, "mountpoints", bad[i].name, NULL);
    g_autofree char *id = g_strndup (bad[i].name, strlen (bad[i].name) - 5);
    g_autofree char *text = NULL;
    g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
    g_assert_cmpstr (text, ==, bad[i].text);
    g_assert_cmpint (g_hash_table_contains (f.kept, id), ==, bad[i].kept);
  }
  tear_down (&f);
}

/* The old file stays whole when the new one cannot be written. */
static void
test_write_fails (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;
  g_autoptr (WcMountpointSpec) spec = make_spec ("a", 5004);

  set_up (&f);
  save_id (&f, "a");
  g_autofree char *path = g_build_filename (f.state_dir, "mountpoints", NULL);
  g_autofree char *away = g_build_filename (f.state_dir, "away", NULL);
  g_assert_cmpint (g_rename (path, away), ==, 0);
  g_assert_true (g_file_set_contents (path, "in the way", -1, NULL));
  g_assert_false (save (&f, spec, &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STORE);
  g_assert_nonnull (strstr (error->message, f.state_dir));

  g_remove (path);
  g_assert_cmpint (g_rename (away, path), ==, 0);
  g_autoptr (GPtrArray) specs = load (&f);
  g_assert_cmpuint (specs->len, ==, 1);
  g_assert_cmpuint (f.problems->len, ==, 0);
  tear_down (&f);
}

static void
test_unusable_directory (void)
{
  g_autofree char *state_dir = make_state_dir ();
  g_autofree char *path = g_build_filename (state_dir, "file", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, "", -1, NULL));
  g_assert_null (wc_store_new (path, &error));
  g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STORE);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);

  if (geteuid () != 0) { /* root may write anywhere */
    g_assert_cmpint (g_chmod (state_dir, 0500), ==, 0);
    g_assert_null (wc_store_new (state_dir, &error));
    g_assert_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STORE);
    g_assert_cmpint (g_chmod (state_dir, 0700), ==, 0);
  }
  remove_tree (state_dir);
}

static void
test_disabled (void)
{
  Fixture f;
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  set_up (&f);
  g_autoptr (GHashTable) ids = wc_store_load_disabled (f.store, f.problems);
  g_assert_cmpuint (g_hash_table_size (ids), ==, 0);
  g_hash_table_add (ids, g_strdup ("b"));
  g_hash_table_add (ids, g_strdup ("a"));
  wc_store_save_disabled_async (f.store, ids, on_result, &result);
  g_assert_true (
      wc_store_write_finish (f.store, wait_result (&result), &error));
  g_clear_object (&result);
  g_autoptr (GHashTable) back = wc_store_load_disabled (f.store, f.problems);
  g_assert_cmpuint (g_hash_table_size (back), ==, 2);
  g_assert_true (g_hash_table_contains (back, "a"));
  g_assert_cmpuint (f.problems->len, ==, 0);

  g_autofree char *path = g_build_filename (f.state_dir, "disabled.json", NULL);
  g_assert_true (g_file_set_contents (path, "{\"disabled\":[1", -1, NULL));
  g_autoptr (GHashTable) none = wc_store_load_disabled (f.store, f.problems);
  g_assert_cmpuint (g_hash_table_size (none), ==, 0);
  g_assert_cmpuint (f.problems->len, ==, 1);
  tear_down (&f);
}

/* Writes of one file end in the order they were asked for. */
static void
test_order (void)
{
  Fixture f;
  GAsyncResult *results[21] = {NULL};

  set_up (&f);
  for (guint i = 0; i < 20; i++) {
    g_autoptr (WcMountpointSpec) spec = make_spec ("a", 6000 + 2 * i);
    wc_store_save_async (f.store, spec, on_result, &results[i]);
  }
  wait_result (&results[19]);
  for (guint i = 0; i < 20; i++) {
    g_assert_true (wc_store_write_finish (f.store, results[i], NULL));
    g_object_unref (results[i]);
  }
  g_assert_false (wc_store_is_busy (f.store));
  g_autoptr (GPtrArray) specs = load (&f);
  const WcMountpointSpec *spec = g_ptr_array_index (specs, 0);
  const WcTrackSpec *track = g_ptr_array_index (spec->tracks, 0);
  g_assert_cmpuint (track->port, ==, 6038);
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/save-and-load", test_save_and_load);
  g_test_add_func ("/store/remove", test_remove);
  g_test_add_func ("/store/leftovers", test_leftovers);
  g_test_add_func ("/store/bad-files", test_bad_files);
  g_test_add_func ("/store/write-fails", test_write_fails);
  g_test_add_func ("/store/unusable-directory", test_unusable_directory);
  g_test_add_func ("/store/disabled", test_disabled);
  g_test_add_func ("/store/order", test_order);
  return g_test_run ();
}
