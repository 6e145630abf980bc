/* SPDX-License-Identifier: MIT */
#include "mountpoint/demand.h"

typedef struct {
  WcDemand *demand;
  WcDemandReadyFunc ready;
  gpointer data;
  guint timeout_source;
} Waiter;

struct WcDemand {
  const WcDemandEvents *events;
  gpointer user_data;
  gboolean on_demand, enabled;
  guint linger_ms;
  guint n_viewers;
  gboolean running, watched;
  guint linger_source;
  GQueue waiters; /* of Waiter, oldest first */
};

/* --- running -------------------------------------------------------------- */

static void
set_running (WcDemand *demand, gboolean running)
{
  g_clear_handle_id (&demand->linger_source, g_source_remove);
  if (demand->running == running)
    return;
  demand->running = running;
  demand->events->set_running (demand->user_data, running);
}

static gboolean
on_linger_over (gpointer user_data)
{
  WcDemand *demand = user_data;

  demand->linger_source = 0;
  set_running (demand, FALSE);
  return G_SOURCE_REMOVE;
}

static void
update (WcDemand *demand)
{
  if (!demand->enabled)
    set_running (demand, FALSE);
  else if (!demand->on_demand || demand->n_viewers > 0)
    set_running (demand, TRUE);
  else if (demand->running && demand->linger_source == 0)
    demand->linger_source =
        g_timeout_add (demand->linger_ms, on_linger_over, demand);
}

void
wc_demand_set_policy (WcDemand *demand, gboolean on_demand, guint linger_ms)
{
  demand->on_demand = on_demand;
  demand->linger_ms = linger_ms;
  update (demand);
}

gboolean
wc_demand_is_on_demand (const WcDemand *demand)
{
  return demand->on_demand;
}

void
wc_demand_set_enabled (WcDemand *demand, gboolean enabled)
{
  demand->enabled = enabled;
  update (demand);
}

void
wc_demand_note_viewers (WcDemand *demand, guint n)
{
  gboolean watched = n > 0;

  demand->n_viewers = n;
  update (demand);
  if (demand->watched == watched)
    return;
  demand->watched = watched;
  demand->events->set_watched (demand->user_data, watched);
}

/* --- waiting -------------------------------------------------------------- */

static void
waiter_free (Waiter *waiter)
{
  g_clear_handle_id (&waiter->timeout_source, g_source_remove);
  g_free (waiter);
}

static gboolean
on_late (gpointer data)
{
  Waiter *waiter = data;

  waiter->timeout_source = 0;
  g_queue_remove (&waiter->demand->waiters, waiter);
  waiter->ready (waiter->data, TRUE);
  waiter_free (waiter);
  return G_SOURCE_REMOVE;
}

void
wc_demand_wait (WcDemand *demand, guint timeout_ms, WcDemandReadyFunc ready,
                gpointer data)
{
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->demand = demand;
  waiter->ready = ready;
  waiter->data = data;
  waiter->timeout_source = g_timeout_add (timeout_ms, on_late, waiter);
  g_queue_push_tail (&demand->waiters, waiter);
}

/* Whoever is called may make others wait, or change the state again. */
void
wc_demand_note_state (WcDemand *demand)
{
  GQueue waiters = demand->waiters;
  Waiter *waiter;

  g_queue_init (&demand->waiters);
  while ((waiter = g_queue_pop_head (&waiters)) != NULL)
    if (waiter->ready (waiter->data, FALSE))
      waiter_free (waiter);
    else
      g_queue_push_tail (&demand->waiters, waiter);
}

/* --- life ----------------------------------------------------------------- */

WcDemand *
wc_demand_new (const WcDemandEvents *events, gpointer user_data)
{
  WcDemand *demand = g_new0 (WcDemand, 1);

  demand->events = events;
  demand->user_data = user_data;
  g_queue_init (&demand->waiters);
  return demand;
}

void
wc_demand_free (WcDemand *demand)
{
  g_assert (g_queue_is_empty (&demand->waiters));
  g_clear_handle_id (&demand->linger_source, g_source_remove);
  g_free (demand);
}
