/* SPDX-License-Identifier: MIT */
#include "stats/event-bus.h"

#include "base/clock.h"

#define VIEWERS_MS 250

typedef struct {
  WcEventFunc func;
  gpointer user_data;
} Listener;

/* A viewer, from its session's beginning to its end. */
typedef struct {
  WcEventBus *bus;
  WcMountpoint *mountpoint;
  WcSession *session;
  gint64 joined_us; /* 0: not yet */
} Viewer;

struct WcEventBus {
  WcRegistry *registry;
  GHashTable *viewers;   /* WcSession -> Viewer */
  GHashTable *listeners; /* number -> Listener */
  GHashTable *changed;   /* ids whose number of viewers has */
  guint last_listener;
  guint source;
};

static void
tell_event (WcEventBus *bus, const WcEvent *event)
{
  g_autoptr (GList) numbers = g_hash_table_get_keys (bus->listeners);

  for (GList *each = numbers; each != NULL; each = each->next) {
    const Listener *listener = g_hash_table_lookup (bus->listeners, each->data);
    if (listener != NULL)
      listener->func (event, listener->user_data);
  }
}

static void
tell (WcEventBus *bus, WcEventKind kind, WcMountpoint *mountpoint)
{
  const WcEvent event = {.kind = kind, .mountpoint = mountpoint};

  tell_event (bus, &event);
}

/* --- viewers -------------------------------------------------------------- */

static void
viewer_free (gpointer data)
{
  Viewer *viewer = data;

  g_signal_handlers_disconnect_by_data (viewer->session, viewer);
  g_object_unref (viewer->session);
  g_object_unref (viewer->mountpoint);
  g_free (viewer);
}

static void
tell_left (const Viewer *viewer)
{
  const WcEvent event = {
      .kind = WC_EVENT_LEFT,
      .mountpoint = viewer->mountpoint,
      .session = viewer->session,
      .watched_us = wc_clock_now_us () - viewer->joined_us,
  };

  tell_event (viewer->bus, &event);
}

static void
tell_joined (Viewer *viewer)
{
  const WcEvent event = {
      .kind = WC_EVENT_JOINED,
      .mountpoint = viewer->mountpoint,
      .session = viewer->session,
  };

  viewer->joined_us = wc_clock_now_us ();
  tell_event (viewer->bus, &event);
}

static void
on_session_state (WcSession *session, Viewer *viewer)
{
  switch (wc_session_state (session)) {
  case WC_SESSION_NEGOTIATING:
  case WC_SESSION_CONNECTING:
    return;
  case WC_SESSION_PLAYING:
    if (viewer->joined_us == 0)
      tell_joined (viewer);
    return;
  case WC_SESSION_CLOSING:
  case WC_SESSION_CLOSED:
    if (viewer->joined_us != 0)
      tell_left (viewer);
    g_hash_table_remove (viewer->bus->viewers, session);
    return;
  }
}

static void
watch_viewer (WcEventBus *bus, WcMountpoint *mountpoint, WcSession *session)
{
  Viewer *viewer;

  if (wc_session_publishes (session))
    return;
  viewer = g_new0 (Viewer, 1);
  viewer->bus = bus;
  viewer->mountpoint = g_object_ref (mountpoint);
  viewer->session = g_object_ref (session);
  g_hash_table_insert (bus->viewers, session, viewer);
  g_signal_connect (session, "state-changed", G_CALLBACK (on_session_state),
                    viewer);
}

/* --- mountpoints ---------------------------------------------------------- */

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
note_viewers (WcEventBus *bus, WcMountpoint *mountpoint)
{
  g_hash_table_add (bus->changed, g_strdup (wc_mountpoint_id (mountpoint)));
  if (bus->source == 0)
    bus->source = g_timeout_add (VIEWERS_MS, on_viewers, bus);
}

static void
on_session_added (WcMountpoint *mountpoint, WcSession *session, WcEventBus *bus)
{
  note_viewers (bus, mountpoint);
  watch_viewer (bus, mountpoint, session);
}

static void
on_session_ended (WcMountpoint *mountpoint, WcSession *session, WcEventBus *bus)
{
  note_viewers (bus, mountpoint);
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
  g_signal_connect (mountpoint, "session-added", G_CALLBACK (on_session_added),
                    bus);
  g_signal_connect (mountpoint, "session-ended", G_CALLBACK (on_session_ended),
                    bus);
  tell (bus, WC_EVENT_STATE, mountpoint);
}

static void
on_removed (WcRegistry *registry, WcMountpoint *mountpoint, WcEventBus *bus)
{
  g_signal_handlers_disconnect_by_data (mountpoint, bus);
  /* They are there again when the server is. */
  if (!wc_registry_is_stopping (registry))
    tell (bus, WC_EVENT_REMOVED, mountpoint);
}

WcEventBus *
wc_event_bus_new (WcRegistry *registry)
{
  WcEventBus *bus = g_new0 (WcEventBus, 1);

  bus->registry = registry;
  bus->viewers = g_hash_table_new_full (NULL, NULL, NULL, viewer_free);
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
  g_hash_table_unref (bus->viewers);
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
