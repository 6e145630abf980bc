/* SPDX-License-Identifier: MIT */
/* The newest whole key frame of a track, found and taken apart. */
#include "engine/key-frame.h"

#include "normaliser-harness.h"

/* --- of what ffmpeg sends --------------------------------------------------
 */

static void
push_file (Harness *harness, const char *name)
{
  g_autofree char *path = g_build_filename (TEST_DATA, "rtp", name, NULL);
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *data;
  gsize size, at = 0;

  g_file_get_contents (path, &content, &size, &error);
  g_assert_no_error (error);
  data = (const guint8 *)content;
  while (at < size) {
    gsize n = (gsize)data[at] << 8 | data[at + 1];
    harness->now_us += 10000;
    wc_normaliser_push (harness->normaliser, data + at + 2, n, harness->now_us);
    at += 2 + n;
  }
  wc_normaliser_flush (harness->normaliser, harness->now_us + 100000);
}

typedef struct {
  const char *name;
  WcCodec codec;
  const char *begins; /* what the bitstream begins with, hexadecimal */
} Row;

/* A parameter set or access unit delimiter; a key frame by its first byte. */
static const Row rows[] = {
    {"h264.rtp", WC_CODEC_H264, "00000001"},
    {"h264-baseline.rtp", WC_CODEC_H264, "00000001"},
    {"h265.rtp", WC_CODEC_H265, "00000001"},
    {"vp8.rtp", WC_CODEC_VP8, ""},
    {"vp9.rtp", WC_CODEC_VP9, "82"},
};

static void
test_files (gconstpointer user_data)
{
  const Row *row = user_data;
  g_autoptr (Harness) harness = harness_new (row->codec);
  g_autoptr (WcKeyFrame) frame = NULL;
  g_autoptr (GString) begins = g_string_new (NULL);
  g_autoptr (GBytes) bitstream = NULL;
  const guint8 *data;
  gsize size, total = 0;
  guint64 newest;

  push_file (harness, row->name);
  frame = wc_key_frame_find (harness->track);
  g_assert_nonnull (frame);
  g_assert_true (wc_track_find_start (harness->track, &newest));
  g_assert_cmpuint (frame->seq, <=, newest);
  g_assert_cmpint (frame->codec, ==, row->codec);
  g_assert_cmpuint (frame->width, ==, 176);
  g_assert_cmpuint (frame->height, ==, 144);
  for (guint i = 0; i < frame->packets->len; i++)
    total += ((const WcPacket *)frame->packets->pdata[i])->size;
  bitstream = wc_key_frame_unpack (frame);
  g_assert_nonnull (bitstream);
  data = g_bytes_get_data (bitstream, &size);
  g_assert_cmpuint (size, >, total / 2);
  for (gsize i = 0; i < strlen (row->begins) / 2; i++)
    g_string_append_printf (begins, "%02x", data[i]);
  g_assert_cmpstr (begins->str, ==, row->begins);
  if (row->codec == WC_CODEC_VP8) /* RFC 6386 section 9.1 */
    g_assert_cmpmem (data + 3, 3, "\x9d\x01\x2a", 3);
}

/* --- which one -------------------------------------------------------------
 */

/* A payload of VP8 that begins a key frame of 176x144, and one that goes on. */
#define KEY "\x10\x10\x02\x00\x9d\x01\x2a\xb0\x00\x90\x00"
#define REST "\x00rest"

static void
push (Harness *harness, guint32 timestamp, gboolean marker, const char *payload,
      gsize size)
{
  g_assert_true (harness_push (harness, timestamp, marker, payload, size));
}

#define PUSH(harness, timestamp, marker, payload)                              \
  push (harness, timestamp, marker, payload, sizeof payload - 1)

static gint64
found_timestamp (Harness *harness)
{
  g_autoptr (WcKeyFrame) frame = wc_key_frame_find (harness->track);
  const WcPacket *first = frame != NULL ? frame->packets->pdata[0] : NULL;

  return first != NULL ? first->timestamp : -1;
}

static gint64
start_timestamp (Harness *harness)
{
  g_autoptr (WcPacket) packet = NULL;
  guint64 seq;

  g_assert_true (wc_track_find_start (harness->track, &seq));
  packet = wc_track_get (harness->track, seq);
  return packet->timestamp;
}

static void
test_none (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);

  g_assert_null (wc_key_frame_find (harness->track));
  PUSH (harness, 0, FALSE, KEY);
  g_assert_null (wc_key_frame_find (harness->track));
  PUSH (harness, 0, FALSE, REST);
  g_assert_null (wc_key_frame_find (harness->track));
  PUSH (harness, 0, TRUE, REST);
  g_assert_cmpint (found_timestamp (harness), ==, start_timestamp (harness));
  wc_track_clear (harness->track);
  g_assert_null (wc_key_frame_find (harness->track));
}

static void
test_newest_whole (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  gint64 first;

  PUSH (harness, 0, TRUE, KEY);
  first = found_timestamp (harness);
  g_assert_cmpint (first, ==, start_timestamp (harness));
  PUSH (harness, 3000, FALSE, KEY); /* coming in */
  g_assert_cmpint (start_timestamp (harness), ==, first + 3000);
  g_assert_cmpint (found_timestamp (harness), ==, first);
  PUSH (harness, 3000, TRUE, REST);
  g_assert_cmpint (found_timestamp (harness), ==, first + 3000);
}

/* The next frame says that one is over as well as a marker does. */
static void
test_without_marker (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (WcKeyFrame) frame = NULL;
  g_autoptr (GBytes) bitstream = NULL;

  PUSH (harness, 0, FALSE, KEY);
  PUSH (harness, 0, FALSE, REST);
  PUSH (harness, 3000, TRUE, "\x10\x11inter");
  frame = wc_key_frame_find (harness->track);
  g_assert_nonnull (frame);
  g_assert_cmpuint (frame->packets->len, ==, 2);
  bitstream = wc_key_frame_unpack (frame);
  g_assert_cmpmem (g_bytes_get_data (bitstream, NULL),
                   g_bytes_get_size (bitstream),
                   "\x10\x02\x00\x9d\x01\x2a\xb0\x00\x90\x00rest", 14);
}

static void
test_lost (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  gint64 first;

  PUSH (harness, 0, TRUE, KEY);
  first = found_timestamp (harness);
  PUSH (harness, 3000, FALSE, KEY);
  harness->seq++; /* lost */
  PUSH (harness, 3000, TRUE, REST);
  wc_normaliser_flush (harness->normaliser,
                       harness->now_us + 10 * G_USEC_PER_SEC);
  g_assert_cmpint (start_timestamp (harness), ==, first + 3000);
  g_assert_cmpint (found_timestamp (harness), ==, first);
}

/* Where every frame is a key frame, only so many are looked at. */
static void
test_all_are_keys (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);

  for (guint i = 0; i < 100; i++)
    PUSH (harness, i * 3000, TRUE, KEY);
  g_assert_cmpint (found_timestamp (harness), ==, start_timestamp (harness));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/key-frame/", rows[i].name, NULL);
    g_test_add_data_func (path, &rows[i], test_files);
  }
  g_test_add_func ("/key-frame/none", test_none);
  g_test_add_func ("/key-frame/newest-whole", test_newest_whole);
  g_test_add_func ("/key-frame/without-marker", test_without_marker);
  g_test_add_func ("/key-frame/lost", test_lost);
  g_test_add_func ("/key-frame/all-are-keys", test_all_are_keys);
  return g_test_run ();
}
