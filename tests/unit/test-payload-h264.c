/* SPDX-License-Identifier: MIT */
#include "normaliser-harness.h"

#include "engine/bits.h"
#include "engine/parameter-sets.h"

static const guint8 sps[] = {0x67, 0x42, 0xe0, 0x1f, 0x95, 0xa0, 0x14, 0x01};
static const guint8 pps[] = {0x68, 0xce, 0x3c, 0x80};
#define FMTP "packetization-mode=1; sprop-parameter-sets=Z0LgH5WgFAE=,aM48gA=="
static const guint8 aud[] = {0x09, 0xf0};
static const guint8 sei[] = {0x06, 0x05, 0x01, 0x00, 0x80};
static const guint8 idr[] = {0x65, 0x88, 0x84, 0x00};
static const guint8 slice[] = {0x41, 0x9a, 0x02, 0x03};
static const guint8 recovery[] = {0x06, 0x06, 0x01, 0xc4, 0x80};
/* SPS and PPS as above in one STAP-A. */
static const guint8 sets_stap[] = {0x78, 0x00, 0x08, 0x67, 0x42, 0xe0,
                                   0x1f, 0x95, 0xa0, 0x14, 0x01, 0x00,
                                   0x04, 0x68, 0xce, 0x3c, 0x80};

/* --- the reference packetiser and depacketiser ------------------------------
 */

static void
make_frame (Frame *frame)
{
  guint n_slices = (guint)g_test_rand_int_range (1, 4);
  gboolean brings_sets = frame->key && g_test_rand_bit ();
  gboolean delimited = g_test_rand_bit ();

  if (frame->key && !brings_sets)
    frame->expected = bytes_array_new ();
  if (delimited)
    add_bytes (frame->units, aud, sizeof aud);
  if (brings_sets) {
    add_bytes (frame->units, sps, sizeof sps);
    add_bytes (frame->units, pps, sizeof pps);
  }
  if (g_test_rand_bit ())
    add_bytes (frame->units, sei, sizeof sei);
  for (guint i = 0; i < n_slices; i++) {
    gsize size = (gsize)g_test_rand_int_range (
        2, g_test_rand_int_range (0, 4) == 0 ? 20000 : 1500);
    g_autofree guint8 *nal = random_bytes (size);
    nal[0] = frame->key ? 0x65 : 0x41;
    nal[1] = i == 0 ? nal[1] | 0x80 : nal[1] & 0x7f;
    add_bytes (frame->units, nal, size);
  }
}

static void
add_fragments (GPtrArray *payloads, const guint8 *nal, gsize size, gsize mtu)
{
  for (gsize offset = 1, n; offset < size; offset += n) {
    guint8 packet[9000];
    n = MIN (mtu - 2, size - offset);
    packet[0] = (nal[0] & 0xe0) | 28;
    packet[1] = nal[0] & 0x1f;
    packet[1] |= offset == 1 ? 0x80 : 0;
    packet[1] |= offset + n == size ? 0x40 : 0;
    memcpy (packet + 2, nal + offset, n);
    add_bytes (payloads, packet, n + 2);
  }
}

/* Joins as many units as it likes in a STAP-A. */
static guint
add_stap (GPtrArray *payloads, const GPtrArray *units, guint first, gsize mtu)
{
  guint8 packet[9000] = {0x78};
  gsize used = 1;
  guint n = 0;

  for (; first + n < units->len && g_test_rand_int_range (0, 4) > 0; n++) {
    GBytes *unit = g_ptr_array_index (units, first + n);
    gsize size = g_bytes_get_size (unit);
    if (used + 2 + size > mtu)
      break;
    packet[used++] = (guint8)(size >> 8);
    packet[used++] = (guint8)size;
    memcpy (packet + used, g_bytes_get_data (unit, NULL), size);
    used += size;
  }
  if (n > 0)
    add_bytes (payloads, packet, used);
  return n;
}

