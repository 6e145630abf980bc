/* SPDX-License-Identifier: MIT */
/* What a receiver report says of one RTP stream (RFC 3550 section 6.4.1,
 * appendix A). A plain value of its owner, one thread. */
#pragma once

#include "engine/rtcp-writer.h"

typedef struct {
  gboolean begun;
  guint32 clock_rate;
  guint32 first, highest; /* extended sequence numbers */
  guint64 received;
  guint64 expected_before, received_before; /* at the last report */
  guint32 transit, jitter;                  /* jitter times 16 */
  gboolean has_transit;
  guint32 lsr; /* the middle of the last sender report's NTP time */
  gint64 lsr_us;
} WcReception;

/** Another stream begins. */
void wc_reception_reset (WcReception *reception, guint32 clock_rate);

/** A packet came, not one that was sent again. */
void wc_reception_take (WcReception *reception, guint16 seq, guint32 timestamp,
                        gint64 now_us);
void wc_reception_sender_report (WcReception *reception, guint64 ntp,
                                 gint64 now_us);

/** Fills all but the SSRC; the fraction is of the time since the last call. */
void wc_reception_report (WcReception *reception, gint64 now_us,
                          WcRtcpBlock *block);

/** Packets that never came, duplicates taken off. */
gint64 wc_reception_lost (const WcReception *reception);
