/* SPDX-License-Identifier: MIT */
#include "engine/track.h"

#include "base/clock.h"

#include <pthread.h>
#include <string.h>

#define MS 1000

static const WcTrackLimits limits = {1000, 10000};

static WcTrack *
track_new (void)
{
  return wc_track_new (WC_CODEC_VP8, 90000, &limits);
}

static void
append (WcTrack *track, guint64 seq, guint flags, guint16 size, gint64 now_us)
{
  WcPacket *packet = wc_packet_new (size);

  packet->seq = seq;
  packet->flags = (guint8)flags;
  packet->timestamp = (gint64)seq * 3000;
  packet->capture_us = (gint64)seq * 33333;
  packet->frame = (guint32)seq;
  wc_track_append_at (track, &packet, 1, now_us);
}

static guint
read_all (WcTrack *track, guint64 from, guint64 *first, gboolean *skipped)
{
  WcPacket *packets[4];
  guint n, total = 0;
  guint64 seq = from, last = 0;
  gboolean now_skipped;

  *skipped = FALSE;
  while ((n = wc_track_read (track, &seq, packets, G_N_ELEMENTS (packets),
                             &now_skipped)) > 0) {
    *skipped |= now_skipped;
    for (guint i = 0; i < n; i++) {
      if (total++ == 0)
        *first = packets[i]->seq;
      else
        g_assert_cmpuint (packets[i]->seq, >, last);
      last = packets[i]->seq;
      wc_packet_unref (packets[i]);
    }
    g_assert_cmpuint (seq, ==, last + 1);
  }
  return total;
}

static void
test_empty (void)
{
  g_autoptr (WcTrack) track = track_new ();
  guint64 seq;
  gint64 timestamp, capture_us;
  guint32 frame;
  gboolean skipped;
  WcTrackStats stats;
  g_autofree char *profile = wc_track_dup_profile (track);

  g_assert_cmpuint (wc_track_head (track), ==, 0);
  g_assert_false (wc_track_find_start (track, &seq));
  g_assert_false (wc_track_find_start_after (track, 0, &seq));
  g_assert_false (wc_track_newest (track, &timestamp, &capture_us, &frame));
  g_assert_false (wc_track_last (track, &timestamp, &capture_us, &frame));
  g_assert_cmpuint (read_all (track, 0, &seq, &skipped), ==, 0);
  wc_track_get_stats (track, &stats);
  g_assert_cmpuint (stats.packets, ==, 0);
  g_assert_cmpstr (profile, ==, "");
  wc_track_set_profile (track, "42e01f");
  g_free (profile);
  profile = wc_track_dup_profile (track);
  g_assert_cmpstr (profile, ==, "42e01f");
}

/* The numbering has gaps, the ring grows and turns: every read finds its place.
 */
static void
test_read_across_gaps (void)
{
  g_autoptr (WcTrack) track = track_new ();
  guint64 seq = 60000, first;
  gboolean skipped;
  GArray *seqs = g_array_new (FALSE, FALSE, sizeof seq);

  for (guint i = 0; i < 2000; i++) {
    append (track, seq, 0, 1, 1000 * MS);
    g_array_append_val (seqs, seq);
    seq += (guint)g_test_rand_int_range (1, 5);
  }
  for (guint i = 0; i < seqs->len; i += 7) {
    guint64 at = g_array_index (seqs, guint64, i);
    g_assert_cmpuint (read_all (track, at, &first, &skipped), ==, 2000 - i);
    g_assert_cmpuint (first, ==, at);
    g_assert_false (skipped);
    if (i > 0 && g_array_index (seqs, guint64, i - 1) < at - 1) {
      g_assert_cmpuint (read_all (track, at - 1, &first, &skipped), ==,
                        2000 - i);
      g_assert_cmpuint (first, ==, at);
    }
  }
  /* A reader that begins before the first number has not missed anything. */
  g_assert_cmpuint (read_all (track, 0, &first, &skipped), ==, 2000);
  g_assert_false (skipped);
  g_assert_cmpuint (read_all (track, wc_track_head (track), &first, &skipped),
                    ==, 0);
  g_array_unref (seqs);
}

/* The ring grows when its oldest is not its first. */
static void
test_grows_turned (void)
{
  g_autoptr (WcTrack) track = track_new ();
  guint64 first;
  gboolean skipped;

  for (guint i = 0; i < 200; i++)
    append (track, i, 0, 1, 100 * MS);
  for (guint i = 200; i < 800; i++)
    append (track, i, 0, 1, 1200 * MS);
  for (guint i = 200; i < 800; i++) {
    g_assert_cmpuint (read_all (track, i, &first, &skipped), ==, 800 - i);
    g_assert_cmpuint (first, ==, i);
  }
}

