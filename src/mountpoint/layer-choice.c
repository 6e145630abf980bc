/* SPDX-License-Identifier: MIT */
#include "mountpoint/layer-choice.h"

/* Repairs keep up with less than the first; more than the second shows. */
#define LOSS_GOOD 0.02
#define LOSS_BAD 0.10
/* A queue that has become so long, and in the next report still is. */
#define QUEUE_MS 300
#define QUEUE_US (1500 * 1000)
/* Of what seems to be there, so much is counted on. */
#define PRUDENCE 0.85
/* Where a queue grows, a browser's estimate falls to 0.85 of what came: less
 * than this came, if it falls below this. */
#define SHORT_OF 0.8
#define FALLEN 0.9
/* It rises by some percent a second while it may, and that takes time after a
 * layer has begun to need more. */
#define RISE_US (3 * G_USEC_PER_SEC)
/* What is reported for so long after a change is of before it. */
#define SETTLE_DOWN_US (2500 * 1000)
#define SETTLE_UP_US (1500 * 1000)
/* A trial that lasts so long has succeeded. */
#define PROBATION_US (15 * G_USEC_PER_SEC)
#define WAIT_LEAST_US (6 * G_USEC_PER_SEC)
#define WAIT_MOST_US (120 * G_USEC_PER_SEC)

/* --- layers --------------------------------------------------------------- */

int
wc_layer_choice_best (const WcLayerSight *layers, guint n, guint64 max_pixels)
{
  int best = -1, smallest = -1;

  for (guint i = 0; i < n; i++) {
    if (!layers[i].active)
      continue;
    if (smallest < 0 || layers[i].pixels < layers[smallest].pixels)
      smallest = (int)i;
    if ((max_pixels == 0 || layers[i].pixels <= max_pixels) &&
        (best < 0 || layers[i].pixels > layers[best].pixels))
      best = (int)i;
  }
  return best >= 0 ? best : smallest;
}

/* Among those below @current, the best that fits, else the smallest. */
static int
find_lower (const WcLayerSight *layers, guint n, int current, double budget_bps)
{
  int fits = -1, smallest = -1;

  for (guint i = 0; i < n; i++) {
    const WcLayerSight *layer = &layers[i];
    if (!layer->active || layer->pixels >= layers[current].pixels)
      continue;
    if (smallest < 0 || layer->pixels < layers[smallest].pixels)
      smallest = (int)i;
    if (layer->bitrate_bps <= budget_bps &&
        (fits < 0 || layer->pixels > layers[fits].pixels))
      fits = (int)i;
  }
  return fits >= 0 ? fits : smallest;
}

static int
find_higher (const WcLayerSight *layers, guint n, int current)
{
  int next = -1;

  for (guint i = 0; i < n; i++)
    if (layers[i].active && layers[i].pixels > layers[current].pixels &&
        (next < 0 || layers[i].pixels < layers[next].pixels))
      next = (int)i;
  return next;
}

/* --- the link ------------------------------------------------------------- */

/* An estimate that is too small may be on its way up; not one that has just
 * fallen. */
static gboolean
is_short (WcLayerChoice *choice, guint64 estimate_bps, double needed_bps,
          gint64 now_us)
{
  gboolean enough = (double)estimate_bps >= SHORT_OF * needed_bps;
  guint64 before_bps = choice->estimate_bps;

  if (estimate_bps > before_bps || enough) {
    choice->estimate_bps = MAX (estimate_bps, before_bps);
    choice->estimate_us = now_us;
  }
  if ((double)estimate_bps < FALLEN * (double)before_bps) {
    choice->estimate_bps = estimate_bps;
    choice->estimate_us = now_us - RISE_US;
  }
  return estimate_bps > 0 && !enough && now_us - choice->estimate_us >= RISE_US;
}

static gboolean
is_queueing (WcLayerChoice *choice, gint rtt_ms, gint64 now_us)
{
  if (rtt_ms < 0)
    return FALSE;
  if (choice->rtt_ms == 0 || rtt_ms < choice->rtt_ms)
    choice->rtt_ms = MAX (rtt_ms, 1);
  if (rtt_ms <= choice->rtt_ms + QUEUE_MS)
    choice->no_queue_us = now_us;
  return now_us - choice->no_queue_us > QUEUE_US;
}

static gboolean
is_bad (WcLayerChoice *choice, const WcLayerSight *current,
        const WcLayerNet *net, gint64 now_us)
{
  double needed_bps = (double)current->bitrate_bps + (double)net->other_bps;
  gboolean queueing = is_queueing (choice, net->rtt_ms, now_us);

  return is_short (choice, net->estimated_bps, needed_bps, now_us) ||
         net->loss > LOSS_BAD || queueing;
}

/* What the link seems to carry for a layer. */
static double
guess_budget (const WcLayerSight *current, const WcLayerNet *net)
{
  double budget_bps = current->bitrate_bps * (1 - net->loss) * PRUDENCE;

  if (net->estimated_bps > 0)
    budget_bps = MIN (budget_bps, (double)net->estimated_bps * PRUDENCE -
                                      (double)net->other_bps);
  return budget_bps;
}

/* --- the choice ----------------------------------------------------------- */

static gint64
settle_us (const WcLayerChoice *choice)
{
  return choice->trial_us == choice->changed_us ? SETTLE_UP_US : SETTLE_DOWN_US;
}

static void
go_down (WcLayerChoice *choice, guint64 pixels, gint64 now_us)
{
  gboolean failed =
      choice->trial_us != 0 && now_us - choice->trial_us < PROBATION_US;

  choice->wait_us = MAX (choice->wait_us, WAIT_LEAST_US);
  if (failed)
    choice->wait_us = MIN (2 * choice->wait_us, WAIT_MOST_US);
  choice->max_pixels = pixels;
  choice->changed_us = now_us;
  choice->trial_us = 0;
}

static void
go_up (WcLayerChoice *choice, guint64 pixels, gint64 now_us)
{
  choice->max_pixels = pixels;
  choice->changed_us = choice->trial_us = now_us;
  choice->rtt_ms = 0;
}

static void
judge (WcLayerChoice *choice, const WcLayerSight *layers, guint n, int current,
       const WcLayerNet *net, gint64 now_us)
{
  gboolean bad = is_bad (choice, &layers[current], net, now_us);
  int lower =
      find_lower (layers, n, current, guess_budget (&layers[current], net));
  int higher = find_higher (layers, n, current);
  gint64 since_us = now_us - choice->changed_us;

  if (choice->changed_us != 0 && since_us < settle_us (choice))
    return;
  if (choice->trial_us != 0 && now_us - choice->trial_us >= PROBATION_US)
    choice->wait_us = WAIT_LEAST_US;
  if (bad && lower >= 0)
    go_down (choice, layers[lower].pixels, now_us);
  else if (!bad && higher >= 0 && choice->max_pixels != 0 &&
           net->loss <= LOSS_GOOD && since_us >= choice->wait_us)
    go_up (choice, layers[higher].pixels, now_us);
}

int
wc_layer_choice_update (WcLayerChoice *choice, const WcLayerSight *layers,
                        guint n, int current, const WcLayerNet *net,
                        gint64 now_us)
{
  /* Between two layers nothing can be told of either. */
  if (current >= 0 && layers[current].active &&
      current == wc_layer_choice_best (layers, n, choice->max_pixels))
    judge (choice, layers, n, current, net, now_us);
  return wc_layer_choice_best (layers, n, choice->max_pixels);
}
