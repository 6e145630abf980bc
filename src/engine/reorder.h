/* SPDX-License-Identifier: MIT */
/* Puts the packets of one RTP stream in order: extends the 16-bit sequence
 * numbers, holds packets back while one before them is missing, drops what
 * comes twice or too late, and tells when the numbering has begun anew. A plain
 * value of its owner, one thread.
 *
 * On the way through, a WcPacket holds what came: `seq` the 16-bit number, then
 * extended; `timestamp` the 32-bit one; `capture_us` when it arrived. */
#pragma once

#include "engine/packet.h"

#define WC_REORDER_HOLD 64       /* packets */
#define WC_REORDER_HOLD_US 50000 /* and how long */
#define WC_REORDER_PATIENT 512   /* packets, where they are asked for again */
#define WC_REORDER_MAX_JUMP 3000 /* RFC 3550 appendix A.1: MAX_DROPOUT */
#define WC_REORDER_MAX_STRAYS 16 /* late ones in a row make a new beginning */

typedef struct {
  gint64 patience_us; /* 0: WC_REORDER_HOLD_US; kept when it is cleared */
  WcPacket *held[WC_REORDER_PATIENT]; /* by rising seq */
  guint n_held;
  gboolean begun;
  guint64 next; /* the extended seq to pop next */
  WcPacket *suspects[2];
  guint n_suspects;
  guint strays; /* late ones in a row, numbered without gap */
  guint16 last_stray;
  gint64 last_taken_us;
  guint dropped; /* too late or twice; the owner takes the count */
} WcReorder;

/** Drops all there is; `dropped` stays. */
void wc_reorder_clear (WcReorder *reorder);

/** Takes @packet (transfer full); wc_reorder_pop () must be called until there
 * is none before the next. Returns TRUE when the source was found to number its
 * packets anew: pop what is left with @now_us G_MAXINT64, then call
 * wc_reorder_begin_anew () and pop on. */
gboolean wc_reorder_push (WcReorder *reorder, WcPacket *packet);
void wc_reorder_begin_anew (WcReorder *reorder);

/** The next packet that may go on (transfer full), or NULL. @lost: how many
 * before it are given up. */
WcPacket *wc_reorder_pop (WcReorder *reorder, gint64 now_us, guint *lost);
