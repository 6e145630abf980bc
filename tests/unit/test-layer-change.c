/* SPDX-License-Identifier: MIT */
#include "engine/layer-change.h"

#include <string.h>

#define RATE 90000
#define FRAME 3000 /* 30 frames/s */
#define FRAME_US 33333
#define PACKETS_PER_FRAME 3
#define START_US (100 * G_USEC_PER_SEC)
#define SIZE 10

/* A layer of a simulcast as the normaliser gives it: numbers and times of its
 * own, captures of the same clock. */
typedef struct {
  WcTrack *track;
  guint64 seq;
  guint32 frame;
  gint64 zero; /* timestamp of picture 0 */
  guint16 picture_id;
  guint8 tl0;
  gboolean long_id;
} Layer;

typedef struct {
  guint16 seq;
  guint64 index;
  guint32 timestamp;
  gint64 capture_us;
  guint8 payload[SIZE];
  gboolean marker, start;
} Sent;

typedef struct {
  Layer low, high;
  WcDelivery delivery;
  WcFeed low_feed, high_feed;
  WcLayerChange change;
  GArray *sent; /* of Sent */
  gint64 now_us;
} Fixture;

static gboolean
on_send (gpointer lane, WcMedia media, const WcOutgoing *packets, guint n)
{
  for (guint i = 0; i < n; i++) {
    const WcPacket *packet = packets[i].packet;
    Sent sent = {
        .seq = (guint16)packets[i].index,
        .index = packets[i].index,
        .timestamp = packets[i].timestamp,
        .capture_us = packets[i].capture_us,
        .marker = (packet->flags & WC_PACKET_MARKER) != 0,
        .start = (packet->flags & WC_PACKET_START) != 0,
    };
    memcpy (sent.payload, packet->payload, SIZE);
    wc_picture_shift_apply (packets[i].pictures, sent.payload, SIZE);
    g_array_append_val (((Fixture *)lane)->sent, sent);
  }
  return TRUE;
}

static const WcLane fake_lane = {.send = on_send};

static void
make_layer (Layer *layer, WcCodec codec, guint64 seq, gint64 zero,
            guint16 picture_id)
{
  WcTrackLimits limits = {2000, 1 << 20};

  *layer = (Layer){
      .track = wc_track_new (codec, RATE, &limits),
      .seq = seq,
      .zero = zero,
      .picture_id = picture_id,
      .tl0 = (guint8)(picture_id * 7),
      .long_id = TRUE,
  };
}

static void
set_up (Fixture *f, gconstpointer codec)
{
  WcCodec which = (WcCodec)GPOINTER_TO_INT (codec);

  f->sent = g_array_new (FALSE, FALSE, sizeof (Sent));
  f->now_us = START_US;
  make_layer (&f->low, which, 65000, 0, 0x7ffe);
  make_layer (&f->high, which, 200, G_GINT64_CONSTANT (1) << 33, 100);
  wc_delivery_init (&f->delivery, f->low.track, WC_MEDIA_VIDEO, 96, 42,
                    &fake_lane, f);
  f->delivery.index = 65535 - 4; /* sequence numbers wrap in every test */
  f->low_feed.track = f->low.track;
  f->high_feed.track = f->high.track;
}

static void
tear_down (Fixture *f, gconstpointer codec)
{
  wc_delivery_clear (&f->delivery);
  wc_track_unref (f->low.track);
  wc_track_unref (f->high.track);
  g_array_unref (f->sent);
}

/* --- pictures ------------------------------------------------------------- */

static void
write_descriptor (const Layer *layer, WcPacket *packet)
{
  guint8 *payload = packet->payload;

  if (wc_track_codec (layer->track) == WC_CODEC_VP8) {
    payload[0] = 0x80;
    payload[1] = 0xc0; /* I, L */
  } else {
    payload[0] = 0xa0; /* I, L */
  }
  guint at = wc_track_codec (layer->track) == WC_CODEC_VP8 ? 2 : 1;
  if (layer->long_id) {
    payload[at++] = (guint8)(0x80 | layer->picture_id >> 8);
    payload[at++] = (guint8)layer->picture_id;
  } else {
    payload[at++] = layer->picture_id & 0x7f;
  }
  if (wc_track_codec (layer->track) != WC_CODEC_VP8)
    payload[at++] = 0; /* layer indices */
  payload[at] = layer->tl0;
}

