/* SPDX-License-Identifier: MIT */
/* What the tests of the normaliser share: a source that makes RTP packets, and
 * the property that every video format must keep: frames that go in, packetised
 * by a reference packetiser, in any order and with losses, come out byte for
 * byte when taken apart by an independent depacketiser. */
#pragma once

#include "engine/normaliser.h"

#include <string.h>

typedef struct {
  WcTrack *track;
  WcSourceClock *clock;
  WcNormaliser *normaliser;
  guint64 read_from;
  gint64 now_us;
  guint16 seq;
} Harness;

static inline Harness *
harness_new (WcCodec codec)
{
  static const WcTrackLimits limits = {600000, 1 << 30};
  Harness *harness = g_new0 (Harness, 1);

  harness->track =
      wc_track_new (codec, wc_codec_info (codec)->clock_rate, &limits);
  harness->clock = wc_source_clock_new ();
  harness->normaliser = wc_normaliser_new (harness->track, harness->clock);
  harness->now_us = 1000 * G_USEC_PER_SEC;
  harness->seq = (guint16)g_test_rand_int ();
  return harness;
}

static inline void
harness_free (Harness *harness)
{
  wc_normaliser_free (harness->normaliser);
  wc_source_clock_unref (harness->clock);
  wc_track_unref (harness->track);
  g_free (harness);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Harness, harness_free)

static inline WcRtpStats
harness_stats (Harness *harness)
{
  WcRtpStats stats;

  wc_normaliser_get_stats (harness->normaliser, &stats);
  return stats;
}

static inline GBytes *
make_rtp (guint16 seq, guint32 timestamp, gboolean marker, const void *payload,
          gsize size)
{
  GByteArray *rtp = g_byte_array_new ();
  guint8 header[12] = {0x80,
                       (guint8)(marker ? 0xe0 : 0x60),
                       (guint8)(seq >> 8),
                       (guint8)seq,
                       (guint8)(timestamp >> 24),
                       (guint8)(timestamp >> 16),
                       (guint8)(timestamp >> 8),
                       (guint8)timestamp};

  g_byte_array_append (rtp, header, sizeof header);
  g_byte_array_append (rtp, payload, (guint)size);
  return g_byte_array_free_to_bytes (rtp);
}

static inline gboolean
harness_push_bytes (Harness *harness, GBytes *rtp)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (rtp, &size);

  return wc_normaliser_push (harness->normaliser, data, size, harness->now_us);
}

static inline gboolean
harness_push_seq (Harness *harness, guint16 seq, guint32 timestamp,
                  gboolean marker, const void *payload, gsize size)
{
  g_autoptr (GBytes) rtp = make_rtp (seq, timestamp, marker, payload, size);

  return harness_push_bytes (harness, rtp);
}

/* The next packet in order. */
static inline gboolean
harness_push (Harness *harness, guint32 timestamp, gboolean marker,
              const void *payload, gsize size)
{
  return harness_push_seq (harness, harness->seq++, timestamp, marker, payload,
                           size);
}

/* All that has come out since the last call (WcPacket). */
static inline GPtrArray *
harness_read (Harness *harness)
{
  GPtrArray *out =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_packet_unref);
  WcPacket *packets[64];
  gboolean skipped;
  guint n;

  while ((n = wc_track_read (harness->track, &harness->read_from, packets,
                             G_N_ELEMENTS (packets), &skipped)) > 0) {
    g_assert_false (skipped);
    for (guint i = 0; i < n; i++)
      g_ptr_array_add (out, packets[i]);
  }
  return out;
}

static inline const WcPacket *
packet_at (const GPtrArray *packets, guint i)
{
  g_assert_cmpuint (i, <, packets->len);
  return g_ptr_array_index (packets, i);
}

static inline gboolean
is_start (const GPtrArray *packets, guint i)
{
  return (packet_at (packets, i)->flags & WC_PACKET_START) != 0;
}

static inline gboolean
is_marked (const GPtrArray *packets, guint i)
{
  return (packet_at (packets, i)->flags & WC_PACKET_MARKER) != 0;
}

#define assert_payload(packets, i, bytes)                                      \
  g_assert_cmpmem (packet_at (packets, i)->payload,                            \
                   packet_at (packets, i)->size, bytes, sizeof (bytes))

/* --- frames ----------------------------------------------------------------
 */

static inline GPtrArray *
bytes_array_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
}

static inline void
add_bytes (GPtrArray *array, const void *data, gsize size)
{
  g_ptr_array_add (array, g_bytes_new (data, size));
}