static void
test_history (void)
{
  g_autoptr (WcTrack) track = track_new ();
  guint64 first;
  gboolean skipped;

  for (guint i = 0; i < 50; i++)
    append (track, 100 + i, 0, 10, 100 * MS * (i + 1));
  /* At 5.0 s those from 4.0 s on are held. */
  g_assert_cmpuint (read_all (track, 100, &first, &skipped), ==, 11);
  g_assert_cmpuint (first, ==, 139);
  g_assert_true (skipped);
  g_assert_cmpuint (read_all (track, 139, &first, &skipped), ==, 11);
  g_assert_false (skipped);
}

/* Everything since the newest start point is kept beyond the history. */
static void
test_group_is_kept (void)
{
  g_autoptr (WcTrack) track = track_new ();
  guint64 seq = 0, first;
  gboolean skipped;
  WcTrackStats stats;

  append (track, 1, WC_PACKET_START, 10, 100 * MS);
  for (guint i = 2; i < 50; i++)
    append (track, i, 0, 10, 100 * MS * i);
  g_assert_true (wc_track_find_start (track, &seq));
  g_assert_cmpuint (seq, ==, 1);
  g_assert_cmpuint (read_all (track, seq, &first, &skipped), ==, 49);

  append (track, 50, WC_PACKET_START, 10, 5000 * MS);
  g_assert_cmpuint (read_all (track, 1, &first, &skipped), ==, 11);
  g_assert_true (skipped);
  g_assert_true (wc_track_find_start (track, &seq));
  g_assert_cmpuint (seq, ==, 50);
  g_assert_true (wc_track_find_start_after (track, 0, &seq));
  g_assert_cmpuint (seq, ==, 50);
  g_assert_false (wc_track_find_start_after (track, 51, &seq));
  wc_track_get_stats (track, &stats);
  g_assert_cmpuint (stats.last_gop_ms, ==, 49 * 1000 / 30);
  g_assert_cmpuint (stats.start_points, ==, 2);
  g_assert_cmpuint (stats.held_packets, ==, 11);
  g_assert_cmpuint (stats.held_bytes, ==, 110);
  g_assert_true (stats.has_start);
}

static void
test_group_too_large (void)
{
  g_autoptr (WcTrack) track = track_new ();
  guint64 seq, first;
  gboolean skipped;

  append (track, 1, WC_PACKET_START, 1000, 100 * MS);
  for (guint i = 2; i <= 10; i++)
    append (track, i, 0, 1000, 100 * MS * i);
  g_assert_true (wc_track_find_start (track, &seq));
  for (guint i = 11; i <= 30; i++)
    append (track, i, 0, 1000, 100 * MS * i);
  g_assert_false (wc_track_find_start (track, &seq));
  g_assert_false (wc_track_find_start_after (track, 0, &seq));
  g_assert_cmpuint (read_all (track, 1, &first, &skipped), ==, 11);
  append (track, 31, WC_PACKET_START, 1, 3100 * MS);
  g_assert_true (wc_track_find_start (track, &seq));
  g_assert_cmpuint (seq, ==, 31);
}

/* What comes faster than history_ms foresees does not fill the memory. */
static void
test_bounded (void)
{
  g_autoptr (WcTrack) track = track_new ();
  WcTrackStats stats;

  for (guint i = 0; i < 100000; i++)
    append (track, i, 0, 1, 100 * MS);
  wc_track_get_stats (track, &stats);
  g_assert_cmpuint (stats.held_packets, <, 10000);
  g_assert_cmpuint (stats.held_packets, >, 5000);
}

static void
test_find_start_after (void)
{
  g_autoptr (WcTrack) track = track_new ();
  guint64 seq;

  for (guint i = 1; i <= 40; i++)
    append (track, i, i % 10 == 0 ? WC_PACKET_START : 0, 1, 100 * MS);
  g_assert_true (wc_track_find_start_after (track, 11, &seq));
  g_assert_cmpuint (seq, ==, 20);
  g_assert_true (wc_track_find_start_after (track, 20, &seq));
  g_assert_cmpuint (seq, ==, 20);
  g_assert_true (wc_track_find_start_after (track, 31, &seq));
  g_assert_cmpuint (seq, ==, 40);
}