static guint16
picture_id_of (WcCodec codec, const guint8 *payload)
{
  guint at = codec == WC_CODEC_VP8 ? 2 : 1;

  return payload[at] & 0x80
             ? (guint16)((payload[at] & 0x7f) << 8 | payload[at + 1])
             : payload[at];
}

static guint8
tl0_of (WcCodec codec, const guint8 *payload)
{
  guint at = codec == WC_CODEC_VP8 ? 2 : 1;

  at += payload[at] & 0x80 ? 2 : 1;
  return payload[codec == WC_CODEC_VP8 ? at : at + 1];
}

/* Packets @from to @to of picture @number. */
static void
append_part (Layer *layer, guint number, gboolean start, guint from, guint to)
{
  WcPacket *packets[PACKETS_PER_FRAME];
  guint n = 0;

  for (guint i = from; i < to; i++) {
    WcPacket *packet = wc_packet_new (SIZE);
    memset (packet->payload, 0, SIZE);
    packet->seq = layer->seq++;
    packet->frame = layer->frame;
    packet->timestamp = layer->zero + (gint64)number * FRAME;
    packet->capture_us = START_US + (gint64)number * FRAME_US;
    packet->flags |= start && i == 0 ? WC_PACKET_START : 0;
    packet->flags |= i == PACKETS_PER_FRAME - 1 ? WC_PACKET_MARKER : 0;
    write_descriptor (layer, packet);
    packets[n++] = packet;
  }
  if (to == PACKETS_PER_FRAME) {
    layer->frame++;
    layer->picture_id = (layer->picture_id + 1) & 0x7fff;
    layer->tl0++;
  }
  wc_track_append_at (layer->track, packets, n, START_US);
}

static void
append (Layer *layer, guint number, gboolean start)
{
  append_part (layer, number, start, 0, PACKETS_PER_FRAME);
}

/* --- what a subscriber does ----------------------------------------------- */

static guint
read_feed (WcFeed *feed, WcPacket **packets)
{
  gboolean skipped;
  guint n = wc_track_read (feed->track, &feed->read_seq, packets, 64, &skipped);

  if (n > 0)
    feed->seq = packets[n - 1]->seq + 1;
  return n;
}

static WcFeed *
feed_of_delivery (Fixture *f)
{
  return f->delivery.track == f->low.track ? &f->low_feed : &f->high_feed;
}

static void
serve (Fixture *f, WcFeed *feed)
{
  WcPacket *packets[64];
  guint n = read_feed (feed, packets);
  guint count = n;

  if (f->change.next == feed)
    wc_layer_change_note_next (&f->change, packets, n, f->now_us);
  else if (feed == feed_of_delivery (f)) {
    if (f->change.next != NULL)
      count = wc_layer_change_limit (&f->change, &f->delivery, packets, n);
    if (count > 0)
      wc_delivery_live (&f->delivery, packets, count, 64, f->now_us);
  }
  for (guint i = 0; i < n; i++)
    wc_packet_unref (packets[i]);
}

static gboolean
turn (Fixture *f)
{
  g_autoptr (GPtrArray) held =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_packet_unref);
  gboolean changed = wc_layer_change_try (&f->change, &f->delivery, f->now_us);

  if (changed)
    f->change = (WcLayerChange){0};
  while (f->delivery.state == WC_DELIVERY_CATCHING_UP)
    wc_delivery_catch_up (&f->delivery, feed_of_delivery (f)->seq, 16,
                          f->now_us, held);
  return changed;
}

