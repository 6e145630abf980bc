/* SPDX-License-Identifier: MIT */
#include "engine/reception.h"

#define MAX_LOST 0x7fffff

void
wc_reception_reset (WcReception *reception, guint32 clock_rate)
{
  *reception = (WcReception){.clock_rate = clock_rate};
}

static void
measure_jitter (WcReception *reception, guint32 timestamp, gint64 now_us)
{
  guint32 rate = reception->clock_rate;
  guint32 arrival =
      (guint32)((guint64)(now_us / G_USEC_PER_SEC) * rate +
                (guint64)(now_us % G_USEC_PER_SEC) * rate / G_USEC_PER_SEC);
  guint32 transit = arrival - timestamp;
  guint32 distance =
      (guint32)ABS ((gint64)(gint32)(transit - reception->transit));

  /* A step of a second is a change of the source, not jitter. */
  if (reception->has_transit && distance < rate)
    reception->jitter += distance - ((reception->jitter + 8) >> 4);
  reception->transit = transit;
  reception->has_transit = TRUE;
}

void
wc_reception_take (WcReception *reception, guint16 seq, guint32 timestamp,
                   gint64 now_us)
{
  if (!reception->begun) {
    reception->begun = TRUE;
    /* From the second cycle on, so that a late one is no huge number. */
    reception->first = reception->highest = 0x10000u + seq;
  }
  gint16 ahead = (gint16)(seq - (guint16)reception->highest);
  if (ahead > 0)
    reception->highest += (guint32)ahead;
  reception->received++;
  measure_jitter (reception, timestamp, now_us);
}

void
wc_reception_sender_report (WcReception *reception, guint64 ntp, gint64 now_us)
{
  reception->lsr = (guint32)(ntp >> 16);
  reception->lsr_us = now_us;
}

static guint64
expected (const WcReception *reception)
{
  return reception->begun ? (guint64)(reception->highest - reception->first) + 1
                          : 0;
}

gint64
wc_reception_lost (const WcReception *reception)
{
  return (gint64)expected (reception) - (gint64)reception->received;
}

void
wc_reception_report (WcReception *reception, gint64 now_us, WcRtcpBlock *block)
{
  gint64 due = (gint64)(expected (reception) - reception->expected_before);
  gint64 came = (gint64)(reception->received - reception->received_before);
  gint64 lost = due - came;

  reception->expected_before = expected (reception);
  reception->received_before = reception->received;
  block->fraction_lost =
      due > 0 && lost > 0 ? (guint8)MIN (lost * 256 / due, 255) : 0;
  block->total_lost =
      (gint32)CLAMP (wc_reception_lost (reception), -MAX_LOST, MAX_LOST);
  block->highest_seq = reception->highest - 0x10000u;
  block->jitter = reception->jitter >> 4;
  block->lsr = reception->lsr;
  block->dlsr = 0;
  if (reception->lsr_us != 0)
    block->dlsr =
        (guint32)((now_us - reception->lsr_us) * 65536 / G_USEC_PER_SEC);
}
