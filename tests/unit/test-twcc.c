/* SPDX-License-Identifier: MIT */
/* Feedback is read back by a decoder of the test's own, written after the
 * draft, and by ours, which must agree. */
#include "engine/twcc-reader.h"
#include "engine/twcc.h"

#include <string.h>

#define MS 1000
#define MAX_SEQS 70000

static guint
u16 (const guint8 *at)
{
  return (guint)(at[0] << 8 | at[1]);
}

/* The symbols of all chunks; returns where the deltas begin. */
static gsize
read_chunks (const guint8 *packet, guint n, guint8 *symbols)
{
  gsize at = 20;

  for (guint i = 0; i < n; at += 2) {
    guint chunk = u16 (packet + at);
    if (!(chunk & 0x8000)) {
      g_assert_cmpuint (chunk & 0x1fff, >, 0);
      for (guint k = 0; k < (chunk & 0x1fff); k++)
        symbols[i++] = (guint8)(chunk >> 13 & 3);
    } else {
      g_assert_cmpuint (chunk & 0x4000, !=, 0);
      for (guint k = 0; k < 7 && i < n; k++)
        symbols[i++] = (guint8)(chunk >> (12 - 2 * k) & 3);
    }
  }
  return at;
}

/* Puts arrival times in units of 250 us into @ticks, 0 for what did not come.
 * Returns how many numbers the packet speaks of. */
static guint
decode (const guint8 *packet, gsize size, gint64 *ticks, guint *base)
{
  guint8 symbols[9000];
  guint n = u16 (packet + 14);
  gint64 now = (gint64)(u16 (packet + 16) << 8 | packet[18]) * 256;

  g_assert_cmpuint (packet[0] & 0xdf, ==, 0x8f);
  g_assert_cmpuint (packet[1], ==, 205);
  g_assert_cmpuint ((u16 (packet + 2) + 1) * 4, ==, size);
  *base = u16 (packet + 12);
  gsize at = read_chunks (packet, n, symbols);
  for (guint i = 0; i < n; i++) {
    ticks[i] = 0;
    if (symbols[i] == 1) {
      now += packet[at++];
    } else if (symbols[i] == 2) {
      now += (gint16)u16 (packet + at);
      at += 2;
    } else {
      g_assert_cmpuint (symbols[i], ==, 0);
      continue;
    }
    ticks[i] = now;
  }
  gsize padding = packet[0] & 0x20 ? packet[size - 1] : 0;
  g_assert_cmpuint (at + padding, ==, size);
  g_assert_cmpuint (padding, <, 4);
  return n;
}

/* What is read of it must be what @ticks say. */
static void
assert_read (const guint8 *packet, gsize size, const gint64 *ticks, guint n,
             guint base)
{
  /* Of the exact size, so that a sanitizer sees its end. */
  g_autofree guint8 *copy = g_memdup2 (packet, size);
  WcTwccArrival arrivals[WC_TWCC_MAX_ARRIVALS];

  g_assert_cmpuint (wc_twcc_read (copy, size, arrivals), ==, n);
  for (guint i = 0; i < n; i++) {
    g_assert_cmpuint (arrivals[i].seq, ==, (guint16)(base + i));
    g_assert_cmpint (arrivals[i].received, ==, ticks[i] != 0);
    if (arrivals[i].received)
      g_assert_cmpint (arrivals[i].arrival_us, ==, ticks[i] * 250);
  }
}

static guint
write_and_decode (WcTwcc *twcc, gint64 *ticks, guint *base)
{
  guint8 packet[WC_TWCC_MAX_SIZE];
  gsize size;

  g_assert_true (wc_twcc_has_news (twcc));
  size = wc_twcc_write (twcc, 1, 2, packet);
  g_assert_cmpuint (size, <=, WC_TWCC_MAX_SIZE);
  guint n = decode (packet, size, ticks, base);
  assert_read (packet, size, ticks, n, *base);
  return n;
}

static void
test_simple (void)
{
  WcTwcc twcc = {0};
  gint64 ticks[1000];
  guint base;

  wc_twcc_take (&twcc, 65534, 64 * MS);
  wc_twcc_take (&twcc, 65535, 65 * MS);
  wc_twcc_take (&twcc, 1, 164 * MS);
  wc_twcc_take (&twcc, 2, 163 * MS);
  g_assert_cmpuint (write_and_decode (&twcc, ticks, &base), ==, 5);
  g_assert_cmpuint (base, ==, 65534);
  g_assert_cmpint (ticks[0], ==, 64 * 4);
  g_assert_cmpint (ticks[1], ==, 65 * 4);
  g_assert_cmpint (ticks[2], ==, 0);
  g_assert_cmpint (ticks[3], ==, 164 * 4);
  g_assert_cmpint (ticks[4], ==, 163 * 4);
  g_assert_false (wc_twcc_has_news (&twcc));
  wc_twcc_take (&twcc, 0, 200 * MS); /* too late */
  g_assert_false (wc_twcc_has_news (&twcc));
  wc_twcc_take (&twcc, 3, 200 * MS);
  g_assert_cmpuint (write_and_decode (&twcc, ticks, &base), ==, 1);
  g_assert_cmpuint (base, ==, 3);
}

static void
test_duplicate (void)
{
  WcTwcc twcc = {0};
  gint64 ticks[1000];
  guint base;

  wc_twcc_take (&twcc, 7, 64 * MS);
  wc_twcc_take (&twcc, 7, 100 * MS);
  g_assert_cmpuint (write_and_decode (&twcc, ticks, &base), ==, 1);
  g_assert_cmpint (ticks[0], ==, 64 * 4);
}