static void
begin_low (Fixture *f)
{
  append (&f->low, 0, TRUE);
  serve (f, &f->low_feed);
  wc_delivery_begin (&f->delivery, f->low_feed.seq, TRUE);
  turn (f);
  append (&f->low, 1, FALSE);
  serve (f, &f->low_feed);
  g_assert_cmpuint (f->sent->len, ==, 2 * PACKETS_PER_FRAME);
}

static void
ask (Fixture *f, WcFeed *feed)
{
  f->change = (WcLayerChange){.next = feed, .layer = 1};
}

static const Sent *
sent (Fixture *f, guint i)
{
  g_assert_cmpuint (i, <, f->sent->len);
  return &g_array_index (f->sent, Sent, i);
}

static const Sent *
last_sent (Fixture *f)
{
  return sent (f, f->sent->len - 1);
}

/* No number is left out, no time runs backwards, and timestamps say the same as
 * captures, or sound would be off. */
static void
assert_continuous (Fixture *f)
{
  WcCodec codec = wc_track_codec (f->low.track);
  gboolean numbered = codec == WC_CODEC_VP8 || codec == WC_CODEC_VP9;

  for (guint i = 1; i < f->sent->len; i++) {
    const Sent *a = sent (f, i - 1), *b = sent (f, i);
    gint32 step = (gint32)(b->timestamp - a->timestamp);
    guint new_picture = a->marker ? 1 : 0;
    g_assert_cmpuint (b->index, ==, a->index + 1);
    g_assert_true (a->marker ? step > 0 : step == 0);
    gint64 ticks = (b->capture_us - a->capture_us) * RATE / G_USEC_PER_SEC;
    g_assert_cmpint (ABS (ticks - step), <=, 3); /* rounding */
    if (!numbered)
      continue;
    g_assert_cmpuint (picture_id_of (codec, b->payload), ==,
                      (picture_id_of (codec, a->payload) + new_picture) &
                          0x7fff);
    g_assert_cmpuint (tl0_of (codec, b->payload), ==,
                      (guint8)(tl0_of (codec, a->payload) + new_picture));
  }
}

/* From the first to the last that was sent. */
static void
assert_passed (Fixture *f, guint pictures)
{
  gint32 ticks = (gint32)(last_sent (f)->timestamp - sent (f, 0)->timestamp);

  g_assert_cmpint (ABS (ticks - (gint32)pictures * FRAME), <=, 3);
}

static void
assert_held (Fixture *f, const Sent *expected)
{
  WcOutgoing outgoing;
  g_autoptr (WcPacket) packet =
      wc_delivery_find (&f->delivery, expected->seq, &outgoing);
  guint8 payload[SIZE];

  g_assert_nonnull (packet);
  memcpy (payload, packet->payload, SIZE);
  wc_picture_shift_apply (outgoing.pictures, payload, SIZE);
  g_assert_cmpuint (outgoing.index, ==, expected->index);
  g_assert_cmpuint (outgoing.timestamp, ==, expected->timestamp);
  g_assert_cmpmem (payload, SIZE, expected->payload, SIZE);
}

/* --- tests ---------------------------------------------------------------- */

/* Up, and down again: each at a key frame of the next layer, and whatever was
 * sent can be sent again as it was. */
static void
test_up_and_down (Fixture *f, gconstpointer codec)
{
  begin_low (f);
  ask (f, &f->high_feed);
  append (&f->high, 2, FALSE); /* no place to begin */
  serve (f, &f->high_feed);
  append (&f->low, 2, FALSE);
  serve (f, &f->low_feed);
  g_assert_false (turn (f));
  append (&f->high, 3, TRUE);
  serve (f, &f->high_feed);
  g_assert_true (turn (f));
  g_assert_true (f->delivery.track == f->high.track);
  append (&f->low, 3, FALSE); /* is another's business now */
  serve (f, &f->low_feed);
  append (&f->high, 4, FALSE);
  serve (f, &f->high_feed);
  g_assert_cmpuint (f->sent->len, ==, 5 * PACKETS_PER_FRAME);
  g_assert_true (sent (f, 3 * PACKETS_PER_FRAME)->start);

  ask (f, &f->low_feed);
  append (&f->low, 5, TRUE);
  serve (f, &f->low_feed);
  g_assert_true (turn (f));
  g_assert_cmpuint (f->sent->len, ==, 6 * PACKETS_PER_FRAME);
  assert_continuous (f);
  for (guint i = 0; i < f->sent->len; i++)
    assert_held (f, sent (f, i));
}

