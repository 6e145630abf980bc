/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

#define NTP_UNIX_OFFSET_S G_GUINT64_CONSTANT (2208988800)

gint64
wc_clock_now_us (void)
{
  return g_get_monotonic_time ();
}

void
wc_clock_init_cond (pthread_cond_t *cond)
{
  pthread_condattr_t attributes;

  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (cond, &attributes);
  pthread_condattr_destroy (&attributes);
}

gboolean
wc_clock_wait (pthread_cond_t *cond, pthread_mutex_t *lock, gint64 deadline_us)
{
  struct timespec deadline = {.tv_sec = deadline_us / G_USEC_PER_SEC,
                              .tv_nsec = deadline_us % G_USEC_PER_SEC * 1000};

  return pthread_cond_timedwait (cond, lock, &deadline) == 0;
}

static guint64
wall_to_ntp (guint64 wall_us)
{
  guint64 seconds = wall_us / G_USEC_PER_SEC + NTP_UNIX_OFFSET_S;
  guint64 fraction = ((wall_us % G_USEC_PER_SEC) << 32) / G_USEC_PER_SEC;

  return seconds << 32 | fraction;
}

guint64
wc_clock_now_ntp (void)
{
  return wall_to_ntp ((guint64)g_get_real_time ());
}

static gint64 wall_minus_monotonic_us;

static void
fix_mapping (void)
{
  wall_minus_monotonic_us = g_get_real_time () - g_get_monotonic_time ();
}

guint64
wc_clock_to_ntp (gint64 monotonic_us)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;

  pthread_once (&once, fix_mapping);
  return wall_to_ntp ((guint64)(monotonic_us + wall_minus_monotonic_us));
}

gint64
wc_clock_ntp_to_us (guint64 ntp)
{
  guint64 fraction_us = ((ntp & 0xffffffff) * G_USEC_PER_SEC) >> 32;

  return (gint64)((ntp >> 32) * G_USEC_PER_SEC + fraction_us);
}

char *
wc_clock_format (gint64 wall_us)
{
  g_autoptr (GDateTime) seconds =
      g_date_time_new_from_unix_utc (wall_us / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf ("%s.%03dZ", text,
                          (int)(wall_us % G_USEC_PER_SEC / 1000));
}

char *
wc_clock_format_now (void)
{
  return wc_clock_format (g_get_real_time ());
}
