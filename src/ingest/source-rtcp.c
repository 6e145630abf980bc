/* SPDX-License-Identifier: MIT */
#include "ingest/source-rtcp.h"

#include "base/bytes.h"

#include <string.h>

#define TYPE_SR 200
#define TYPE_RR 201
#define TYPE_BYE 203
#define TYPE_PSFB 206
#define FMT_PLI 1
#define HEADER_SIZE 4
#define SR_SIZE 28

gboolean
wc_source_rtcp_is_rtcp (const guint8 *data, gsize size)
{
  return size >= HEADER_SIZE && data[0] >> 6 == 2 && data[1] >= 192 &&
         data[1] <= 223;
}

static void
read_sender_report (const guint8 *data, gsize size, guint32 ssrc,
                    WcSourceRtcp *rtcp)
{
  if (size < SR_SIZE || wc_read_u32 (data + 4) != ssrc)
    return;
  rtcp->has_report = TRUE;
  rtcp->ntp = (guint64)wc_read_u32 (data + 8) << 32 | wc_read_u32 (data + 12);
  rtcp->rtp_timestamp = wc_read_u32 (data + 16);
}

static void
read_bye (const guint8 *data, gsize size, guint32 ssrc, WcSourceRtcp *rtcp)
{
  guint n = data[0] & 0x1f;

  for (gsize i = 0; i < n && HEADER_SIZE + 4 * (i + 1) <= size; i++)
    if (wc_read_u32 (data + HEADER_SIZE + 4 * i) == ssrc)
      rtcp->bye = TRUE;
}

gboolean
wc_source_rtcp_parse (const guint8 *data, gsize size, guint32 ssrc,
                      WcSourceRtcp *rtcp)
{
  memset (rtcp, 0, sizeof *rtcp);
  while (size >= HEADER_SIZE && data[0] >> 6 == 2) {
    gsize length = 4 * (((gsize)data[2] << 8 | data[3]) + 1);

    if (length > size)
      break;
    if (data[1] == TYPE_SR)
      read_sender_report (data, length, ssrc, rtcp);
    else if (data[1] == TYPE_BYE)
      read_bye (data, length, ssrc, rtcp);
    data += length;
    size -= length;
  }
  return rtcp->has_report || rtcp->bye;
}

void
wc_source_rtcp_write_pli (guint32 own_ssrc, guint32 media_ssrc,
                          guint8 packet[WC_SOURCE_RTCP_PLI_SIZE])
{
  const guint8 report[] = {0x80, TYPE_RR, 0, 1};
  const guint8 feedback[] = {0x80 | FMT_PLI, TYPE_PSFB, 0, 2};

  memcpy (packet, report, sizeof report);
  wc_write_u32 (packet + 4, own_ssrc);
  memcpy (packet + 8, feedback, sizeof feedback);
  wc_write_u32 (packet + 12, own_ssrc);
  wc_write_u32 (packet + 16, media_ssrc);
}
