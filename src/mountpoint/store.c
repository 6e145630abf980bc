/* SPDX-License-Identifier: MIT */
#include "mountpoint/store.h"

#include "base/id.h"
#include "base/log.h"
#include "mountpoint/atomic-file.h"
#include "mountpoint/mountpoint.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".json"
/* A spec with an SDP in it is a few KiB. */
#define MAX_FILE_BYTES (1024 * 1024)

struct WcStore {
  char *directory, *mountpoints;
  GQueue jobs; /* of GTask, whose data is a Job; the first one runs */
};

/* One file to write, or to remove. */
typedef struct {
  char *path;
  GBytes *data; /* NULL: remove */
} Job;

/* --- directories -----------------------------------------------------------
 */

static gboolean
ensure_directory (const char *path, GError **error)
{
  const char *problem = NULL;

  if (g_mkdir_with_parents (path, 0700) != 0)
    problem = g_strerror (errno);
  else if (g_access (path, R_OK | W_OK | X_OK) != 0)
    problem = g_strerror (errno);
  if (problem == NULL)
    return TRUE;
  g_set_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STORE,
               "the state directory %s cannot be used: %s; give one that can "
               "be written to by --state-dir or [server] state-dir",
               path, problem);
  return FALSE;
}

WcStore *
wc_store_new (const char *state_dir, GError **error)
{
  g_autofree char *mountpoints =
      g_build_filename (state_dir, "mountpoints", NULL);

  if (!ensure_directory (state_dir, error) ||
      !ensure_directory (mountpoints, error))
    return NULL;

  guint n =
      wc_atomic_file_clean (state_dir) + wc_atomic_file_clean (mountpoints);
  if (n > 0)
    wc_info ("%s: %u half-written files of a crash were removed", state_dir, n);

  WcStore *store = g_new0 (WcStore, 1);
  store->directory = g_strdup (state_dir);
  store->mountpoints = g_steal_pointer (&mountpoints);
  g_queue_init (&store->jobs);
  return store;
}

void
wc_store_free (WcStore *store)
{
  g_assert (g_queue_is_empty (&store->jobs));
  g_free (store->directory);
  g_free (store->mountpoints);
  g_free (store);
}

char *
wc_store_path (WcStore *store, const char *id)
{
  g_autofree char *name = g_strconcat (id, SUFFIX, NULL);

  return g_build_filename (store->mountpoints, name, NULL);
}

static char *
disabled_path (WcStore *store)
{
  return g_build_filename (store->directory, "disabled.json", NULL);
}

/* --- reading ---------------------------------------------------------------
 */

static gboolean
check_regular (const char *path, GError **error)
{
  GStatBuf status;

  if (g_stat (path, &status) != 0) {
    int code = errno;
    g_set_error_literal (error, G_FILE_ERROR,
                         (int)g_file_error_from_errno (code),
                         g_strerror (code));
    return FALSE;
  }
  if (S_ISREG (status.st_mode) && status.st_size <= MAX_FILE_BYTES)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
               "it is not a regular file of at most %d bytes", MAX_FILE_BYTES);
  return FALSE;
}

/* (transfer full): an object. */
static JsonNode *
read_object (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  gsize size;

  if (!check_regular (path, error) ||
      !g_file_get_contents (path, &text, &size, error) ||
      !json_parser_load_from_data (parser, text, (gssize)size, error))
    return NULL;

  JsonNode *root = json_parser_get_root (parser);
  if (root != NULL && JSON_NODE_HOLDS_OBJECT (root))
    return json_node_copy (root);
  g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                       "it holds no JSON object");
  return NULL;
}

static WcMountpointSpec *
read_spec (const char *path, const char *id, GError **error)
{
  g_autoptr (JsonNode) node = read_object (path, error);
  g_autoptr (WcMountpointSpec) spec =
      node != NULL
          ? wc_mountpoint_spec_from_json (json_node_get_object (node), error)
          : NULL;

  if (spec == NULL || strcmp (spec->id, id) == 0)
    return g_steal_pointer (&spec);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
               "its id is \"%s\" and not \"%s\", as its name says", spec->id,
               id);
  return NULL;
}

static void
add_problem (GPtrArray *problems, const char *path, const char *reason)
{
  g_ptr_array_add (
      problems, g_strdup_printf ("%s is skipped and kept: %s", path, reason));
}

static void
load_file (WcStore *store, const char *name, GPtrArray *specs,
           GPtrArray *problems, GHashTable *kept)
{
  g_autofree char *path = g_build_filename (store->mountpoints, name, NULL);
  g_autofree char *id = g_strdup (name);
  g_autoptr (GError) error = NULL;

  if (g_str_has_suffix (name, SUFFIX))
    id[strlen (id) - strlen (SUFFIX)] = '\0';
  if (!g_str_has_suffix (name, SUFFIX) || !wc_id_is_valid (id)) {
    add_problem (problems, path, "its name is not <id>.json");
    return;
  }

  WcMountpointSpec *spec = read_spec (path, id, &error);
  if (spec != NULL) {
    g_ptr_array_add (specs, spec);
    return;
  }
  add_problem (problems, path, error->message);
  g_hash_table_add (kept, g_steal_pointer (&id));
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  const WcMountpointSpec *const *left = a, *const *right = b;

  return strcmp ((*left)->id, (*right)->id);
}

