/* SPDX-License-Identifier: MIT */
/* Guesses what an RTP stream carries when it is not what was announced, from
 * the first bytes of its payloads: for messages to people; no packet is dropped
 * for it. A plain value; not shared between threads. */
#pragma once

#include "base/codec.h"
#include "engine/rtp.h"

#define WC_RTP_GUESS_KINDS 8

typedef struct {
  guint packets; /* looked at since the last reset; no more than 64 */
  guint scores[WC_RTP_GUESS_KINDS];
  guint8 payload_type;
  guint max_size; /* of a payload, bytes */
  guint8 head[4]; /* the first bytes of the last payload */
} WcRtpGuess;

void wc_rtp_guess_reset (WcRtpGuess *guess);

/** Looks at one packet. */
void wc_rtp_guess_add (WcRtpGuess *guess, const WcRtp *rtp);

/** TRUE when it is almost certainly not @codec. Only video can be told. */
gboolean wc_rtp_guess_contradicts (const WcRtpGuess *guess, WcCodec codec);

/** What it seems to be, "H264" or "MPEG-TS"; NULL: no idea. Static. */
const char *wc_rtp_guess_name (const WcRtpGuess *guess);

/** "payload type 96, up to 1200 bytes, beginning 90 80 1a 0c: VP8 by the look
 * of it". (transfer full) */
char *wc_rtp_guess_describe (const WcRtpGuess *guess);