/* The former layer's frame is half sent when the next one's key frame is there:
 * it is finished first. */
static void
test_finishes_frame (Fixture *f, gconstpointer codec)
{
  begin_low (f);
  ask (f, &f->high_feed);
  append_part (&f->low, 2, FALSE, 0, 1);
  serve (f, &f->low_feed);
  append (&f->high, 2, TRUE);
  serve (f, &f->high_feed);
  g_assert_false (turn (f));
  append_part (&f->low, 2, FALSE, 1, PACKETS_PER_FRAME);
  append (&f->low, 3, FALSE);
  serve (f, &f->low_feed);
  g_assert_cmpuint (f->sent->len, ==, 3 * PACKETS_PER_FRAME);
  g_assert_true (last_sent (f)->marker);
  /* Both have picture 2: the time of its second encoding is just after. */
  g_assert_true (turn (f));
  g_assert_true (sent (f, 3 * PACKETS_PER_FRAME)->start);
  append (&f->high, 3, FALSE);
  serve (f, &f->high_feed);
  assert_continuous (f);
}

/* The next layer comes later by three pictures: what is sent of it begins in
 * the past, but time goes on. */
static void
test_late_layer (Fixture *f, gconstpointer codec)
{
  begin_low (f);
  ask (f, &f->high_feed);
  append (&f->low, 2, FALSE);
  append (&f->low, 3, FALSE);
  serve (f, &f->low_feed);
  append (&f->high, 1, TRUE);
  serve (f, &f->high_feed);
  append (&f->low, 4, FALSE);
  serve (f, &f->low_feed);
  g_assert_false (turn (f)); /* picture 1, and 3 was sent */
  for (guint i = 2; i <= 4; i++) {
    append (&f->high, i, FALSE);
    serve (f, &f->high_feed);
  }
  guint before = f->sent->len;
  g_assert_cmpuint (before, ==, 4 * PACKETS_PER_FRAME); /* 4 was held back */
  g_assert_true (turn (f));
  g_assert_cmpuint (f->sent->len, ==, before + 4 * PACKETS_PER_FRAME);
  append (&f->high, 5, FALSE);
  serve (f, &f->high_feed);
  assert_continuous (f);
  assert_passed (f, 5);
}

/* A former layer that stops in the middle of a frame is not waited for. */
static void
test_stopped_layer (Fixture *f, gconstpointer codec)
{
  begin_low (f);
  append_part (&f->low, 2, FALSE, 0, 2);
  serve (f, &f->low_feed);
  ask (f, &f->high_feed);
  append (&f->high, 9, TRUE);
  serve (f, &f->high_feed);
  g_assert_false (turn (f));
  f->now_us += G_USEC_PER_SEC;
  g_assert_true (turn (f));
  g_assert_true (sent (f, 2 * PACKETS_PER_FRAME + 2)->start);
  assert_passed (f, 9);
}

/* A next layer that stays behind is taken all the same: right after what was
 * sent. */
static void
test_hopeless_layer (Fixture *f, gconstpointer codec)
{
  begin_low (f);
  append (&f->low, 90, FALSE);
  serve (f, &f->low_feed);
  ask (f, &f->high_feed);
  append (&f->high, 3, TRUE);
  append (&f->high, 4, FALSE);
  serve (f, &f->high_feed);
  g_assert_false (turn (f));
  f->now_us += G_USEC_PER_SEC;
  g_assert_true (turn (f));
  append (&f->high, 5, FALSE);
  serve (f, &f->high_feed);
  guint first = 3 * PACKETS_PER_FRAME;
  g_assert_cmpuint (f->sent->len, ==, first + 3 * PACKETS_PER_FRAME);
  for (guint i = first; i < f->sent->len; i += PACKETS_PER_FRAME)
    g_assert_cmpint (
        (gint32)(sent (f, i)->timestamp - sent (f, i - 1)->timestamp), >, 0);
}

