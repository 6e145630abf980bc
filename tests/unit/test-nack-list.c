/* SPDX-License-Identifier: MIT */
#include "engine/nack-list.h"

#define MS 1000
#define INTERVAL (20 * MS)
#define PATIENCE (200 * MS)

typedef struct {
  WcNackList list;
  gint64 now_us;
  guint16 seqs[WC_NACK_LIST_SIZE];
} Fixture;

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->now_us = G_USEC_PER_SEC;
}

static WcNackResult
take (Fixture *f, guint16 seq)
{
  gint64 asked_us;

  return wc_nack_list_take (&f->list, seq, f->now_us, &asked_us);
}

static guint
ask (Fixture *f)
{
  return wc_nack_list_ask (&f->list, f->now_us, INTERVAL, PATIENCE, f->seqs,
                           G_N_ELEMENTS (f->seqs));
}

static void
test_no_loss (Fixture *f, gconstpointer unused)
{
  for (guint i = 0; i < 70000; i++)
    g_assert_cmpint (take (f, (guint16)i), ==, WC_NACK_NEXT);
  f->now_us += 50 * MS;
  g_assert_cmpuint (ask (f), ==, 0);
}

static void
test_gap (Fixture *f, gconstpointer unused)
{
  gint64 asked_us;

  take (f, 65534);
  take (f, 2);
  g_assert_cmpuint (ask (f), ==, 0); /* it may be late only */
  f->now_us += 6 * MS;
  g_assert_cmpuint (ask (f), ==, 3);
  g_assert_cmpuint (f->seqs[0], ==, 65535);
  g_assert_cmpuint (f->seqs[1], ==, 0);
  g_assert_cmpuint (f->seqs[2], ==, 1);
  g_assert_cmpuint (ask (f), ==, 0);

  gint64 was_us = f->now_us;
  f->now_us += 10 * MS;
  g_assert_cmpint (wc_nack_list_take (&f->list, 0, f->now_us, &asked_us), ==,
                   WC_NACK_REPAIRED);
  g_assert_cmpint (asked_us, ==, was_us);
  g_assert_cmpint (take (f, 0), ==, WC_NACK_OLD);
  f->now_us += 10 * MS;
  g_assert_cmpuint (ask (f), ==, 2);
}

static void
test_reordered (Fixture *f, gconstpointer unused)
{
  gint64 asked_us;

  take (f, 10);
  take (f, 12);
  f->now_us += 2 * MS;
  g_assert_cmpint (wc_nack_list_take (&f->list, 11, f->now_us, &asked_us), ==,
                   WC_NACK_REPAIRED);
  g_assert_cmpint (asked_us, ==, 0);
  f->now_us += 20 * MS;
  g_assert_cmpuint (ask (f), ==, 0);
}

static void
test_gives_up (Fixture *f, gconstpointer unused)
{
  guint asked = 0;

  take (f, 1);
  take (f, 3);
  for (guint i = 0; i < 100; i++) {
    f->now_us += 10 * MS;
    asked += ask (f);
  }
  g_assert_cmpuint (asked, >=, 5);
  g_assert_cmpuint (asked, <=, 10);
  g_assert_cmpuint (f->list.given_up, ==, 1);
  g_assert_cmpint (take (f, 2), ==, WC_NACK_OLD);
}

/* A cut of the stream: asking for thousands would make it worse. */
static void
test_large_gap (Fixture *f, gconstpointer unused)
{
  take (f, 1);
  take (f, 3);
  take (f, 4 + WC_NACK_LIST_SIZE);
  f->now_us += 10 * MS;
  g_assert_cmpuint (ask (f), ==, 0);
  g_assert_cmpuint (f->list.given_up, ==, 1 + WC_NACK_LIST_SIZE);
  take (f, 6 + WC_NACK_LIST_SIZE);
  f->now_us += 10 * MS;
  g_assert_cmpuint (ask (f), ==, 1);
}

static void
test_full (Fixture *f, gconstpointer unused)
{
  take (f, 0);
  take (f, WC_NACK_LIST_SIZE + 1);
  f->now_us += 10 * MS;
  g_assert_cmpuint (ask (f), ==, WC_NACK_LIST_SIZE);
}

/* Whatever comes, the list stays within its bounds and in order. */
static void
test_random (Fixture *f, gconstpointer unused)
{
  for (guint i = 0; i < 200000; i++) {
    f->now_us += g_test_rand_int_range (0, 3 * MS);
    take (f, (guint16)(i + (guint)g_test_rand_int_range (-300, 300)));
    guint n = ask (f);
    for (guint k = 1; k < n; k++)
      g_assert_cmpint ((gint16)(f->seqs[k] - f->seqs[k - 1]), >, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                        \
  g_test_add ("/nack-list/" name, Fixture, NULL, set_up, func, NULL)
  ADD ("no-loss", test_no_loss);
  ADD ("gap", test_gap);
  ADD ("reordered", test_reordered);
  ADD ("gives-up", test_gives_up);
  ADD ("large-gap", test_large_gap);
  ADD ("full", test_full);
  ADD ("random", test_random);
  return g_test_run ();
}
