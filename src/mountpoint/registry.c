/* SPDX-License-Identifier: MIT */
#include "mountpoint/registry.h"

#include "base/clock.h"
#include "base/log.h"
#include "mountpoint/probe.h"
#include "mountpoint/registry-private.h"
#include "mountpoint/session-private.h"

#include <string.h>

G_DEFINE_FINAL_TYPE (WcRegistry, wc_registry, G_TYPE_OBJECT)

enum { SIGNAL_MOUNTPOINT_ADDED, SIGNAL_MOUNTPOINT_REMOVED, N_SIGNALS };
static guint signals[N_SIGNALS];

/* --- the table -------------------------------------------------------------
 */

static void
on_session_added (WcMountpoint *mountpoint, WcSession *session,
                  WcRegistry *self)
{
  wc_session_table_add (self->sessions, session);
}

void
wc_registry_add (WcRegistry *self, WcMountpoint *mountpoint)
{
  g_hash_table_insert (self->mountpoints,
                       g_strdup (wc_mountpoint_id (mountpoint)),
                       g_object_ref (mountpoint));
  g_signal_connect (mountpoint, "session-added", G_CALLBACK (on_session_added),
                    self);
  g_signal_emit (self, signals[SIGNAL_MOUNTPOINT_ADDED], 0, mountpoint);
  wc_mountpoint_start (mountpoint);
}

void
wc_registry_remove (WcRegistry *self, WcMountpoint *mountpoint,
                    const char *reason)
{
  g_autoptr (WcMountpoint) keep = g_object_ref (mountpoint);

  wc_mountpoint_stop (keep, reason);
  g_signal_handlers_disconnect_by_data (keep, self);
  g_hash_table_remove (self->mountpoints, wc_mountpoint_id (keep));
  g_signal_emit (self, signals[SIGNAL_MOUNTPOINT_REMOVED], 0, keep);
}

WcMountpoint *
wc_registry_lookup (WcRegistry *registry, const char *id)
{
  return g_hash_table_lookup (registry->mountpoints, id);
}

static int
compare_mountpoints (gconstpointer a, gconstpointer b)
{
  WcMountpoint *const *left = a, *const *right = b;

  return strcmp (wc_mountpoint_id (*left), wc_mountpoint_id (*right));
}

GPtrArray *
wc_registry_list (WcRegistry *registry)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer mountpoint;

  g_hash_table_iter_init (&iter, registry->mountpoints);
  while (g_hash_table_iter_next (&iter, NULL, &mountpoint))
    g_ptr_array_add (list, g_object_ref (mountpoint));
  g_ptr_array_sort (list, compare_mountpoints);
  return list;
}

GPtrArray *
wc_registry_problems (WcRegistry *registry)
{
  return registry->problems;
}

void
wc_registry_refuse (GTask *task, WcMountpointError code, const char *format,
                    ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_task_return_new_error (task, WC_MOUNTPOINT_ERROR, (int)code, "%s", message);
  g_object_unref (task);
}

/* --- watching --------------------------------------------------------------
 */

static const char *const limit_keys[WC_N_LIMITS] = {
    [WC_LIMIT_VIEWERS] = "max-viewers",
    [WC_LIMIT_VIEWERS_PER_MOUNTPOINT] = "max-viewers-per-mountpoint",
    [WC_LIMIT_VIEWERS_PER_ADDRESS] = "max-viewers-per-address",
    [WC_LIMIT_PENDING] = "max-pending",
    [WC_LIMIT_EGRESS] = "max-egress-bps",
    [WC_LIMIT_JOINS] = "joins-per-second",
};

gboolean
wc_registry_get_refusals (WcRegistry *registry, guint index,
                          WcRefusals *refusals)
{
  if (index >= WC_N_LIMITS)
    return FALSE;
  *refusals = (WcRefusals){limit_keys[index], registry->refused[index]};
  return TRUE;
}

/* The limits of time; the viewer is counted when it passes. */
static gboolean
may_join (WcRegistry *self, GTask *task)
{
  gint64 now_us = wc_clock_now_us ();
  guint n_viewers = wc_session_table_n_viewers (self->sessions);

  if (!wc_admission_has_bandwidth (self->admission, n_viewers)) {
    self->refused[WC_LIMIT_EGRESS]++;
    wc_registry_refuse (task, WC_MOUNTPOINT_ERROR_LIMIT,
                        "there is no bandwidth for another viewer ([limits] "
                        "%s)",
                        limit_keys[WC_LIMIT_EGRESS]);
    return FALSE;
  }
  if (!wc_admission_may_join (self->admission, now_us)) {
    self->refused[WC_LIMIT_JOINS]++;
    wc_registry_refuse (task, WC_MOUNTPOINT_ERROR_RATE,
                        "too many viewers come at once ([limits] %s)",
                        limit_keys[WC_LIMIT_JOINS]);
    return FALSE;
  }
  wc_admission_join (self->admission, now_us);
  return TRUE;
}

/* TRUE if there is room for one more; else @task is over. */
static gboolean
has_room (WcRegistry *self, WcMountpoint *mountpoint, const char *address,
          GTask *task)
{
  const WcConfig *config = self->context->sources.config;
  const struct {
    guint max, n;
  } limits[] = {
      [WC_LIMIT_VIEWERS] = {config->max_viewers,
                            wc_session_table_n_viewers (self->sessions)},
      [WC_LIMIT_VIEWERS_PER_MOUNTPOINT] = {config->max_viewers_per_mountpoint,
                                           wc_mountpoint_n_viewers (
                                               mountpoint)},
      [WC_LIMIT_VIEWERS_PER_ADDRESS] = {config->max_viewers_per_address,
                                        wc_session_table_n_of_address (
                                            self->sessions, address)},
      [WC_LIMIT_PENDING] = {config->max_pending,
                            wc_session_table_n_pending (self->sessions)},
  };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++) {
    if (limits[i].max == 0 || limits[i].n < limits[i].max)
      continue;
    self->refused[i]++;
    wc_registry_refuse (task, WC_MOUNTPOINT_ERROR_LIMIT,
                        "there is no room for another viewer ([limits] %s=%u)",
                        limit_keys[i], limits[i].max);
    return FALSE;
  }
  return may_join (self, task);
}

