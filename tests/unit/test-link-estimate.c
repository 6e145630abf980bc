/* SPDX-License-Identifier: MIT */
/* Links of which the capacity is known: a queue that packets leave at its rate,
 * with what real ones add. The receiver's clock has nothing to do with ours. */
#include "engine/link-estimate.h"

#define MS 1000
#define S ((gint64)G_USEC_PER_SEC)
#define PACKET 1200
#define FEEDBACK_US (100 * MS)
#define MOST 100 /* packets that one feedback speaks of */

typedef struct {
  guint64 bps;      /* 0: as much as there comes */
  gint64 delay_us;  /* without the queue */
  gint64 jitter_us; /* at most so much more, at random */
  gint64 queue_us;  /* what would wait longer is dropped; 0: nothing is */
  double loss;      /* besides, at random */
  gint64 clock_us;  /* of the receiver, when ours is 0 */
} Path;

typedef struct {
  WcLinkEstimate *link;
  Path path;
  guint64 bps;    /* what is sent */
  guint frame_us; /* a burst each so often; 0: single packets */
  gint64 now_us, free_us, feedback_us;
  double owed; /* bytes */
  WcTwccArrival arrivals[MOST];
  guint n;
} Flow;

static void
deliver (Flow *f, guint16 seq)
{
  const Path *path = &f->path;
  gint64 start_us = MAX (f->free_us, f->now_us);
  gboolean fits = path->queue_us == 0 || start_us - f->now_us <= path->queue_us;
  gboolean received = fits && g_test_rand_double () >= path->loss;

  if (fits && path->bps > 0)
    f->free_us = start_us + (gint64)(PACKET * 8 * S / path->bps);
  gint64 arrival_us = MAX (f->free_us, f->now_us) + path->delay_us +
                      path->clock_us +
                      (gint64)(g_test_rand_double () * (double)path->jitter_us);
  g_assert_cmpuint (f->n, <, MOST);
  f->arrivals[f->n++] = (WcTwccArrival){seq, received, arrival_us};
}

static void
tick (Flow *f, gint64 step_us)
{
  f->now_us += step_us;
  f->owed += (double)f->bps / 8 * (double)step_us / S;
  if (f->frame_us == 0 || f->now_us % f->frame_us < step_us)
    for (; f->owed >= PACKET; f->owed -= PACKET)
      deliver (f, wc_link_estimate_send (f->link, PACKET, f->now_us));
  if (f->now_us - f->feedback_us < FEEDBACK_US)
    return;
  wc_link_estimate_take (f->link, f->arrivals, f->n, f->now_us);
  f->n = 0;
  f->feedback_us = f->now_us;
}

static guint64
run (Flow *f, guint seconds)
{
  for (gint64 end_us = f->now_us + seconds * S; f->now_us < end_us;)
    tick (f, MS);
  return wc_link_estimate_bps (f->link);
}

static Flow
new_flow (const Path *path, guint64 bps)
{
  return (Flow){.link = wc_link_estimate_new (),
                .path = *path,
                .bps = bps,
                .now_us = 5 * S};
}

#define assert_between(n, low, high)                                           \
  G_STMT_START                                                                 \
  {                                                                            \
    g_assert_cmpuint (n, >=, low);                                             \
    g_assert_cmpuint (n, <=, high);                                            \
  }                                                                            \
  G_STMT_END

/* It rises, and no further than what was sent lets it know. */
static void
test_room (gconstpointer frames)
{
  const Path path = {20000000, 30 * MS, 3 * MS, 0, 0, 0};
  Flow f = new_flow (&path, 1000000);

  f.frame_us = frames != NULL ? 33 * MS : 0;
  g_assert_cmpuint (wc_link_estimate_bps (f.link), ==, 0);
  assert_between (run (&f, 2), 900000, 1300000);
  assert_between (run (&f, 10), 1400000, 1700000);
  wc_link_estimate_free (f.link);
}

/* A queue that grows for ever: less than the link, not much less. */
static void
test_queue (gconstpointer frames)
{
  const Path path = {1000000, 30 * MS, 2 * MS, 0, 0, -77};
  Flow f = new_flow (&path, 1500000);

  f.frame_us = frames != NULL ? 33 * MS : 0;
  assert_between (run (&f, 6), 700000, 1050000);
  wc_link_estimate_free (f.link);
}

/* It becomes narrow, and wide again. */
static void
test_change (void)
{
  const Path path = {5000000, 30 * MS, 2 * MS, 400 * MS, 0, 12345};
  Flow f = new_flow (&path, 1500000);

  g_assert_cmpuint (run (&f, 10), >, 1800000);
  f.path.bps = 800000;
  g_assert_cmpuint (run (&f, 5), <, 900000);
  f.bps = 500000; /* a lower layer */
  run (&f, 5);
  f.path.bps = 5000000;
  assert_between (run (&f, 20), 650000, 900000);
  wc_link_estimate_free (f.link);
}

