/* SPDX-License-Identifier: MIT */
#include "engine/splice-output.h"

#include "base/id.h"
#include "engine/source-clock.h"

#include <string.h>

/* How far frames are apart as long as it is not known. */
#define AUDIO_STEPS_PER_S 50
#define VIDEO_STEPS_PER_S 30
/* The least distance of two video frames where sources meet. */
#define CLOSE_STEPS_PER_S 1000

void
wc_splice_output_init (WcSpliceOutput *output, WcTrack *track)
{
  guint16 seq;

  *output = (WcSpliceOutput){.track = wc_track_ref (track)};
  output->rate = wc_track_clock_rate (track);
  output->audio =
      wc_codec_info (wc_track_codec (track))->media == WC_MEDIA_AUDIO;
  output->step =
      output->rate / (output->audio ? AUDIO_STEPS_PER_S : VIDEO_STEPS_PER_S);
  output->began = wc_track_last (track, &output->highest,
                                 &output->highest_capture_us, &output->frame);
  output->next_seq = wc_track_head (track);
  if (!output->began) {
    wc_id_random_bytes (&seq, sizeof seq);
    output->next_seq = seq;
  }
}

void
wc_splice_output_clear (WcSpliceOutput *output)
{
  g_clear_pointer (&output->track, wc_track_unref);
}

void
wc_splice_output_begin (WcSpliceOutput *output, gint64 from_us)
{
  output->mapped = FALSE;
  output->squeezing = FALSE;
  output->from_us = from_us;
}

/* Where something captured at @capture_us belongs. */
static gint64
place (const WcSpliceOutput *output, gint64 capture_us)
{
  return output->highest +
         wc_us_to_ticks (capture_us - output->highest_capture_us, output->rate);
}

static void
map_numbers (WcSpliceOutput *output, const WcPacket *first)
{
  output->seq_offset = output->next_seq - first->seq;
  output->frame_offset = output->began ? output->frame + 1 - first->frame : 0;
  output->mapped = TRUE;
}

gboolean
wc_splice_output_squeeze (WcSpliceOutput *output, const WcPacket *first,
                          gint64 timestamp, gint64 capture_us,
                          guint32 newest_frame)
{
  gint64 n = (gint32)(newest_frame + 1 - first->frame);
  gint64 newest;

  if (!output->began || n <= 0)
    return FALSE;
  map_numbers (output, first);
  newest = MAX (place (output, capture_us), output->highest + n);
  output->offset = newest - timestamp;
  output->squeezing = TRUE;
  output->squeeze_step = CLAMP ((newest - output->highest) / n, 1,
                                output->rate / CLOSE_STEPS_PER_S);
  output->squeeze_end_frame = newest_frame + 1;
  output->squeeze_end = newest + output->squeeze_step;
  output->squeeze_end_us =
      capture_us + wc_ticks_to_us (output->squeeze_step, output->rate);
  return TRUE;
}

/* Frames of video may come closer for once; audio must not overlap, so what
 * would is left out: less than a packet's worth is missing. */
static gboolean
map (WcSpliceOutput *output, const WcPacket *first)
{
  gint64 closest =
      output->audio ? output->step : (gint64)output->rate / CLOSE_STEPS_PER_S;

  if (first->capture_us < output->from_us)
    return FALSE;
  if (output->began) {
    gint64 timestamp = place (output, first->capture_us);
    if (output->audio && timestamp < output->highest + closest)
      return FALSE;
    timestamp = MAX (timestamp, output->highest + closest);
    output->offset = timestamp - first->timestamp;
  } else {
    output->offset = 0;
  }
  map_numbers (output, first);
  return TRUE;
}

static void
set_times (const WcSpliceOutput *output, const WcPacket *from, WcPacket *to)
{
  gint64 before = (gint32)(output->squeeze_end_frame - from->frame);

  to->timestamp = from->timestamp + output->offset;
  to->capture_us = from->capture_us;
  if (output->squeezing && before > 0) {
    gint64 ticks = before * output->squeeze_step;
    to->timestamp = output->squeeze_end - ticks;
    to->capture_us =
        output->squeeze_end_us - wc_ticks_to_us (ticks, output->rate);
  }
}

static void
remember (WcSpliceOutput *output, const WcPacket *packet)
{
  gint64 step = packet->timestamp - output->highest;

  if (output->began && step > 0 && step < output->rate && !output->squeezing)
    output->step = step;
  if (!output->began || step > 0) {
    output->highest = packet->timestamp;
    output->highest_capture_us = packet->capture_us;
  }
  output->began = TRUE;
  output->frame = packet->frame;
  output->next_seq = packet->seq + 1;
}

WcPacket *
wc_splice_output_take (WcSpliceOutput *output, const WcPacket *packet)
{
  WcPacket *copy;

  if (!output->mapped && !map (output, packet))
    return NULL;
  copy = wc_packet_new (packet->size);
  memcpy (copy->payload, packet->payload, packet->size);
  copy->flags = packet->flags;
  copy->seq = packet->seq + output->seq_offset;
  copy->frame = packet->frame + output->frame_offset;
  set_times (output, packet, copy);
  remember (output, copy);
  return copy;
}
