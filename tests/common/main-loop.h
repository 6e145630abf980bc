/* SPDX-License-Identifier: MIT */
/* A main loop that runs until something is so, for tests of what belongs to the
 * main thread. */
#pragma once

#include <glib.h>

typedef gboolean (*Condition) (gpointer user_data);

static gboolean
on_wake (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/** Runs the main context until @condition holds. FALSE: not in @timeout_ms. */
static inline gboolean
wait_until (Condition condition, gpointer user_data, guint timeout_ms)
{
  gint64 end_us = g_get_monotonic_time () + (gint64)timeout_ms * 1000;
  guint wake = g_timeout_add (10, on_wake, NULL);
  gboolean holds;

  while (!(holds = condition (user_data)) && g_get_monotonic_time () < end_us)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (wake);
  return holds;
}
