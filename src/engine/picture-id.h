/* SPDX-License-Identifier: MIT */
/* The numbers that VP8 (RFC 7741 section 4.2) and VP9 (RFC 9628 section 4.2)
 * packets give their pictures: a receiver tells by them what is missing, so
 * they go on where a viewer changes from one layer of a simulcast to another.
 * Other codecs have none. Pure functions; payloads may be anything. */
#pragma once

#include "base/codec.h"

#include <glib.h>

/** What is added to a viewer's pictures; all zero: they stay as they are. */
typedef struct {
  guint16 id;   /* to the picture id, modulo its 7 or 15 bits */
  guint8 tl0;   /* to TL0PICIDX */
  guint8 codec; /* WcCodec: how the payload is read */
} WcPictureShift;

static inline gboolean
wc_picture_shift_is_none (WcPictureShift shift)
{
  return shift.id == 0 && shift.tl0 == 0;
}

/** What makes the first picture of @next, a payload, the one after that of
 * @last, which was sent with @before. Nothing where there are no numbers. */
WcPictureShift wc_picture_shift_after (WcCodec codec, const guint8 *last,
                                       gsize last_size, WcPictureShift before,
                                       const guint8 *next, gsize next_size);

/** Adds @shift to the numbers in @payload. */
void wc_picture_shift_apply (WcPictureShift shift, guint8 *payload, gsize size);

/** The numbers of a track, which go on whatever its source does: one that
 * begins anew, as browsers do when they set up their encoders again, or another
 * one, has others. A receiver that knows greater numbers drops what comes with
 * smaller ones (libwebrtc: every frame but the key frame, until the next), so
 * each key frame's follow those of the packet before. A plain value; all zero
 * at first. */
typedef struct {
  WcPictureShift shift;
  guint8 last_size;
  guint8 last[8]; /* of the last payload, as it went out */
} WcPictureNumbers;

/** Rewrites @payload, the next of the track. @start: it is a key frame's
 * first. */
void wc_picture_numbers_pass (WcPictureNumbers *numbers, WcCodec codec,
                              gboolean start, guint8 *payload, gsize size);