static inline guint8 *
random_bytes (gsize size)
{
  guint8 *data = g_malloc (size + 1);

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8)g_test_rand_int ();
  return data;
}

typedef struct {
  gboolean key;
  GPtrArray *units;    /* GBytes: NAL units, OBUs, or one bitstream frame */
  GPtrArray *expected; /* what is to come out; NULL: the same */
  GPtrArray *payloads; /* GBytes, made by the reference packetiser */
} Frame;

static inline void
frame_free (Frame *frame)
{
  g_clear_pointer (&frame->units, g_ptr_array_unref);
  g_clear_pointer (&frame->expected, g_ptr_array_unref);
  g_clear_pointer (&frame->payloads, g_ptr_array_unref);
  g_free (frame);
}

typedef struct {
  WcCodec codec;
  const char *fmtp; /* or NULL */
  /* Fills in units, and expected where it differs. */
  void (*make) (Frame *frame);
  /* Adds payloads of at most @mtu bytes to frame->payloads. */
  void (*packetise) (Frame *frame, gsize mtu);
  /* Takes payloads (GBytes) apart into units (GBytes); asserts their form. */
  void (*depacketise) (const GPtrArray *payloads, GPtrArray *units);
} Format;

typedef struct {
  GBytes *rtp;
  guint frame;
  guint order; /* sorted by this */
  gboolean lost;
} Sent;

static inline gint
compare_sent (gconstpointer a, gconstpointer b)
{
  const Sent *left = a, *right = b;

  return left->order < right->order ? -1 : left->order > right->order;
}

static inline void
clear_sent (gpointer sent)
{
  g_bytes_unref (((Sent *)sent)->rtp);
}

static inline GPtrArray *
make_frames (const Format *format, guint n)
{
  GPtrArray *frames =
      g_ptr_array_new_with_free_func ((GDestroyNotify)frame_free);

  for (guint i = 0; i < n; i++) {
    Frame *frame = g_new0 (Frame, 1);
    frame->key = i == 0 || g_test_rand_int_range (0, 6) == 0;
    frame->units = bytes_array_new ();
    frame->payloads = bytes_array_new ();
    format->make (frame);
    format->packetise (frame, g_test_rand_bit () ? 1460 : 9000);
    g_ptr_array_add (frames, frame);
  }
  return frames;
}

/* Puts packets up to @reach places out of order, but the first; loses one in
 * @lose of those behind the first frame (0: none), doubles some. */
