/* SPDX-License-Identifier: MIT */
#include "engine/source-clock.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>

#define SLOT_US 500000
/* What is made up for, as a share of the time that passes: one twentieth, a
 * quarter when it is far off, all at once when it is farther. */
#define SLEW_SHARE 20
#define FAR_SLEW_SHARE 4
#define FAR_US 100000
#define SNAP_US G_USEC_PER_SEC
/* A track whose reports put it so much later than its packets come has reports
 * that do not share the other track's clock. */
#define MAX_DISAGREEMENT_US (2 * G_USEC_PER_SEC)

struct WcSourceClock {
  atomic_uint refs;
  pthread_mutex_t lock; /* guards what follows */
  WcMinimum arrivals;   /* monotonic minus NTP */
  WcSlew offset;
};

gint64
wc_ticks_to_us (gint64 ticks, guint32 rate)
{
  return ticks / rate * G_USEC_PER_SEC + ticks % rate * G_USEC_PER_SEC / rate;
}

gint64
wc_us_to_ticks (gint64 us, guint32 rate)
{
  return us / G_USEC_PER_SEC * rate +
         us % G_USEC_PER_SEC * rate / G_USEC_PER_SEC;
}

gint64
wc_minimum_update (WcMinimum *minimum, gint64 value, gint64 now_us)
{
  gint64 number = MAX (now_us, 0) / SLOT_US + 1;
  guint index = (guint)(number % WC_MINIMUM_SLOTS);
  gint64 least = value;

  if (minimum->slots[index].number != number ||
      minimum->slots[index].least > value) {
    minimum->slots[index].number = number;
    minimum->slots[index].least = value;
  }
  for (guint i = 0; i < WC_MINIMUM_SLOTS; i++)
    if (minimum->slots[i].number > MAX (number - WC_MINIMUM_SLOTS, 0))
      least = MIN (least, minimum->slots[i].least);
  return least;
}

gint64
wc_slew_update (WcSlew *slew, gint64 target, gint64 now_us)
{
  gint64 difference = target - slew->value;
  gint64 share = ABS (difference) > FAR_US ? FAR_SLEW_SHARE : SLEW_SHARE;
  gint64 step = MAX (now_us - slew->updated_us, 0) / share;

  if (!slew->begun || ABS (difference) > SNAP_US)
    slew->value = target;
  else
    slew->value += CLAMP (difference, -step, step);
  /* Less than a step's worth of time is saved up for the next. */
  if (!slew->begun || step > 0)
    slew->updated_us = now_us;
  slew->begun = TRUE;
  return slew->value;
}

/* --- the clock that tracks share ------------------------------------------ */

WcSourceClock *
wc_source_clock_new (void)
{
  WcSourceClock *clock = g_new0 (WcSourceClock, 1);

  atomic_init (&clock->refs, 1);
  pthread_mutex_init (&clock->lock, NULL);
  return clock;
}

WcSourceClock *
wc_source_clock_ref (WcSourceClock *clock)
{
  atomic_fetch_add_explicit (&clock->refs, 1, memory_order_relaxed);
  return clock;
}

void
wc_source_clock_unref (WcSourceClock *clock)
{
  if (atomic_fetch_sub_explicit (&clock->refs, 1, memory_order_acq_rel) != 1)
    return;
  pthread_mutex_destroy (&clock->lock);
  g_free (clock);
}

void
wc_source_clock_reset (WcSourceClock *clock)
{
  pthread_mutex_lock (&clock->lock);
  clock->arrivals = (WcMinimum){0};
  clock->offset = (WcSlew){0};
  pthread_mutex_unlock (&clock->lock);
}

gint64
wc_source_clock_update (WcSourceClock *clock, gint64 ntp_us, gint64 arrival_us)
{
  gint64 least, offset;

  pthread_mutex_lock (&clock->lock);
  least = wc_minimum_update (&clock->arrivals, arrival_us - ntp_us, arrival_us);
  offset = wc_slew_update (&clock->offset, least, arrival_us);
  pthread_mutex_unlock (&clock->lock);
  return offset;
}

/* --- one track --------------------------------------------------------------
 */

void
wc_capture_init (WcCapture *capture, WcSourceClock *clock, guint32 rate)
{
  *capture = (WcCapture){.clock = clock, .rate = rate};
}

void
wc_capture_resume (WcCapture *capture, gint64 timestamp, gint64 capture_us)
{
  capture->begun = TRUE;
  capture->newest_us = wc_ticks_to_us (timestamp, capture->rate);
  capture->newest_capture_us = capture_us;
}

void
wc_capture_restart (WcCapture *capture)
{
  capture->arrivals = (WcMinimum){0};
  capture->has_report = FALSE;
}

void
wc_capture_report (WcCapture *capture, guint64 ntp, gint64 timestamp)
{
  capture->has_report = TRUE;
  capture->report_ntp_us = wc_clock_ntp_to_us (ntp);
  capture->report_us = wc_ticks_to_us (timestamp, capture->rate);
}

/* Where capture - timestamp should be, by the reports if there are any. */
static gint64
find_target (WcCapture *capture, gint64 timestamp_us, gint64 arrival_us)
{
  gint64 by_arrival = wc_minimum_update (&capture->arrivals,
                                         arrival_us - timestamp_us, arrival_us);
  gint64 ntp_us, by_report;

  if (!capture->has_report)
    return by_arrival;
  ntp_us = capture->report_ntp_us + timestamp_us - capture->report_us;
  by_report = wc_source_clock_update (capture->clock, ntp_us, arrival_us) +
              ntp_us - timestamp_us;
  return ABS (by_arrival - by_report) > MAX_DISAGREEMENT_US ? by_arrival
                                                            : by_report;
}

/* Never back, but by as much as the timestamps go back for reordered frames. */
static gint64
hold_line (WcCapture *capture, gint64 timestamp_us, gint64 capture_us)
{
  gint64 back_us = MIN (timestamp_us - capture->newest_us, 0);

  if (capture->begun)
    capture_us = MAX (capture_us, capture->newest_capture_us + back_us);
  if (!capture->begun || back_us == 0) {
    capture->newest_us = timestamp_us;
    capture->newest_capture_us = capture_us;
  }
  capture->begun = TRUE;
  return capture_us;
}

gint64
wc_capture_time (WcCapture *capture, gint64 timestamp, gint64 arrival_us)
{
  gint64 timestamp_us = wc_ticks_to_us (timestamp, capture->rate);
  gint64 target = find_target (capture, timestamp_us, arrival_us);
  gint64 offset = wc_slew_update (&capture->offset, target, arrival_us);

  return hold_line (capture, timestamp_us, timestamp_us + offset);
}
