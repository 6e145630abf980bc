/* SPDX-License-Identifier: MIT */
/* The newest key frame that a track holds, whole: what a still picture of it is
 * made of. Immutable once found; owned by whoever asked. The functions may be
 * called from any thread. */
#pragma once

#include "engine/track.h"

typedef struct {
  WcCodec codec;
  guint64 seq;         /* of its first packet, in its track */
  gint64 capture_us;   /* monotonic */
  guint width, height; /* the largest that its headers speak of; 0: of none */
  GPtrArray *packets;  /* of WcPacket */
} WcKeyFrame;

/** Looks for it in @track, which carries video. One that is still coming in, or
 * of which a packet was lost, is passed over for the one before. Copies
 * references, no media. Returns NULL when there is none. (transfer full) */
WcKeyFrame *wc_key_frame_find (WcTrack *track);
void wc_key_frame_free (WcKeyFrame *frame);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcKeyFrame, wc_key_frame_free)

/** The bitstream, as a decoder takes it: an access unit with start codes
 * (H.264, H.265), a frame (VP8; of VP9 that of the lowest spatial layer), a
 * temporal unit (AV1). NULL when its payloads hold none. (transfer full) */
GBytes *wc_key_frame_unpack (const WcKeyFrame *frame);