static void
test_loss (void)
{
  const Path path = {20000000, 30 * MS, 2 * MS, 0, 0.25, 0};
  Flow f = new_flow (&path, 1000000);

  g_assert_cmpuint (run (&f, 10), <, 750000);
  f.path.loss = 0.01;
  g_assert_cmpuint (run (&f, 20), >, 800000);
  wc_link_estimate_free (f.link);
}

/* What jitter is taken for does not make a link look too narrow for what it
 * carries: WcLayerChoice allows for a fifth. */
static void
test_jitter (void)
{
  const Path path = {20000000, 30 * MS, 20 * MS, 0, 0.01, 0};
  Flow f = new_flow (&path, 1000000);

  g_assert_cmpuint (run (&f, 15), >, 800000);
  wc_link_estimate_free (f.link);
}

/* Longer than any number is remembered, and the receiver's clock of 24 bits
 * wraps: what was known is kept. */
static void
test_pause (void)
{
  const Path path = {20000000, 30 * MS, 2 * MS, 0, 0, 0};
  Flow f = new_flow (&path, 1000000);
  guint64 before = run (&f, 10);

  f.now_us += 3000 * S;
  f.path.clock_us = -2900 * S;
  assert_between (run (&f, 3), before * 9 / 10, before * 12 / 10);
  wc_link_estimate_free (f.link);
}

/* Of what was never sent, or twice of the same. */
static void
test_lies (void)
{
  WcLinkEstimate *link = wc_link_estimate_new ();
  WcTwccArrival arrivals[100];

  for (guint i = 0; i < 100; i++)
    arrivals[i] = (WcTwccArrival){(guint16)(i * 700), TRUE, i * MS};
  wc_link_estimate_take (link, arrivals, 100, 1);
  g_assert_cmpuint (wc_link_estimate_bps (link), ==, 0);
  for (guint i = 0; i < 50; i++) {
    arrivals[0] = (WcTwccArrival){
        wc_link_estimate_send (link, PACKET, i * 20 * MS), TRUE, i * 20 * MS};
    for (guint k = 0; k < 100; k++)
      wc_link_estimate_take (link, arrivals, 1, i * 20 * MS);
  }
  for (guint i = 50; i < 150; i++) {
    arrivals[0] = (WcTwccArrival){
        wc_link_estimate_send (link, PACKET, i * 20 * MS), TRUE, i * 20 * MS};
    wc_link_estimate_take (link, arrivals, 1, i * 20 * MS);
  }
  g_assert_cmpuint (wc_link_estimate_bps (link), <, PACKET * 8 * 50 * 2);
  wc_link_estimate_free (link);
}

/* What was said to be lost and comes after all is not: half of the packets come
 * behind the feedback that misses them. */
static void
test_late (void)
{
  WcLinkEstimate *link = wc_link_estimate_new ();

  for (guint i = 0; i < 1500; i++) {
    gint64 now_us = i * 10 * MS;
    WcTwccArrival late = {0, FALSE, now_us + 5 * MS},
                  next = {0, TRUE, now_us + 6 * MS};
    late.seq = wc_link_estimate_send (link, PACKET, now_us);
    next.seq = wc_link_estimate_send (link, PACKET, now_us);
    for (guint k = 0; k < 3; k++)
      wc_link_estimate_take (link, &late, 1, now_us);
    wc_link_estimate_take (link, &next, 1, now_us);
    late.received = TRUE;
    wc_link_estimate_take (link, &late, 1, now_us);
  }
  g_assert_cmpuint (wc_link_estimate_bps (link), >, 2 * PACKET * 8 * 100);
  wc_link_estimate_free (link);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/link-estimate/room/packets", NULL, test_room);
  g_test_add_data_func ("/link-estimate/room/frames", "", test_room);
  g_test_add_data_func ("/link-estimate/queue/packets", NULL, test_queue);
  g_test_add_data_func ("/link-estimate/queue/frames", "", test_queue);
  g_test_add_func ("/link-estimate/change", test_change);
  g_test_add_func ("/link-estimate/loss", test_loss);
  g_test_add_func ("/link-estimate/jitter", test_jitter);
  g_test_add_func ("/link-estimate/pause", test_pause);
  g_test_add_func ("/link-estimate/late", test_late);
  g_test_add_func ("/link-estimate/lies", test_lies);
  return g_test_run ();
}
