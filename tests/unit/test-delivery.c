/* SPDX-License-Identifier: MIT */
#include "engine/delivery.h"

#define RATE 90000
#define FRAME 3000 /* 30 frames/s */
#define PACKETS_PER_FRAME 3

/* A lane that remembers what it was given. */
typedef struct {
  GArray *sent; /* of WcOutgoing, packets referenced */
  gboolean full;
} FakeLane;

typedef struct {
  WcTrack *track;
  FakeLane lane;
  WcDelivery delivery;
  guint64 seq;
  guint32 frame;
} Fixture;

static gboolean
on_send (gpointer lane, WcMedia media, const WcOutgoing *packets, guint n)
{
  FakeLane *fake = lane;

  if (fake->full)
    return FALSE;
  for (guint i = 0; i < n; i++) {
    wc_packet_ref (packets[i].packet);
    g_array_append_val (fake->sent, packets[i]);
  }
  return TRUE;
}

static const WcLane fake_lane = {.send = on_send};

static void
forget (gpointer outgoing)
{
  wc_packet_unref (((WcOutgoing *)outgoing)->packet);
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  WcTrackLimits limits = {2000, 1 << 20};

  f->track = wc_track_new (WC_CODEC_VP8, RATE, &limits);
  f->lane.sent = g_array_new (FALSE, FALSE, sizeof (WcOutgoing));
  g_array_set_clear_func (f->lane.sent, forget);
  wc_delivery_init (&f->delivery, f->track, WC_MEDIA_VIDEO, 96, 42, &fake_lane,
                    &f->lane);
  f->seq = 65530; /* so that sequence numbers wrap in every test */
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  wc_delivery_clear (&f->delivery);
  g_array_unref (f->lane.sent);
  wc_track_unref (f->track);
}

static WcPacket *
make_packet (Fixture *f, gboolean start, guint i)
{
  WcPacket *packet = wc_packet_new (10);

  packet->seq = f->seq++;
  packet->frame = f->frame;
  packet->timestamp = (gint64)f->frame * FRAME;
  packet->capture_us = packet->timestamp * G_USEC_PER_SEC / RATE;
  if (start && i == 0)
    packet->flags |= WC_PACKET_START;
  if (i == PACKETS_PER_FRAME - 1)
    packet->flags |= WC_PACKET_MARKER;
  return packet;
}

static void
append_frame (Fixture *f, gboolean start)
{
  WcPacket *packets[PACKETS_PER_FRAME];

  for (guint i = 0; i < PACKETS_PER_FRAME; i++)
    packets[i] = make_packet (f, start, i);
  f->frame++;
  wc_track_append (f->track, packets, PACKETS_PER_FRAME);
}

/* What a worker does with news, from @*seq on. */
static void
read_live (Fixture *f, guint64 *seq)
{
  WcPacket *packets[64];
  gboolean skipped;
  guint n;

  while ((n = wc_track_read (f->track, seq, packets, 64, &skipped)) > 0) {
    wc_delivery_live (&f->delivery, packets, n, 64, G_USEC_PER_SEC);
    for (guint i = 0; i < n; i++)
      wc_packet_unref (packets[i]);
  }
}

static WcOutgoing *
sent (Fixture *f, guint i)
{
  g_assert_cmpuint (i, <, f->lane.sent->len);
  return &g_array_index (f->lane.sent, WcOutgoing, i);
}

static guint16
seq_of (Fixture *f, guint i)
{
  return (guint16)sent (f, i)->index;
}

static guint
catch_up (Fixture *f, guint64 live, guint budget, gint64 now_us)
{
  g_autoptr (GPtrArray) held =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_packet_unref);

  return wc_delivery_catch_up (&f->delivery, live, budget, now_us, held);
}

static void
assert_contiguous (Fixture *f, guint from)
{
  for (guint i = from + 1; i < f->lane.sent->len; i++) {
    g_assert_cmpuint (seq_of (f, i), ==, (guint16)(seq_of (f, i - 1) + 1));
    g_assert_cmpint (
        (gint32)(sent (f, i)->timestamp - sent (f, i - 1)->timestamp), >=, 0);
  }
}

