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

/* How the frames of a burst are moved close to now. All zero: they are not. */
typedef struct {
  gboolean on;
  guint32 end_frame; /* frames before it get squeezed timestamps */
  gint64 end;        /* timestamp that this frame would have */
  gint64 step;       /* between frames */
  gint64 end_us;     /* capture time of `end` */
} WcSqueeze;

/* How times and pictures of the track become the viewer's. */
typedef struct {
  guint32 offset; /* timestamp of the viewer minus that of the track */
  WcPictureShift pictures;
  WcSqueeze squeeze;
} WcDeliveryMap;

/* A stretch in which the viewer's numbers follow the track's: from one begin,
 * or change of layer, to the next. */
typedef struct {
  guint64 index;  /* of the viewer, of the first packet */
  guint64 seq;    /* of the track, of the same */
  WcTrack *track; /* referenced */
  WcDeliveryMap map;
} WcDeliveryRun;

/* So many are remembered: what is asked for again is two seconds old at most,
 * and a viewer begins anew every two seconds at most. */
#define WC_DELIVERY_RUNS 4

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
  guint64 index;        /* of the viewer, next; with its roll-overs */
  gint64 last;          /* highest timestamp sent, of the track's time line */
  gboolean began;       /* `last` is valid */
  gint64 start_sent_us; /* when a start point was last sent; 0: never */
  gint64 frame_sent_us; /* when a whole frame was sent first; 0: never */

  WcDeliveryMap map; /* of the run to come, or that goes on */
  WcDeliveryRun runs[WC_DELIVERY_RUNS]; /* circular */
  guint n_runs;                         /* ever begun */

  guint64 packets, bytes, dropped; /* counters; the owner publishes them */
  guint skips;
} WcDelivery;

/** @track: nullable, referenced. Numbers begin at random (RFC 3550
 * section 5.1), in the lower half: a viewer whose first packets are lost would
 * otherwise not know of a roll-over among them. */
void wc_delivery_init (WcDelivery *delivery, WcTrack *track, WcMedia media,
                       guint8 payload_type, guint32 ssrc, const WcLane *lane,
                       gpointer lane_data);
void wc_delivery_clear (WcDelivery *delivery);

/** Begins, or begins again, at the newest start point before @live_seq if
 * @fast_start and there is one; else waits for the next. @live_seq: where the
 * worker's reading of the track is. */
void wc_delivery_begin (WcDelivery *delivery, guint64 live_seq,
                        gboolean fast_start);

/** What the worker has just read, in order, for everybody. Of more than @burst
 * packets the rest is caught up with, paced. */
void wc_delivery_live (WcDelivery *delivery, WcPacket *const *packets, guint n,
                       guint burst, gint64 now_us);

/** Packets were lost between the ring and the worker (it lagged). */
void wc_delivery_lagged (WcDelivery *delivery);

/** Sends up to @budget packets of the past. Returns how many. @held gets the
 * references to what was read; they are to be dropped when the lane has been
 * flushed. */
guint wc_delivery_catch_up (WcDelivery *delivery, guint64 live_seq,
                            guint budget, gint64 now_us, GPtrArray *held);

/** Goes on with @next, another encoding of the same pictures (a layer of
 * simulcast), from its start point @start on: numbers, timestamps (by the
 * capture times) and picture numbers continue. FALSE when @start is not held.
 */
gboolean wc_delivery_change_track (WcDelivery *delivery, WcTrack *next,
                                   guint64 start);

/** What the viewer got last, as wc_delivery_find () gives it. */
WcPacket *wc_delivery_find_last (const WcDelivery *delivery,
                                 WcOutgoing *outgoing);

/** What the viewer got as @seq, if it is still in the ring: @outgoing is filled
 * as it was then. (transfer full) (nullable) */
WcPacket *wc_delivery_find (const WcDelivery *delivery, guint16 seq,
                            WcOutgoing *outgoing);
