/* SPDX-License-Identifier: MIT */
/* Writes compound RTCP packets (RFC 3550 section 6, RFC 4585, RFC 5104). A
 * plain value on the stack of who uses it. Each function appends one packet
 * whole; what does not fit any more is left out and returns FALSE. */
#pragma once

#include <glib.h>

#define WC_RTCP_WRITER_SIZE 1200

typedef struct {
  gsize size;        /* 0 at first */
  guint8 data[1280]; /* with room for the trailer of SRTCP */
} WcRtcpWriter;

/** A report block (RFC 3550 section 6.4.1). */
typedef struct {
  guint32 ssrc;
  guint8 fraction_lost;
  gint32 total_lost; /* signed 24 bits */
  guint32 highest_seq;
  guint32 jitter;
  guint32 lsr, dlsr;
} WcRtcpBlock;

/** What a sender says of one stream (RFC 3550 section 6.4.1). */
typedef struct {
  guint32 ssrc;
  guint64 ntp;             /* now */
  guint32 timestamp;       /* of the same moment, in the stream's RTP clock */
  guint32 packets, octets; /* sent so far; octets of payload alone */
} WcRtcpSender;

/** Without report blocks. */
gboolean wc_rtcp_write_sr (WcRtcpWriter *writer, const WcRtcpSender *sender);
/** @n: at most 31. */
gboolean wc_rtcp_write_rr (WcRtcpWriter *writer, guint32 sender,
                           const WcRtcpBlock *blocks, guint n);
gboolean wc_rtcp_write_cname (WcRtcpWriter *writer, guint32 sender,
                              const char *cname);
/** RFC 3550 section 6.6. @n: at most 31. */
gboolean wc_rtcp_write_bye (WcRtcpWriter *writer, const guint32 *ssrcs,
                            guint n);
/** Generic NACK; @seqs rising. Those that fit into one packet, all of them if
 * there are at most 64. */
gboolean wc_rtcp_write_nack (WcRtcpWriter *writer, guint32 sender,
                             guint32 media, const guint16 *seqs, guint n);
gboolean wc_rtcp_write_pli (WcRtcpWriter *writer, guint32 sender,
                            guint32 media);
/** @number: one more for every new request (RFC 5104 section 4.3.1.1). */
gboolean wc_rtcp_write_fir (WcRtcpWriter *writer, guint32 sender, guint32 media,
                            guint8 number);
/** A packet that was written elsewhere. */
gboolean wc_rtcp_write_raw (WcRtcpWriter *writer, const guint8 *packet,
                            gsize size);