static inline GArray *
make_stream (const GPtrArray *frames, guint16 seq, guint32 timestamp,
             guint reach, guint lose)
{
  GArray *stream = g_array_new (FALSE, FALSE, sizeof (Sent));
  guint order = 0;

  g_array_set_clear_func (stream, clear_sent);
  for (guint f = 0; f < frames->len; f++) {
    const Frame *frame = g_ptr_array_index (frames, f);
    for (guint p = 0; p < frame->payloads->len; p++) {
      GBytes *payload = g_ptr_array_index (frame->payloads, p);
      Sent sent = {.frame = f};
      sent.rtp = make_rtp (
          seq++, timestamp + 3000 * f, p + 1 == frame->payloads->len,
          g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
      sent.order = 16 * order;
      if (order > 0 && reach > 0)
        sent.order += (guint)g_test_rand_int_range (0, (gint)(16 * reach));
      sent.lost = f > 0 && f + 2 < frames->len && lose > 0 &&
                  g_test_rand_int_range (0, (gint)lose) == 0;
      order++;
      g_array_append_val (stream, sent);
      if (order > 1 && reach > 0 && g_test_rand_int_range (0, 20) == 0) {
        g_bytes_ref (sent.rtp);
        sent.order += (guint)g_test_rand_int_range (1, 300);
        g_array_append_val (stream, sent);
      }
    }
  }
  g_array_sort (stream, compare_sent);
  return stream;
}

static inline void
assert_same_units (const GPtrArray *units, const GPtrArray *expected)
{
  g_assert_cmpuint (units->len, ==, expected->len);
  for (guint i = 0; i < units->len; i++) {
    GBytes *unit = g_ptr_array_index (units, i);
    GBytes *wanted = g_ptr_array_index (expected, i);
    g_assert_cmpmem (g_bytes_get_data (unit, NULL), g_bytes_get_size (unit),
                     g_bytes_get_data (wanted, NULL),
                     g_bytes_get_size (wanted));
  }
}

/* Packets @first to @end of the output are those of @frame, whole. */
static inline void
assert_frame (const Format *format, const Frame *frame,
              const GPtrArray *packets, guint first, guint end)
{
  g_autoptr (GPtrArray) payloads = bytes_array_new ();
  g_autoptr (GPtrArray) units = bytes_array_new ();

  for (guint i = first; i < end; i++) {
    const WcPacket *packet = packet_at (packets, i);
    add_bytes (payloads, packet->payload, packet->size);
    g_assert_cmpint (is_marked (packets, i), ==, i + 1 == end);
    g_assert_cmpint (is_start (packets, i), ==, frame->key && i == first);
    g_assert_cmpuint (packet->frame, ==, packet_at (packets, first)->frame);
    g_assert_cmpint (packet->capture_us, ==,
                     packet_at (packets, first)->capture_us);
  }
  format->depacketise (payloads, units);
  assert_same_units (units,
                     frame->expected != NULL ? frame->expected : frame->units);
}

static inline void
assert_output (const Format *format, const GPtrArray *frames,
               const gboolean *touched, const GPtrArray *packets,
               guint64 n_lost)
{
  guint64 gaps = 0;
  guint whole = 0;

  for (guint i = 0, end; i < packets->len; i = end) {
    gint64 timestamp = packet_at (packets, i)->timestamp;
    guint f = (guint)(timestamp / 3000);

    g_assert_cmpint (timestamp % 3000, ==, 0);
    for (end = i;
         end < packets->len && packet_at (packets, end)->timestamp == timestamp;
         end++) {
      const WcPacket *packet = packet_at (packets, end);
      g_assert_cmpuint (packet->size, >, 0);
      g_assert_cmpuint (packet->size, <=, WC_MAX_PAYLOAD);
      if (end > 0)
        gaps += packet->seq - packet_at (packets, end - 1)->seq - 1;
    }
    g_assert_cmpuint (f, <, frames->len);
    if (touched[f])
      continue;
    assert_frame (format, g_ptr_array_index (frames, f), packets, i, end);
    whole++;
  }
  for (guint f = 0; f < frames->len; f++)
    whole += touched[f];
  g_assert_cmpuint (whole, ==, frames->len);
  g_assert_cmpuint (gaps, ==, n_lost);
}

static inline void
check_stream (const Format *format, guint reach, guint lose)
{
  g_autoptr (Harness) harness = harness_new (format->codec);
  g_autoptr (GPtrArray) frames = make_frames (format, 40);
  g_autofree gboolean *touched = g_new0 (gboolean, frames->len);
  guint32 timestamp = g_test_rand_bit () ? (guint32)g_test_rand_int ()
                                         : G_MAXUINT32 - 3000 * 20;
  guint16 seq = g_test_rand_bit () ? (guint16)g_test_rand_int () : 65500;
  g_autoptr (GArray) stream = make_stream (frames, seq, timestamp, reach, lose);
  g_autoptr (GHashTable) gone = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) came = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) out = NULL;
  const char *reason = NULL;
  guint64 n_pushed = 0;
  WcRtpStats stats;

  g_assert_true (
      wc_normaliser_set_fmtp (harness->normaliser, format->fmtp, &reason));
  for (guint i = 0; i < stream->len; i++) {
    const Sent *sent = &g_array_index (stream, Sent, i);
    if (sent->lost) {
      touched[sent->frame] = TRUE;
      g_hash_table_add (gone, sent->rtp);
      continue;
    }
    harness->now_us += 100;
    g_assert_true (harness_push_bytes (harness, sent->rtp));
    g_hash_table_add (came, sent->rtp);
    n_pushed++;
  }
  wc_normaliser_flush (harness->normaliser, G_MAXINT64);
  out = harness_read (harness);
  stats = harness_stats (harness);
  g_assert_cmpuint (stats.packets, ==, n_pushed);
  g_assert_cmpuint (stats.lost, ==, g_hash_table_size (gone));
  g_assert_cmpuint (stats.malformed, ==, 0);
  g_assert_cmpuint (stats.restarts, ==, 0);
  g_assert_cmpuint (stats.late, ==, n_pushed - g_hash_table_size (came));
  assert_output (format, frames, touched, out, stats.lost);
}

static inline void
check_property (const Format *format)
{
  for (guint i = 0; i < 20; i++) {
    check_stream (format, 0, 0);
    check_stream (format, 20, 0);
    check_stream (format, 0, 30);
    check_stream (format, 20, 30);
  }
}
