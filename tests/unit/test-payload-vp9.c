/* SPDX-License-Identifier: MIT */
#include "normaliser-harness.h"

enum { I = 0x80, P = 0x40, L = 0x20, F = 0x10, B = 0x08, E = 0x04, V = 0x02 };

static void
make_frame (Frame *frame)
{
  gsize size = (gsize)g_test_rand_int_range (2, 30000);
  g_autofree guint8 *data = random_bytes (size);

  /* frame_marker 2, profile 0, shown, key or not */
  data[0] = frame->key ? 0x82 : 0x86;
  add_bytes (frame->units, data, size);
}

typedef struct {
  guint8 bytes[80];
  gsize size, base_size; /* with and without the scalability structure */
} Descriptor;

/* Any of the fields of RFC 9628 section 4.2. */
static Descriptor
make_descriptor (gboolean key)
{
  static const guint8 structure[] = {0x18, 0x01, 0x40, 0x00, 0xb4, 0x02,
                                     0x04, 0x01, 0x08, 0x01, 0x02};
  gboolean flexible = g_test_rand_bit ();
  Descriptor d = {.size = 1};

  if (g_test_rand_bit ())
    return d; /* as libavformat: no flag but B and E */
  d.bytes[0] = (guint8)(I | L | (key ? 0 : P) | (flexible ? F : 0));
  d.bytes[d.size++] = 0x81;
  d.bytes[d.size++] = 0x23;
  d.bytes[d.size++] = 0x00;
  if (!flexible)
    d.bytes[d.size++] = 0x11;
  if (flexible && !key) {
    d.bytes[d.size++] = 0x03;
    d.bytes[d.size++] = 0x04;
  }
  d.base_size = d.size;
  if (key) {
    d.bytes[0] |= V;
    memcpy (d.bytes + d.size, structure, sizeof structure);
    d.size += sizeof structure;
  }
  return d;
}

static void
packetise (Frame *frame, gsize mtu)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (frame->units->pdata[0], &size);
  Descriptor d = make_descriptor (frame->key);
  gsize used = d.size;
  guint8 packet[9000];

  memcpy (packet, d.bytes, used);
  for (gsize offset = 0, n; offset < size; offset += n) {
    n = MIN (mtu - used, size - offset);
    packet[0] = d.bytes[0];
    packet[0] |= offset == 0 ? B : 0;
    packet[0] |= offset + n == size ? E : 0;
    if (offset > 0)
      packet[0] &= (guint8)~V;
    memcpy (packet + used, data + offset, n);
    add_bytes (frame->payloads, packet, n + used);
    if (d.base_size > 0)
      used = d.base_size;
  }
}

/* Independent of the code under test: knows the descriptors made above, but not
 * the numbers, which go on from frame to frame (/track/pictures). */
static void
depacketise (const GPtrArray *payloads, GPtrArray *units)
{
  g_autoptr (GByteArray) unit = g_byte_array_new ();

  for (guint i = 0; i < payloads->len; i++) {
    gsize size, at = 1;
    const guint8 *data = g_bytes_get_data (payloads->pdata[i], &size);
    const guint8 *first = g_bytes_get_data (payloads->pdata[0], NULL);

    if (data[0] & I) {
      g_assert_true (data[1] & 0x80);
      g_assert_cmpmem (data + 1, 2, first + 1, 2);
      at += 3;
      if (!(data[0] & F)) {
        g_assert_cmphex (data[at], ==, first[at]);
        at++;
      }
      if ((data[0] & F) && (data[0] & P))
        at += 2;
      if (data[0] & V)
        at += 11;
      g_assert_cmpint ((data[0] & V) != 0, ==, i == 0 && !(data[0] & P));
    }
    g_assert_cmpint ((data[0] & B) != 0, ==, i == 0);
    g_assert_cmpint ((data[0] & E) != 0, ==, i + 1 == payloads->len);
    g_assert_cmpuint (at, <, size);
    g_byte_array_append (unit, data + at, (guint)(size - at));
  }
  add_bytes (units, unit->data, unit->len);
}

static const Format format = {WC_CODEC_VP9, NULL, make_frame, packetise,
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
    guint8 bytes[4];
    gsize size;
    gboolean start;
  } rows[] = {
      {{B | E, 0x82}, 2, TRUE},
      {{B | E, 0x86}, 2, FALSE}, /* inter */
      {{B | E, 0x8a}, 2, FALSE}, /* shows one there is */
      {{B | E, 0x42}, 2, FALSE}, /* no VP9 */
      {{E, 0x82}, 2, FALSE},     /* the rest of a frame */
      {{P | B | E, 0x82}, 2, FALSE},
      {{L | B | E, 0x02, 0x01, 0x82}, 4, FALSE}, /* spatial layer 1 */
      {{L | B | E, 0x20, 0x01, 0x82}, 4, TRUE},
      {{B | E, 0xb0}, 2, TRUE}, /* profile 3 */
      {{B | E, 0xb2}, 2, FALSE},
  };
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP9);
  g_autoptr (GPtrArray) out = NULL;
  g_autofree char *profile = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_true (harness_push (harness, 3000 * (guint32)i, TRUE,
                                 rows[i].bytes, rows[i].size));
  out = harness_read (harness);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (is_start (out, i), ==, rows[i].start);
  profile = wc_track_dup_profile (harness->track);
  g_assert_cmpstr (profile, ==, "3");
}

static void
test_malformed (void)
{
  static const struct {
    guint8 bytes[6];
    gsize size;
  } bad[] = {
      {{B}, 1},
      {{I | B, 0x01}, 2},
      {{I | B, 0x81, 0x01}, 3},
      {{L | B, 0x00, 0x01}, 3},
      {{F | P | B, 0x03, 0x03, 0x03, 0x02, 0x86}, 6}, /* four references */
      {{V | B, 0x10, 1, 2, 3, 4}, 6},
      {{V | B, 0x08, 0x02, 0x0c, 1, 1}, 6},
  };
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP9);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (
        harness_push (harness, 0, FALSE, bad[i].bytes, bad[i].size));
}

/* The largest structure there can be still leaves room for a frame. */
static void
test_large_structure (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP9);
  g_autoptr (GPtrArray) out = NULL;
  guint8 payload[5000] = {V | B | E, 0xf8};
  gsize total = 0;

  payload[34] = 255;
  memset (payload + 35, 0x0c, 255 * 4);
  payload[35 + 255 * 4] = 0x82;
  g_assert_true (harness_push (harness, 0, TRUE, payload, sizeof payload));
  out = harness_read (harness);
  g_assert_cmpuint (out->len, >, 4);
  for (guint i = 0; i < out->len; i++) {
    g_assert_cmpuint (packet_at (out, i)->size, <=, WC_MAX_PAYLOAD);
    total += packet_at (out, i)->size - (i > 0);
  }
  g_assert_cmpuint (total, ==, sizeof payload);
  g_assert_true (is_start (out, 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vp9/property", test_property);
  g_test_add_func ("/vp9/start", test_start);
  g_test_add_func ("/vp9/malformed", test_malformed);
  g_test_add_func ("/vp9/large-structure", test_large_structure);
  return g_test_run ();
}