static void
packetise (Frame *frame, gsize mtu)
{
  for (guint i = 0, n; i < frame->units->len; i += n) {
    GBytes *unit = g_ptr_array_index (frame->units, i);
    gsize size;
    const guint8 *nal = g_bytes_get_data (unit, &size);

    n = add_stap (frame->payloads, frame->units, i, mtu);
    if (n > 0)
      continue;
    n = 1;
    if (size > mtu || (size > 1 && g_test_rand_int_range (0, 5) == 0))
      add_fragments (frame->payloads, nal, size, mtu);
    else
      add_bytes (frame->payloads, nal, size);
  }
}

static void
depacketise (const GPtrArray *payloads, GPtrArray *units)
{
  g_autoptr (GByteArray) unit = NULL;

  for (guint i = 0; i < payloads->len; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (payloads->pdata[i], &size);
    guint type = data[0] & 0x1f;

    if (type == 28) {
      g_assert_cmpuint (size, >, 2);
      g_assert_cmpint ((data[1] & 0x80) != 0, ==, unit == NULL);
      if (unit == NULL) {
        guint8 header = (data[0] & 0xe0) | (data[1] & 0x1f);
        unit = g_byte_array_new ();
        g_byte_array_append (unit, &header, 1);
      }
      g_byte_array_append (unit, data + 2, (guint)size - 2);
      if (data[1] & 0x40) {
        add_bytes (units, unit->data, unit->len);
        g_clear_pointer (&unit, g_byte_array_unref);
      }
      continue;
    }
    g_assert_null (unit);
    if (type != 24) {
      add_bytes (units, data, size);
      continue;
    }
    for (gsize at = 1; at < size;) {
      gsize length = (gsize)data[at] << 8 | data[at + 1];
      g_assert_cmpuint (at + 2 + length, <=, size);
      add_bytes (units, data + at + 2, length);
      at += 2 + length;
    }
  }
  g_assert_null (unit);
}

/* TRUE if the first payload is an access unit delimiter and no more. */
static gboolean
is_delimited (const Frame *frame)
{
  const guint8 *first = g_bytes_get_data (frame->units->pdata[0], NULL);
  g_autoptr (GPtrArray) payload = bytes_array_new ();
  g_autoptr (GPtrArray) units = bytes_array_new ();

  if (first[0] != aud[0])
    return FALSE;
  g_ptr_array_add (payload, g_bytes_ref (frame->payloads->pdata[0]));
  depacketise (payload, units);
  return units->len == 1;
}

/* Sets put in band stand behind a delimiter if that came alone. */
static void
packetise_and_expect (Frame *frame, gsize mtu)
{
  guint i = 0;

  packetise (frame, mtu);
  if (frame->expected == NULL)
    return;
  if (is_delimited (frame))
    g_ptr_array_add (frame->expected, g_bytes_ref (frame->units->pdata[i++]));
  add_bytes (frame->expected, sps, sizeof sps);
  add_bytes (frame->expected, pps, sizeof pps);
  for (; i < frame->units->len; i++)
    g_ptr_array_add (frame->expected, g_bytes_ref (frame->units->pdata[i]));
}

static const Format format = {WC_CODEC_H264, FMTP, make_frame,
                              packetise_and_expect, depacketise};

static void
test_property (void)
{
  check_property (&format);
}

/* --- start points -----------------------------------------------------------
 */

#define push(ts, marker, nal)                                                  \
  g_assert_true (harness_push (harness, ts, marker, nal, sizeof (nal)))

/* Whatever the access unit begins with, that is where the start is. */
static void
test_start_at_first (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;

  push (0, FALSE, aud);
  push (0, FALSE, sps);
  push (0, FALSE, pps);
  push (0, FALSE, sei);
  g_assert_cmpuint (wc_track_head (harness->track), ==, 0);
  push (0, TRUE, idr);
  push (3000, FALSE, sei);
  push (3000, TRUE, slice);
  push (6000, FALSE, sets_stap);
  push (6000, TRUE, idr);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 9);
  for (guint i = 0; i < out->len; i++)
    g_assert_cmpint (is_start (out, i), ==, i == 0 || i == 7);
  assert_payload (out, 0, aud);
  assert_payload (out, 4, idr);
}

