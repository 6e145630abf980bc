/* SPDX-License-Identifier: MIT */
#include "http/event-log.h"

#include "base/clock.h"
#include "base/id.h"
#include "http/api.h"
#include "http/failover-json.h"

#include <string.h>

/* What is kept: so many events, and so many bytes of text. */
#define MAX_KEPT 1000
#define ROOM_BYTES (256 * 1024)
#define EPOCH_BYTES 6

/* Of an event that is kept; its texts lie in the room, one behind the other. */
typedef struct {
  const char *name;
  gboolean is_count;
  gsize offset, size;
} Kept;

typedef struct {
  WcEventLogFunc func;
  gpointer user_data;
} Listener;

struct WcEventLog {
  WcEventBus *bus;
  guint bus_listener;
  char *epoch;         /* of this run of the server: part of each id */
  guint64 last;        /* number; 0: none yet */
  guint64 first;       /* number of the oldest that is kept; above last: none */
  Kept kept[MAX_KEPT]; /* by the number */
  char *room;          /* written round and round */
  gsize written;       /* up to here, in this round */
  GHashTable *listeners; /* number -> Listener */
  guint last_listener;
};

/* --- what is told --------------------------------------------------------- */

static const char *
name_of (WcEventKind kind)
{
  switch (kind) {
  case WC_EVENT_STATE:
  case WC_EVENT_VIEWERS:
    return "mountpoint";
  case WC_EVENT_SWITCH:
    return "switch";
  case WC_EVENT_REMOVED:
    return "removed";
  case WC_EVENT_JOINED:
    return "joined";
  case WC_EVENT_LEFT:
    return "left";
  }
  g_return_val_if_reached ("mountpoint");
}

static void
add_state (JsonObject *object, WcMountpoint *mountpoint)
{
  json_object_set_string_member (
      object, "state",
      wc_mountpoint_state_name (wc_mountpoint_state (mountpoint)));
  wc_api_set_text (object, "reason", wc_mountpoint_reason (mountpoint));
  json_object_set_int_member (object, "viewers",
                              wc_mountpoint_n_viewers (mountpoint));
  wc_failover_json_add_playing (object, mountpoint);
}

static void
add_viewer (JsonObject *object, const WcEvent *event)
{
  json_object_set_string_member (object, "session",
                                 wc_session_public_id (event->session));
  wc_api_set_text (object, "address", wc_session_address (event->session));
  wc_api_set_text (object, "user_agent",
                   wc_session_user_agent (event->session));
  json_object_set_int_member (object, "viewers",
                              wc_mountpoint_n_viewers (event->mountpoint));
}

static void
add_farewell (JsonObject *object, const WcEvent *event)
{
  WcViewerPeerStats stats;

  wc_session_get_stats (event->session, &stats);
  wc_api_set_text (object, "reason", wc_session_reason (event->session));
  json_object_set_int_member (object, "watched_ms", event->watched_us / 1000);
  json_object_set_int_member (object, "bytes_sent", (gint64)stats.bytes_sent);
}

static JsonObject *
new_object (WcMountpoint *mountpoint)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "id", wc_mountpoint_id (mountpoint));
  return object;
}

static JsonObject *
describe_switch (WcMountpoint *mountpoint)
{
  JsonObject *object = wc_failover_json_new_switch (mountpoint);

  if (object == NULL)
    return new_object (mountpoint);
  json_object_set_string_member (object, "id", wc_mountpoint_id (mountpoint));
  return object;
}

static JsonObject *
describe (const WcEvent *event)
{
  JsonObject *object = event->kind == WC_EVENT_SWITCH
                           ? describe_switch (event->mountpoint)
                           : new_object (event->mountpoint);

  switch (event->kind) {
  case WC_EVENT_STATE:
  case WC_EVENT_VIEWERS:
    add_state (object, event->mountpoint);
    break;
  case WC_EVENT_JOINED:
    add_viewer (object, event);
    break;
  case WC_EVENT_LEFT:
    add_viewer (object, event);
    add_farewell (object, event);
    break;
  case WC_EVENT_SWITCH:
  case WC_EVENT_REMOVED:
    break;
  }
  return object;
}

/* Takes @object. */
static char *
write_json (JsonObject *object)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (root, object);
  return json_to_string (root, FALSE);
}

char *
wc_event_log_describe (WcMountpoint *mountpoint)
{
  JsonObject *object = new_object (mountpoint);

  add_state (object, mountpoint);
  return write_json (object);
}

/* --- what is kept --------------------------------------------------------- */

static char *
make_id (const WcEventLog *log, guint64 number)
{
  return g_strdup_printf ("%s-%" G_GUINT64_FORMAT, log->epoch, number);
}

static Kept *
kept_of (WcEventLog *log, guint64 number)
{
  return &log->kept[number % MAX_KEPT];
}

/* Those that lie in the way from @begin to @end are of the last round, and the
 * oldest ones. */
static void
make_room (WcEventLog *log, gsize begin, gsize end)
{
  while (log->first <= log->last) {
    const Kept *oldest = kept_of (log, log->first);
    if (oldest->offset < begin || oldest->offset >= end)
      return;
    log->first++;
  }
}