/* Without a start point nothing is sent; then everything from it on. */
static void
test_wait (Fixture *f, gconstpointer unused)
{
  guint64 live = 0;

  append_frame (f, FALSE);
  read_live (f, &live);
  wc_delivery_begin (&f->delivery, live, TRUE);
  g_assert_cmpint (f->delivery.state, ==, WC_DELIVERY_WAITING);
  append_frame (f, FALSE);
  append_frame (f, TRUE);
  append_frame (f, FALSE);
  read_live (f, &live);
  g_assert_cmpint (f->delivery.state, ==, WC_DELIVERY_LIVE);
  g_assert_cmpuint (f->lane.sent->len, ==, 2 * PACKETS_PER_FRAME);
  g_assert_true (sent (f, 0)->packet->flags & WC_PACKET_START);
  g_assert_cmpuint (sent (f, 0)->payload_type, ==, 96);
  g_assert_cmpuint (sent (f, 0)->ssrc, ==, 42);
  assert_contiguous (f, 0);
}

/* When the first frame was over, not when it began, and not a later one. */
static void
test_first_frame (Fixture *f, gconstpointer unused)
{
  WcPacket *packets[PACKETS_PER_FRAME];

  wc_delivery_begin (&f->delivery, 0, TRUE);
  for (guint i = 0; i < PACKETS_PER_FRAME; i++)
    packets[i] = make_packet (f, TRUE, i);
  wc_delivery_live (&f->delivery, packets, PACKETS_PER_FRAME - 1, 64, 1000);
  g_assert_cmpint (f->delivery.start_sent_us, ==, 1000);
  g_assert_cmpint (f->delivery.frame_sent_us, ==, 0);
  for (guint i = 1; i <= 2; i++)
    wc_delivery_live (&f->delivery, packets + PACKETS_PER_FRAME - 1, 1, 64,
                      1000 + i);
  g_assert_cmpint (f->delivery.frame_sent_us, ==, 1001);
  for (guint i = 0; i < PACKETS_PER_FRAME; i++)
    wc_packet_unref (packets[i]);
}

/* A group of 100 frames: all of it comes, squeezed into 0.1 s before now. */
static void
test_catch_up (Fixture *f, gconstpointer unused)
{
  guint64 live = 0;

  append_frame (f, TRUE);
  for (guint i = 1; i < 100; i++)
    append_frame (f, FALSE);
  live = wc_track_head (f->track);
  wc_delivery_begin (&f->delivery, live, TRUE);
  g_assert_cmpint (f->delivery.state, ==, WC_DELIVERY_CATCHING_UP);

  guint turns = 0;
  while (f->delivery.state == WC_DELIVERY_CATCHING_UP && turns++ < 1000) {
    catch_up (f, live, 16, G_USEC_PER_SEC);
    if (turns == 5) { /* the world goes on meanwhile */
      append_frame (f, FALSE);
      read_live (f, &live);
    }
  }
  append_frame (f, FALSE);
  read_live (f, &live);

  g_assert_cmpuint (f->lane.sent->len, ==, 102 * PACKETS_PER_FRAME);
  assert_contiguous (f, 0);
  WcOutgoing *first = sent (f, 0);
  WcOutgoing *newest = sent (f, 99 * PACKETS_PER_FRAME);
  WcOutgoing *last = sent (f, 101 * PACKETS_PER_FRAME);
  g_assert_cmpuint (newest->timestamp - first->timestamp, ==, 99 * 90);
  g_assert_cmpuint (last->timestamp - newest->timestamp, ==, 2 * FRAME);
  /* Capture times say the same as timestamps, or sound would be off. */
  g_assert_cmpint (newest->capture_us, ==, newest->packet->capture_us);
  g_assert_cmpint (newest->capture_us - first->capture_us, ==, 99000);
}

/* A new key frame while it catches up with the old one: it goes on there, and
 * what was left out is no loss that it would ask for. */
static void
test_overtaken (Fixture *f, gconstpointer unused)
{
  guint64 live = 0;

  append_frame (f, TRUE);
  for (guint i = 1; i < 100; i++)
    append_frame (f, FALSE);
  live = wc_track_head (f->track);
  wc_delivery_begin (&f->delivery, live, TRUE);
  catch_up (f, live, 16, G_USEC_PER_SEC);
  append_frame (f, TRUE);
  append_frame (f, FALSE);
  read_live (f, &live);
  while (f->delivery.state == WC_DELIVERY_CATCHING_UP)
    catch_up (f, live, 16, G_USEC_PER_SEC);
  append_frame (f, FALSE);
  read_live (f, &live);

  g_assert_cmpint (f->delivery.state, ==, WC_DELIVERY_LIVE);
  g_assert_cmpuint (f->lane.sent->len, ==, 16 + 3 * PACKETS_PER_FRAME);
  g_assert_true (sent (f, 16)->packet->flags & WC_PACKET_START);
  assert_contiguous (f, 0);
}

