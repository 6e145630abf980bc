/* SPDX-License-Identifier: MIT */
#include "mountpoint/registry-reload.h"

#include "config/change.h"
#include "ingest/ports.h"
#include "mountpoint/registry-private.h"

/* What becomes of one id. */
typedef struct {
  const char *id;                 /* of one of the two below */
  const WcMountpointSpec *before; /* NULL: the file did not have it */
  const WcMountpointSpec *after;  /* NULL: it has it no more */
  WcMountpoint *present;          /* nullable: what runs under this id */
  WcMountpoint *made;             /* nullable: what takes its place */
  WcMountpointEdit *edit;         /* nullable: what becomes of it */
  gboolean restarts;
} Step;

struct WcRegistryReload {
  WcRegistry *registry;
  GPtrArray *steps;
  GHashTable *leaving; /* ids whose ports others may have */
  gboolean committed;
};

static void
step_free (gpointer data)
{
  Step *step = data;

  g_clear_pointer (&step->edit, wc_mountpoint_edit_free);
  if (step->made != NULL)
    wc_mountpoint_stop (step->made, "the configuration was not applied");
  g_clear_object (&step->made);
  g_clear_object (&step->present);
  g_free (step);
}

static const WcMountpointSpec *
find_spec (const GPtrArray *specs, const char *id)
{
  for (guint i = 0; i < specs->len; i++) {
    const WcMountpointSpec *spec = specs->pdata[i];
    if (g_str_equal (spec->id, id))
      return spec;
  }
  return NULL;
}

/* --- what is to be done ----------------------------------------------------
 */

static gboolean
is_configured (const Step *step)
{
  return step->present != NULL &&
         wc_mountpoint_origin (step->present) == WC_ORIGIN_CONFIG;
}

static void
add_step (WcRegistryReload *reload, const WcMountpointSpec *before,
          const WcMountpointSpec *after)
{
  Step *step = g_new0 (Step, 1);

  step->id = before != NULL ? before->id : after->id;
  step->before = before;
  step->after = after;
  step->present = wc_registry_lookup (reload->registry, step->id);
  if (step->present != NULL)
    g_object_ref (step->present);
  step->restarts = before == NULL || after == NULL ||
                   wc_mountpoint_spec_needs_restart (before, after);
  g_ptr_array_add (reload->steps, step);
  if (step->restarts)
    g_hash_table_add (reload->leaving, (gpointer)step->id);
}

static void
compare (WcRegistryReload *reload, const GPtrArray *running,
         const GPtrArray *wanted)
{
  for (guint i = 0; i < running->len; i++) {
    const WcMountpointSpec *before = running->pdata[i];
    const WcMountpointSpec *after = find_spec (wanted, before->id);
    if (after == NULL || !wc_mountpoint_spec_equal (before, after))
      add_step (reload, before, after);
  }
  for (guint i = 0; i < wanted->len; i++) {
    const WcMountpointSpec *after = wanted->pdata[i];
    if (find_spec (running, after->id) == NULL)
      add_step (reload, NULL, after);
  }
}

/* --- taking ----------------------------------------------------------------
 */

/* A port that was chosen stays when the file still leaves the choice. */
static void
keep_ports (WcMountpointSpec *spec, const Step *step)
{
  const WcMountpointSpec *present = wc_mountpoint_spec (step->present);

  for (guint i = 0; i < spec->tracks->len; i++) {
    WcTrackSpec *track = spec->tracks->pdata[i];
    const WcTrackSpec *before =
        wc_mountpoint_spec_track (step->before, track->media);
    const WcTrackSpec *now = wc_mountpoint_spec_track (present, track->media);
    if (before == NULL || now == NULL)
      continue;
    if (track->port == 0 && before->port == 0)
      track->port = now->port;
    if (track->rtcp_port == 0 && before->rtcp_port == 0 &&
        track->port == now->port)
      track->rtcp_port = now->rtcp_port;
  }
}

/* What runs has filled in what the file leaves open (ports, clock rates): that
 * is no difference. */
static void
keep_tracks (WcMountpointSpec *spec, const WcMountpointSpec *present)
{
  g_autoptr (WcMountpointSpec) copy = wc_mountpoint_spec_copy (present);
  GPtrArray *tracks = spec->tracks, *sources = spec->sources;

  spec->tracks = copy->tracks;
  spec->sources = copy->sources;
  copy->tracks = tracks;
  copy->sources = sources;
}

static gboolean
prepare_edit (WcRegistryReload *reload, Step *step, GError **error)
{
  g_autoptr (WcMountpointSpec) spec = wc_mountpoint_spec_copy (step->after);
  const WcMountpointSpec *present = wc_mountpoint_spec (step->present);

  if (g_hash_table_contains (reload->registry->disabled, step->id))
    spec->enabled = FALSE;
  if (step->restarts)
    keep_ports (spec, step);
  else
    keep_tracks (spec, present);
  step->restarts = wc_mountpoint_spec_needs_restart (present, spec);
  step->edit = wc_mountpoint_prepare_edit (step->present, spec, error);
  if (step->edit == NULL)
    g_prefix_error (error, "[mountpoint %s]: ", step->id);
  return step->edit != NULL;
}

