/* SPDX-License-Identifier: MIT */
#include "normaliser-harness.h"

#define S_BIT 0x10

static void
make_frame (Frame *frame)
{
  gsize size = (gsize)g_test_rand_int_range (1, 30000);
  g_autofree guint8 *data = random_bytes (size);

  data[0] = frame->key ? data[0] & 0xfe : data[0] | 1;
  add_bytes (frame->units, data, size);
}

/* Any of the optional fields of RFC 7741 section 4.2. */
static gsize
write_descriptor (guint8 *descriptor)
{
  static const guint8 full[] = {0x80, 0xf0, 0x81, 0x23, 0x07, 0x41};
  static const guint8 small_id[] = {0x80, 0x80, 0x11};
  static const guint8 none[] = {0x00};

  switch (g_test_rand_int_range (0, 3)) {
  case 0:
    memcpy (descriptor, full, sizeof full);
    return sizeof full;
  case 1:
    memcpy (descriptor, small_id, sizeof small_id);
    return sizeof small_id;
  default:
    memcpy (descriptor, none, sizeof none);
    return sizeof none;
  }
}

/* In two partitions, of which the second begins somewhere. */
static void
packetise (Frame *frame, gsize mtu)
{
  gsize size, used;
  const guint8 *data = g_bytes_get_data (frame->units->pdata[0], &size);
  gsize second = (gsize)g_test_rand_int_range (1, (gint)size + 1);
  guint8 packet[9000];

  used = write_descriptor (packet);
  for (gsize offset = 0, n; offset < size; offset += n) {
    gsize end = offset < second ? second : size;
    gboolean first = offset == 0 || offset == second;
    n = MIN (mtu - used, end - offset);
    packet[0] &= 0x80;
    packet[0] |= (guint8)(offset < second ? 0 : 1);
    packet[0] |= first ? S_BIT : 0;
    memcpy (packet + used, data + offset, n);
    add_bytes (frame->payloads, packet, n + used);
  }
}

static void
depacketise (const GPtrArray *payloads, GPtrArray *units)
{
  g_autoptr (GByteArray) unit = g_byte_array_new ();
  int partition = -1;

  for (guint i = 0; i < payloads->len; i++) {
    gsize size, at = 1;
    const guint8 *data = g_bytes_get_data (payloads->pdata[i], &size);
    int pid = data[0] & 7;

    if (data[0] & 0x80) {
      guint8 extension = data[at++];
      if (extension & 0x80)
        at += data[at] & 0x80 ? 2 : 1;
      at += (extension & 0x40) != 0;
      at += (extension & 0x30) != 0;
    }
    /* S is set where a partition begins, and nowhere else. */
    g_assert_cmpint ((data[0] & S_BIT) != 0, ==, pid != partition);
    g_assert_cmpint (pid, >=, partition);
    g_assert_cmpuint (at, <, size);
    partition = pid;
    g_byte_array_append (unit, data + at, (guint)(size - at));
  }
  add_bytes (units, unit->data, unit->len);
}

static const Format format = {WC_CODEC_VP8, NULL, make_frame, packetise,
                              depacketise};

static void
test_property (void)
{
  check_property (&format);
}

static void
test_malformed (void)
{
  static const struct {
    guint8 bytes[6];
    gsize size;
  } bad[] = {
      {{0x10}, 1},
      {{0x90, 0x80}, 2},
      {{0x90, 0x80, 0x81}, 3},
      {{0x90, 0x80, 0x81, 0x01}, 4},
      {{0x90, 0x70, 0x01}, 3},
      {{0x90, 0xf0, 0x81, 0x01, 0x01}, 5},
  };
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (
        harness_push (harness, 0, FALSE, bad[i].bytes, bad[i].size));
  g_assert_cmpuint (harness_stats (harness).malformed, ==, G_N_ELEMENTS (bad));
}

/* Partition 0 alone tells; its rest, or another's beginning, does not. */
static void
test_start (void)
{
  static const guint8 rest[] = {0x00, 0x00, 0x01};
  static const guint8 second[] = {0x11, 0x00, 0x01};
  static const guint8 key[] = {0x10, 0x00, 0x01};
  static const guint8 inter[] = {0x10, 0x01, 0x01};
  g_autoptr (Harness) harness = harness_new (WC_CODEC_VP8);
  g_autoptr (GPtrArray) out = NULL;

  harness_push (harness, 0, TRUE, rest, sizeof rest);
  harness_push (harness, 3000, TRUE, second, sizeof second);
  harness_push (harness, 6000, TRUE, key, sizeof key);
  harness_push (harness, 9000, TRUE, inter, sizeof inter);
  out = harness_read (harness);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (is_start (out, i), ==, i == 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vp8/property", test_property);
  g_test_add_func ("/vp8/malformed", test_malformed);
  g_test_add_func ("/vp8/start", test_start);
  return g_test_run ();
}
