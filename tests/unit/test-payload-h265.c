/* SPDX-License-Identifier: MIT */
#include "normaliser-harness.h"

/* As x265 wrote them; the SPS has emulation prevention bytes in its profile. */
static const guint8 vps[] = {0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60,
                             0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03,
                             0x00, 0x00, 0x03, 0x00, 0x3f, 0x95, 0x98, 0x09};
static const guint8 sps[] = {0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00,
                             0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00,
                             0x00, 0x03, 0x00, 0x3f, 0xa0, 0x05, 0x02};
static const guint8 pps[] = {0x44, 0x01, 0xc1, 0x72, 0xb4, 0x62, 0x40};
#define FMTP                                                                   \
  "sprop-vps=QAEMAf//AWAAAAMAkAAAAwAAAwA/lZgJ; "                               \
  "sprop-sps=QgEBAWAAAAMAkAAAAwAAAwA/oAUC; sprop-pps=RAHBcrRiQA=="
static const guint8 aud[] = {0x46, 0x01, 0x50};
static const guint8 sei[] = {0x4e, 0x01, 0x05, 0x01, 0x00, 0x80};
static const guint8 idr[] = {0x26, 0x01, 0xaf, 0x01};
static const guint8 slice[] = {0x02, 0x01, 0xd0, 0x01};

static void
make_frame (Frame *frame)
{
  guint n_slices = (guint)g_test_rand_int_range (1, 4);
  guint type = (guint)(frame->key ? g_test_rand_int_range (16, 22)
                                  : g_test_rand_int_range (0, 10));
  gboolean brings_sets = frame->key && g_test_rand_bit ();

  if (frame->key && !brings_sets)
    frame->expected = bytes_array_new ();
  if (brings_sets) {
    add_bytes (frame->units, vps, sizeof vps);
    add_bytes (frame->units, sps, sizeof sps);
    add_bytes (frame->units, pps, sizeof pps);
  }
  if (g_test_rand_bit ())
    add_bytes (frame->units, sei, sizeof sei);
  for (guint i = 0; i < n_slices; i++) {
    gsize size = (gsize)g_test_rand_int_range (
        4, g_test_rand_int_range (0, 4) == 0 ? 20000 : 1500);
    g_autofree guint8 *nal = random_bytes (size);
    nal[0] = (guint8)(type << 1);
    nal[1] = 1;
    nal[2] = i == 0 ? nal[2] | 0x80 : nal[2] & 0x7f;
    add_bytes (frame->units, nal, size);
  }
}

static void
add_fragments (GPtrArray *payloads, const guint8 *nal, gsize size, gsize mtu)
{
  for (gsize offset = 2, n; offset < size; offset += n) {
    guint8 packet[9000];
    n = MIN (mtu - 3, size - offset);
    packet[0] = (nal[0] & 0x81) | 49 << 1;
    packet[1] = nal[1];
    packet[2] = nal[0] >> 1;
    packet[2] |= offset == 2 ? 0x80 : 0;
    packet[2] |= offset + n == size ? 0x40 : 0;
    memcpy (packet + 3, nal + offset, n);
    add_bytes (payloads, packet, n + 3);
  }
}

/* Joins as many units as it likes in an AP. */
static guint
add_aggregate (GPtrArray *payloads, const GPtrArray *units, guint first,
               gsize mtu)
{
  guint8 packet[9000] = {0x60, 0x01};
  gsize used = 2;
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
    gsize size;
    const guint8 *nal = g_bytes_get_data (frame->units->pdata[i], &size);

    n = add_aggregate (frame->payloads, frame->units, i, mtu);
    if (n > 0)
      continue;
    n = 1;
    if (size > mtu || g_test_rand_int_range (0, 5) == 0)
      add_fragments (frame->payloads, nal, size, mtu);
    else
      add_bytes (frame->payloads, nal, size);
  }
  if (frame->expected == NULL)
    return;
  add_bytes (frame->expected, vps, sizeof vps);
  add_bytes (frame->expected, sps, sizeof sps);
  add_bytes (frame->expected, pps, sizeof pps);
  for (guint i = 0; i < frame->units->len; i++)
    g_ptr_array_add (frame->expected, g_bytes_ref (frame->units->pdata[i]));
}

static void
depacketise (const GPtrArray *payloads, GPtrArray *units)
{
  g_autoptr (GByteArray) unit = NULL;

  for (guint i = 0; i < payloads->len; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (payloads->pdata[i], &size);
    guint type = data[0] >> 1;

    if (type == 49) {
      g_assert_cmpuint (size, >, 3);
      g_assert_cmpint ((data[2] & 0x80) != 0, ==, unit == NULL);
      if (unit == NULL) {
        guint8 header[2] = {(guint8)((data[2] & 0x3f) << 1), data[1]};
        unit = g_byte_array_new ();
        g_byte_array_append (unit, header, 2);
      }
      g_byte_array_append (unit, data + 3, (guint)size - 3);
      if (data[2] & 0x40) {
        add_bytes (units, unit->data, unit->len);
        g_clear_pointer (&unit, g_byte_array_unref);
      }
      continue;
    }
    g_assert_null (unit);
    if (type != 48) {
      add_bytes (units, data, size);
      continue;
    }
    g_assert_cmphex (data[1], ==, 0x01);
    for (gsize at = 2; at < size;) {
      gsize length = (gsize)data[at] << 8 | data[at + 1];
      g_assert_cmpuint (at + 2 + length, <=, size);
      add_bytes (units, data + at + 2, length);
      at += 2 + length;
    }
  }
  g_assert_null (unit);
}

