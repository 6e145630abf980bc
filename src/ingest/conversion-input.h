/* SPDX-License-Identifier: MIT */
/* What is to be converted, on its way in: RTP is put in order, kept in a ring
 * of its own, taken apart and pushed into the converter, if one runs. The ring
 * has the newest group of pictures for one that begins. When a frame was
 * captured goes around the converter: it is found again by the frame's time.
 *
 * Owned by a WcTrackFeed and guarded by its mutex. */
#pragma once

#include "engine/normaliser.h"
#include "ingest/converter.h"

typedef struct {
  const WcConversion *conversion; /* borrowed */
  guint32 clock_rate;
  WcTrack *track;
  WcNormaliser *normaliser; /* what comes is pushed into it, then read */
  guint64 seq;              /* of the track: to be read next */
  WcUnpacker unpacker;
  WcConverter *converter; /* borrowed; nullable */
  gboolean awaits_start;  /* the converter is to begin at a start point */
  gint64 offset_us;       /* capture time - time of the stream */
  gint64 now_us;          /* of the newest read */
} WcConversionInput;

/** @clock_rate: of what comes. @clock is referenced. @max_bytes: of the group
 * of pictures that is kept. */
WcConversionInput *wc_conversion_input_new (const WcConversion *conversion,
                                            guint32 clock_rate,
                                            WcSourceClock *clock,
                                            gsize max_bytes);
void wc_conversion_input_free (WcConversionInput *input);

/** Takes what the normaliser has put in order. */
void wc_conversion_input_read (WcConversionInput *input, gint64 now_us);

/** What is read goes to @converter from now on, which is new: sound with the
 * next packet, a picture with the newest key frame if that is not long ago. */
void wc_conversion_input_begin (WcConversionInput *input,
                                WcConverter *converter);
/** The converter is gone. */
void wc_conversion_input_end (WcConversionInput *input);

/** When that was captured which came out of the converter with @pts, and its
 * RTP timestamp. */
gint64 wc_conversion_input_capture_us (const WcConversionInput *input,
                                       GstClockTime pts);
guint32 wc_conversion_input_timestamp (const WcConversionInput *input,
                                       GstClockTime pts);
