/* SPDX-License-Identifier: MIT */
/* What a viewer tells us by RTCP (RFC 3550 section 6, RFC 4585, RFC 5104), read
 * from a decrypted compound packet. Pure; the input may be anything. */
#pragma once

#include <glib.h>

#define WC_RTCP_MAX_REPORTS 4
/** A packet of 1500 bytes that asks for more is an abuse. */
#define WC_RTCP_MAX_NACKS 64
#define WC_RTCP_MAX_TWCC 2

/** A report block (RFC 3550 section 6.4.1). */
typedef struct {
  guint32 ssrc;
  guint8 fraction_lost; /* of 256, since the report before */
  guint32 jitter;       /* in timestamp units */
  guint32 lsr, dlsr;    /* 0: it has seen no sender report */
} WcRtcpReport;

/** Packets asked for again (RFC 4585 section 6.2.1): @seq, and of the 16 behind
 * it those whose bit is set, the lowest first. */
typedef struct {
  guint32 ssrc;
  guint16 seq, mask;
} WcRtcpNack;

typedef struct {
  guint n_reports;
  WcRtcpReport reports[WC_RTCP_MAX_REPORTS];
  guint nacked; /* packets asked for again, all of them */
  guint n_nacks;
  WcRtcpNack nacks[WC_RTCP_MAX_NACKS];       /* the first ones */
  guint n_key_requests;                      /* PLI and FIR */
  guint32 key_requests[WC_RTCP_MAX_REPORTS]; /* the media SSRCs they name */
  guint64 remb_bps; /* what the receiver takes its link for
                       (draft-alvestrand-rmcat-remb-03); 0: not said */
  guint n_twcc;     /* transport-wide feedback, in what was parsed: for
                       wc_twcc_read () */
  struct {
    const guint8 *data;
    gsize size;
  } twcc[WC_RTCP_MAX_TWCC];
} WcRtcpSummary;

/** Reads as far as the packet is well-formed. Returns FALSE if nothing is. */
gboolean wc_rtcp_parse (const guint8 *data, gsize size, WcRtcpSummary *summary);

/** Of a sender report: when what stands in the stream was captured. */
typedef struct {
  guint32 ssrc;
  guint64 ntp;
  guint32 rtp_timestamp;
} WcRtcpSenderReport;

/** Reads up to @max sender reports of a compound packet, as far as it is
 * well-formed. Returns how many. */
guint wc_rtcp_read_senders (const guint8 *data, gsize size,
                            WcRtcpSenderReport *senders, guint max);

/** Leaves of the @size bytes at @data, in place, the generic NACKs (RFC 4585
 * section 6.2.1), as long as they ask for at most *@budget packets together,
 * and takes those from it. Returns what is left. An RTP session makes a member
 * of every SSRC that it reads of, and resends whatever it is asked for: this is
 * all that it needs to be told. */
gsize wc_rtcp_keep_nacks (guint8 *data, gsize size, guint *budget);

/** The round trip of @report in milliseconds, or -1 if it cannot be told.
 * @now_ntp: wc_clock_now_ntp () of the arrival (RFC 3550 section 6.4.1). */
gint wc_rtcp_round_trip_ms (const WcRtcpReport *report, guint64 now_ntp);
