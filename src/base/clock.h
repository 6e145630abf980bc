/* SPDX-License-Identifier: MIT */
/* Clocks. Every duration and deadline uses the monotonic clock; the wall clock
 * is only shown to people and put into sender reports. Any thread. */
#pragma once

#include <glib.h>
#include <pthread.h>

/** CLOCK_MONOTONIC in microseconds. */
gint64 wc_clock_now_us (void);

/** @cond is waited for by wc_clock_wait (). */
void wc_clock_init_cond (pthread_cond_t *cond);

/** With @lock held: waits for @cond, at most until the monotonic clock shows
 * @deadline_us. FALSE: it does. */
gboolean wc_clock_wait (pthread_cond_t *cond, pthread_mutex_t *lock,
                        gint64 deadline_us);

/** The wall clock as an NTP timestamp: 32 bits of seconds since 1900 and 32
 * bits of fraction (RFC 3550 section 4). */
guint64 wc_clock_now_ntp (void);

/** The same of a time on the monotonic clock, by a mapping that is fixed when
 * the first is asked for: the wall clock may be set meanwhile, and what was
 * said of two times goes on to fit. */
guint64 wc_clock_to_ntp (gint64 monotonic_us);

/** An NTP timestamp (RFC 3550 section 4) in microseconds since 1900. */
gint64 wc_clock_ntp_to_us (guint64 ntp);

/** Now, RFC 3339 in UTC with milliseconds: "2026-11-21T06:24:00.123Z". */
char *wc_clock_format_now (void);

/** @wall_us, microseconds since 1970, in the same form. */
char *wc_clock_format (gint64 wall_us);