/* Longer than a delta of 16 bits: the next packet begins anew. */
static void
test_pause (void)
{
  WcTwcc twcc = {0};
  gint64 ticks[1000];
  guint base;

  wc_twcc_take (&twcc, 0, 64 * MS);
  wc_twcc_take (&twcc, 1, 20000 * MS);
  g_assert_cmpuint (write_and_decode (&twcc, ticks, &base), ==, 1);
  g_assert_cmpuint (write_and_decode (&twcc, ticks, &base), ==, 1);
  g_assert_cmpuint (base, ==, 1);
  g_assert_cmpint (ticks[0], ==, 20000 * 4);
}

static void
test_jump (void)
{
  WcTwcc twcc = {0};
  gint64 ticks[1000];
  guint base;

  wc_twcc_take (&twcc, 0, 64 * MS);
  wc_twcc_take (&twcc, 5000, 65 * MS);
  g_assert_cmpuint (write_and_decode (&twcc, ticks, &base), ==, 1);
  g_assert_cmpuint (base, ==, 5000);
  wc_twcc_take (&twcc, 45000, 66 * MS);
  g_assert_cmpuint (write_and_decode (&twcc, ticks, &base), ==, 1);
  g_assert_cmpuint (base, ==, 45000);
}

/* Every number is spoken of once, and what came has its time, within 250 us. */
static void
test_random (void)
{
  static gint64 arrivals_us[MAX_SEQS];
  WcTwcc twcc = {0};
  gint64 now_us = 12345678, ticks[1000];
  guint next = 0, base;

  for (guint i = 0; i < MAX_SEQS; i++) {
    now_us += g_test_rand_int_range (0, i % 1000 == 0 ? 900 * MS : 2 * MS);
    arrivals_us[i] = 0;
    /* The first number that is heard of is where the reports begin. */
    if (g_test_rand_int_range (0, 100) < 7 && i > 0 && i + 1 < MAX_SEQS)
      continue;
    arrivals_us[i] = now_us;
    wc_twcc_take (&twcc, (guint16)i, now_us);
    if (g_test_rand_int_range (0, 100) > 2 && i + 1 < MAX_SEQS)
      continue;
    while (wc_twcc_has_news (&twcc)) {
      guint n = write_and_decode (&twcc, ticks, &base);
      g_assert_cmpuint (base, ==, (guint16)next);
      for (guint k = 0; k < n; k++, next++)
        g_assert_cmpint (ticks[k], ==, arrivals_us[next] / 250 % (1 << 30));
    }
  }
  g_assert_cmpuint (next, ==, MAX_SEQS);
}

/* What our writer does not make: a vector of one-bit symbols, and a run of what
 * was lost that is longer than what is left. */
static void
test_read_other_chunks (void)
{
  static const guint8 packet[] = {
      0xaf, 205,  0,   7,  0, 0, 0, 1, 0, 0, 0, 2, /* to 2, padded */
      0xff, 0xff, 0,   20, 0, 0, 2, 9, /* 20 from 65535, at 128 ms */
      0xa0, 0x03,                      /* the first, and two before 14 */
      0,    9,                         /* none of what follows */
      4,    0,    255, 0,  0, 0, 0, 5, /* 1 ms, 0, 63.75 ms later */
  };
  WcTwccArrival arrivals[WC_TWCC_MAX_ARRIVALS];

  g_assert_cmpuint (wc_twcc_read (packet, sizeof packet, arrivals), ==, 20);
  for (guint i = 0; i < 20; i++)
    g_assert_cmpint (arrivals[i].received, ==, i == 0 || i == 12 || i == 13);
  g_assert_cmpuint (arrivals[0].seq, ==, 65535);
  g_assert_cmpuint (arrivals[19].seq, ==, 18);
  g_assert_cmpint (arrivals[0].arrival_us, ==, 129 * MS);
  g_assert_cmpint (arrivals[12].arrival_us, ==, 129 * MS);
  g_assert_cmpint (arrivals[13].arrival_us, ==, 192750);
}

/* Whatever is missing at its end, it is not read, and nothing behind it is. */
static void
test_read_cut (void)
{
  WcTwcc twcc = {0};
  WcTwccArrival arrivals[WC_TWCC_MAX_ARRIVALS];
  guint8 packet[WC_TWCC_MAX_SIZE];

  for (guint16 i = 0; i < 100; i++)
    if (i % 7 != 3)
      wc_twcc_take (&twcc, i, (64 + i * (i % 5 == 0 ? 90 : 3)) * MS);
  gsize size = wc_twcc_write (&twcc, 1, 2, packet);
  packet[0] &= 0xdf; /* the padding is then left over */
  g_assert_cmpuint (wc_twcc_read (packet, size, arrivals), >, 0);
  for (gsize cut = 4; cut < size; cut++) {
    g_autofree guint8 *copy = g_memdup2 (packet, size - cut);
    g_assert_cmpuint (wc_twcc_read (copy, size - cut, arrivals), ==, 0);
  }
  packet[14] = packet[15] = 0xff; /* more than anyone waits for */
  g_assert_cmpuint (wc_twcc_read (packet, size, arrivals), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/twcc/simple", test_simple);
  g_test_add_func ("/twcc/duplicate", test_duplicate);
  g_test_add_func ("/twcc/pause", test_pause);
  g_test_add_func ("/twcc/jump", test_jump);
  g_test_add_func ("/twcc/random", test_random);
  g_test_add_func ("/twcc/read/other-chunks", test_read_other_chunks);
  g_test_add_func ("/twcc/read/cut", test_read_cut);
  return g_test_run ();
}