/* A camera that marks every NAL unit: the frame ends with the picture. */
static void
test_marker_on_heads (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;

  push (0, TRUE, sps);
  push (0, TRUE, pps);
  push (0, TRUE, idr);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 3);
  g_assert_true (is_start (out, 0));
  g_assert_false (is_marked (out, 0));
  g_assert_false (is_marked (out, 1));
  g_assert_true (is_marked (out, 2));
}

static void
test_sets_put_in_band (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;
  g_autofree char *profile = NULL;
  const char *reason;

  g_assert_true (wc_normaliser_set_fmtp (harness->normaliser, FMTP, &reason));
  profile = wc_track_dup_profile (harness->track);
  g_assert_cmpstr (profile, ==, "42e01f");
  push (0, FALSE, aud);
  push (0, FALSE, sei);
  push (0, TRUE, idr);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 4);
  assert_payload (out, 0, aud);
  assert_payload (out, 1, sets_stap);
  assert_payload (out, 2, sei);
  assert_payload (out, 3, idr);
  g_assert_true (is_start (out, 0));
  g_assert_false (is_start (out, 1));
  g_assert_cmpint (packet_at (out, 1)->timestamp, ==,
                   packet_at (out, 3)->timestamp);
  g_assert_cmpuint (packet_at (out, 1)->frame, ==, packet_at (out, 3)->frame);
}

/* Sets in band take the place of those that were remembered, by id. */
static void
test_sets_updated (void)
{
  static const guint8 new_pps[] = {0x68, 0xee, 0x06, 0xe2};
  static const guint8 wanted[] = {0x78, 0x00, 0x08, 0x67, 0x42, 0xe0,
                                  0x1f, 0x95, 0xa0, 0x14, 0x01, 0x00,
                                  0x04, 0x68, 0xee, 0x06, 0xe2};
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;
  const char *reason;

  g_assert_true (wc_normaliser_set_fmtp (harness->normaliser, FMTP, &reason));
  push (0, FALSE, new_pps);
  push (0, TRUE, slice);
  push (3000, TRUE, idr);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 4);
  g_assert_false (is_start (out, 0));
  assert_payload (out, 2, wanted);
  g_assert_true (is_start (out, 2));

  /* What the SDP told is what holds for a new source. */
  wc_normaliser_restart (harness->normaliser);
  push (9000, TRUE, idr);
  g_clear_pointer (&out, g_ptr_array_unref);
  out = harness_read (harness);
  assert_payload (out, 0, sets_stap);
}

static void
test_no_sets (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;

  push (0, TRUE, idr);
  push (3000, FALSE, sps);
  push (3000, TRUE, idr);
  push (6000, FALSE, pps);
  push (6000, TRUE, idr);
  out = harness_read (harness);
  g_assert_cmpuint (harness_stats (harness).no_parameter_sets, ==, 2);
  g_assert_cmpuint (out->len, ==, 6);
  for (guint i = 0; i < out->len; i++)
    g_assert_cmpint (is_start (out, i), ==, i == 3);
}

/* The second slice of a key frame is none where the first was lost. */
static void
test_first_slice_lost (void)
{
  static const guint8 second[] = {0x65, 0x07, 0x84};
  static const guint8 rest[] = {0x7c, 0x45, 0x01, 0x02};
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;

  push (0, TRUE, slice);
  push (3000, FALSE, sets_stap);
  harness->seq++;
  push (3000, FALSE, second);
  push (3000, TRUE, rest);
  wc_normaliser_flush (harness->normaliser, G_MAXINT64);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 4);
  for (guint i = 0; i < out->len; i++)
    g_assert_false (is_start (out, i));
}

