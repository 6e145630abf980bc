/* SPDX-License-Identifier: MIT */
#include "engine/delivery.h"

#include "base/id.h"

#define BATCH 64
#define RTP_HEADER_SIZE 12

void
wc_delivery_init (WcDelivery *delivery, WcTrack *track, WcMedia media,
                  guint8 payload_type, guint32 ssrc, const WcLane *lane,
                  gpointer lane_data)
{
  guint16 seq;

  *delivery = (WcDelivery){
      .track = track != NULL ? wc_track_ref (track) : NULL,
      .media = media,
      .payload_type = payload_type,
      .ssrc = ssrc,
      .lane = lane,
      .lane_data = lane_data,
  };
  wc_id_random_bytes (&seq, sizeof seq);
  delivery->index = seq & 0x7fff;
  wc_id_random_bytes (&delivery->map.offset, sizeof delivery->map.offset);
}

void
wc_delivery_clear (WcDelivery *delivery)
{
  for (guint i = 0; i < WC_DELIVERY_RUNS; i++)
    g_clear_pointer (&delivery->runs[i].track, wc_track_unref);
  g_clear_pointer (&delivery->track, wc_track_unref);
  delivery->state = WC_DELIVERY_OFF;
}

/* Squeezes the frames from @first_frame to the newest so that they end where
 * the newest one is: a millisecond apart if they fit behind what was sent
 * before, else as close as the clock allows. The next frame to come is later
 * than all of them, because no source makes frames so close together. */
static void
plan_squeeze (WcDelivery *delivery, guint32 first_frame)
{
  gint64 newest, newest_us;
  guint32 frame;

  delivery->map.squeeze = (WcSqueeze){0};
  if (delivery->media != WC_MEDIA_VIDEO ||
      !wc_track_newest (delivery->track, &newest, &newest_us, &frame))
    return;

  gint64 n = (gint32)(frame + 1 - first_frame);
  if (n <= 0)
    return;
  gint64 clock_rate = wc_track_clock_rate (delivery->track);
  gint64 step = clock_rate / 1000;
  gint64 newest_out = newest;
  if (delivery->began) {
    step = CLAMP ((newest - delivery->last) / n, 1, step);
    newest_out = MAX (newest, delivery->last + n * step);
  }
  gint64 end = newest_out + step;
  delivery->map.squeeze = (WcSqueeze){
      .on = TRUE,
      .end_frame = frame + 1,
      .end = end,
      .step = step,
      .end_us = newest_us + (end - newest) * G_USEC_PER_SEC / clock_rate,
  };
}

void
wc_delivery_begin (WcDelivery *delivery, guint64 live_seq, gboolean fast_start)
{
  guint64 start;

  if (delivery->track == NULL)
    return;
  delivery->resumed = TRUE;
  delivery->map.squeeze = (WcSqueeze){0};
  if (delivery->media == WC_MEDIA_AUDIO) {
    delivery->state = WC_DELIVERY_LIVE;
  } else if (fast_start && wc_track_find_start (delivery->track, &start) &&
             start < live_seq) {
    delivery->state = WC_DELIVERY_CATCHING_UP;
    delivery->cursor = start;
  } else {
    delivery->state = WC_DELIVERY_WAITING;
  }
}

/* Fills @outgoing and returns the timestamp on the track's time line. */
static gint64
fill (const WcDelivery *delivery, const WcDeliveryMap *map, WcPacket *packet,
      guint64 index, WcOutgoing *outgoing)
{
  const WcSqueeze *squeeze = &map->squeeze;
  gint64 before = (gint32)(squeeze->end_frame - packet->frame);
  gint64 timestamp = packet->timestamp;
  gint64 capture_us = packet->capture_us;

  if (squeeze->on && before > 0) {
    gint64 ticks = before * squeeze->step;
    timestamp = squeeze->end - ticks;
    capture_us = squeeze->end_us -
                 ticks * G_USEC_PER_SEC / wc_track_clock_rate (delivery->track);
  }
  *outgoing = (WcOutgoing){
      .packet = packet,
      .index = index,
      .ssrc = delivery->ssrc,
      .timestamp = (guint32)timestamp + map->offset,
      .payload_type = delivery->payload_type,
      .pictures = map->pictures,
      .capture_us = capture_us,
  };
  return timestamp;
}

static void
begin_run (WcDelivery *delivery, guint64 seq)
{
  WcDeliveryRun *run = &delivery->runs[delivery->n_runs++ % WC_DELIVERY_RUNS];

  g_clear_pointer (&run->track, wc_track_unref);
  *run = (WcDeliveryRun){
      .index = delivery->index,
      .seq = seq,
      .track = wc_track_ref (delivery->track),
      .map = delivery->map,
  };
  delivery->resumed = FALSE;
}

