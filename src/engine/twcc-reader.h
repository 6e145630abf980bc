/* SPDX-License-Identifier: MIT */
/* Reads transport-wide congestion control feedback
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1), as viewers
 * send it. Pure; the input may be anything. twcc.h writes it. */
#pragma once

#include <glib.h>

/** Feedback that speaks of more packets is not read. */
#define WC_TWCC_MAX_ARRIVALS 1024

typedef struct {
  guint16 seq; /* transport-wide, of the header extension */
  gboolean received;
  gint64 arrival_us; /* on the receiver's clock, which begins anywhere and wraps
                        after 12 days; in steps of 250 us */
} WcTwccArrival;

/** @data: one RTCP packet (RTPFB, FMT 15) with its header and its padding.
 * Returns how many packets it speaks of, in the order of their numbers; 0 if it
 * is not well-formed. */
guint wc_twcc_read (const guint8 *data, gsize size,
                    WcTwccArrival arrivals[WC_TWCC_MAX_ARRIVALS]);
