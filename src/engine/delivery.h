/* SPDX-License-Identifier: MIT */
/* One track on its way to one viewer: where in the ring it is, and how the
 * track's numbers become the viewer's.
 *
 *   off -> waiting (for a start point) -> catching up -> live
 *               ^                             |           |
 *               +------- no room, lagged -----+-----------+
 *
 * A viewer begins at the newest start point of the ring and is sent what
 * followed it, paced, until it is where everybody is. The frames of that burst
 * get timestamps squeezed into the time just before now: a player then shows
 * live at once and does not lag behind by the length of the group of pictures.
 *
 * Internal to the engine; part of a subscriber, used on its worker's thread. */
#pragma once

#include "engine/lane.h"
#include "engine/track.h"

typedef enum {
  WC_DELIVERY_OFF,
  WC_DELIVERY_WAITING,
  WC_DELIVERY_CATCHING_UP,
  WC_DELIVERY_LIVE,
} WcDeliveryState;

typedef struct {
  WcTrack *track; /* nullable: this viewer does not get the medium */
  WcMedia media;
  const WcLane *lane;
  gpointer lane_data;
  guint32 ssrc;
  guint8 payload_type;

  WcDeliveryState state;
  guint64 cursor;       /* catching up: the next seq of the track */
  guint64 expected;     /* the seq that follows the last one sent */
  gboolean resumed;     /* what was left out is no loss: no gap in seq */
  guint16 seq;          /* of the viewer, next */
  guint32 offset;       /* timestamp of the viewer minus that of the track */
  gint64 last;          /* highest timestamp sent, of the track's time line */
  gboolean began;       /* `last` is valid */
  gint64 start_sent_us; /* when a start point was last sent; 0: never */

  gboolean squeezing;
  guint32 squeeze_end_frame; /* frames before it get squeezed timestamps */
  gint64 squeeze_end;        /* timestamp that this frame would have */
  gint64 squeeze_step;       /* between frames */
  gint64 squeeze_end_us;     /* capture time of squeeze_end */

  guint64 packets, bytes, dropped; /* counters; the owner publishes them */
  guint skips;
} WcDelivery;

/** @track: nullable, referenced. Numbers begin at random (RFC 3550
 * section 5.1). */
void wc_delivery_init (WcDelivery *delivery, WcTrack *track, WcMedia media,
                       guint8 payload_type, guint32 ssrc, const WcLane *lane,
                       gpointer lane_data);
void wc_delivery_clear (WcDelivery *delivery);

/** Begins, or begins again, at the newest start point before @live_seq if
 * @fast_start and there is one; else waits for the next. @live_seq: where the
 * worker's reading of the track is. */
void wc_delivery_begin (WcDelivery *delivery, guint64 live_seq,
                        gboolean fast_start);

/** What the worker has just read, in order, for everybody. */
void wc_delivery_live (WcDelivery *delivery, WcPacket *const *packets, guint n,
                       gint64 now_us);

/** Packets were lost between the ring and the worker (it lagged). */
void wc_delivery_lagged (WcDelivery *delivery);

/** Sends up to @budget packets of the past. Returns how many. */
guint wc_delivery_catch_up (WcDelivery *delivery, guint64 live_seq,
                            guint budget, gint64 now_us);