static gboolean
prepare (WcRegistryReload *reload, Step *step, GError **error)
{
  if (step->after == NULL)
    return TRUE;
  if (is_configured (step))
    return prepare_edit (reload, step, error);
  if (g_hash_table_contains (reload->registry->busy, step->id)) {
    g_set_error (error, WC_MOUNTPOINT_ERROR, WC_MOUNTPOINT_ERROR_EXISTS,
                 "[mountpoint %s]: the API is changing a mountpoint of that "
                 "id; try again",
                 step->id);
    return FALSE;
  }
  step->made =
      wc_registry_make_configured (reload->registry, step->after, error);
  return step->made != NULL;
}

WcRegistryReload *
wc_registry_reload_new (WcRegistry *registry, const GPtrArray *running,
                        const GPtrArray *wanted, GPtrArray *errors)
{
  g_autoptr (WcRegistryReload) reload = g_new0 (WcRegistryReload, 1);
  guint n_errors = errors->len;

  reload->registry = g_object_ref (registry);
  reload->steps = g_ptr_array_new_with_free_func (step_free);
  reload->leaving = g_hash_table_new (g_str_hash, g_str_equal);
  compare (reload, running, wanted);
  wc_port_pool_begin_handover (registry->context->sources.ports,
                               reload->leaving);
  for (guint i = 0; i < reload->steps->len; i++) {
    g_autoptr (GError) error = NULL;
    if (!prepare (reload, reload->steps->pdata[i], &error))
      g_ptr_array_add (errors, g_strdup (error->message));
  }
  return errors->len == n_errors ? g_steal_pointer (&reload) : NULL;
}

void
wc_registry_reload_free (WcRegistryReload *reload)
{
  g_ptr_array_unref (reload->steps);
  if (!reload->committed)
    wc_port_pool_end_handover (reload->registry->context->sources.ports, FALSE);
  g_hash_table_unref (reload->leaving);
  g_object_unref (reload->registry);
  g_free (reload);
}

/* --- showing ---------------------------------------------------------------
 */

static void
note (GPtrArray *changes, const Step *step, WcChangeEffect effect,
      const char *text)
{
  g_ptr_array_add (changes, wc_change_new (WC_CHANGE_MOUNTPOINT, effect, NULL,
                                           step->id, text));
}

/* A mountpoint of the API may wait behind one of the file: it is there again
 * with the next start. */
static void
remove_configured (WcRegistryReload *reload, Step *step, GPtrArray *changes)
{
  WcRegistry *registry = reload->registry;
  g_autofree char *path = wc_store_path (registry->store, step->id);
  g_autofree char *text = NULL;

  if (is_configured (step))
    wc_registry_remove (registry, step->present,
                        "the configuration has it no more");
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    text = g_strdup_printf ("%s is used again after a restart", path);
  note (changes, step, WC_CHANGE_REMOVED, text);
}

/* As at the start: the configuration wins, and the file is kept. */
static void
displace (WcRegistryReload *reload, const Step *step)
{
  g_autofree char *path = wc_store_path (reload->registry->store, step->id);

  wc_registry_remove (reload->registry, step->present,
                      "the configuration has a mountpoint of this id now");
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    wc_registry_note_hidden (reload->registry, step->id);
}

static void
add_configured (WcRegistryReload *reload, Step *step, GPtrArray *changes)
{
  const char *text = NULL;

  if (step->present != NULL) {
    text = "in place of the one that was made here";
    displace (reload, step);
  }
  wc_registry_add (reload->registry, step->made);
  g_clear_object (&step->made);
  note (changes, step, WC_CHANGE_ADDED, text);
}

static void
commit_edit (Step *step, GPtrArray *changes)
{
  wc_mountpoint_commit_edit (step->present, g_steal_pointer (&step->edit));
  note (changes, step, step->restarts ? WC_CHANGE_RESTARTED : WC_CHANGE_EDITED,
        NULL);
}

void
wc_registry_reload_commit (WcRegistryReload *reload, GPtrArray *changes)
{
  reload->committed = TRUE;
  wc_port_pool_end_handover (reload->registry->context->sources.ports, TRUE);
  for (guint i = 0; i < reload->steps->len; i++) {
    Step *step = reload->steps->pdata[i];
    if (step->after == NULL)
      remove_configured (reload, step, changes);
  }
  for (guint i = 0; i < reload->steps->len; i++) {
    Step *step = reload->steps->pdata[i];
    if (step->made != NULL)
      add_configured (reload, step, changes);
    else if (step->edit != NULL)
      commit_edit (step, changes);
  }
}

void
wc_registry_note_limits (WcRegistry *registry)
{
  const WcConfig *config = registry->context->sources.config;

  if (wc_admission_is_of (registry->admission, config))
    return;
  wc_admission_free (registry->admission);
  registry->admission = wc_admission_new (config, registry->context->engine);
}