/* What the ring has forgotten is no place to begin; the next one is. */
static void
test_start_gone (Fixture *f, gconstpointer codec)
{
  begin_low (f);
  ask (f, &f->high_feed);
  append (&f->high, 2, TRUE);
  serve (f, &f->high_feed);
  wc_track_clear (f->high.track);
  g_assert_false (turn (f));
  append (&f->low, 2, FALSE);
  serve (f, &f->low_feed);
  g_assert_cmpuint (f->sent->len, ==, 3 * PACKETS_PER_FRAME);
  append (&f->high, 3, TRUE);
  serve (f, &f->high_feed);
  g_assert_true (turn (f));
  assert_continuous (f);
}

/* Seven bits count modulo 128, whatever the other layer has. */
static void
test_short_ids (void)
{
  const guint8 last[] = {0x80, 0x80, 0x7f, 0};
  const guint8 next[] = {0x80, 0x80, 0x05, 0};
  guint8 copy[sizeof next];
  WcPictureShift shift = wc_picture_shift_after (
      WC_CODEC_VP8, last, sizeof last, (WcPictureShift){0}, next, sizeof next);

  memcpy (copy, next, sizeof next);
  wc_picture_shift_apply (shift, copy, sizeof copy);
  g_assert_cmpuint (copy[2], ==, 0);
  copy[2] = 0x06;
  wc_picture_shift_apply (shift, copy, sizeof copy);
  g_assert_cmpuint (copy[2], ==, 1);
}

/* What has no numbers, or is cut short, stays as it is. */
static void
test_no_ids (void)
{
  const guint8 payloads[][4] = {{0x00, 0xff, 0xff, 0xff},
                                {0x80, 0x00, 0xff, 0xff},
                                {0x80, 0x80, 0xff, 0xff}};
  const gsize sizes[] = {4, 4, 3};

  for (guint i = 0; i < G_N_ELEMENTS (payloads); i++)
    for (gsize size = 0; size <= sizes[i]; size++) {
      WcPictureShift shift = {.id = 5, .tl0 = 7, .codec = WC_CODEC_VP8};
      g_autofree guint8 *copy = g_memdup2 (payloads[i], MAX (size, 1));
      wc_picture_shift_apply (shift, copy, size);
      g_assert_cmpmem (copy, size, payloads[i], size);
    }
  WcPictureShift none = wc_picture_shift_after (
      WC_CODEC_H264, payloads[2], 4, (WcPictureShift){0}, payloads[2], 4);
  g_assert_true (wc_picture_shift_is_none (none));
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run) (Fixture *, gconstpointer);
  } tests[] = {
      {"up-and-down", test_up_and_down},
      {"finishes-frame", test_finishes_frame},
      {"late-layer", test_late_layer},
      {"stopped-layer", test_stopped_layer},
      {"hopeless-layer", test_hopeless_layer},
      {"start-gone", test_start_gone},
  };
  static const WcCodec codecs[] = {WC_CODEC_VP8, WC_CODEC_VP9, WC_CODEC_H264,
                                   WC_CODEC_AV1};

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    for (guint k = 0; k < G_N_ELEMENTS (codecs); k++) {
      g_autofree char *path =
          g_strdup_printf ("/layer-change/%s/%s", tests[i].name,
                           wc_codec_info (codecs[k])->name);
      g_test_add (path, Fixture, GINT_TO_POINTER (codecs[k]), set_up,
                  tests[i].run, tear_down);
    }
  g_test_add_func ("/layer-change/short-ids", test_short_ids);
  g_test_add_func ("/layer-change/no-ids", test_no_ids);
  return g_test_run ();
}
