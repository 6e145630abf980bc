/* SPDX-License-Identifier: MIT */
/* A viewer's change from one layer of a simulcast to another:
 *
 *   none -> asked (a key frame of the next layer) -> began -> none
 *
 * The former layer is sent on until the next one has a start point, then to the
 * end of its frame. The change over waits until the next layer has come as far
 * in time as was sent, so that its first frames, squeezed close together, end
 * in the present and time neither stands still nor runs backwards. A former
 * layer that has stopped, or a next one that lags, is not waited for long.
 *
 * Part of a subscriber; its worker's thread. Internal to the engine. */
#pragma once

#include "engine/delivery.h"
#include "engine/feed.h"

typedef struct {
  WcFeed *next;    /* NULL: no change is under way */
  gint layer;      /* what it is called, see wc_subscriber_select_layer () */
  gint64 began_us; /* when a start point of it came; 0: not yet */
  guint64 start;   /* its seq */
  gboolean ended;  /* the former layer's last frame is sent */
} WcLayerChange;

/** Packets of the next layer came. TRUE: there is a start point. */
gboolean wc_layer_change_note_next (WcLayerChange *change,
                                    WcPacket *const *packets, guint n,
                                    gint64 now_us);

/** Of @n packets of the former layer, how many are still to be sent. */
guint wc_layer_change_limit (WcLayerChange *change, const WcDelivery *delivery,
                             WcPacket *const *packets, guint n);

/** Changes @delivery over if it is time. TRUE: it was; the caller gives the
 * former feed up and `next` takes its place. */
gboolean wc_layer_change_try (WcLayerChange *change, WcDelivery *delivery,
                              gint64 now_us);