static const Format format = {WC_CODEC_H265, FMTP, make_frame, packetise,
                              depacketise};

static void
test_property (void)
{
  check_property (&format);
}

#define push(ts, marker, nal)                                                  \
  g_assert_true (harness_push (harness, ts, marker, nal, sizeof (nal)))

static void
test_start (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H265);
  g_autoptr (GPtrArray) out = NULL;
  g_autofree char *profile = NULL;

  push (0, TRUE, idr); /* 0: no sets are known */
  push (3000, FALSE, aud);
  push (3000, FALSE, vps);
  push (3000, FALSE, sps);
  push (3000, FALSE, pps);
  push (3000, TRUE, idr);
  push (6000, TRUE, slice); /* 6 */
  push (9000, FALSE, aud);
  push (9000, TRUE, idr); /* the sets come in front: one AP */
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 10);
  for (guint i = 0; i < out->len; i++)
    g_assert_cmpint (is_start (out, i), ==, i == 1 || i == 7);
  assert_payload (out, 7, aud);
  g_assert_cmphex (packet_at (out, 8)->payload[0], ==, 48 << 1);
  assert_payload (out, 9, idr);
  g_assert_cmpuint (harness_stats (harness).no_parameter_sets, ==, 1);
  profile = wc_track_dup_profile (harness->track);
  g_assert_cmpstr (profile, ==, "1");
}

/* Two SPS with two sub-layers each: their ids stand behind all of that. */
static void
test_sub_layers (void)
{
  static const guint8 first[] = {0x42, 0x01, 0x03, 0x01, 0x60, 0xff, 0xff,
                                 0xff, 0x90, 0xff, 0xff, 0xff, 0xff, 0xff,
                                 0x5d, 0x40, 0x00, 0x5d, 0x80};
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H265);
  g_autoptr (GPtrArray) out = NULL;
  guint8 second[sizeof first];

  memcpy (second, first, sizeof first);
  second[sizeof first - 1] = 0x40;
  push (0, FALSE, vps);
  push (0, FALSE, first);
  push (0, FALSE, second);
  push (0, FALSE, pps);
  push (0, TRUE, slice);
  push (3000, TRUE, idr);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 7);
  g_assert_cmpuint (packet_at (out, 5)->size, ==,
                    2 + 4 * 2 + sizeof vps + 2 * sizeof first + sizeof pps);
}

static void
test_fmtp (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H265);
  g_autofree char *profile = NULL;
  const char *reason = NULL;

  g_assert_false (
      wc_normaliser_set_fmtp (harness->normaliser, "sprop-vps=?", &reason));
  g_assert_nonnull (reason);
  g_assert_false (
      wc_normaliser_set_fmtp (harness->normaliser, "sprop-sps=QgE=", &reason));
  g_assert_true (wc_normaliser_set_fmtp (harness->normaliser, FMTP, &reason));
  profile = wc_track_dup_profile (harness->track);
  g_assert_cmpstr (profile, ==, "1");
}

static void
test_malformed (void)
{
  static const struct {
    guint8 bytes[8];
    gsize size;
  } bad[] = {
      {{0x26, 0x01}, 2},
      {{0x64, 0x01, 0x00}, 3},                /* PACI */
      {{0x60, 0x01, 0x00}, 3},                /* AP of nothing */
      {{0x60, 0x01, 0x00, 0x02, 0x26, 1}, 6}, /* unit of a header */
      {{0x60, 0x01, 0x00, 0x04, 0x26, 1, 1}, 7},
      {{0x60, 0x01, 0x00, 0x03, 0x60, 1, 1}, 7},
      {{0x62, 0x01, 0x93}, 3},       /* FU of nothing */
      {{0x62, 0x01, 0xb1, 0x00}, 4}, /* FU of a FU */
  };
  g_autoptr (Harness) harness = harness_new (WC_CODEC_H265);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (
        harness_push (harness, 0, FALSE, bad[i].bytes, bad[i].size));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/h265/property", test_property);
  g_test_add_func ("/h265/start", test_start);
  g_test_add_func ("/h265/sub-layers", test_sub_layers);
  g_test_add_func ("/h265/fmtp", test_fmtp);
  g_test_add_func ("/h265/malformed", test_malformed);
  return g_test_run ();
}
