/* SPDX-License-Identifier: MIT */
#include "normaliser-harness.h"

static void
test_pcm (void)
{
  static const WcCodec codecs[] = {WC_CODEC_PCMU, WC_CODEC_PCMA, WC_CODEC_G722};

  for (gsize c = 0; c < G_N_ELEMENTS (codecs); c++) {
    g_autoptr (Harness) harness = harness_new (codecs[c]);
    g_autoptr (GPtrArray) out = NULL;
    g_autofree guint8 *samples = random_bytes (3000);

    g_assert_true (
        harness_push (harness, G_MAXUINT32 - 50, TRUE, samples, 160));
    g_assert_true (harness_push (harness, 109, TRUE, samples, 3000));
    g_assert_true (harness_push (harness, 3109, FALSE, samples, 1));
    out = harness_read (harness);
    g_assert_cmpuint (out->len, ==, 5);
    for (guint i = 1; i < 4; i++) {
      const WcPacket *part = packet_at (out, i);
      gint64 offset = 1200 * (i - 1);
      g_assert_cmpint (part->timestamp, ==, 160 + offset);
      g_assert_cmpint (part->capture_us, ==,
                       packet_at (out, 1)->capture_us + offset * 125);
      g_assert_cmpmem (part->payload, part->size, samples + offset,
                       i < 3 ? 1200 : 600);
      /* A talk spurt begins with its first packet. */
      g_assert_cmpint (is_marked (out, i), ==, i == 1);
      g_assert_true (is_start (out, i));
    }
    g_assert_cmpint (packet_at (out, 4)->timestamp, ==, 3160);
    g_assert_cmpuint (packet_at (out, 4)->frame, ==,
                      packet_at (out, 0)->frame + 4);
  }
}

/* Frames of a code 3 packet, given with their lengths, come out one by one. */
static void
test_opus_variable (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_OPUS);
  g_autoptr (GPtrArray) out = NULL;
  g_autofree guint8 *sound = random_bytes (1600);
  static const gsize sizes[] = {100, 700, 0, 800};
  guint8 payload[2000] = {0xff, 0xc4, 10, 100, 252, 112, 0};
  gsize at = 0;

  memcpy (payload + 7, sound, 1600);
  g_assert_true (harness_push (harness, 0, FALSE, payload, 7 + 1600 + 10));
  g_assert_cmpuint (harness_stats (harness).refragmented, ==, 1);
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 4);
  for (guint i = 0; i < 4; i++) {
    const WcPacket *part = packet_at (out, i);
    g_assert_cmphex (part->payload[0], ==, 0xfc);
    g_assert_cmpint (part->timestamp, ==, 960 * i);
    g_assert_cmpmem (part->payload + 1, part->size - 1, sound + at, sizes[i]);
    at += sizes[i];
  }
}

static void
test_opus_equal (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_OPUS);
  g_autoptr (GPtrArray) out = NULL;
  g_autofree guint8 *two = random_bytes (1401);
  g_autofree guint8 *five = random_bytes (1502);
  g_autofree guint8 *pair = random_bytes (1400);

  two[0] = 0x19;  /* SILK, 60 ms, code 1 */
  five[0] = 0x63; /* hybrid, 10 ms, code 3 with equal sizes */
  five[1] = 5;
  pair[0] = 0xe2; /* CELT, 2.5 ms, code 2 */
  pair[1] = 255;
  pair[2] = 60; /* 495 */
  g_assert_true (harness_push (harness, 0, FALSE, two, 1401));
  g_assert_true (harness_push (harness, 5760, FALSE, five, 1502));
  g_assert_true (harness_push (harness, 8160, FALSE, pair, 1400));
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 9);
  g_assert_cmpmem (packet_at (out, 1)->payload + 1, 700, two + 701, 700);
  g_assert_cmpint (packet_at (out, 1)->timestamp, ==, 2880);
  g_assert_cmpmem (packet_at (out, 6)->payload + 1, 300, five + 1202, 300);
  g_assert_cmpint (packet_at (out, 6)->timestamp, ==, 5760 + 4 * 480);
  g_assert_cmpuint (packet_at (out, 7)->size, ==, 496);
  g_assert_cmpmem (packet_at (out, 8)->payload + 1,
                   packet_at (out, 8)->size - 1, pair + 3 + 495, 902);
  g_assert_cmpint (packet_at (out, 8)->timestamp, ==, 8160 + 120);
}

/* Padding of 255 and 6: 254 bytes and more follow, in all 260 (R6, R7). */
static void
test_opus_padding (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_OPUS);
  g_autoptr (GPtrArray) out = NULL;
  g_autofree guint8 *payload = random_bytes (1664);

  payload[0] = 0xff;
  payload[1] = 0x42;
  payload[2] = 255;
  payload[3] = 6;
  g_assert_true (harness_push (harness, 0, FALSE, payload, 1664));
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 2);
  g_assert_cmpmem (packet_at (out, 1)->payload + 1,
                   packet_at (out, 1)->size - 1, payload + 4 + 700, 700);
}

/* One frame cannot be cut: the largest that Opus has goes on as it is. */
static void
test_opus_largest (void)
{
  g_autoptr (Harness) harness = harness_new (WC_CODEC_OPUS);
  g_autoptr (GPtrArray) out = NULL;
  g_autofree guint8 *frame = random_bytes (1300);

  frame[0] = 0xfc;
  g_assert_true (harness_push (harness, 0, FALSE, frame, 1276));
  g_assert_false (harness_push (harness, 960, FALSE, frame, 1277));
  frame[0] = 0xff;
  frame[1] = 0; /* no frames */
  g_assert_false (harness_push (harness, 960, FALSE, frame, 1277));
  frame[1] = 0x43; /* more padding than there is */
  memset (frame + 2, 255, 10);
  g_assert_false (harness_push (harness, 960, FALSE, frame, 1277));
  out = harness_read (harness);
  g_assert_cmpuint (out->len, ==, 1);
  g_assert_cmpuint (packet_at (out, 0)->size, ==, WC_MAX_OPUS_PAYLOAD);
  g_assert_cmpmem (packet_at (out, 0)->payload + 20, 1256, frame + 20, 1256);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/audio/pcm", test_pcm);
  g_test_add_func ("/audio/opus-variable", test_opus_variable);
  g_test_add_func ("/audio/opus-equal", test_opus_equal);
  g_test_add_func ("/audio/opus-padding", test_opus_padding);
  g_test_add_func ("/audio/opus-largest", test_opus_largest);
  return g_test_run ();
}