static void
test_clear (void)
{
  g_autoptr (WcTrack) track = track_new ();
  guint64 seq;
  gint64 timestamp, capture_us;
  guint32 frame;
  gboolean skipped;

  append (track, 7, WC_PACKET_START, 10, 100 * MS);
  wc_track_clear (track);
  g_assert_false (wc_track_find_start (track, &seq));
  g_assert_false (wc_track_newest (track, &timestamp, &capture_us, &frame));
  g_assert_true (wc_track_last (track, &timestamp, &capture_us, &frame));
  g_assert_cmpint (timestamp, ==, 7 * 3000);
  g_assert_cmpuint (frame, ==, 7);
  g_assert_cmpuint (wc_track_head (track), ==, 8);
  append (track, 9, 0, 10, 200 * MS);
  g_assert_cmpuint (read_all (track, 8, &seq, &skipped), ==, 1);
  g_assert_false (skipped);
  g_assert_true (wc_track_newest (track, &timestamp, &capture_us, &frame));
  g_assert_cmpint (capture_us, ==, 9 * 33333);
}

static void
test_bitrate (void)
{
  g_autoptr (WcTrack) track = track_new ();
  gint64 now_us = wc_clock_now_us ();
  WcTrackStats stats;

  /* 100 kB/s, for two seconds up to now. */
  for (gint i = -200; i < 0; i++)
    append (track, (guint64)(1000 + i), 0, 1000, now_us + i * 10 * MS);
  wc_track_get_stats (track, &stats);
  g_assert_cmpuint (stats.bitrate_bps, >=, 400000);
  g_assert_cmpuint (stats.bitrate_bps, <=, 820000);
  g_assert_cmpuint (stats.bytes, ==, 200000);
  g_assert_cmpuint (stats.frames, ==, 200);
}

static void
on_wake (gpointer user_data)
{
  guint *n = user_data;

  (*n)++;
}

static void
test_wakers (void)
{
  g_autoptr (WcTrack) track = track_new ();
  guint first = 0, second = 0;
  guint first_id = wc_track_add_waker (track, on_wake, &first);
  guint second_id = wc_track_add_waker (track, on_wake, &second);

  append (track, 1, 0, 1, MS);
  wc_track_remove_waker (track, first_id);
  append (track, 2, 0, 1, MS);
  wc_track_remove_waker (track, second_id);
  wc_track_remove_waker (track, second_id);
  append (track, 3, 0, 1, MS);
  g_assert_cmpuint (first, ==, 1);
  g_assert_cmpuint (second, ==, 2);
}

/* --- the numbers of pictures ------------------------------------------------
 */

typedef struct {
  guint id, tl0;
} Numbers;

/* A frame of one VP8 packet with a picture id of 15 bits, TL0PICIDX and TID
 * (RFC 7741 section 4.2). Returns the numbers that a reader finds. */
static Numbers
pass_picture (WcTrack *track, gboolean key, guint id, guint tl0)
{
  guint8 payload[] = {0x90,       0xe0,        (guint8)(0x80 | id >> 8),
                      (guint8)id, (guint8)tl0, 0x20,
                      key ? 0 : 1};
  guint64 seq = wc_track_head (track);
  WcPacket *packet = wc_packet_new (sizeof payload);

  memcpy (packet->payload, payload, sizeof payload);
  packet->seq = seq;
  packet->flags = key ? WC_PACKET_START : 0;
  wc_track_append_at (track, &packet, 1, (gint64)seq * MS);
  g_autoptr (WcPacket) read = wc_track_get (track, seq);
  const guint8 *out = read->payload;
  g_assert_cmphex (out[2] & 0x80, ==, 0x80);
  g_assert_cmpmem (out + 5, 2, payload + 5, 2);
  return (Numbers){(guint)(out[2] & 0x7f) << 8 | out[3], out[4]};
}

static void
expect_picture (WcTrack *track, gboolean key, Numbers source, Numbers expected)
{
  Numbers found = pass_picture (track, key, source.id, source.tl0);

  g_assert_cmpuint (found.id, ==, expected.id);
  g_assert_cmpuint (found.tl0, ==, expected.tl0);
}

/* A browser that sets its encoders up again begins its numbers anew, with a key
 * frame; a viewer's browser would drop what follows with smaller ones. */
