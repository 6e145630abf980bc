/* SPDX-License-Identifier: MIT */
/* Transport-wide congestion control feedback
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1): when which
 * packet came, for the sender's estimate of the path. A plain value of its
 * owner, one thread. */
#pragma once

#include <glib.h>

/** Numbers that can wait for their feedback. */
#define WC_TWCC_WINDOW 1024
/** Room for any feedback that is written. */
#define WC_TWCC_MAX_SIZE 1100

typedef struct {
  gboolean begun;
  guint16 base; /* the first number that was not reported */
  guint n;      /* numbers from there to the newest that came */
  guint8 count; /* of feedback packets */
  gint64 arrivals_us[WC_TWCC_WINDOW]; /* by number; 0: it did not come */
} WcTwcc;

/** Packet @seq (of the header extension) came. */
void wc_twcc_take (WcTwcc *twcc, guint16 seq, gint64 now_us);

/** TRUE when something came that was not reported. */
gboolean wc_twcc_has_news (const WcTwcc *twcc);

/** Writes one RTCP packet about what was not reported yet, as far as it fits;
 * to be called while there are news. Returns its size, a multiple of 4. */
gsize wc_twcc_write (WcTwcc *twcc, guint32 sender_ssrc, guint32 media_ssrc,
                     guint8 out[WC_TWCC_MAX_SIZE]);
