/* SPDX-License-Identifier: MIT */
#include "engine/intake.h"

#define MIN_ASK_INTERVAL_US (20 * 1000)
#define UNKNOWN_RTT_US (50 * 1000)
/* So many behind the newest, one after the other, are a new numbering. */
#define MAX_OLDS 64
#define MIN_RATE_INTERVAL_US (G_USEC_PER_SEC / 4)

void
wc_intake_init (WcIntake *intake, guint32 clock_rate, gboolean repairs)
{
  *intake = (WcIntake){.clock_rate = clock_rate, .repairs = repairs};
}

/* The publisher's stream has another SSRC: it encodes anew. */
static void
begin (WcIntake *intake, guint32 ssrc, gint64 now_us)
{
  intake->has_ssrc = TRUE;
  intake->ssrc = ssrc;
  intake->olds = 0;
  intake->rate_us = now_us;
  intake->rate_bytes = intake->stats.bytes;
  intake->stats.ssrc = ssrc;
  wc_nack_list_reset (&intake->missing);
  wc_reception_reset (&intake->reception, intake->clock_rate);
}

static void
learn_rtt (WcIntake *intake, gint64 rtt_us)
{
  intake->rtt_us =
      intake->rtt_us == 0 ? rtt_us : (7 * intake->rtt_us + rtt_us) / 8;
  intake->stats.rtt_ms = (gint)(intake->rtt_us / 1000);
}

void
wc_intake_take (WcIntake *intake, const WcRtp *rtp, gboolean resent,
                gint64 now_us)
{
  gint64 asked_us;

  if (!intake->has_ssrc || rtp->ssrc != intake->ssrc)
    begin (intake, rtp->ssrc, now_us);
  switch (wc_nack_list_take (&intake->missing, rtp->seq, now_us, &asked_us)) {
  case WC_NACK_NEXT:
    intake->olds = 0;
    break;
  case WC_NACK_REPAIRED:
    intake->stats.repaired += asked_us != 0;
    if (asked_us != 0)
      learn_rtt (intake, now_us - asked_us);
    break;
  case WC_NACK_OLD:
    if (!resent && ++intake->olds > MAX_OLDS)
      begin (intake, rtp->ssrc, now_us);
    break;
  }
  if (!resent)
    wc_reception_take (&intake->reception, rtp->seq, rtp->timestamp, now_us);
  intake->stats.packets++;
  intake->stats.bytes += rtp->payload_size;
  intake->stats.last_packet_us = now_us;
}

gboolean
wc_intake_is_waiting (const WcIntake *intake)
{
  return intake->missing.n > 0;
}

/* What is given up will be missed by every viewer. */
guint
wc_intake_ask (WcIntake *intake, gint64 now_us, guint16 *seqs, guint max)
{
  gint64 rtt_us = intake->rtt_us != 0 ? intake->rtt_us : UNKNOWN_RTT_US;
  guint64 given_up = intake->missing.given_up;
  guint n = wc_nack_list_ask (
      &intake->missing, now_us, MAX (rtt_us * 5 / 4, MIN_ASK_INTERVAL_US),
      WC_PUBLISHER_PATIENCE_US, seqs, intake->repairs ? max : 0);

  intake->stats.nacked += n;
  intake->key_wanted |= intake->missing.given_up > given_up;
  intake->stats.lost = intake->missing.given_up;
  return n;
}

gboolean
wc_intake_take_key_request (WcIntake *intake, gint64 now_us)
{
  if (!intake->key_wanted || !intake->has_ssrc ||
      now_us - intake->key_asked_us < WC_INTAKE_KEY_INTERVAL_US)
    return FALSE;
  intake->key_wanted = FALSE;
  intake->key_asked_us = now_us;
  intake->fir_number++;
  intake->stats.key_requests++;
  return TRUE;
}

static void
measure_rate (WcIntake *intake, gint64 now_us)
{
  gint64 elapsed_us = now_us - intake->rate_us;
  guint64 bits = (intake->stats.bytes - intake->rate_bytes) * 8;

  if (elapsed_us < MIN_RATE_INTERVAL_US)
    return;
  intake->stats.bitrate_bps =
      (guint32)(bits * G_USEC_PER_SEC / (guint64)elapsed_us);
  intake->rate_bytes = intake->stats.bytes;
  intake->rate_us = now_us;
}

void
wc_intake_report (WcIntake *intake, gint64 now_us, WcRtcpBlock *block)
{
  measure_rate (intake, now_us);
  wc_reception_report (&intake->reception, now_us, block);
  block->ssrc = intake->ssrc;
  intake->stats.loss = block->fraction_lost / 256.0;
  intake->stats.jitter_us =
      (guint32)((guint64)block->jitter * G_USEC_PER_SEC / intake->clock_rate);
}
