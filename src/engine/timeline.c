/* SPDX-License-Identifier: MIT */
#include "engine/timeline.h"

#include "engine/source-clock.h"

/* Beyond these the source is taken to have begun anew. Back: reordered frames
 * (B-frames) step back by some frames, a file that is played again by all. */
#define MAX_FORWARD_S 10
#define MAX_BACK_S 2

void
wc_timeline_init (WcTimeline *timeline, guint32 rate, guint32 frame_ticks)
{
  *timeline = (WcTimeline){.rate = rate, .frame_ticks = frame_ticks};
}

void
wc_timeline_resume (WcTimeline *timeline, gint64 position, gint64 arrival_us)
{
  timeline->begun = TRUE;
  timeline->anew = TRUE;
  timeline->position = timeline->newest = position;
  timeline->newest_arrival_us = arrival_us;
}

static WcTimelineStep
begin_anew (WcTimeline *timeline, gint64 arrival_us)
{
  gint64 passed_us = MAX (arrival_us - timeline->newest_arrival_us, 0);
  gint64 passed = wc_us_to_ticks (passed_us, timeline->rate);

  timeline->anew = FALSE;
  timeline->position = timeline->newest + MAX (passed, timeline->frame_ticks);
  timeline->newest = timeline->position;
  timeline->newest_arrival_us = arrival_us;
  return WC_TIMELINE_ANEW;
}

WcTimelineStep
wc_timeline_advance (WcTimeline *timeline, guint32 timestamp, gint64 arrival_us)
{
  gint64 distance = (gint32)(timestamp - timeline->source);

  timeline->source = timestamp;
  if (!timeline->begun) {
    timeline->begun = TRUE;
    timeline->newest_arrival_us = arrival_us;
    return WC_TIMELINE_NEXT;
  }
  if (timeline->anew || distance > MAX_FORWARD_S * (gint64)timeline->rate ||
      distance < -MAX_BACK_S * (gint64)timeline->rate)
    return begin_anew (timeline, arrival_us);
  if (distance == 0)
    return WC_TIMELINE_SAME;
  timeline->position += distance;
  if (distance > 0 && distance < timeline->rate)
    timeline->frame_ticks = (guint32)distance;
  if (timeline->position > timeline->newest) {
    timeline->newest = timeline->position;
    timeline->newest_arrival_us = arrival_us;
  }
  return WC_TIMELINE_NEXT;
}