/* A loss among what precedes the picture: the start is behind it. */
static void
test_loss_in_heads (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;
  const char *reason;

  g_assert_true (wc_normaliser_set_fmtp (harness->normaliser, FMTP, &reason));
  push (0, FALSE, sps);
  harness->seq++;
  push (0, TRUE, idr);
  wc_normaliser_flush (harness->normaliser, G_MAXINT64);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 3);
  g_assert_false (is_start (out, 0));
  assert_payload (out, 1, sets_stap);
  g_assert_true (is_start (out, 1));
  g_assert_cmpuint (packet_at (out, 1)->seq, ==, packet_at (out, 0)->seq + 2);
}

/* Heads without a picture are not held for ever, nor without bound. */
static void
test_heads_bounded (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL, rest = NULL;

  for (guint i = 0; i < 40; i++)
    push (0, FALSE, sei);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, >=, 20);
  wc_normaliser_flush (harness->normaliser, harness->now_us + 10000);
  g_assert_cmpuint (wc_track_head (harness->track), ==, harness->read_from);
  wc_normaliser_flush (harness->normaliser, harness->now_us + 50000);
  rest = harness_read (harness);
  g_assert_cmpuint (out->len + rest->len, ==, 40);
}

static void
test_recovery_point (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;

  push (0, FALSE, sets_stap);
  push (0, FALSE, recovery);
  push (0, TRUE, slice);
  push (3000, FALSE, sets_stap);
  push (3000, TRUE, idr);
  push (6000, FALSE, recovery);
  push (6000, TRUE, slice);
  /* Another source may have no key frames again. */
  wc_normaliser_restart (harness->normaliser);
  push (9000, FALSE, sets_stap);
  push (9000, FALSE, recovery);
  push (9000, TRUE, slice);
  out = harness_read (harness);
  for (guint i = 0; i < out->len; i++)
    g_assert_cmpint (is_start (out, i), ==, i == 0 || i == 3 || i == 7);
}

/* --- hostile
 * ------------------------------------------------------------------ */

static void
test_malformed (void)
{
  static const struct {
    guint8 bytes[8];
    gsize size;
  } bad[] = {
      {{0x00, 1}, 2},                /* type 0 */
      {{0x79, 0, 0, 0, 1, 0x65}, 6}, /* STAP-B */
      {{0x7a, 0, 0, 0, 1, 0x65}, 6}, /* MTAP16 */
      {{0x7d, 0x85, 0, 0, 1}, 5},    /* FU-B */
      {{0x7e, 1}, 2},                /* type 30 */
      {{0x78}, 1},                   /* STAP-A of nothing */
      {{0x78, 0, 0}, 3},             /* of an empty unit */
      {{0x78, 0, 5, 0x65, 0x88}, 5}, /* longer than it is */
      {{0x78, 0, 1, 0x65, 0}, 5},    /* a rest that is no unit */
      {{0x78, 0, 2, 0x78, 0}, 5},    /* of a STAP-A */
      {{0x7c, 0x85}, 2},             /* FU-A of nothing */
      {{0x7c, 0x9c, 1}, 3},          /* of a FU-A */
  };
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  const char *reason = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (
        harness_push (harness, 0, FALSE, bad[i].bytes, bad[i].size));
  g_assert_cmpuint (harness_stats (harness).malformed, ==, G_N_ELEMENTS (bad));
  g_assert_cmpuint (wc_track_head (harness->track), ==, 0);

  g_assert_false (wc_normaliser_set_fmtp (
      harness->normaliser, "sprop-parameter-sets=Z0L!,aM4=", &reason));
  g_assert_nonnull (reason);
  g_assert_false (wc_normaliser_set_fmtp (
      harness->normaliser, "sprop-parameter-sets=Z0LgH5WgFAE=,", &reason));
  g_assert_true (wc_normaliser_set_fmtp (harness->normaliser,
                                         "sprop-parameter-sets=", &reason));
  g_assert_true (wc_normaliser_set_fmtp (harness->normaliser, "", &reason));
  g_assert_true (wc_normaliser_set_fmtp (harness->normaliser, NULL, &reason));
}

/* Ever new ids, and sets too large to remember: the newest eight PPS and the
 * SPS that is not too large are put in band, one with it in a STAP-A. */
