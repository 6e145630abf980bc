/* SPDX-License-Identifier: MIT */
#include "normaliser-harness.h"

enum { Z = 0x80, Y = 0x40, N = 0x08 };

static const guint8 sequence_header[] = {0x08, 0x20, 0x00, 0x01};

static void
make_frame (Frame *frame)
{
  guint n = (guint)g_test_rand_int_range (1, 6);

  if (frame->key)
    add_bytes (frame->units, sequence_header, sizeof sequence_header);
  for (guint i = 0; i < n; i++) {
    gsize size = (gsize)g_test_rand_int_range (
        2, g_test_rand_int_range (0, 3) == 0 ? 20000 : 400);
    g_autofree guint8 *obu = random_bytes (size);
    /* OBU_FRAME first, then metadata, without a size of their own */
    obu[0] = i == 0 ? 6 << 3 : 5 << 3;
    obu[1] = frame->key ? 0x10 : 0x30;
    add_bytes (frame->units, obu, size);
  }
}

static gsize
write_leb128 (guint8 *out, gsize value)
{
  gsize n = 0;

  for (; value >= 0x80; value >>= 7)
    out[n++] = (guint8)(value | 0x80);
  out[n++] = (guint8)value;
  return n;
}

/* One payload from what is left of @units, each element with its length. */
static gsize
fill (guint8 *packet, gsize mtu, const GPtrArray *units, guint *unit,
      gsize *offset)
{
  gsize used = 1;

  packet[0] = *offset > 0 ? Z : 0;
  while (*unit < units->len && used + 4 < mtu) {
    gsize size;
    const guint8 *obu = g_bytes_get_data (units->pdata[*unit], &size);
    gsize n = MIN (size - *offset, mtu - used - 3);

    used += write_leb128 (packet + used, n);
    memcpy (packet + used, obu + *offset, n);
    used += n;
    *offset += n;
    if (*offset < size) {
      packet[0] |= Y;
      return used;
    }
    *offset = 0;
    (*unit)++;
  }
  return used;
}

/* Half of the payloads with one element get it counted (W = 1) instead. */
static void
packetise (Frame *frame, gsize mtu)
{
  guint8 packet[9000];
  gsize offset = 0;

  for (guint unit = 0; unit < frame->units->len;) {
    guint before = unit;
    gsize used = fill (packet, mtu, frame->units, &unit, &offset);
    gboolean one = (packet[0] & Y) ? unit == before : unit == before + 1;

    if (before == 0 && !(packet[0] & Z) && frame->key)
      packet[0] |= g_test_rand_bit () ? N : 0;
    if (one && g_test_rand_bit ()) {
      gsize skip = 1;
      while (packet[skip] & 0x80)
        skip++;
      memmove (packet + 1, packet + skip + 1, used - skip - 1);
      packet[0] |= 1 << 4;
      used -= skip;
    }
    add_bytes (frame->payloads, packet, used);
  }
}

static void
depacketise (const GPtrArray *payloads, GPtrArray *units)
{
  g_autoptr (GByteArray) unit = NULL;

  for (guint i = 0; i < payloads->len; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (payloads->pdata[i], &size);
    guint counted = data[0] >> 4 & 3, n = 0;

    g_assert_cmpint ((data[0] & Z) != 0, ==, unit != NULL);
    g_assert_true (i == 0 || !(data[0] & N));
    for (gsize at = 1; at < size; n++) {
      gsize length = 0;
      if (counted > 0 && n + 1 == counted) {
        length = size - at;
      } else {
        for (guint shift = 0;; shift += 7) {
          length |= (gsize)(data[at] & 0x7f) << shift;
          if (!(data[at++] & 0x80))
            break;
        }
      }
      g_assert_cmpuint (length, >, 0);
      g_assert_cmpuint (at + length, <=, size);
      if (unit == NULL)
        unit = g_byte_array_new ();
      g_byte_array_append (unit, data + at, (guint)length);
      at += length;
      if (at == size && (data[0] & Y))
        break;
      add_bytes (units, unit->data, unit->len);
      g_clear_pointer (&unit, g_byte_array_unref);
    }
  }
  g_assert_null (unit);
}

static const Format format = {WC_CODEC_AV1, NULL, make_frame, packetise,
                              depacketise};

static void
test_property (void)
{
  check_property (&format);
}

static void
test_start (void)
{
  static const struct {
    guint8 bytes[10];
    gsize size;
    gboolean start;
  } rows[] = {
      /* N, the sequence header in one element, the frame in another */
      {{0x28, 3, 0x08, 0x40, 0x00, 0x30, 0x10}, 7, TRUE},
      {{0x20, 3, 0x08, 0x40, 0x00, 0x30, 0x10}, 7, TRUE},
      /* with size fields of their own */
      {{0x20, 4, 0x0a, 2, 0x40, 0x00, 0x32, 1, 0x10}, 9, TRUE},
      /* a repeated sequence header before an inter frame */
      {{0x20, 3, 0x08, 0x40, 0x00, 0x30, 0x30}, 7, FALSE},
      {{0x10, 0x30, 0x10}, 3, FALSE},
      {{0x18, 0x08, 0x40}, 3, TRUE},
      {{0x90, 0x08, 0x40}, 3, FALSE},
  };
  g_autoptr (Harness) harness = harness_new (WC_CODEC_AV1);
  g_autoptr (GPtrArray) out = NULL;
  g_autofree char *profile = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_true (harness_push (harness, 3000 * (guint32)i, TRUE,
                                 rows[i].bytes, rows[i].size));
  out = harness_read (harness);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (is_start (out, i), ==, rows[i].start);
  profile = wc_track_dup_profile (harness->track);
  g_assert_cmpstr (profile, ==, "2");
}

static void
test_malformed (void)
{
  static const struct {
    guint8 bytes[12];
    gsize size;
  } bad[] = {
      {{0x10}, 1},
      {{0x98, 0x30, 0x10}, 3},       /* Z and N */
      {{0x00, 0x05, 0x30, 0x10}, 4}, /* longer than it is */
      {{0x00, 0x00, 0x30}, 3},       /* empty */
      {{0x20, 0x02, 0x30, 0x10}, 4}, /* one of two */
      {{0x00, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 10},
      {{0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x30}, 8},
  };
  g_autoptr (Harness) harness = harness_new (WC_CODEC_AV1);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (
        harness_push (harness, 0, FALSE, bad[i].bytes, bad[i].size));
}

/* A temporal delimiter is lost when the packet is cut. */
static void
test_temporal_delimiter (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_AV1);
  g_autoptr (GPtrArray) out = NULL;
  guint8 payload[2000] = {0x28, 2, 0x12, 0x00, 0x30, 0x10};

  g_assert_true (harness_push (harness, 0, TRUE, payload, sizeof payload));
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 2);
  g_assert_cmphex (packet_at (out, 0)->payload[0], ==, 0x10 | N | Y);
  g_assert_cmphex (packet_at (out, 0)->payload[1], ==, 0x30);
  g_assert_cmphex (packet_at (out, 1)->payload[0], ==, 0x10 | Z);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/av1/property", test_property);
  g_test_add_func ("/av1/start", test_start);
  g_test_add_func ("/av1/malformed", test_malformed);
  g_test_add_func ("/av1/temporal-delimiter", test_temporal_delimiter);
  return g_test_run ();
}
