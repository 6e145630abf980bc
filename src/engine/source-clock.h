/* SPDX-License-Identifier: MIT */
/* When a packet was captured, on the monotonic clock. The network only ever
 * adds delay, so the least of (arrival - timestamp) over some seconds tells
 * where the source's clock stands; the sender reports of a source (RFC 3550
 * section 6.4.1) tell how the clocks of its tracks stand to each other. */
#pragma once

#include <glib.h>

/** The clock that the tracks of one source share: maps the source's NTP time
 * (from its sender reports) to the monotonic clock. Reference-counted; guarded
 * by a mutex inside. */
typedef struct WcSourceClock WcSourceClock;

WcSourceClock *wc_source_clock_new (void);
WcSourceClock *wc_source_clock_ref (WcSourceClock *clock);
void wc_source_clock_unref (WcSourceClock *clock);
/** The source was restarted: what was learnt no longer holds. */
void wc_source_clock_reset (WcSourceClock *clock);

#define WC_MINIMUM_SLOTS 10

/** The least value of about the last five seconds. Zero-initialised. */
typedef struct {
  struct {
    gint64 number; /* time / slot length + 1; 0: never used */
    gint64 least;
  } slots[WC_MINIMUM_SLOTS];
} WcMinimum;

/** Takes @value, known at @now_us; returns the least. */
gint64 wc_minimum_update (WcMinimum *minimum, gint64 value, gint64 now_us);

/** A value that follows another one without jumps, unless it is far off. */
typedef struct {
  gboolean begun;
  gint64 value, updated_us;
} WcSlew;

gint64 wc_slew_update (WcSlew *slew, gint64 target, gint64 now_us);

/** A track saw something captured at @ntp_us by the source's clock (as of
 * wc_clock_ntp_to_us ()) at @arrival_us: returns monotonic minus NTP, in
 * microseconds. Any thread. */
gint64 wc_source_clock_update (WcSourceClock *clock, gint64 ntp_us,
                               gint64 arrival_us);

/** The capture times of one track. A plain value of its normaliser. */
typedef struct {
  WcSourceClock *clock; /* not owned */
  guint32 rate;
  WcMinimum arrivals;
  WcSlew offset; /* capture - timestamp */
  gboolean has_report;
  gint64 report_ntp_us, report_us; /* NTP and our timestamp of one instant */
  gboolean begun;
  gint64 newest_us, newest_capture_us;
} WcCapture;

/** @ticks of a clock of @rate Hz in microseconds. */
gint64 wc_ticks_to_us (gint64 ticks, guint32 rate);
/** And back. */
gint64 wc_us_to_ticks (gint64 us, guint32 rate);

void wc_capture_init (WcCapture *capture, WcSourceClock *clock, guint32 rate);
/** Goes on where another left off. */
void wc_capture_resume (WcCapture *capture, gint64 timestamp,
                        gint64 capture_us);
/** A new source: what was learnt of the old one's clock no longer holds. */
void wc_capture_restart (WcCapture *capture);
/** @ntp is the time of @timestamp (of the track, extended). */
void wc_capture_report (WcCapture *capture, guint64 ntp, gint64 timestamp);
/** When the frame with @timestamp, of which a packet came at @arrival_us, was
 * captured. Frames are given in the order in which they were sent. */
gint64 wc_capture_time (WcCapture *capture, gint64 timestamp,
                        gint64 arrival_us);
