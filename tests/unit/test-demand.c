/* SPDX-License-Identifier: MIT */
/* When a mountpoint's source runs, and who waits for it. */
#include "mountpoint/demand.h"

typedef struct {
  WcDemand *demand;
  gboolean running, watched;
  guint starts;
} Fixture;

static void
set_running (gpointer user_data, gboolean running)
{
  Fixture *f = user_data;

  g_assert_cmpint (f->running, !=, running);
  f->running = running;
  f->starts += running ? 1 : 0;
}

static void
set_watched (gpointer user_data, gboolean watched)
{
  ((Fixture *)user_data)->watched = watched;
}

static const WcDemandEvents events = {
    .set_running = set_running,
    .set_watched = set_watched,
};

static void
set_up (Fixture *f, gboolean on_demand, guint linger_ms)
{
  *f = (Fixture){0};
  f->demand = wc_demand_new (&events, f);
  wc_demand_set_policy (f->demand, on_demand, linger_ms);
  wc_demand_set_enabled (f->demand, TRUE);
}

static void
run_until (const gboolean *flag, gboolean value)
{
  while (*flag != value)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_always (void)
{
  Fixture f;

  set_up (&f, FALSE, 0);
  g_assert_true (f.running);
  wc_demand_note_viewers (f.demand, 1);
  g_assert_true (f.watched);
  wc_demand_note_viewers (f.demand, 0);
  g_assert_false (f.watched);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_true (f.running);
  wc_demand_set_enabled (f.demand, FALSE);
  g_assert_false (f.running);
  wc_demand_free (f.demand);
}

static void
test_on_demand (void)
{
  Fixture f;

  set_up (&f, TRUE, 1);
  g_assert_false (f.running);
  wc_demand_note_viewers (f.demand, 1);
  wc_demand_note_viewers (f.demand, 2);
  g_assert_true (f.running);
  wc_demand_note_viewers (f.demand, 0);
  g_assert_true (f.running);
  run_until (&f.running, FALSE);
  wc_demand_note_viewers (f.demand, 1);
  g_assert_cmpuint (f.starts, ==, 2);
  wc_demand_set_enabled (f.demand, FALSE);
  g_assert_false (f.running);
  wc_demand_free (f.demand);
}

/* One who comes back in time finds it running. */
static void
test_linger (void)
{
  Fixture f;

  set_up (&f, TRUE, 3600000);
  wc_demand_note_viewers (f.demand, 1);
  wc_demand_note_viewers (f.demand, 0);
  wc_demand_note_viewers (f.demand, 1);
  wc_demand_note_viewers (f.demand, 0);
  g_assert_cmpuint (f.starts, ==, 1);
  wc_demand_set_policy (f.demand, FALSE, 0);
  g_assert_true (f.running);
  wc_demand_free (f.demand);
}

typedef struct {
  guint calls, done_at;
  gboolean late, done;
} Waiter;

static gboolean
on_ready (gpointer data, gboolean late)
{
  Waiter *waiter = data;

  g_assert_false (waiter->done);
  waiter->calls++;
  waiter->late = late;
  waiter->done = late || waiter->calls == waiter->done_at;
  return waiter->done;
}

static void
test_wait (void)
{
  Waiter first = {.done_at = 2}, second = {.done_at = 1}, third = {0};
  Fixture f;

  set_up (&f, TRUE, 0);
  wc_demand_wait (f.demand, 60000, on_ready, &first);
  wc_demand_wait (f.demand, 60000, on_ready, &second);
  wc_demand_wait (f.demand, 1, on_ready, &third);
  wc_demand_note_state (f.demand);
  g_assert_false (first.done);
  g_assert_true (second.done);
  wc_demand_note_state (f.demand);
  g_assert_true (first.done);
  g_assert_false (first.late);
  run_until (&third.done, TRUE);
  g_assert_true (third.late);
  wc_demand_note_state (f.demand);
  g_assert_cmpuint (first.calls + second.calls + third.calls, ==, 6);
  wc_demand_free (f.demand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/demand/always", test_always);
  g_test_add_func ("/demand/on-demand", test_on_demand);
  g_test_add_func ("/demand/linger", test_linger);
  g_test_add_func ("/demand/wait", test_wait);
  return g_test_run ();
}
