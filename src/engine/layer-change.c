/* SPDX-License-Identifier: MIT */
#include "engine/layer-change.h"

/* For so long the end of a frame, or the same moment in both layers, is waited
 * for: a large key frame takes the publisher some time to send. */
#define PATIENCE_US (300 * 1000)

gboolean
wc_layer_change_note_next (WcLayerChange *change, WcPacket *const *packets,
                           guint n, gint64 now_us)
{
  for (guint i = 0; i < n; i++) {
    if (!(packets[i]->flags & WC_PACKET_START))
      continue;
    change->start = packets[i]->seq;
    if (change->began_us == 0)
      change->began_us = now_us;
  }
  return change->began_us != 0;
}

static gboolean
is_frame_end (const WcDelivery *delivery)
{
  WcOutgoing outgoing;
  g_autoptr (WcPacket) last = wc_delivery_find_last (delivery, &outgoing);

  return last == NULL || (last->flags & WC_PACKET_MARKER) != 0;
}

guint
wc_layer_change_limit (WcLayerChange *change, const WcDelivery *delivery,
                       WcPacket *const *packets, guint n)
{
  guint i = 0;

  if (change->began_us == 0 || delivery->state != WC_DELIVERY_LIVE)
    return n;
  if (!change->ended && is_frame_end (delivery))
    change->ended = TRUE;
  while (!change->ended && i < n)
    change->ended = (packets[i++]->flags & WC_PACKET_MARKER) != 0;
  return i;
}

/* The next layer has come as far as was sent. */
static gboolean
has_caught_up (const WcLayerChange *change, const WcDelivery *delivery)
{
  WcOutgoing outgoing;
  g_autoptr (WcPacket) last = wc_delivery_find_last (delivery, &outgoing);
  gint64 timestamp, capture_us;
  guint32 frame;

  return last == NULL ||
         !wc_track_newest (change->next->track, &timestamp, &capture_us,
                           &frame) ||
         capture_us >= outgoing.capture_us;
}

gboolean
wc_layer_change_try (WcLayerChange *change, WcDelivery *delivery, gint64 now_us)
{
  if (change->next == NULL || change->began_us == 0)
    return FALSE;
  if (now_us - change->began_us < PATIENCE_US &&
      (delivery->state == WC_DELIVERY_CATCHING_UP || !is_frame_end (delivery) ||
       !has_caught_up (change, delivery)))
    return FALSE;
  if (wc_delivery_change_track (delivery, change->next->track, change->start))
    return TRUE;
  change->began_us = 0; /* the start point is gone; the next one will do */
  change->ended = FALSE;
  return FALSE;
}
