/* SPDX-License-Identifier: MIT */
/* Changes that are saved before they are answered. Each reserves the id, takes
 * what it needs, writes, and only then shows; when the write fails nothing has
 * happened. */
#include "mountpoint/registry-private.h"

#include "base/id.h"
#include "base/log.h"

/* --- changes ---------------------------------------------------------------
 */

/* What a change carries through its write. */
typedef struct {
  char *id; /* in `busy` as long as this lives */
  WcMountpoint *mountpoint;
  WcMountpointEdit *edit;
  gboolean enabled;
  GError *error; /* of a create that is being undone */
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_free (change->id);
  g_clear_object (&change->mountpoint);
  g_clear_pointer (&change->edit, wc_mountpoint_edit_free);
  g_clear_error (&change->error);
  g_free (change);
}

/* Refuses what cannot begin now: FALSE, and @task is over. */
static gboolean
may_change (WcRegistry *self, const char *id, GTask *task)
{
  if (self->stopped) {
    wc_registry_refuse (task, WC_MOUNTPOINT_ERROR_STOPPING,
                        "the server is going down");
    return FALSE;
  }
  if (g_hash_table_contains (self->busy, id)) {
    wc_registry_refuse (
        task, WC_MOUNTPOINT_ERROR_EXISTS,
        "another change of mountpoint \"%s\" is under way; try again", id);
    return FALSE;
  }
  return TRUE;
}

/* The same for what changes a mountpoint that must be there. */
static WcMountpoint *
find_to_change (WcRegistry *self, const char *id, GTask *task)
{
  if (!may_change (self, id, task))
    return NULL;

  WcMountpoint *mountpoint = wc_registry_lookup (self, id);
  if (mountpoint == NULL)
    wc_registry_refuse (task, WC_MOUNTPOINT_ERROR_NOT_FOUND,
                        "there is no mountpoint \"%s\"", id);
  return mountpoint;
}

/* And for what the configuration file alone may change. */
static WcMountpoint *
find_to_edit (WcRegistry *self, const char *id, GTask *task)
{
  WcMountpoint *mountpoint = find_to_change (self, id, task);
  const char *file = self->context->sources.config->file;

  if (mountpoint == NULL ||
      wc_mountpoint_origin (mountpoint) != WC_ORIGIN_CONFIG)
    return mountpoint;
  wc_registry_refuse (
      task, WC_MOUNTPOINT_ERROR_READ_ONLY,
      "mountpoint \"%s\" is of the configuration file %s; change it there "
      "(it can be disabled here)",
      id, file != NULL ? file : "");
  return NULL;
}

static Change *
begin_change (WcRegistry *self, GTask *task, WcMountpoint *mountpoint)
{
  Change *change = g_new0 (Change, 1);

  change->id = g_strdup (wc_mountpoint_id (mountpoint));
  change->mountpoint = g_object_ref (mountpoint);
  g_hash_table_add (self->busy, g_strdup (change->id));
  g_task_set_task_data (task, change, change_free);
  return change;
}

/* The write is over. FALSE: it failed, and @task is told. */
static gboolean
end_write (WcRegistry *self, GTask *task, GAsyncResult *result)
{
  const Change *change = g_task_get_task_data (task);
  GError *error = NULL;

  g_hash_table_remove (self->busy, change->id);
  if (wc_store_write_finish (self->store, result, &error))
    return TRUE;
  g_task_return_error (task, error);
  return FALSE;
}

static gboolean
is_saved (WcMountpoint *mountpoint)
{
  return wc_mountpoint_origin (mountpoint) == WC_ORIGIN_API &&
         wc_mountpoint_spec (mountpoint)->persist;
}

/* --- create ----------------------------------------------------------------
 */

static void
finish_create (WcRegistry *self, GTask *task)
{
  Change *change = g_task_get_task_data (task);

  g_hash_table_remove (self->busy, change->id);
  wc_registry_add (self, change->mountpoint);
  g_task_return_pointer (task, g_object_ref (change->mountpoint),
                         g_object_unref);
}