/* The same when nothing of the old group is left in the ring. */
static void
test_evicted (Fixture *f, gconstpointer unused)
{
  guint64 live = 0;

  append_frame (f, TRUE);
  for (guint i = 1; i < 20; i++)
    append_frame (f, FALSE);
  live = wc_track_head (f->track);
  wc_delivery_begin (&f->delivery, live, TRUE);
  catch_up (f, live, 16, G_USEC_PER_SEC);
  wc_track_clear (f->track);
  append_frame (f, FALSE);
  read_live (f, &live);
  catch_up (f, live, 16, G_USEC_PER_SEC);
  g_assert_cmpint (f->delivery.state, ==, WC_DELIVERY_WAITING);
  append_frame (f, TRUE);
  read_live (f, &live);
  g_assert_cmpuint (f->lane.sent->len, ==, 16 + PACKETS_PER_FRAME);
  assert_contiguous (f, 0);
}

/* The key frame again for a viewer that is live: time never runs backwards. */
static void
test_repeat (Fixture *f, gconstpointer unused)
{
  guint64 live = 0;

  wc_delivery_begin (&f->delivery, live, TRUE);
  append_frame (f, TRUE);
  for (guint i = 1; i < 50; i++)
    append_frame (f, FALSE);
  read_live (f, &live);
  wc_delivery_begin (&f->delivery, live, TRUE);
  while (f->delivery.state == WC_DELIVERY_CATCHING_UP)
    catch_up (f, live, 64, G_USEC_PER_SEC);
  append_frame (f, FALSE);
  read_live (f, &live);

  g_assert_cmpuint (f->lane.sent->len, ==, 101 * PACKETS_PER_FRAME);
  assert_contiguous (f, 0);
  for (guint i = PACKETS_PER_FRAME; i < f->lane.sent->len; i++)
    if (sent (f, i)->packet->frame != sent (f, i - 1)->packet->frame)
      g_assert_cmpint (
          (gint32)(sent (f, i)->timestamp - sent (f, i - 1)->timestamp), >, 0);
}

/* A full queue costs this viewer the rest of the group, without a gap in its
 * sequence numbers that it would ask for again. */
static void
test_full (Fixture *f, gconstpointer unused)
{
  guint64 live = 0;

  wc_delivery_begin (&f->delivery, live, TRUE);
  append_frame (f, TRUE);
  read_live (f, &live);
  f->lane.full = TRUE;
  append_frame (f, FALSE);
  read_live (f, &live);
  g_assert_cmpint (f->delivery.state, ==, WC_DELIVERY_WAITING);
  f->lane.full = FALSE;
  append_frame (f, FALSE);
  read_live (f, &live);
  g_assert_cmpuint (f->lane.sent->len, ==, PACKETS_PER_FRAME);
  append_frame (f, TRUE);
  read_live (f, &live);
  g_assert_cmpuint (f->lane.sent->len, ==, 2 * PACKETS_PER_FRAME);
  g_assert_cmpuint (f->delivery.dropped, ==, PACKETS_PER_FRAME);
  g_assert_cmpuint (f->delivery.skips, ==, 1);
  assert_contiguous (f, 0);
}

/* What the source lost stays a gap: the viewer must know. */
static void
test_source_loss (Fixture *f, gconstpointer unused)
{
  guint64 live = 0;

  wc_delivery_begin (&f->delivery, live, TRUE);
  append_frame (f, TRUE);
  f->seq += 2;
  append_frame (f, FALSE);
  read_live (f, &live);
  g_assert_cmpuint (seq_of (f, PACKETS_PER_FRAME), ==,
                    (guint16)(seq_of (f, PACKETS_PER_FRAME - 1) + 3));
}

static void
test_catch_up_full (Fixture *f, gconstpointer unused)
{
  guint64 live;

  append_frame (f, TRUE);
  append_frame (f, FALSE);
  live = wc_track_head (f->track);
  wc_delivery_begin (&f->delivery, live, TRUE);
  f->lane.full = TRUE;
  g_assert_cmpuint (catch_up (f, live, 16, 1), ==, 0);
  f->lane.full = FALSE;
  g_assert_cmpuint (catch_up (f, live, 16, 1), ==, 2 * PACKETS_PER_FRAME);
  g_assert_cmpint (f->delivery.state, ==, WC_DELIVERY_LIVE);
  assert_contiguous (f, 0);
}

static void
test_no_fast_start (Fixture *f, gconstpointer unused)
{
  append_frame (f, TRUE);
  wc_delivery_begin (&f->delivery, wc_track_head (f->track), FALSE);
  g_assert_cmpint (f->delivery.state, ==, WC_DELIVERY_WAITING);
}