/* A viewer begins at a start point: the first marker is the end of the first
 * frame that it can show. */
static void
note_frame (WcDelivery *delivery, WcPacket *const *packets, guint n,
            gint64 now_us)
{
  for (guint i = 0; i < n; i++)
    if (packets[i]->flags & WC_PACKET_MARKER)
      delivery->frame_sent_us = now_us;
}

/* Sends @n packets or none. */
static gboolean
send_batch (WcDelivery *delivery, WcPacket *const *packets, guint n,
            gint64 now_us)
{
  WcOutgoing outgoing[BATCH];
  guint64 index = delivery->index;
  guint64 expected = delivery->resumed ? packets[0]->seq : delivery->expected;
  gint64 last = delivery->last;
  guint64 bytes = 0;
  gboolean start = FALSE;

  for (guint i = 0; i < n; i++) {
    index += packets[i]->seq - expected;
    expected = packets[i]->seq + 1;
    gint64 timestamp =
        fill (delivery, &delivery->map, packets[i], index++, &outgoing[i]);
    last = delivery->began || i > 0 ? MAX (last, timestamp) : timestamp;
    bytes += packets[i]->size + RTP_HEADER_SIZE;
    start |= (packets[i]->flags & WC_PACKET_START) != 0;
  }
  if (!delivery->lane->send (delivery->lane_data, delivery->media, outgoing, n))
    return FALSE;

  if (delivery->resumed)
    begin_run (delivery, packets[0]->seq);
  delivery->index = index;
  delivery->expected = expected;
  delivery->last = last;
  delivery->began = TRUE;
  delivery->packets += n;
  delivery->bytes += bytes;
  if (start)
    delivery->start_sent_us = now_us;
  if (delivery->frame_sent_us == 0)
    note_frame (delivery, packets, n, now_us);
  return TRUE;
}

/* The viewer's queue is full: it costs itself, nobody else. */
static void
skip (WcDelivery *delivery, guint n)
{
  delivery->dropped += n;
  delivery->resumed = TRUE;
  delivery->skips++;
  if (delivery->media == WC_MEDIA_VIDEO)
    delivery->state = WC_DELIVERY_WAITING;
}

static guint
find_start (WcPacket *const *packets, guint n)
{
  guint i = 0;

  while (i < n && !(packets[i]->flags & WC_PACKET_START))
    i++;
  return i;
}

/* The rest of a frame that is too large to be sent at once is the past: it is
 * paced. */
static void
fall_behind (WcDelivery *delivery, guint64 seq)
{
  delivery->state = WC_DELIVERY_CATCHING_UP;
  delivery->cursor = seq;
}

void
wc_delivery_live (WcDelivery *delivery, WcPacket *const *packets, guint n,
                  guint burst, gint64 now_us)
{
  guint first = 0;

  if (delivery->state == WC_DELIVERY_WAITING) {
    first = find_start (packets, n);
    if (first < n)
      delivery->state = WC_DELIVERY_LIVE;
  }
  if (delivery->state != WC_DELIVERY_LIVE || first == n)
    return;
  /* What is live is never squeezed: a start point met here is new. */
  guint count = MIN (MIN (n - first, burst), BATCH);
  if (!send_batch (delivery, packets + first, count, now_us))
    skip (delivery, n - first);
  else if (first + count < n)
    fall_behind (delivery, packets[first + count]->seq);
}

void
wc_delivery_lagged (WcDelivery *delivery)
{
  if (delivery->state == WC_DELIVERY_LIVE)
    skip (delivery, 0);
}

/* Those of @packets that are still the past, in number. */
static guint
count_past (WcPacket *const *packets, guint n, guint64 live_seq)
{
  guint i = 0;

  while (i < n && packets[i]->seq < live_seq)
    i++;
  return i;
}

/* A newer start point came, or the ring has moved on below: what is left of the
 * old group of pictures is not worth sending. */
static gboolean
is_overtaken (const WcDelivery *delivery, guint64 live_seq)
{
  guint64 start;

  return wc_track_find_start (delivery->track, &start) &&
         start > delivery->cursor && start < live_seq;
}

static void
restart (WcDelivery *delivery, guint64 live_seq)
{
  delivery->skips++;
  wc_delivery_begin (delivery, live_seq, TRUE);
}