/* Ends in the error that led here, whether or not there was a file. */
static void
on_create_undone (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  WcRegistry *self = g_task_get_source_object (task);
  Change *change = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (!wc_store_write_finish (self->store, result, &error))
    wc_warning ("%s: %s", change->id, error->message);
  wc_mountpoint_stop (change->mountpoint, "it could not be created");
  g_hash_table_remove (self->busy, change->id);
  g_task_return_error (task, g_steal_pointer (&change->error));
}

static void
on_create_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  WcRegistry *self = g_task_get_source_object (task);
  Change *change = g_task_get_task_data (task);

  if (wc_store_write_finish (self->store, result, &change->error) &&
      self->stopped)
    change->error =
        g_error_new (WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_STOPPING,
                     "the server is going down");
  if (change->error != NULL) {
    wc_store_remove_async (self->store, change->id, on_create_undone, task);
    return;
  }
  finish_create (self, task);
  g_object_unref (task);
}

/* TRUE if there is room and the id is free; else @task is over. */
static gboolean
may_create (WcRegistry *self, const WcMountpointSpec *spec, GTask *task)
{
  guint max = self->context->sources.config->max_mountpoints;
  guint n =
      g_hash_table_size (self->mountpoints) + g_hash_table_size (self->busy);
  g_autofree char *path = NULL;

  if (spec->id == NULL || !wc_id_is_valid (spec->id)) {
    wc_registry_refuse (task, WC_MOUNTPOINT_ERROR_INVALID,
                        "id must be " WC_ID_RULE);
    return FALSE;
  }
  if (wc_registry_lookup (self, spec->id) != NULL) {
    wc_registry_refuse (task, WC_MOUNTPOINT_ERROR_EXISTS,
                        "there is a mountpoint \"%s\" already", spec->id);
    return FALSE;
  }
  if (!may_change (self, spec->id, task))
    return FALSE;
  if (g_hash_table_contains (self->kept, spec->id)) {
    path = wc_store_path (self->store, spec->id);
    wc_registry_refuse (
        task, WC_MOUNTPOINT_ERROR_EXISTS,
        "%s is there and could not be used; repair or remove it and "
        "restart, or choose another id",
        path);
    return FALSE;
  }
  if (max == 0 || n < max)
    return TRUE;
  wc_registry_refuse (
      task, WC_MOUNTPOINT_ERROR_LIMIT,
      "there are %u mountpoints, which is [limits] max-mountpoints", n);
  return FALSE;
}

void
wc_registry_create_async (WcRegistry *registry, const WcMountpointSpec *spec,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (registry, NULL, callback, user_data);
  GError *error = NULL;

  if (!may_create (registry, spec, task))
    return;

  g_autoptr (WcMountpoint) mountpoint =
      wc_mountpoint_new (spec, WC_ORIGIN_API, registry->context, &error);
  if (mountpoint == NULL) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }

  begin_change (registry, task, mountpoint);
  if (is_saved (mountpoint)) {
    wc_store_save_async (registry->store, wc_mountpoint_spec (mountpoint),
                         on_create_saved, task);
    return;
  }
  finish_create (registry, task);
  g_object_unref (task);
}

WcMountpoint *
wc_registry_create_finish (WcRegistry *registry, GAsyncResult *result,
                           GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- edit ------------------------------------------------------------------
 */

static void
finish_edit (GTask *task)
{
  Change *change = g_task_get_task_data (task);

  wc_mountpoint_commit_edit (change->mountpoint,
                             g_steal_pointer (&change->edit));
  g_task_return_boolean (task, TRUE);
}

static void
on_edit_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (end_write (g_task_get_source_object (task), task, result))
    finish_edit (task);
}

/* `persist` itself may be what is edited. */
static void
write_edit (WcRegistry *self, GTask *task, Change *change)
{
  const WcMountpointSpec *spec = wc_mountpoint_edit_spec (change->edit);

  if (wc_mountpoint_origin (change->mountpoint) == WC_ORIGIN_API &&
      spec->persist) {
    wc_store_save_async (self->store, spec, on_edit_saved, task);
  } else if (is_saved (change->mountpoint)) {
    wc_store_remove_async (self->store, change->id, on_edit_saved, task);
  } else {
    g_hash_table_remove (self->busy, change->id);
    finish_edit (task);
    g_object_unref (task);
  }
}