/* A frame that is too large for one go: the rest is paced, not squeezed. */
static void
test_burst (Fixture *f, gconstpointer unused)
{
  WcPacket *packets[16];
  gboolean skipped;
  guint64 live = 0;

  wc_delivery_begin (&f->delivery, live, TRUE);
  for (guint i = 0; i < 5; i++)
    append_frame (f, i == 0);
  guint n = wc_track_read (f->track, &live, packets, 16, &skipped);
  wc_delivery_live (&f->delivery, packets, n, 6, G_USEC_PER_SEC);
  for (guint i = 0; i < n; i++)
    wc_packet_unref (packets[i]);
  g_assert_cmpuint (f->lane.sent->len, ==, 6);
  g_assert_cmpint (f->delivery.state, ==, WC_DELIVERY_CATCHING_UP);
  g_assert_cmpuint (catch_up (f, live, 6, 1), ==, 6);
  g_assert_cmpuint (catch_up (f, live, 6, 1), ==, 3);
  g_assert_cmpint (f->delivery.state, ==, WC_DELIVERY_LIVE);
  append_frame (f, FALSE);
  read_live (f, &live);
  g_assert_cmpuint (f->lane.sent->len, ==, 18);
  assert_contiguous (f, 0);
  for (guint i = PACKETS_PER_FRAME; i < 18; i++)
    g_assert_cmpuint (sent (f, i)->timestamp -
                          sent (f, i - PACKETS_PER_FRAME)->timestamp,
                      ==, FRAME);
}

/* Whatever was sent is found as it was sent, through skips, squeezed bursts and
 * the source's losses; what was never sent is not. */
static void
test_find (Fixture *f, gconstpointer unused)
{
  guint64 live = 0;

  for (guint i = 0; i < 20; i++)
    append_frame (f, i == 0);
  live = wc_track_head (f->track);
  wc_delivery_begin (&f->delivery, live, TRUE);
  while (f->delivery.state == WC_DELIVERY_CATCHING_UP)
    catch_up (f, live, 16, G_USEC_PER_SEC);
  f->seq += 2;
  append_frame (f, FALSE);
  read_live (f, &live);
  f->lane.full = TRUE;
  append_frame (f, FALSE);
  read_live (f, &live);
  f->lane.full = FALSE;
  append_frame (f, TRUE);
  append_frame (f, FALSE);
  read_live (f, &live);
  wc_delivery_begin (&f->delivery, live, TRUE);
  while (f->delivery.state == WC_DELIVERY_CATCHING_UP)
    catch_up (f, live, 16, G_USEC_PER_SEC);

  for (guint i = 0; i < f->lane.sent->len; i++) {
    WcOutgoing found;
    g_autoptr (WcPacket) packet =
        wc_delivery_find (&f->delivery, seq_of (f, i), &found);
    g_assert_true (packet == sent (f, i)->packet);
    g_assert_cmpuint (found.index, ==, sent (f, i)->index);
    g_assert_cmpuint (found.timestamp, ==, sent (f, i)->timestamp);
    g_assert_cmpuint (found.ssrc, ==, sent (f, i)->ssrc);
  }
}

static void
test_find_nothing (Fixture *f, gconstpointer unused)
{
  guint64 live = 0;
  WcOutgoing found;

  g_assert_null (wc_delivery_find (&f->delivery, 5, &found));
  wc_delivery_begin (&f->delivery, live, TRUE);
  append_frame (f, TRUE);
  read_live (f, &live);
  g_assert_null (
      wc_delivery_find (&f->delivery, (guint16)(seq_of (f, 0) - 1), &found));
  g_assert_null (
      wc_delivery_find (&f->delivery, (guint16)(seq_of (f, 2) + 1), &found));
  wc_track_clear (f->track);
  g_assert_null (wc_delivery_find (&f->delivery, seq_of (f, 0), &found));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                    \
  g_test_add ("/delivery/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("wait", test_wait);
  ADD ("first-frame", test_first_frame);
  ADD ("catch-up", test_catch_up);
  ADD ("overtaken", test_overtaken);
  ADD ("evicted", test_evicted);
  ADD ("repeat", test_repeat);
  ADD ("full", test_full);
  ADD ("source-loss", test_source_loss);
  ADD ("catch-up-full", test_catch_up_full);
  ADD ("burst", test_burst);
  ADD ("find", test_find);
  ADD ("find-nothing", test_find_nothing);
  ADD ("no-fast-start", test_no_fast_start);
  return g_test_run ();
}