static void
test_sets_bounded (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;
  guint8 large[1100] = {0x67, 0x42, 0xe0, 0x1f, 0x95};
  guint first;
  gsize bytes = 0;

  push (0, FALSE, sps);
  push (0, FALSE, large);
  for (guint id = 0; id < 200; id++) {
    /* ue(v) of ids from 127 on: seven zeros, a one and seven bits. */
    guint8 many[1000] = {0x68, 0x01, (guint8)id, 0x80};
    push (0, FALSE, many);
  }
  push (0, TRUE, slice);
  out = harness_read (harness);
  first = out->len;
  g_clear_pointer (&out, g_ptr_array_unref);
  push (3000, TRUE, idr);
  out = harness_read (harness);
  g_assert_cmpuint (first, ==, 203);
  g_assert_cmpuint (out->len, ==, 9);
  for (guint i = 0; i < out->len; i++)
    bytes += packet_at (out, i)->size;
  g_assert_cmpuint (bytes, ==, 1 + 2 + sizeof sps + 2 + 8 * 1000 + sizeof idr);
  g_assert_cmpuint (packet_at (out, 7)->payload[2], ==, 199);
}

/* A frame of nothing but SEI is not the beginning of the next one. */
static void
test_frame_without_picture (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;

  push (0, FALSE, sets_stap);
  push (0, TRUE, sei);
  push (3000, TRUE, idr);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 4);
  assert_payload (out, 1, sei);
  assert_payload (out, 2, sets_stap);
  for (guint i = 0; i < out->len; i++)
    g_assert_cmpint (is_start (out, i), ==, i == 2);
  g_assert_true (is_marked (out, 1));
}

/* Two frames with one timestamp: the marker parts them. */
static void
test_same_timestamp (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H264);
  g_autoptr (GPtrArray) out = NULL;

  push (0, FALSE, sets_stap);
  push (0, TRUE, idr);
  push (0, TRUE, idr);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 4);
  assert_payload (out, 2, sets_stap);
  g_assert_true (is_start (out, 0));
  g_assert_true (is_start (out, 2));
}

static void
test_bits (void)
{
  static const guint8 data[] = {0x00, 0x00, 0x03, 0x01, 0x4a, 0x00, 0x00, 0x03};
  WcBits bits;

  wc_bits_init (&bits, data, sizeof data);
  g_assert_cmphex (wc_bits_read (&bits, 24), ==, 0x000001);
  g_assert_cmpuint (wc_bits_read_ue (&bits), ==, 1); /* 010 */
  g_assert_cmpuint (wc_bits_read_ue (&bits), ==, 1); /* 010 */
  wc_bits_skip (&bits, 2);
  g_assert_cmphex (wc_bits_read (&bits, 16), ==, 0);
  g_assert_false (bits.overrun);
  g_assert_cmpuint (wc_bits_read_ue (&bits), ==, 0);
  g_assert_true (bits.overrun);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/h264/property", test_property);
  g_test_add_func ("/h264/start-at-first", test_start_at_first);
  g_test_add_func ("/h264/marker-on-heads", test_marker_on_heads);
  g_test_add_func ("/h264/sets-put-in-band", test_sets_put_in_band);
  g_test_add_func ("/h264/sets-updated", test_sets_updated);
  g_test_add_func ("/h264/no-sets", test_no_sets);
  g_test_add_func ("/h264/first-slice-lost", test_first_slice_lost);
  g_test_add_func ("/h264/loss-in-heads", test_loss_in_heads);
  g_test_add_func ("/h264/heads-bounded", test_heads_bounded);
  g_test_add_func ("/h264/recovery-point", test_recovery_point);
  g_test_add_func ("/h264/malformed", test_malformed);
  g_test_add_func ("/h264/sets-bounded", test_sets_bounded);
  g_test_add_func ("/h264/frame-without-picture", test_frame_without_picture);
  g_test_add_func ("/h264/same-timestamp", test_same_timestamp);
  g_test_add_func ("/h264/bits", test_bits);
  return g_test_run ();
}
