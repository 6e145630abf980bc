/* SPDX-License-Identifier: MIT */
/* Which figures a run of the bench gives, from what was noted on the way.
 * README.md says what each one means. */
#pragma once

#include "bench/nft-counter.h"
#include "bench/options.h"
#include "bench/proc-stat.h"
#include "bench/report.h"
#include "bench/viewers.h"

#include <glib.h>

/** One moment of everything that is counted. */
typedef struct {
  TbProcStat server, own;
  TbTotals totals;
  TbNftCounter outside; /* counted by nftables */
  guint64 sent;         /* by the source */
  GArray *packets;      /* guint64 for each viewer; nullable */
} TbMoment;

typedef struct {
  const TbOptions *options;
  TbViewers *viewers;
  TbMoment idle, begin, end, after;
  GArray *pauses, *delays;             /* of the steady phase; nullable */
  GArray *crowd_pauses, *crowd_delays; /* of those who watched; nullable */
  GArray *key_times;                   /* after the outage; nullable */
} TbRun;

void tb_run_clear (TbRun *run);
void tb_figures_add (TbRun *run, TbReport *report);
