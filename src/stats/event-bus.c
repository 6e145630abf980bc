/* SPDX-License-Identifier: MIT */
#include "stats/event-bus.h"

#define VIEWERS_MS 250

typedef struct {
  WcEventFunc func;
  gpointer user_data;
} Listener;

struct WcEventBus {
  WcRegistry *registry;
  GHashTable *listeners; /* number -> Listener */
  GHashTable *changed;   /* ids whose number of viewers has */
  guint last_listener;
  guint source;
};

static void
tell (WcEventBus *bus, WcEventKind kind, WcMountpoint *mountpoint)
{
  g_autoptr (GList) numbers = g_hash_table_get_keys (bus->listeners);

  for (GList *each = numbers; each != NULL; each = each->next) {
    const Listener *listener = g_hash_table_lookup (bus->listeners, each->data);
    if (listener != NULL)
      listener->func (kind, mountpoint, listener->user_data);
  }
}

static gboolean
on_viewers (gpointer user_data)
{
  WcEventBus *bus = user_data;
  g_autoptr (GHashTable) changed = g_steal_pointer (&bus->changed);
  GHashTableIter iter;
  gpointer id;

  bus->source = 0;
  bus->changed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_iter_init (&iter, changed);
  while (g_hash_table_iter_next (&iter, &id, NULL)) {
    WcMountpoint *mountpoint = wc_registry_lookup (bus->registry, id);
    if (mountpoint != NULL)
      tell (bus, WC_EVENT_VIEWERS, mountpoint);
  }
  return G_SOURCE_REMOVE;
}

static void
on_session_changed (WcMountpoint *mountpoint, WcSession *session,
                    WcEventBus *bus)
{
  g_hash_table_add (bus->changed, g_strdup (wc_mountpoint_id (mountpoint)));
  if (bus->source == 0)
    bus->source = g_timeout_add (VIEWERS_MS, on_viewers, bus);
}

static void
on_state_changed (WcMountpoint *mountpoint, WcEventBus *bus)
{
  tell (bus, WC_EVENT_STATE, mountpoint);
}

static void
on_switched (WcMountpoint *mountpoint, WcEventBus *bus)
{
  tell (bus, WC_EVENT_SWITCH, mountpoint);
}

static void
on_added (WcRegistry *registry, WcMountpoint *mountpoint, WcEventBus *bus)
{
  g_signal_connect (mountpoint, "state-changed", G_CALLBACK (on_state_changed),
                    bus);
  g_signal_connect (mountpoint, "switched", G_CALLBACK (on_switched), bus);
  g_signal_connect (mountpoint, "session-added",
                    G_CALLBACK (on_session_changed), bus);
  g_signal_connect (mountpoint, "session-ended",
                    G_CALLBACK (on_session_changed), bus);
  tell (bus, WC_EVENT_STATE, mountpoint);
}

static void
on_removed (WcRegistry *registry, WcMountpoint *mountpoint, WcEventBus *bus)
{
  g_signal_handlers_disconnect_by_data (mountpoint, bus);
  tell (bus, WC_EVENT_REMOVED, mountpoint);
}

WcEventBus *
wc_event_bus_new (WcRegistry *registry)
{
  WcEventBus *bus = g_new0 (WcEventBus, 1);

  bus->registry = registry;
  bus->listeners = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  bus->changed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_signal_connect (registry, "mountpoint-added", G_CALLBACK (on_added), bus);
  g_signal_connect (registry, "mountpoint-removed", G_CALLBACK (on_removed),
                    bus);
  return bus;
}

void
wc_event_bus_free (WcEventBus *bus)
{
  g_autoptr (GPtrArray) mountpoints = wc_registry_list (bus->registry);

  for (guint i = 0; i < mountpoints->len; i++)
    g_signal_handlers_disconnect_by_data (mountpoints->pdata[i], bus);
  g_signal_handlers_disconnect_by_data (bus->registry, bus);
  if (bus->source != 0)
    g_source_remove (bus->source);
  g_hash_table_unref (bus->listeners);
  g_hash_table_unref (bus->changed);
  g_free (bus);
}

guint
wc_event_bus_listen (WcEventBus *bus, WcEventFunc func, gpointer user_data)
{
  Listener *listener = g_new0 (Listener, 1);

  listener->func = func;
  listener->user_data = user_data;
  bus->last_listener++;
  g_hash_table_insert (bus->listeners, GUINT_TO_POINTER (bus->last_listener),
                       listener);
  return bus->last_listener;
}

void
wc_event_bus_leave (WcEventBus *bus, guint listener)
{
  g_hash_table_remove (bus->listeners, GUINT_TO_POINTER (listener));
}
