/* SPDX-License-Identifier: MIT */
#include "engine/link-estimate.h"

#include <math.h>

/* At 10 Mbit/s a second of packets: feedback comes sooner. */
#define SENT 1024
/* What was sent within so long of each other left together. */
#define BURST_US 5000
/* Beyond it two arrivals are not of one flow: a pause, or the clock wrapped. */
#define MAX_PAUSE_US (3 * G_USEC_PER_SEC)

/* The line through the delays: so many bursts, smoothed; its slope counts with
 * what libwebrtc multiplies it with. */
#define TREND 20
#define SMOOTHING 0.9
#define MOST_BURSTS 60
#define GAIN 4.0
/* When it is too steep, in ms: the threshold goes with what is usual
 * (draft-ietf-rmcat-gcc-02 section 4.4). */
#define THRESHOLD_FIRST 12.5
#define THRESHOLD_LEAST 6.0
#define THRESHOLD_MOST 600.0
#define THRESHOLD_OUTLIER 15.0
#define THRESHOLD_UP 0.0087
#define THRESHOLD_DOWN 0.039
#define THRESHOLD_STEP_MS 100.0
#define OVERUSE_MS 10.0

/* Section 5.5 and 6. */
#define DECREASE 0.85
#define DECREASE_INTERVAL_US (300 * 1000)
#define INCREASE_PER_S 0.08
#define CAP_RATIO 1.5
#define CAP_BPS 10000
#define LOSS_BAD 0.10
/* What came and what was lost is looked at over two of these. */
#define WINDOW_US (500 * 1000)
#define WINDOW_LEAST_PACKETS 10

typedef struct {
  guint32 us; /* when, wraps */
  guint16 seq;
  guint16 size : 15; /* 0: it is not waited for */
  guint16 is_lost : 1;
} Sent;

typedef struct {
  gboolean is_known;
  guint32 sent_us;
  gint64 arrival_us;
} Burst;

typedef struct {
  double ms, delay_ms;
} Point;

typedef struct {
  gint64 since_us; /* on the receiver's clock */
  guint64 bytes;
  guint packets, lost;
} Window;

typedef enum { NORMAL, OVERUSE, UNDERUSE } Usage;

struct WcLinkEstimate {
  Sent sent[SENT]; /* by number */
  guint16 next_seq;

  Burst burst; /* the newest */
  gint64 first_arrival_us;
  guint n_bursts;
  double delay_ms, smooth_ms; /* since the first, accumulated */
  Point points[TREND];        /* ring: the newest at n_bursts - 1 */
  double slope, threshold_ms, over_ms;
  guint n_over;
  Usage usage;
  gboolean overused; /* since the rate was last looked at */

  Window window, before;
  guint64 arrived_bps; /* 0: not known */
  guint64 bps;
  gint64 updated_us, decreased_us;
};

/* --- delays --------------------------------------------------------------- */

static void
forget_delays (WcLinkEstimate *link)
{
  link->n_bursts = 0;
  link->delay_ms = link->smooth_ms = 0;
  link->slope = 0;
  link->over_ms = 0;
  link->n_over = 0;
  link->usage = NORMAL;
}

/* Least squares. */
static double
find_slope (const Point *points)
{
  double mean_x = 0, mean_y = 0, above = 0, below = 0;

  for (guint i = 0; i < TREND; i++) {
    mean_x += points[i].ms / TREND;
    mean_y += points[i].delay_ms / TREND;
  }
  for (guint i = 0; i < TREND; i++) {
    above += (points[i].ms - mean_x) * (points[i].delay_ms - mean_y);
    below += (points[i].ms - mean_x) * (points[i].ms - mean_x);
  }
  return below > 0 ? above / below : 0;
}

static void
adapt_threshold (WcLinkEstimate *link, double trend_ms, double since_ms)
{
  double size = fabs (trend_ms);
  double k = size < link->threshold_ms ? THRESHOLD_DOWN : THRESHOLD_UP;

  if (size > link->threshold_ms + THRESHOLD_OUTLIER)
    return;
  link->threshold_ms +=
      k * (size - link->threshold_ms) * MIN (since_ms, THRESHOLD_STEP_MS);
  link->threshold_ms =
      CLAMP (link->threshold_ms, THRESHOLD_LEAST, THRESHOLD_MOST);
}

static void
judge (WcLinkEstimate *link, double slope, double since_ms)
{
  double trend_ms = slope * MIN (link->n_bursts, MOST_BURSTS) * GAIN;
  gboolean over = trend_ms > link->threshold_ms;

  link->over_ms = over ? link->over_ms + since_ms : 0;
  link->n_over = over ? link->n_over + 1 : 0;
  if (!over)
    link->usage = trend_ms < -link->threshold_ms ? UNDERUSE : NORMAL;
  else if (link->over_ms > OVERUSE_MS && link->n_over > 1 &&
           slope >= link->slope)
    link->usage = OVERUSE;
  link->overused |= link->usage == OVERUSE;
  link->slope = slope;
  adapt_threshold (link, trend_ms, since_ms);
}

static void
add_burst (WcLinkEstimate *link, gint64 arrival_us, gint64 arrival_step_us,
           gint64 sent_step_us)
{
  if (link->n_bursts == 0)
    link->first_arrival_us = arrival_us;
  link->delay_ms += (double)(arrival_step_us - sent_step_us) / 1000;
  link->smooth_ms =
      SMOOTHING * link->smooth_ms + (1 - SMOOTHING) * link->delay_ms;
  link->points[link->n_bursts % TREND] = (Point){
      (double)(arrival_us - link->first_arrival_us) / 1000, link->smooth_ms};
  link->n_bursts++;
  if (link->n_bursts >= TREND)
    judge (link, find_slope (link->points), (double)arrival_step_us / 1000);
}

