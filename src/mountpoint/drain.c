/* SPDX-License-Identifier: MIT */
#include "mountpoint/drain.h"

#include "base/clock.h"
#include "base/log.h"

#define LOOK_MS 200

struct _WcDrain {
  GObject parent;
  WcRegistry *registry;
  WcDrainState state;
  gint64 deadline_us;
  char *to; /* nullable */
  guint look_source;
  gboolean said_empty;
};

G_DEFINE_FINAL_TYPE (WcDrain, wc_drain, G_TYPE_OBJECT)

enum { SIGNAL_CHANGED, SIGNAL_EMPTY, N_SIGNALS };
static guint signals[N_SIGNALS];

WcDrainState
wc_drain_state (WcDrain *drain)
{
  return drain->state;
}

const char *
wc_drain_state_name (WcDrainState state)
{
  switch (state) {
  case WC_DRAIN_OFF:
    return "off";
  case WC_DRAIN_ON:
    return "draining";
  case WC_DRAIN_OVER:
    return "drained";
  }
  return "";
}

guint64
wc_drain_left_ms (WcDrain *drain)
{
  gint64 left_us = drain->deadline_us - wc_clock_now_us ();

  return drain->state == WC_DRAIN_ON && left_us > 0 ? (guint64)left_us / 1000
                                                    : 0;
}

const char *
wc_drain_to (WcDrain *drain)
{
  return drain->to;
}

char *
wc_drain_endpoint (WcDrain *drain, const char *protocol,
                   const char *mountpoint_id)
{
  return drain->to != NULL
             ? g_strdup_printf ("%s/%s/%s", drain->to, protocol, mountpoint_id)
             : NULL;
}

static void
set_state (WcDrain *self, WcDrainState state)
{
  if (self->state != state)
    wc_info ("%s -> %s", wc_drain_state_name (self->state),
             wc_drain_state_name (state));
  self->state = state;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

/* --- emptying --------------------------------------------------------------
 */

static guint
count_viewers (WcDrain *self)
{
  g_autoptr (GPtrArray) list = wc_registry_list (self->registry);
  guint n = 0;

  for (guint i = 0; i < list->len; i++)
    n += wc_mountpoint_n_viewers (list->pdata[i]);
  return n;
}

/* Each is told by its close_notify. A publisher that pushes by another way than
 * WHIP has no session: its source stays. */
static guint
end_sessions (WcDrain *self)
{
  g_autoptr (GPtrArray) list = wc_registry_list (self->registry);
  guint n = 0;

  for (guint i = 0; i < list->len; i++) {
    WcMountpoint *mountpoint = list->pdata[i];
    WcPublisherInfo publisher;
    n += wc_mountpoint_kick (mountpoint, "the server is being drained");
    if (wc_mountpoint_get_publisher (mountpoint, &publisher))
      wc_mountpoint_unpublish (mountpoint, publisher.session);
  }
  return n;
}

static gboolean
on_look (gpointer user_data)
{
  g_autoptr (WcDrain) self = g_object_ref (WC_DRAIN (user_data));

  if (self->state == WC_DRAIN_ON && wc_clock_now_us () >= self->deadline_us) {
    guint n = end_sessions (self);
    wc_info ("the time to leave is over; %u viewers had not left", n);
    set_state (self, WC_DRAIN_OVER);
  } else if (self->state == WC_DRAIN_OVER) {
    end_sessions (self); /* who waited for a source all the time */
  }
  if (!self->said_empty && count_viewers (self) == 0) {
    self->said_empty = TRUE;
    wc_info ("there is no viewer left");
    g_signal_emit (self, signals[SIGNAL_EMPTY], 0);
  }
  return self->look_source != 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void
wc_drain_begin (WcDrain *drain, guint64 time_ms, const char *to)
{
  drain->deadline_us = wc_clock_now_us () + (gint64)time_ms * 1000;
  g_free (drain->to);
  drain->to = g_strdup (to);
  drain->said_empty = FALSE;
  wc_info (
      "no viewer is taken from now on; those who are here have %" G_GUINT64_FORMAT
      " ms to leave%s%s",
      time_ms, to != NULL ? " for " : "", to != NULL ? to : "");
  if (drain->look_source == 0)
    drain->look_source = g_timeout_add (LOOK_MS, on_look, drain);
  set_state (drain, WC_DRAIN_ON);
}

void
wc_drain_end (WcDrain *drain)
{
  g_clear_handle_id (&drain->look_source, g_source_remove);
  g_clear_pointer (&drain->to, g_free);
  if (drain->state != WC_DRAIN_OFF)
    set_state (drain, WC_DRAIN_OFF);
}

/* --- life ------------------------------------------------------------------
 */

WcDrain *
wc_drain_new (WcRegistry *registry)
{
  WcDrain *self = g_object_new (WC_TYPE_DRAIN, NULL);

  self->registry = registry;
  return self;
}

static void
wc_drain_finalize (GObject *object)
{
  WcDrain *self = WC_DRAIN (object);

  g_clear_handle_id (&self->look_source, g_source_remove);
  g_free (self->to);
  G_OBJECT_CLASS (wc_drain_parent_class)->finalize (object);
}

static void
wc_drain_class_init (WcDrainClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = wc_drain_finalize;
  signals[SIGNAL_CHANGED] =
      g_signal_new ("changed", WC_TYPE_DRAIN, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_EMPTY] =
      g_signal_new ("empty", WC_TYPE_DRAIN, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 0);
}

static void
wc_drain_init (WcDrain *self)
{
}
