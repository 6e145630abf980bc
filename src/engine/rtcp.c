/* SPDX-License-Identifier: MIT */
#include "engine/rtcp.h"

#include "base/bytes.h"

#include <string.h>

#define HEADER_SIZE 4
#define REPORT_SIZE 24

enum { SR = 200, RR = 201, RTPFB = 205, PSFB = 206 };
enum { FMT_NACK = 1, FMT_TWCC = 15 };                    /* RTPFB */
enum { FMT_PLI = 1, FMT_FIR = 4, FMT_APPLICATION = 15 }; /* PSFB */

static void
read_reports (const guint8 *data, gsize size, guint n, WcRtcpSummary *summary)
{
  for (guint i = 0;
       i < n && size >= REPORT_SIZE && summary->n_reports < WC_RTCP_MAX_REPORTS;
       i++, data += REPORT_SIZE, size -= REPORT_SIZE)
    summary->reports[summary->n_reports++] = (WcRtcpReport){
        .ssrc = wc_read_u32 (data),
        .fraction_lost = data[4],
        .jitter = wc_read_u32 (data + 12),
        .lsr = wc_read_u32 (data + 16),
        .dlsr = wc_read_u32 (data + 20),
    };
}

static guint
count_nacks (const guint8 *data, gsize size)
{
  guint n = 0;

  for (; size >= 4; data += 4, size -= 4) {
    guint mask = (guint)(data[2] << 8 | data[3]);
    n += 1 + (guint)__builtin_popcount (mask);
  }
  return n;
}

static void
read_nacks (guint32 ssrc, const guint8 *data, gsize size,
            WcRtcpSummary *summary)
{
  summary->nacked += count_nacks (data, size);
  for (; size >= 4 && summary->n_nacks < WC_RTCP_MAX_NACKS;
       data += 4, size -= 4)
    summary->nacks[summary->n_nacks++] =
        (WcRtcpNack){.ssrc = ssrc,
                     .seq = (guint16)(data[0] << 8 | data[1]),
                     .mask = (guint16)(data[2] << 8 | data[3])};
}

/* @data: behind the sender's SSRC and the media's, which is 0. */
static void
read_remb (const guint8 *data, gsize size, WcRtcpSummary *summary)
{
  if (size < 8 || memcmp (data, "REMB", 4) != 0)
    return;
  guint64 mantissa =
      (guint64)(data[5] & 0x03) << 16 | (guint64)data[6] << 8 | data[7];
  summary->remb_bps = mantissa << MIN (data[5] >> 2, 40);
}

static void
add_key_request (guint32 ssrc, WcRtcpSummary *summary)
{
  if (summary->n_key_requests < WC_RTCP_MAX_REPORTS)
    summary->key_requests[summary->n_key_requests++] = ssrc;
}

/* @data: behind the common header; the reader wants that too. */
static void
add_twcc (const guint8 *data, gsize size, WcRtcpSummary *summary)
{
  if (summary->n_twcc >= WC_RTCP_MAX_TWCC)
    return;
  summary->twcc[summary->n_twcc].data = data - HEADER_SIZE;
  summary->twcc[summary->n_twcc++].size = size + HEADER_SIZE;
}

/* @data: behind the common header. */
static void
read_packet (guint type, guint count, const guint8 *data, gsize size,
             WcRtcpSummary *summary)
{
  if (type == SR && size >= 24) {
    read_reports (data + 24, size - 24, count, summary);
  } else if (type == RR && size >= 4) {
    read_reports (data + 4, size - 4, count, summary);
  } else if (type == RTPFB && count == FMT_NACK && size >= 8) {
    read_nacks (wc_read_u32 (data + 4), data + 8, size - 8, summary);
  } else if (type == RTPFB && count == FMT_TWCC) {
    add_twcc (data, size, summary);
  } else if (type == PSFB && count == FMT_PLI && size >= 8) {
    add_key_request (wc_read_u32 (data + 4), summary);
  } else if (type == PSFB && count == FMT_APPLICATION && size >= 8) {
    read_remb (data + 8, size - 8, summary);
  } else if (type == PSFB && count == FMT_FIR) {
    for (gsize at = 8; at + 8 <= size; at += 8)
      add_key_request (wc_read_u32 (data + at), summary);
  }
}

/* The length of the packet at @data, with its header; 0: not well-formed. */
static gsize
packet_length (const guint8 *data, gsize size)
{
  if (size < HEADER_SIZE || data[0] >> 6 != 2)
    return 0;
  gsize length = ((gsize)(data[2] << 8 | data[3]) + 1) * 4;
  return length <= size ? length : 0;
}

gboolean
wc_rtcp_parse (const guint8 *data, gsize size, WcRtcpSummary *summary)
{
  gboolean any = FALSE;
  gsize length;

  *summary = (WcRtcpSummary){0};
  while ((length = packet_length (data, size)) > 0) {
    read_packet (data[1], data[0] & 0x1f, data + HEADER_SIZE,
                 length - HEADER_SIZE, summary);
    data += length;
    size -= length;
    any = TRUE;
  }
  return any;
}

guint
wc_rtcp_read_senders (const guint8 *data, gsize size,
                      WcRtcpSenderReport *senders, guint max)
{
  gsize length;
  guint n = 0;

  for (; n < max && (length = packet_length (data, size)) > 0;
       data += length, size -= length)
    if (data[1] == SR && length >= HEADER_SIZE + 24)
      senders[n++] = (WcRtcpSenderReport){
          .ssrc = wc_read_u32 (data + 4),
          .ntp =
              (guint64)wc_read_u32 (data + 8) << 32 | wc_read_u32 (data + 12),
          .rtp_timestamp = wc_read_u32 (data + 16),
      };
  return n;
}

gsize
wc_rtcp_keep_nacks (guint8 *data, gsize size, guint *budget)
{
  gsize kept = 0, length;

  for (gsize at = 0; (length = packet_length (data + at, size - at)) > 0;
       at += length) {
    /* Not padded ones: only the last of a compound may be. */
    if (data[at] != (0x80 | FMT_NACK) || data[at + 1] != RTPFB ||
        length < HEADER_SIZE + 12)
      continue;
    guint n =
        count_nacks (data + at + HEADER_SIZE + 8, length - HEADER_SIZE - 8);
    if (n > *budget)
      continue;
    *budget -= n;
    memmove (data + kept, data + at, length);
    kept += length;
  }
  return kept;
}

gint
wc_rtcp_round_trip_ms (const WcRtcpReport *report, guint64 now_ntp)
{
  guint32 now = (guint32)(now_ntp >> 16);
  gint32 round_trip = (gint32)(now - report->lsr - report->dlsr);

  if (report->lsr == 0)
    return -1;
  /* In units of 1/65536 s; clocks step, so nonsense is possible. */
  if (round_trip < 0)
    return 0;
  return (gint)((gint64)round_trip * 1000 / 65536);
}
