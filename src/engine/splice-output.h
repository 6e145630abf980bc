/* SPDX-License-Identifier: MIT */
/* One medium of a splice: gives the packets of whichever track plays the
 * numbers that continue the output track. Sequence numbers and frames go on
 * without a jump; timestamps by the time between the captures, so that the
 * media of one splice stay in sync. A plain value, used under its owner's
 * lock. Internal to the engine. */
#pragma once

#include "engine/track.h"

typedef struct {
  WcTrack *track; /* NULL: the splice does not have the medium */
  guint32 rate;
  gboolean audio;

  gboolean began; /* the next five are valid */
  guint64 next_seq;
  guint32 frame;
  gint64 highest; /* timestamp */
  gint64 highest_capture_us;
  gint64 step; /* ticks between the last two frames */

  gboolean mapped; /* the source's offsets are known */
  guint64 seq_offset;
  guint32 frame_offset;
  gint64 offset;  /* of timestamps */
  gint64 from_us; /* what was captured before is not wanted */

  gboolean squeezing;
  guint32 squeeze_end_frame; /* of the source: those before it are squeezed */
  gint64 squeeze_end;        /* timestamp that this frame would have */
  gint64 squeeze_end_us;     /* and its capture time */
  gint64 squeeze_step;       /* ticks between frames */
} WcSpliceOutput;

/** @track is referenced; what it holds already is continued. */
void wc_splice_output_init (WcSpliceOutput *output, WcTrack *track);
void wc_splice_output_clear (WcSpliceOutput *output);

/** Packets of another source follow: those captured before @from_us are not
 * wanted. */
void wc_splice_output_begin (WcSpliceOutput *output, gint64 from_us);

/** After wc_splice_output_begin (): the packets from @first on are of the past,
 * up to the @newest_frame (its @timestamp and capture time are the source's).
 * They get timestamps a millisecond apart, or closer, that end where the newest
 * frame belongs: a player passes over them and shows what is live. Returns
 * FALSE when nothing was sent before: then they come as they are. */
gboolean wc_splice_output_squeeze (WcSpliceOutput *output,
                                   const WcPacket *first, gint64 timestamp,
                                   gint64 capture_us, guint32 newest_frame);

/** A copy of @packet with its numbers in the output track. NULL: it is not
 * wanted, because it is older than what was sent. (transfer full) */
WcPacket *wc_splice_output_take (WcSpliceOutput *output,
                                 const WcPacket *packet);
