/* SPDX-License-Identifier: MIT */
#include "engine/rtcp-writer.h"

#include "base/bytes.h"

#include <string.h>

enum { SR = 200, RR = 201, SDES = 202, BYE = 203, RTPFB = 205, PSFB = 206 };
enum { FMT_NACK = 1, FMT_PLI = 1, FMT_FIR = 4 };
#define SDES_CNAME 1
#define BLOCK_SIZE 24
#define SR_SIZE 28

/* Room for a packet of @size bytes, header written; NULL: there is none. */
static guint8 *
begin (WcRtcpWriter *writer, guint count, guint type, gsize size)
{
  guint8 *packet = writer->data + writer->size;

  if (writer->size + size > WC_RTCP_WRITER_SIZE)
    return NULL;
  memset (packet, 0, size);
  packet[0] = (guint8)(0x80 | count);
  packet[1] = (guint8)type;
  wc_write_u16 (packet + 2, (guint)(size / 4 - 1));
  writer->size += size;
  return packet;
}

gboolean
wc_rtcp_write_sr (WcRtcpWriter *writer, const WcRtcpSender *sender)
{
  guint8 *packet = begin (writer, 0, SR, SR_SIZE);

  if (packet == NULL)
    return FALSE;
  wc_write_u32 (packet + 4, sender->ssrc);
  wc_write_u32 (packet + 8, (guint32)(sender->ntp >> 32));
  wc_write_u32 (packet + 12, (guint32)sender->ntp);
  wc_write_u32 (packet + 16, sender->timestamp);
  wc_write_u32 (packet + 20, sender->packets);
  wc_write_u32 (packet + 24, sender->octets);
  return TRUE;
}

gboolean
wc_rtcp_write_rr (WcRtcpWriter *writer, guint32 sender,
                  const WcRtcpBlock *blocks, guint n)
{
  guint8 *packet = begin (writer, n, RR, 8 + n * BLOCK_SIZE);

  if (packet == NULL)
    return FALSE;
  wc_write_u32 (packet + 4, sender);
  for (guint i = 0; i < n; i++) {
    const WcRtcpBlock *block = &blocks[i];
    guint8 *out = packet + 8 + i * BLOCK_SIZE;
    wc_write_u32 (out, block->ssrc);
    wc_write_u32 (out + 4, (guint32)block->fraction_lost << 24 |
                               ((guint32)block->total_lost & 0xffffff));
    wc_write_u32 (out + 8, block->highest_seq);
    wc_write_u32 (out + 12, block->jitter);
    wc_write_u32 (out + 16, block->lsr);
    wc_write_u32 (out + 20, block->dlsr);
  }
  return TRUE;
}

gboolean
wc_rtcp_write_cname (WcRtcpWriter *writer, guint32 sender, const char *cname)
{
  gsize length = strlen (cname);
  /* The item ends with at least one zero byte (RFC 3550 section 6.5). */
  gsize chunk = (4 + 2 + length + 1 + 3) / 4 * 4;
  guint8 *packet = begin (writer, 1, SDES, 4 + chunk);

  if (packet == NULL)
    return FALSE;
  wc_write_u32 (packet + 4, sender);
  packet[8] = SDES_CNAME;
  packet[9] = (guint8)length;
  memcpy (packet + 10, cname, length);
  return TRUE;
}

gboolean
wc_rtcp_write_bye (WcRtcpWriter *writer, const guint32 *ssrcs, guint n)
{
  guint8 *packet = begin (writer, n, BYE, 4 + 4 * (gsize)n);

  if (packet == NULL)
    return FALSE;
  for (guint i = 0; i < n; i++)
    wc_write_u32 (packet + 4 + 4 * (gsize)i, ssrcs[i]);
  return TRUE;
}

/* Takes as many of @seqs as one PID and its bit mask name. */
static guint
take_pair (const guint16 *seqs, guint n, guint *mask)
{
  guint taken = 1;

  *mask = 0;
  for (; taken < n; taken++) {
    guint distance = (guint16)(seqs[taken] - seqs[0]);
    if (distance == 0 || distance > 16)
      break;
    *mask |= 1u << (distance - 1);
  }
  return taken;
}

gboolean
wc_rtcp_write_nack (WcRtcpWriter *writer, guint32 sender, guint32 media,
                    const guint16 *seqs, guint n)
{
  guint8 pairs[64 * 4];
  gsize size = 0;

  for (guint at = 0; at < n && size < sizeof pairs; size += 4) {
    guint mask, taken = take_pair (seqs + at, n - at, &mask);
    wc_write_u16 (pairs + size, seqs[at]);
    wc_write_u16 (pairs + size + 2, mask);
    at += taken;
  }
  guint8 *packet = begin (writer, FMT_NACK, RTPFB, 12 + size);
  if (packet == NULL)
    return FALSE;
  wc_write_u32 (packet + 4, sender);
  wc_write_u32 (packet + 8, media);
  memcpy (packet + 12, pairs, size);
  return TRUE;
}

gboolean
wc_rtcp_write_pli (WcRtcpWriter *writer, guint32 sender, guint32 media)
{
  guint8 *packet = begin (writer, FMT_PLI, PSFB, 12);

  if (packet == NULL)
    return FALSE;
  wc_write_u32 (packet + 4, sender);
  wc_write_u32 (packet + 8, media);
  return TRUE;
}

gboolean
wc_rtcp_write_fir (WcRtcpWriter *writer, guint32 sender, guint32 media,
                   guint8 number)
{
  guint8 *packet = begin (writer, FMT_FIR, PSFB, 20);

  if (packet == NULL)
    return FALSE;
  wc_write_u32 (packet + 4, sender);
  wc_write_u32 (packet + 12, media); /* in the FCI; that of the header is 0 */
  packet[16] = number;
  return TRUE;
}

gboolean
wc_rtcp_write_raw (WcRtcpWriter *writer, const guint8 *packet, gsize size)
{
  if (writer->size + size > WC_RTCP_WRITER_SIZE)
    return FALSE;
  memcpy (writer->data + writer->size, packet, size);
  writer->size += size;
  return TRUE;
}
