/* SPDX-License-Identifier: MIT */
/* What state a track of an RTP source is in, and what a person would have to
 * know about it. Pure: made of what was counted, no I/O. */
#pragma once

#include "ingest/rtp-track.h"

typedef enum {
  WC_RTP_SILENT,   /* nothing is heard */
  WC_RTP_WAITING,  /* packets, but nobody could begin to watch */
  WC_RTP_PLAYING,  /* packets, and a start point was there */
  WC_RTP_MISMATCH, /* what comes is not what was announced */
} WcRtpVerdict;

typedef struct {
  WcRtpVerdict verdict;
  char *reason; /* nullable: a sentence without a full stop */
} WcRtpDiagnosis;

/** @timeout_ms: how long a track may be silent. */
void wc_rtp_diagnose (WcRtpDiagnosis *diagnosis, const WcTrackSpec *spec,
                      const WcRtpTrackStatus *status, const WcRtpStats *input,
                      const WcTrackStats *stats, guint timeout_ms,
                      gint64 now_us);
void wc_rtp_diagnosis_clear (WcRtpDiagnosis *diagnosis);