/* Where @size bytes can be written. */
static gsize
take_room (WcEventLog *log, gsize size)
{
  gsize offset = log->written;

  if (offset + size > ROOM_BYTES) {
    make_room (log, offset, ROOM_BYTES);
    offset = 0;
  }
  make_room (log, offset, offset + size);
  log->written = offset + size;
  return offset;
}

/* In one piece for all: a thousand small ones for which there is no hurry to go
 * would keep the pages of all that was there beside them. */
static void
keep (WcEventLog *log, const WcEventRecord *record)
{
  const char *const texts[] = {record->mountpoint, record->at, record->json};
  Kept *kept = kept_of (log, record->number);
  gsize sizes[G_N_ELEMENTS (texts)], size = 0;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    size += sizes[i] = strlen (texts[i]) + 1;
  if (size > ROOM_BYTES) {
    log->first = record->number + 1;
    return;
  }
  if (record->number - log->first == MAX_KEPT)
    log->first++;
  *kept = (Kept){record->name, record->is_count, take_room (log, size), size};
  for (gsize i = 0, at = kept->offset; i < G_N_ELEMENTS (texts); i++) {
    memcpy (log->room + at, texts[i], sizes[i]);
    at += sizes[i];
  }
}

/* @id: of @record, borrowed. */
static void
read_kept (WcEventLog *log, guint64 number, const char *id,
           WcEventRecord *record)
{
  const Kept *kept = kept_of (log, number);

  record->number = number;
  record->id = id;
  record->name = kept->name;
  record->is_count = kept->is_count;
  record->mountpoint = log->room + kept->offset;
  record->at = record->mountpoint + strlen (record->mountpoint) + 1;
  record->json = record->at + strlen (record->at) + 1;
}

static void
tell (WcEventLog *log, const WcEventRecord *record)
{
  g_autoptr (GList) numbers = g_hash_table_get_keys (log->listeners);

  for (GList *each = numbers; each != NULL; each = each->next) {
    const Listener *listener = g_hash_table_lookup (log->listeners, each->data);
    if (listener != NULL)
      listener->func (record, listener->user_data);
  }
}

static void
on_event (const WcEvent *event, gpointer user_data)
{
  WcEventLog *log = user_data;
  guint64 number = log->last + 1;
  g_autofree char *id = make_id (log, number);
  g_autofree char *at = wc_clock_format_now ();
  g_autofree char *json = write_json (describe (event));
  const WcEventRecord record = {
      .number = number,
      .id = id,
      .name = name_of (event->kind),
      .mountpoint = wc_mountpoint_id (event->mountpoint),
      .at = at,
      .json = json,
      .is_count = event->kind == WC_EVENT_VIEWERS,
  };

  keep (log, &record);
  log->last = number;
  tell (log, &record);
}

/* FALSE: it is not one of ours, or there was none of that number. */
static gboolean
read_id (const WcEventLog *log, const char *id, guint64 *number)
{
  gsize length = strlen (log->epoch);

  return strncmp (id, log->epoch, length) == 0 && id[length] == '-' &&
         g_ascii_string_to_unsigned (id + length + 1, 10, 0, log->last, number,
                                     NULL);
}

gboolean
wc_event_log_replay (WcEventLog *log, const char *id, WcEventLogFunc func,
                     gpointer user_data)
{
  guint64 number;

  if (!read_id (log, id, &number) || number + 1 < log->first)
    return FALSE;
  while (++number <= log->last) {
    g_autofree char *own_id = make_id (log, number);
    WcEventRecord record;
    read_kept (log, number, own_id, &record);
    func (&record, user_data);
  }
  return TRUE;
}

char *
wc_event_log_dup_newest_id (WcEventLog *log)
{
  return make_id (log, log->last);
}

/* --- life ----------------------------------------------------------------- */

WcEventLog *
wc_event_log_new (WcEventBus *bus)
{
  WcEventLog *log = g_new0 (WcEventLog, 1);

  log->bus = bus;
  log->epoch = wc_id_random_hex (EPOCH_BYTES);
  log->first = 1;
  log->room = g_malloc (ROOM_BYTES);
  log->listeners = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  log->bus_listener = wc_event_bus_listen (bus, on_event, log);
  return log;
}

void
wc_event_log_free (WcEventLog *log)
{
  wc_event_bus_leave (log->bus, log->bus_listener);
  g_free (log->room);
  g_hash_table_unref (log->listeners);
  g_free (log->epoch);
  g_free (log);
}

guint
wc_event_log_listen (WcEventLog *log, WcEventLogFunc func, gpointer user_data)
{
  Listener *listener = g_new0 (Listener, 1);

  listener->func = func;
  listener->user_data = user_data;
  log->last_listener++;
  g_hash_table_insert (log->listeners, GUINT_TO_POINTER (log->last_listener),
                       listener);
  return log->last_listener;
}

void
wc_event_log_leave (WcEventLog *log, guint listener)
{
  g_hash_table_remove (log->listeners, GUINT_TO_POINTER (listener));
}