static void
spec_free (gpointer data)
{
  wc_mountpoint_spec_free (data);
}

GPtrArray *
wc_store_load (WcStore *store, GPtrArray *problems, GHashTable *kept)
{
  GPtrArray *specs = g_ptr_array_new_with_free_func (spec_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (store->mountpoints, 0, &error);
  const char *name;

  if (dir == NULL)
    add_problem (problems, store->mountpoints, error->message);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (name[0] != '.')
      load_file (store, name, specs, problems, kept);
  g_ptr_array_sort (specs, compare_ids);
  return specs;
}

static gboolean
read_disabled (JsonObject *object, GHashTable *ids)
{
  JsonNode *node = json_object_get_member (object, "disabled");

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;

  JsonArray *array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *element = json_array_get_element (array, i);
    if (json_node_get_value_type (element) != G_TYPE_STRING)
      return FALSE;
    g_hash_table_add (ids, json_node_dup_string (element));
  }
  return TRUE;
}

GHashTable *
wc_store_load_disabled (WcStore *store, GPtrArray *problems)
{
  GHashTable *ids =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *path = disabled_path (store);
  g_autoptr (GError) error = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return ids;

  g_autoptr (JsonNode) node = read_object (path, &error);
  if (node == NULL)
    add_problem (problems, path, error->message);
  else if (!read_disabled (json_node_get_object (node), ids))
    add_problem (problems, path, "it is not {\"disabled\": [\"<id>\", ...]}");
  return ids;
}

/* --- writing ---------------------------------------------------------------
 */

static void
job_free (gpointer data)
{
  Job *job = data;

  g_free (job->path);
  g_clear_pointer (&job->data, g_bytes_unref);
  g_free (job);
}

/* On a thread of GLib's pool. */
static void
run_job (GTask *task, gpointer source, gpointer task_data,
         GCancellable *cancellable)
{
  const Job *job = task_data;
  g_autoptr (GError) error = NULL;
  gboolean ok = job->data != NULL
                    ? wc_atomic_file_write (job->path, job->data, &error)
                    : wc_atomic_file_remove (job->path, &error);

  if (ok)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, WC_MOUNTPOINT_ERROR,
                             WC_MOUNTPOINT_ERROR_STORE, "%s", error->message);
}

static void run_next (WcStore *store);

static void
on_job_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  WcStore *store = user_data;
  g_autoptr (GTask) task = g_queue_pop_head (&store->jobs);
  GError *error = NULL;

  run_next (store);
  /* The caller may let the store go. */
  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
run_next (WcStore *store)
{
  GTask *task = g_queue_peek_head (&store->jobs);

  if (task == NULL)
    return;

  g_autoptr (GTask) thread = g_task_new (NULL, NULL, on_job_done, store);
  g_task_set_task_data (thread, g_task_get_task_data (task), NULL);
  g_task_run_in_thread (thread, run_job);
}

static void
add_job (WcStore *store, char *path, GBytes *data, GAsyncReadyCallback callback,
         gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  Job *job = g_new0 (Job, 1);

  job->path = path;
  job->data = data;
  g_task_set_task_data (task, job, job_free);
  g_queue_push_tail (&store->jobs, task);
  if (g_queue_get_length (&store->jobs) == 1)
    run_next (store);
}

static GBytes *
make_text (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  char *text;

  json_node_set_object (node, object);
  text = json_to_string (node, TRUE);
  return g_bytes_new_take (text, strlen (text));
}

void
wc_store_save_async (WcStore *store, const WcMountpointSpec *spec,
                     GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (JsonObject) object = wc_mountpoint_spec_to_json (spec, FALSE);

  add_job (store, wc_store_path (store, spec->id), make_text (object), callback,
           user_data);
}

void
wc_store_remove_async (WcStore *store, const char *id,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  add_job (store, wc_store_path (store, id), NULL, callback, user_data);
}

void
wc_store_save_disabled_async (WcStore *store, GHashTable *ids,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GList) sorted =
      g_list_sort (g_hash_table_get_keys (ids), (GCompareFunc)strcmp);
  g_autoptr (JsonObject) object = json_object_new ();
  JsonArray *array = json_array_new ();

  for (GList *l = sorted; l != NULL; l = l->next)
    json_array_add_string_element (array, l->data);
  json_object_set_array_member (object, "disabled", array);
  add_job (store, disabled_path (store), make_text (object), callback,
           user_data);
}

gboolean
wc_store_write_finish (WcStore *store, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
wc_store_is_busy (WcStore *store)
{
  return !g_queue_is_empty (&store->jobs);
}