static void
note_delay (WcLinkEstimate *link, const Sent *sent, gint64 arrival_us)
{
  Burst *burst = &link->burst;
  gint64 sent_step_us = (gint32)(sent->us - burst->sent_us);
  gint64 arrival_step_us = arrival_us - burst->arrival_us;

  if (!burst->is_known || ABS (arrival_step_us) > MAX_PAUSE_US)
    forget_delays (link);
  else if (sent_step_us < BURST_US || arrival_step_us < 0)
    return; /* of the same, overtaken by it or before it */
  else
    add_burst (link, arrival_us, arrival_step_us, sent_step_us);
  *burst = (Burst){TRUE, sent->us, arrival_us};
}

/* What came is carried, but maybe by way of a queue. */
static guint64
lowest (const WcLinkEstimate *link)
{
  return (guint64)(DECREASE * (double)link->arrived_bps);
}

/* --- what came ------------------------------------------------------------ */

static void
begin_window (WcLinkEstimate *link, gint64 arrival_us)
{
  link->before = link->window;
  link->window = (Window){.since_us = arrival_us};
}

/* Not below what did come, however often: who sends may not follow at once. */
static void
lower_by_loss (WcLinkEstimate *link)
{
  guint packets = link->window.packets + link->before.packets;
  guint lost = link->window.lost + link->before.lost;

  if (packets + lost < WINDOW_LEAST_PACKETS)
    return;
  double loss = (double)lost / (packets + lost);
  if (loss > LOSS_BAD)
    link->bps = MAX ((guint64)((double)link->bps * (1 - loss / 2)),
                     MIN (link->bps, lowest (link)));
}

static void
end_window (WcLinkEstimate *link, gint64 arrival_us)
{
  gint64 span_us = arrival_us - link->before.since_us;

  if (link->before.packets > 0 && span_us <= MAX_PAUSE_US)
    link->arrived_bps = (link->before.bytes + link->window.bytes) * 8 *
                        G_USEC_PER_SEC / (guint64)span_us;
  lower_by_loss (link);
  begin_window (link, arrival_us);
}

/* It may be spoken of again, and may have come then. */
static void
note_loss (WcLinkEstimate *link, Sent *sent, gboolean lost)
{
  if (lost && !sent->is_lost)
    link->window.lost++;
  else if (!lost && sent->is_lost && link->window.lost > 0)
    link->window.lost--;
  sent->is_lost = lost ? 1 : 0;
}

static void
note_arrival (WcLinkEstimate *link, const Sent *sent, gint64 arrival_us)
{
  gint64 since_us = arrival_us - link->window.since_us;

  if (link->window.packets == 0 || ABS (since_us) > MAX_PAUSE_US) {
    link->window = (Window){0};
    begin_window (link, arrival_us);
  } else if (since_us >= WINDOW_US) {
    end_window (link, arrival_us);
  }
  link->window.bytes += sent->size;
  link->window.packets++;
}

/* --- the rate ------------------------------------------------------------- */

static void
increase (WcLinkEstimate *link, gint64 now_us)
{
  double since_s = (double)(now_us - link->updated_us) / G_USEC_PER_SEC;
  guint64 more =
      (guint64)((double)link->bps * (1 + INCREASE_PER_S * MIN (since_s, 1)));
  guint64 cap = (guint64)(CAP_RATIO * (double)link->arrived_bps) + CAP_BPS;

  link->bps = MIN (more, MAX (cap, link->bps));
}

static void
update_rate (WcLinkEstimate *link, gint64 now_us)
{
  if (link->arrived_bps == 0)
    return;
  if (link->bps == 0) {
    link->bps = link->arrived_bps;
  } else if (link->overused) {
    if (now_us - link->decreased_us >= DECREASE_INTERVAL_US) {
      link->bps = MIN (link->bps, lowest (link));
      link->decreased_us = now_us;
    }
  } else if (link->usage == NORMAL) {
    increase (link, now_us);
  }
  link->overused = FALSE;
  link->updated_us = now_us;
}

/* --- outside -------------------------------------------------------------- */

guint16
wc_link_estimate_send (WcLinkEstimate *link, gsize size, gint64 now_us)
{
  guint16 seq = link->next_seq++;

  link->sent[seq % SENT] =
      (Sent){(guint32)now_us, seq, MIN (size, G_MAXINT16) & G_MAXINT16, 0};
  return seq;
}

void
wc_link_estimate_take (WcLinkEstimate *link, const WcTwccArrival *arrivals,
                       guint n, gint64 now_us)
{
  for (guint i = 0; i < n; i++) {
    Sent *sent = &link->sent[arrivals[i].seq % SENT];
    if (sent->seq != arrivals[i].seq || sent->size == 0)
      continue; /* it never was, or was reported before */
    if (!arrivals[i].received) {
      note_loss (link, sent, TRUE);
      continue;
    }
    note_loss (link, sent, FALSE);
    note_delay (link, sent, arrivals[i].arrival_us);
    note_arrival (link, sent, arrivals[i].arrival_us);
    sent->size = 0;
  }
  update_rate (link, now_us);
}

guint64
wc_link_estimate_bps (const WcLinkEstimate *link)
{
  return link->bps;
}

WcLinkEstimate *
wc_link_estimate_new (void)
{
  WcLinkEstimate *link = g_new0 (WcLinkEstimate, 1);

  link->threshold_ms = THRESHOLD_FIRST;
  return link;
}

void
wc_link_estimate_free (WcLinkEstimate *link)
{
  g_free (link);
}
