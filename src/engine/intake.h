/* SPDX-License-Identifier: MIT */
/* One RTP stream of a publisher on its way in: what is missing of it, what the
 * publisher is told about it, and its counters. Internal to the engine; part of
 * a publisher, used on its worker's thread. */
#pragma once

#include "engine/nack-list.h"
#include "engine/publisher.h"
#include "engine/reception.h"
#include "engine/rtp.h"

/* At most one request for a key frame in this time (conformance row R-04). */
#define WC_INTAKE_KEY_INTERVAL_US (G_USEC_PER_SEC / 2)

typedef struct {
  gboolean has_ssrc; /* a packet came */
  guint32 ssrc;
  guint32 clock_rate;
  gboolean repairs; /* NACK was agreed on */
  WcNackList missing;
  guint olds; /* packets in a row that were behind the newest */
  WcReception reception;
  gint64 rtt_us; /* as NACKs and their answers show it; 0: not known */

  gboolean key_wanted;
  gint64 key_asked_us;
  guint8 fir_number;

  WcIntakeStats stats;
  guint64 rate_bytes; /* at rate_us */
  gint64 rate_us;
} WcIntake;

void wc_intake_init (WcIntake *intake, guint32 clock_rate, gboolean repairs);

/** @rtp came, as the publisher first sent it or (@resent) as what RTX brought.
 */
void wc_intake_take (WcIntake *intake, const WcRtp *rtp, gboolean resent,
                     gint64 now_us);

/** What is to be asked for again, now. Returns how many. */
guint wc_intake_ask (WcIntake *intake, gint64 now_us, guint16 *seqs, guint max);
/** TRUE while something is missing that could still come. */
gboolean wc_intake_is_waiting (const WcIntake *intake);

/** TRUE if a request for a key frame is to be sent now; counts as sent. */
gboolean wc_intake_take_key_request (WcIntake *intake, gint64 now_us);

/** The report block; also brings rates and losses up to date. */
void wc_intake_report (WcIntake *intake, gint64 now_us, WcRtcpBlock *block);