static void
test_pictures (void)
{
  g_autoptr (WcTrack) track = track_new ();

  expect_picture (track, TRUE, (Numbers){32766, 254}, (Numbers){32766, 254});
  expect_picture (track, FALSE, (Numbers){32767, 254}, (Numbers){32767, 254});
  expect_picture (track, FALSE, (Numbers){0, 255}, (Numbers){0, 255});
  expect_picture (track, TRUE, (Numbers){1, 0}, (Numbers){1, 0});
  /* Anew: smaller, and larger. */
  expect_picture (track, TRUE, (Numbers){32000, 230}, (Numbers){2, 1});
  expect_picture (track, FALSE, (Numbers){32001, 230}, (Numbers){3, 1});
  expect_picture (track, FALSE, (Numbers){32002, 231}, (Numbers){4, 2});
  expect_picture (track, TRUE, (Numbers){500, 77}, (Numbers){5, 3});
  /* What is missing within a group is missed; before a key frame, no matter. */
  expect_picture (track, FALSE, (Numbers){503, 79}, (Numbers){8, 5});
  expect_picture (track, TRUE, (Numbers){510, 83}, (Numbers){9, 6});
  /* Another writer, when all is forgotten. */
  wc_track_clear (track);
  expect_picture (track, TRUE, (Numbers){9, 6}, (Numbers){10, 7});
  expect_picture (track, FALSE, (Numbers){10, 7}, (Numbers){11, 8});
}

/* --- threads, for TSan -------------------------------------------------------
 */

#define N_READERS 3
#define N_PACKETS 20000

typedef struct {
  WcTrack *track;
  pthread_mutex_t lock;
  pthread_cond_t cond;
  gboolean woken;
} Reader;

static void
on_reader_wake (gpointer user_data)
{
  Reader *reader = user_data;

  pthread_mutex_lock (&reader->lock);
  reader->woken = TRUE;
  pthread_cond_signal (&reader->cond);
  pthread_mutex_unlock (&reader->lock);
}

static void
wait_for_wake (Reader *reader)
{
  pthread_mutex_lock (&reader->lock);
  while (!reader->woken)
    pthread_cond_wait (&reader->cond, &reader->lock);
  reader->woken = FALSE;
  pthread_mutex_unlock (&reader->lock);
}

/* Reads what it can get until the last packet, each with the right content. */
static void *
run_reader (void *user_data)
{
  Reader *reader = user_data;
  guint id = wc_track_add_waker (reader->track, on_reader_wake, reader);
  guint64 seq = 0;
  WcTrackStats stats;

  while (seq < N_PACKETS) {
    WcPacket *packets[32];
    gboolean skipped;
    guint n = wc_track_read (reader->track, &seq, packets,
                             G_N_ELEMENTS (packets), &skipped);
    for (guint i = 0; i < n; i++) {
      guint64 content;
      memcpy (&content, packets[i]->payload, sizeof content);
      g_assert_cmpuint (content, ==, packets[i]->seq);
      wc_packet_unref (packets[i]);
    }
    wc_track_get_stats (reader->track, &stats);
    if (n == 0)
      wait_for_wake (reader);
  }
  wc_track_remove_waker (reader->track, id);
  /* From here on the waker must not touch these. */
  pthread_cond_destroy (&reader->cond);
  pthread_mutex_destroy (&reader->lock);
  wc_track_unref (reader->track);
  g_free (reader);
  return NULL;
}

static void
test_threads (void)
{
  WcTrack *track = wc_track_new (WC_CODEC_H264, 90000, &limits);
  pthread_t threads[N_READERS];

  for (guint i = 0; i < N_READERS; i++) {
    Reader *reader = g_new0 (Reader, 1);
    reader->track = wc_track_ref (track);
    pthread_mutex_init (&reader->lock, NULL);
    pthread_cond_init (&reader->cond, NULL);
    g_assert_cmpint (pthread_create (&threads[i], NULL, run_reader, reader), ==,
                     0);
  }
  for (guint64 seq = 0; seq < N_PACKETS; seq++) {
    WcPacket *packet = wc_packet_new (sizeof seq);
    memcpy (packet->payload, &seq, sizeof seq);
    packet->seq = seq;
    packet->flags = seq % 100 == 0 ? WC_PACKET_START : 0;
    wc_track_append (track, &packet, 1);
  }
  wc_track_unref (track);
  for (guint i = 0; i < N_READERS; i++)
    pthread_join (threads[i], NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/track/empty", test_empty);
  g_test_add_func ("/track/read-across-gaps", test_read_across_gaps);
  g_test_add_func ("/track/grows-turned", test_grows_turned);
  g_test_add_func ("/track/history", test_history);
  g_test_add_func ("/track/group-is-kept", test_group_is_kept);
  g_test_add_func ("/track/group-too-large", test_group_too_large);
  g_test_add_func ("/track/bounded", test_bounded);
  g_test_add_func ("/track/find-start-after", test_find_start_after);
  g_test_add_func ("/track/clear", test_clear);
  g_test_add_func ("/track/bitrate", test_bitrate);
  g_test_add_func ("/track/wakers", test_wakers);
  g_test_add_func ("/track/pictures", test_pictures);
  g_test_add_func ("/track/threads", test_threads);
  return g_test_run ();
}