guint
wc_delivery_catch_up (WcDelivery *delivery, guint64 live_seq, guint budget,
                      gint64 now_us, GPtrArray *held)
{
  WcPacket *packets[BATCH];
  gboolean skipped = FALSE;

  if (delivery->state == WC_DELIVERY_CATCHING_UP &&
      is_overtaken (delivery, live_seq))
    restart (delivery, live_seq);
  if (delivery->state != WC_DELIVERY_CATCHING_UP)
    return 0;

  guint64 cursor = delivery->cursor;
  guint n = wc_track_read (delivery->track, &cursor, packets,
                           MIN (budget, BATCH), &skipped);
  guint past = count_past (packets, n, live_seq);
  if (past > 0 && delivery->resumed)
    plan_squeeze (delivery, packets[0]->frame);

  if (skipped) {
    restart (delivery, live_seq);
    past = 0;
  } else if (past == 0) {
    delivery->state = WC_DELIVERY_LIVE;
  } else if (send_batch (delivery, packets, past, now_us)) {
    delivery->cursor = packets[past - 1]->seq + 1;
    if (delivery->cursor >= live_seq)
      delivery->state = WC_DELIVERY_LIVE;
  } else {
    past = 0; /* no room now; the next turn tries again */
  }
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (held, packets[i]);
  return past;
}

/* --- again ---------------------------------------------------------------- */

static const WcDeliveryRun *
find_run (const WcDelivery *delivery, guint64 index)
{
  guint n = MIN (delivery->n_runs, WC_DELIVERY_RUNS);

  for (guint i = 1; i <= n; i++) {
    const WcDeliveryRun *run =
        &delivery->runs[(delivery->n_runs - i) % WC_DELIVERY_RUNS];
    if (index >= run->index)
      return run;
  }
  return NULL;
}

WcPacket *
wc_delivery_find (const WcDelivery *delivery, guint16 seq, WcOutgoing *outgoing)
{
  guint16 back = (guint16)(delivery->index - 1 - seq);

  if (delivery->track == NULL || back >= delivery->index)
    return NULL;
  guint64 index = delivery->index - 1 - back;
  const WcDeliveryRun *run = find_run (delivery, index);
  if (run == NULL)
    return NULL;
  WcPacket *packet = wc_track_get (run->track, run->seq + (index - run->index));
  if (packet != NULL)
    fill (delivery, &run->map, packet, index, outgoing);
  return packet;
}

WcPacket *
wc_delivery_find_last (const WcDelivery *delivery, WcOutgoing *outgoing)
{
  if (!delivery->began)
    return NULL;
  return wc_delivery_find (delivery, (guint16)(delivery->index - 1), outgoing);
}

/* --- another layer -------------------------------------------------------- */

/* Of what was sent last, or, if that is not held any more, of what the track
 * had last: when it was captured, and its timestamp for the viewer. */
static void
find_end (const WcDelivery *delivery, const WcPacket *last,
          const WcOutgoing *outgoing, gint64 *capture_us, guint32 *timestamp)
{
  gint64 newest;
  guint32 frame;

  *capture_us = outgoing->capture_us;
  *timestamp = outgoing->timestamp;
  if (last == NULL && delivery->began &&
      wc_track_last (delivery->track, &newest, capture_us, &frame))
    *timestamp = (guint32)newest + delivery->map.offset;
}

/* Where the layers meet: the viewer's timestamps go on by what has passed
 * between the captures. Should @next still be behind what was sent, its newest
 * frame comes right after that. */
static void
map_times (WcDelivery *delivery, WcTrack *next, const WcPacket *first,
           gint64 capture_us, guint32 timestamp)
{
  gint64 rate = wc_track_clock_rate (next);
  gint64 passed = (first->capture_us - capture_us) * rate / G_USEC_PER_SEC;
  gint64 last = first->timestamp - passed;
  gint64 newest, newest_us;
  guint32 frame;

  if (wc_track_newest (next, &newest, &newest_us, &frame))
    last = MIN (last, newest);
  delivery->map.offset = timestamp - (guint32)last;
  delivery->last = last;
}

gboolean
wc_delivery_change_track (WcDelivery *delivery, WcTrack *next, guint64 start)
{
  WcOutgoing outgoing = {0};
  g_autoptr (WcPacket) first = wc_track_get (next, start);
  g_autoptr (WcPacket) last = wc_delivery_find_last (delivery, &outgoing);
  gint64 capture_us;
  guint32 timestamp;

  if (first == NULL)
    return FALSE;
  if (delivery->began) {
    find_end (delivery, last, &outgoing, &capture_us, &timestamp);
    map_times (delivery, next, first, capture_us, timestamp);
  }
  if (last != NULL)
    delivery->map.pictures = wc_picture_shift_after (
        wc_track_codec (next), last->payload, last->size, outgoing.pictures,
        first->payload, first->size);
  wc_track_ref (next);
  wc_track_unref (delivery->track);
  delivery->track = next;
  delivery->map.squeeze = (WcSqueeze){0};
  delivery->resumed = TRUE;
  delivery->state = WC_DELIVERY_CATCHING_UP;
  delivery->cursor = start;
  return TRUE;
}