static void
on_watched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  WcSession *session =
      wc_mountpoint_watch_finish (WC_MOUNTPOINT (source), result, &error);

  if (session != NULL)
    g_task_return_pointer (task, session, g_object_unref);
  else
    g_task_return_error (task, error);
}

void
wc_registry_watch_async (WcRegistry *registry, const char *id,
                         const char *offer, gsize size,
                         const WcViewerInfo *viewer,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (registry, NULL, callback, user_data);
  WcMountpoint *mountpoint = wc_registry_lookup (registry, id);

  if (registry->stopped)
    wc_registry_refuse (task, WC_MOUNTPOINT_ERROR_STOPPING,
                        "the server is going down");
  else if (mountpoint == NULL)
    wc_registry_refuse (task, WC_MOUNTPOINT_ERROR_NOT_FOUND,
                        "there is no mountpoint \"%s\"", id);
  else if (has_room (registry, mountpoint, viewer->address, task))
    wc_mountpoint_watch_async (mountpoint, offer, size, viewer, on_watched,
                               task);
}

WcSession *
wc_registry_watch_finish (WcRegistry *registry, GAsyncResult *result,
                          GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

WcSession *
wc_registry_find_session (WcRegistry *registry, const char *mountpoint_id,
                          const char *secret)
{
  WcSession *session = wc_session_table_find (registry->sessions, secret);

  if (session == NULL ||
      strcmp (wc_session_mountpoint_id (session), mountpoint_id) != 0)
    return NULL;
  return session;
}

WcSession *
wc_registry_find_session_by_public_id (WcRegistry *registry,
                                       const char *public_id)
{
  return wc_session_table_find_public (registry->sessions, public_id);
}

guint
wc_registry_n_sessions (WcRegistry *registry)
{
  return wc_session_table_size (registry->sessions);
}

guint
wc_registry_n_viewers (WcRegistry *registry)
{
  return wc_session_table_n_viewers (registry->sessions);
}

/* --- life ------------------------------------------------------------------
 */

gboolean
wc_registry_is_busy (WcRegistry *registry)
{
  return wc_store_is_busy (registry->store);
}

gboolean
wc_registry_is_stopping (WcRegistry *registry)
{
  return registry->stopped;
}

void
wc_registry_stop (WcRegistry *registry)
{
  g_autoptr (GPtrArray) list = wc_registry_list (registry);

  registry->stopped = TRUE;
  g_clear_handle_id (&registry->retry_source, g_source_remove);
  wc_registry_stop_probes (registry);
  for (guint i = 0; i < list->len; i++)
    wc_registry_remove (registry, g_ptr_array_index (list, i),
                        "the server is going down");
  wc_session_table_forget_all (registry->sessions, "the server is going down");
}

static GHashTable *
new_set (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

WcRegistry *
wc_registry_new (const WcMountpointContext *context, GError **error)
{
  WcStore *store = wc_store_new (context->sources.config->state_dir, error);

  if (store == NULL)
    return NULL;

  WcRegistry *self = g_object_new (WC_TYPE_REGISTRY, NULL);
  self->context = context;
  self->admission = wc_admission_new (context->sources.config, context->engine);
  self->store = store;
  return self;
}

static void
wc_registry_dispose (GObject *object)
{
  wc_registry_stop (WC_REGISTRY (object));
  G_OBJECT_CLASS (wc_registry_parent_class)->dispose (object);
}

static void
wc_registry_finalize (GObject *object)
{
  WcRegistry *self = WC_REGISTRY (object);

  /* A write under way has a task, and that a reference to us. */
  g_clear_pointer (&self->store, wc_store_free);
  wc_session_table_free (self->sessions);
  g_clear_pointer (&self->admission, wc_admission_free);
  g_hash_table_unref (self->mountpoints);
  g_hash_table_unref (self->busy);
  g_hash_table_unref (self->kept);
  g_ptr_array_unref (self->waiting);
  g_hash_table_unref (self->disabled);
  g_ptr_array_unref (self->problems);
  g_ptr_array_unref (self->probes);
  G_OBJECT_CLASS (wc_registry_parent_class)->finalize (object);
}

static void
wc_registry_class_init (WcRegistryClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = wc_registry_dispose;
  G_OBJECT_CLASS (klass)->finalize = wc_registry_finalize;
  signals[SIGNAL_MOUNTPOINT_ADDED] =
      g_signal_new ("mountpoint-added", WC_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0,
                    NULL, NULL, NULL, G_TYPE_NONE, 1, WC_TYPE_MOUNTPOINT);
  signals[SIGNAL_MOUNTPOINT_REMOVED] =
      g_signal_new ("mountpoint-removed", WC_TYPE_REGISTRY, G_SIGNAL_RUN_LAST,
                    0, NULL, NULL, NULL, G_TYPE_NONE, 1, WC_TYPE_MOUNTPOINT);
}

static void
wc_registry_init (WcRegistry *self)
{
  self->mountpoints =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->busy = new_set ();
  self->kept = new_set ();
  self->waiting = wc_registry_new_waiting ();
  self->disabled = new_set ();
  self->problems = g_ptr_array_new_with_free_func (g_free);
  self->sessions = wc_session_table_new ();
  self->probes = g_ptr_array_new ();
}
