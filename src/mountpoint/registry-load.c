/* SPDX-License-Identifier: MIT */
/* What there is at the start: of the configuration, and of the API in the state
 * directory. */
#include "mountpoint/registry-private.h"

#include "base/log.h"

#define DEMO_ID "demo"
#define RETRY_MS 2000

/* @problem: taken, and returned. */
static const char *
add_problem (WcRegistry *self, char *problem)
{
  wc_warning ("%s", problem);
  g_ptr_array_add (self->problems, problem);
  return problem;
}

WcMountpoint *
wc_registry_make_configured (WcRegistry *self, const WcMountpointSpec *spec,
                             GError **error)
{
  g_autoptr (WcMountpointSpec) copy = wc_mountpoint_spec_copy (spec);

  if (g_hash_table_contains (self->disabled, spec->id))
    copy->enabled = FALSE;

  WcMountpoint *mountpoint =
      wc_mountpoint_new (copy, WC_ORIGIN_CONFIG, self->context, error);
  if (mountpoint == NULL)
    g_prefix_error (error, "[mountpoint %s]: ", spec->id);
  return mountpoint;
}

static gboolean
load_configured (WcRegistry *self, const WcMountpointSpec *spec, GError **error)
{
  g_autoptr (WcMountpoint) mountpoint =
      wc_registry_make_configured (self, spec, error);

  if (mountpoint != NULL)
    wc_registry_add (self, mountpoint);
  return mountpoint != NULL;
}

void
wc_registry_note_hidden (WcRegistry *self, const char *id)
{
  g_autofree char *path = wc_store_path (self->store, id);

  add_problem (
      self, g_strdup_printf ("%s is skipped and kept: the configuration has a "
                             "mountpoint \"%s\" too, which wins",
                             path, id));
}

/* --- what waits for its port -----------------------------------------------
 */

/* A mountpoint of the API whose port another program has now. */
typedef struct {
  WcMountpointSpec *spec;
  const char *problem; /* of registry->problems */
} Waiting;

static void
waiting_free (gpointer data)
{
  Waiting *waiting = data;

  wc_mountpoint_spec_free (waiting->spec);
  g_free (waiting);
}

GPtrArray *
wc_registry_new_waiting (void)
{
  return g_ptr_array_new_with_free_func (waiting_free);
}

static void
forget_problem (WcRegistry *self, const Waiting *waiting)
{
  g_hash_table_remove (self->kept, waiting->spec->id);
  g_ptr_array_remove (self->problems, (gpointer)waiting->problem);
}

static gboolean
is_stored (WcRegistry *self, const char *id)
{
  g_autofree char *path = wc_store_path (self->store, id);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* FALSE: still not. */
static gboolean
try_again (WcRegistry *self, const Waiting *waiting)
{
  const char *id = waiting->spec->id;

  if (wc_registry_lookup (self, id) != NULL)
    return FALSE; /* of the configuration, by now */

  if (!is_stored (self, id)) {
    wc_info ("%s: its file was removed, it is not waited for any more", id);
    forget_problem (self, waiting);
    return TRUE;
  }
  g_autoptr (WcMountpoint) mountpoint =
      wc_mountpoint_new (waiting->spec, WC_ORIGIN_API, self->context, NULL);
  if (mountpoint == NULL)
    return FALSE;
  wc_info ("%s: its port is free", id);
  forget_problem (self, waiting);
  wc_registry_add (self, mountpoint);
  return TRUE;
}

static gboolean
on_retry (gpointer user_data)
{
  WcRegistry *self = user_data;

  for (guint i = self->waiting->len; i > 0; i--)
    if (try_again (self, self->waiting->pdata[i - 1]))
      g_ptr_array_remove_index (self->waiting, i - 1);
  if (self->waiting->len > 0)
    return G_SOURCE_CONTINUE;
  self->retry_source = 0;
  return G_SOURCE_REMOVE;
}

static void
wait_for_port (WcRegistry *self, const WcMountpointSpec *spec,
               const char *problem)
{
  Waiting *waiting = g_new (Waiting, 1);

  *waiting = (Waiting){wc_mountpoint_spec_copy (spec), problem};
  g_ptr_array_add (self->waiting, waiting);
  if (self->retry_source == 0)
    self->retry_source = g_timeout_add (RETRY_MS, on_retry, self);
}

/* --- the state directory ---------------------------------------------------
 */

/* @spec could not be used: @error. */
static void
keep_stored (WcRegistry *self, const WcMountpointSpec *spec,
             const GError *error)
{
  g_autofree char *path = wc_store_path (self->store, spec->id);
  gboolean in_use =
      g_error_matches (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_IN_USE);
  const char *problem = add_problem (
      self,
      g_strdup_printf ("%s is skipped and kept: %s%s", path, error->message,
                       in_use ? "; it is used when the port is free" : ""));

  g_hash_table_add (self->kept, g_strdup (spec->id));
  if (in_use)
    wait_for_port (self, spec, problem);
}

static void
load_stored (WcRegistry *self, const WcMountpointSpec *spec)
{
  g_autoptr (GError) error = NULL;

  if (wc_registry_lookup (self, spec->id) != NULL) {
    wc_registry_note_hidden (self, spec->id);
    return;
  }

  g_autoptr (WcMountpoint) mountpoint =
      wc_mountpoint_new (spec, WC_ORIGIN_API, self->context, &error);
  if (mountpoint != NULL)
    wc_registry_add (self, mountpoint);
  else
    keep_stored (self, spec, error);
}

static void
load_store (WcRegistry *self)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new ();
  g_autoptr (GPtrArray) specs =
      wc_store_load (self->store, problems, self->kept);

  for (guint i = 0; i < problems->len; i++)
    add_problem (self, g_ptr_array_index (problems, i));
  for (guint i = 0; i < specs->len; i++)
    load_stored (self, g_ptr_array_index (specs, i));
}

/* --- all of them -----------------------------------------------------------
 */

static gboolean
load_demo (WcRegistry *self, GError **error)
{
  g_autoptr (WcMountpointSpec) spec = wc_mountpoint_spec_new ();

  if (wc_registry_lookup (self, DEMO_ID) != NULL) {
    add_problem (self, g_strdup ("there is a mountpoint \"" DEMO_ID
                                 "\" already; --demo adds none"));
    return TRUE;
  }
  spec->id = g_strdup (DEMO_ID);
  spec->kind = WC_KIND_TEST;
  spec->title = g_strdup ("Demo");
  spec->persist = FALSE;

  g_autoptr (WcMountpoint) mountpoint =
      wc_mountpoint_new (spec, WC_ORIGIN_DEMO, self->context, error);
  if (mountpoint == NULL)
    return FALSE;
  wc_registry_add (self, mountpoint);
  return TRUE;
}

gboolean
wc_registry_load (WcRegistry *registry, gboolean with_demo, GError **error)
{
  GPtrArray *configured = registry->context->sources.config->mountpoints;
  g_autoptr (GPtrArray) problems = g_ptr_array_new ();

  g_hash_table_unref (registry->disabled);
  registry->disabled = wc_store_load_disabled (registry->store, problems);
  for (guint i = 0; i < problems->len; i++)
    add_problem (registry, g_ptr_array_index (problems, i));

  for (guint i = 0; configured != NULL && i < configured->len; i++)
    if (!load_configured (registry, g_ptr_array_index (configured, i), error))
      return FALSE;
  load_store (registry);
  return !with_demo || load_demo (registry, error);
}
