/* SPDX-License-Identifier: MIT */
/* The RTCP between us and a source of RTP: its sender reports and BYE coming
 * in, our picture loss indication going out. Pure functions on bytes; input is
 * hostile. */
#pragma once

#include <glib.h>

typedef struct {
  gboolean has_report; /* a sender report of the wanted SSRC */
  guint64 ntp;
  guint32 rtp_timestamp;
  gboolean bye; /* the wanted SSRC left */
} WcSourceRtcp;

#define WC_SOURCE_RTCP_PLI_SIZE 20

/** TRUE if a datagram that came to an RTP port is RTCP (RFC 5761 section 4). */
gboolean wc_source_rtcp_is_rtcp (const guint8 *data, gsize size);

/** Reads a compound packet (RFC 3550 section 6) as far as it is well-formed and
 * picks out what is about @ssrc. Returns FALSE if nothing of it is. */
gboolean wc_source_rtcp_parse (const guint8 *data, gsize size, guint32 ssrc,
                               WcSourceRtcp *rtcp);

/** An empty receiver report and a PLI for @media_ssrc (RFC 4585 section 6.3.1).
 */
void wc_source_rtcp_write_pli (guint32 own_ssrc, guint32 media_ssrc,
                               guint8 packet[WC_SOURCE_RTCP_PLI_SIZE]);
