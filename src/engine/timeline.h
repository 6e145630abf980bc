/* SPDX-License-Identifier: MIT */
/* Maps the 32-bit RTP timestamps of a source to a track's continuous time:
 * wraps are undone, and where the source begins anew the track's time goes on
 * by the real time that has passed. A plain value of its owner, one thread. */
#pragma once

#include <glib.h>

typedef enum {
  WC_TIMELINE_SAME, /* the frame goes on */
  WC_TIMELINE_NEXT, /* another frame */
  WC_TIMELINE_ANEW, /* the first frame of a source that began anew */
} WcTimelineStep;

typedef struct {
  guint32 rate;
  guint32 frame_ticks;  /* how far frames are apart */
  gboolean begun, anew; /* anew: the next begins a new source */
  guint32 source;       /* the source's last timestamp */
  gint64 position;      /* and where that is on the track */
  gint64 newest;        /* the greatest position of the source so far */
  gint64 newest_arrival_us;
} WcTimeline;

/** @frame_ticks: a guess for as long as it is not known. */
void wc_timeline_init (WcTimeline *timeline, guint32 rate, guint32 frame_ticks);
/** Goes on behind what another source has left at @position. */
void wc_timeline_resume (WcTimeline *timeline, gint64 position,
                         gint64 arrival_us);
/** Moves `position` to the frame with the source's @timestamp. */
WcTimelineStep wc_timeline_advance (WcTimeline *timeline, guint32 timestamp,
                                    gint64 arrival_us);
