/* SPDX-License-Identifier: MIT */
/* What has happened, as it is told outside: every event of the bus with a
 * number and as JSON, the newest of them kept, so that who was away for a
 * moment can go on where it was. Owned by the server, outlives its listeners;
 * main thread. */
#pragma once

#include "stats/event-bus.h"

typedef struct WcEventLog WcEventLog;

typedef struct {
  guint64 number;         /* rises by one from event to event */
  const char *id;         /* of this event, and of no other server's */
  const char *name;       /* one that wc_check_event_name () knows */
  const char *mountpoint; /* its id */
  const char *at;         /* RFC 3339 */
  const char *json;       /* an object, one line */
  gboolean is_count;      /* tells of nothing but how many viewers there are */
} WcEventRecord;

/** @record: borrowed. */
typedef void (*WcEventLogFunc) (const WcEventRecord *record,
                                gpointer user_data);

/** @bus: borrowed, outlives it. */
WcEventLog *wc_event_log_new (WcEventBus *bus);
void wc_event_log_free (WcEventLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcEventLog, wc_event_log_free)

/** @func is called for every event from now on. Returns what
 * wc_event_log_leave () wants; never 0. */
guint wc_event_log_listen (WcEventLog *log, WcEventLogFunc func,
                           gpointer user_data);
/** Also from within a WcEventLogFunc. */
void wc_event_log_leave (WcEventLog *log, guint listener);

/** The id of the newest event. (transfer full) */
char *wc_event_log_dup_newest_id (WcEventLog *log);

/** Calls @func for every event behind that with @id. FALSE, and nothing is
 * called, when they are not all kept: it is of another server, or too old. */
gboolean wc_event_log_replay (WcEventLog *log, const char *id,
                              WcEventLogFunc func, gpointer user_data);

/** The state of @mountpoint as it is told of in the event "mountpoint".
 * (transfer full) */
char *wc_event_log_describe (WcMountpoint *mountpoint);
