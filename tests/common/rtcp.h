/* SPDX-License-Identifier: MIT */
/* RTCP (RFC 3550 section 6, RFC 4585, RFC 5104): a writer of compound packets
 * and a reader of their parts. Plain values, any thread. */
#pragma once

#include <glib.h>

enum {
  TC_RTCP_SR = 200,
  TC_RTCP_RR = 201,
  TC_RTCP_SDES = 202,
  TC_RTCP_BYE = 203,
  TC_RTCP_RTPFB = 205, /* count 1: NACK, 15: transport-cc */
  TC_RTCP_PSFB = 206,  /* count 1: PLI, 4: FIR, 15: REMB */
};

typedef struct {
  guint32 ssrc;
  guint8 fraction_lost; /* of 256 */
  gint32 total_lost;
  guint32 highest_seq; /* extended */
  guint32 jitter;      /* in units of the RTP clock */
  guint32 lsr;         /* middle 32 bits of the last SR's NTP time */
  guint32 dlsr;        /* since then, in 1/65536 s */
} TcRtcpBlock;

typedef struct {
  guint32 ssrc;
  guint64 ntp;
  guint32 rtp;
  guint32 packets;
  guint32 octets;
} TcRtcpSenderInfo;

typedef struct {
  guint8 data[1200];
  gsize size; /* set to 0 before the first part */
} TcRtcpWriter;

/** Each appends one RTCP packet; what does not fit is a programming error. */
void tc_rtcp_add_sr (TcRtcpWriter *writer, const TcRtcpSenderInfo *info,
                     const TcRtcpBlock *blocks, guint n_blocks);
void tc_rtcp_add_rr (TcRtcpWriter *writer, guint32 ssrc,
                     const TcRtcpBlock *blocks, guint n_blocks);
void tc_rtcp_add_sdes (TcRtcpWriter *writer, guint32 ssrc, const char *cname);
void tc_rtcp_add_pli (TcRtcpWriter *writer, guint32 sender, guint32 media);
void tc_rtcp_add_fir (TcRtcpWriter *writer, guint32 sender, guint32 media,
                      guint8 number);
/** Generic NACK; @seqs ascending, packed into PID and BLP pairs. */
void tc_rtcp_add_nack (TcRtcpWriter *writer, guint32 sender, guint32 media,
                       const guint16 *seqs, guint n_seqs);
void tc_rtcp_add_bye (TcRtcpWriter *writer, guint32 ssrc);

typedef struct {
  guint8 type;
  guint8 count; /* or feedback format */
  guint32 ssrc; /* of the sender; 0 when the packet has none */
  const guint8 *data;
  gsize size;
} TcRtcpPart;

/** Takes the next part off *@data. Returns FALSE at the end, and with *@size
 * left above 0 when the rest is malformed. */
gboolean tc_rtcp_next (const guint8 **data, gsize *size, TcRtcpPart *part);
gboolean tc_rtcp_read_sr (const TcRtcpPart *part, TcRtcpSenderInfo *info);
/** Report block @index of an SR or RR. */
gboolean tc_rtcp_read_block (const TcRtcpPart *part, guint index,
                             TcRtcpBlock *block);
/** The CNAME of an SDES with one chunk (transfer full), or NULL. */
char *tc_rtcp_read_cname (const TcRtcpPart *part);