void
wc_registry_edit_async (WcRegistry *registry, const char *id,
                        const WcMountpointSpec *spec,
                        GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (registry, NULL, callback, user_data);
  WcMountpoint *mountpoint = find_to_edit (registry, id, task);
  GError *error = NULL;

  if (mountpoint == NULL)
    return;

  WcMountpointEdit *edit =
      wc_mountpoint_prepare_edit (mountpoint, spec, &error);
  if (edit == NULL) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  Change *change = begin_change (registry, task, mountpoint);
  change->edit = edit;
  write_edit (registry, task, change);
}

gboolean
wc_registry_edit_finish (WcRegistry *registry, GAsyncResult *result,
                         GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- enable and disable ----------------------------------------------------
 */

static void
finish_set_enabled (GTask *task)
{
  Change *change = g_task_get_task_data (task);

  wc_mountpoint_set_enabled (change->mountpoint, change->enabled);
  g_task_return_boolean (task, TRUE);
}

static void
note_disabled (WcRegistry *self, const char *id, gboolean enabled)
{
  if (enabled)
    g_hash_table_remove (self->disabled, id);
  else
    g_hash_table_add (self->disabled, g_strdup (id));
}

static void
on_set_enabled_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  WcRegistry *self = g_task_get_source_object (task);
  const Change *change = g_task_get_task_data (task);
  gboolean configured =
      wc_mountpoint_origin (change->mountpoint) == WC_ORIGIN_CONFIG;

  if (end_write (self, task, result))
    finish_set_enabled (task);
  else if (configured)
    note_disabled (self, change->id, !change->enabled);
}

static void
write_enabled (WcRegistry *self, GTask *task, const Change *change)
{
  WcMountpoint *mountpoint = change->mountpoint;
  g_autoptr (WcMountpointSpec) spec =
      wc_mountpoint_spec_copy (wc_mountpoint_spec (mountpoint));

  spec->enabled = change->enabled;
  if (wc_mountpoint_origin (mountpoint) == WC_ORIGIN_CONFIG) {
    note_disabled (self, change->id, change->enabled);
    wc_store_save_disabled_async (self->store, self->disabled,
                                  on_set_enabled_saved, task);
  } else if (is_saved (mountpoint)) {
    wc_store_save_async (self->store, spec, on_set_enabled_saved, task);
  } else {
    g_hash_table_remove (self->busy, change->id);
    finish_set_enabled (task);
    g_object_unref (task);
  }
}

void
wc_registry_set_enabled_async (WcRegistry *registry, const char *id,
                               gboolean enabled, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GTask *task = g_task_new (registry, NULL, callback, user_data);
  WcMountpoint *mountpoint = find_to_change (registry, id, task);

  if (mountpoint == NULL)
    return;
  if (wc_mountpoint_spec (mountpoint)->enabled == enabled) {
    g_task_return_boolean (task, TRUE);
    g_object_unref (task);
    return;
  }
  Change *change = begin_change (registry, task, mountpoint);
  change->enabled = enabled;
  write_enabled (registry, task, change);
}

gboolean
wc_registry_set_enabled_finish (WcRegistry *registry, GAsyncResult *result,
                                GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- destroy ---------------------------------------------------------------
 */

static void
finish_destroy (WcRegistry *self, GTask *task)
{
  const Change *change = g_task_get_task_data (task);

  if (wc_registry_lookup (self, change->id) == change->mountpoint)
    wc_registry_remove (self, change->mountpoint,
                        "the mountpoint was destroyed");
  g_task_return_boolean (task, TRUE);
}

static void
on_destroy_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  WcRegistry *self = g_task_get_source_object (task);

  if (end_write (self, task, result))
    finish_destroy (self, task);
}

void
wc_registry_destroy_async (WcRegistry *registry, const char *id,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (registry, NULL, callback, user_data);
  WcMountpoint *mountpoint = find_to_edit (registry, id, task);

  if (mountpoint == NULL)
    return;

  Change *change = begin_change (registry, task, mountpoint);
  if (is_saved (mountpoint)) {
    wc_store_remove_async (registry->store, change->id, on_destroy_saved, task);
    return;
  }
  g_hash_table_remove (registry->busy, change->id);
  finish_destroy (registry, task);
  g_object_unref (task);
}

gboolean
wc_registry_destroy_finish (WcRegistry *registry, GAsyncResult *result,
                            GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
