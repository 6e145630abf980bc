/* SPDX-License-Identifier: MIT */
/* What is missing of one RTP stream, and when to ask for it (generic NACK,
 * RFC 4585 section 6.2.1). A plain value of its owner, one thread. */
#pragma once

#include <glib.h>

/** As many may be missing at once; when there are more, the stream was cut and
 * asking makes it worse: all are given up. */
#define WC_NACK_LIST_SIZE 256

typedef struct {
  guint16 seq;
  guint8 asked;    /* how often */
  gint64 since_us; /* when its lack was noticed */
  gint64 asked_us; /* when it was asked for last */
} WcNackEntry;

typedef struct {
  gboolean begun;
  guint16 highest;
  guint n;
  WcNackEntry missing[WC_NACK_LIST_SIZE]; /* by rising seq */
  guint64 given_up;                       /* packets, ever */
} WcNackList;

typedef enum {
  WC_NACK_NEXT,     /* it was not there before */
  WC_NACK_REPAIRED, /* it was missing */
  WC_NACK_OLD,      /* came before, or was given up */
} WcNackResult;

/** Forgets everything but `given_up`: another stream begins. */
void wc_nack_list_reset (WcNackList *list);

/** A packet came. @asked_us: when it was asked for last, 0: never. */
WcNackResult wc_nack_list_take (WcNackList *list, guint16 seq, gint64 now_us,
                                gint64 *asked_us);

/** Gives up what is missing for longer than @patience_us, and fills @seqs with
 * up to @max numbers to ask for: those never asked for, and those asked for
 * @interval_us ago. They count as asked for now. Returns how many. */
guint wc_nack_list_ask (WcNackList *list, gint64 now_us, gint64 interval_us,
                        gint64 patience_us, guint16 *seqs, guint max);
