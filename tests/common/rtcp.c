/* SPDX-License-Identifier: MIT */
#include "common/rtcp.h"

#include "common/bytes.h"

#include <string.h>

#define BLOCK_SIZE 24

static guint8 *
add_part (TcRtcpWriter *writer, guint8 type, guint count, gsize size)
{
  guint8 *out = writer->data + writer->size;

  g_assert_cmpuint (size % 4, ==, 0);
  g_assert_cmpuint (writer->size + size, <=, sizeof writer->data);
  memset (out, 0, size);
  out[0] = (guint8)(0x80 | count);
  out[1] = type;
  tc_put_u16 (out + 2, (guint16)(size / 4 - 1));
  writer->size += size;
  return out;
}

static void
put_block (guint8 *out, const TcRtcpBlock *block)
{
  tc_put_u32 (out, block->ssrc);
  tc_put_u32 (out + 4, (guint32)block->total_lost & 0xffffff);
  out[4] = block->fraction_lost;
  tc_put_u32 (out + 8, block->highest_seq);
  tc_put_u32 (out + 12, block->jitter);
  tc_put_u32 (out + 16, block->lsr);
  tc_put_u32 (out + 20, block->dlsr);
}

void
tc_rtcp_add_sr (TcRtcpWriter *writer, const TcRtcpSenderInfo *info,
                const TcRtcpBlock *blocks, guint n_blocks)
{
  guint8 *out =
      add_part (writer, TC_RTCP_SR, n_blocks, 28 + n_blocks * BLOCK_SIZE);

  tc_put_u32 (out + 4, info->ssrc);
  tc_put_u32 (out + 8, (guint32)(info->ntp >> 32));
  tc_put_u32 (out + 12, (guint32)info->ntp);
  tc_put_u32 (out + 16, info->rtp);
  tc_put_u32 (out + 20, info->packets);
  tc_put_u32 (out + 24, info->octets);
  for (guint i = 0; i < n_blocks; i++)
    put_block (out + 28 + i * BLOCK_SIZE, &blocks[i]);
}

void
tc_rtcp_add_rr (TcRtcpWriter *writer, guint32 ssrc, const TcRtcpBlock *blocks,
                guint n_blocks)
{
  guint8 *out =
      add_part (writer, TC_RTCP_RR, n_blocks, 8 + n_blocks * BLOCK_SIZE);

  tc_put_u32 (out + 4, ssrc);
  for (guint i = 0; i < n_blocks; i++)
    put_block (out + 8 + i * BLOCK_SIZE, &blocks[i]);
}

void
tc_rtcp_add_sdes (TcRtcpWriter *writer, guint32 ssrc, const char *cname)
{
  gsize length = MIN (strlen (cname), 255);
  /* One item, the zero that ends the list, padded to a full word. */
  gsize size = 8 + ((2 + length + 1 + 3) & ~(gsize)3);
  guint8 *out = add_part (writer, TC_RTCP_SDES, 1, size);

  tc_put_u32 (out + 4, ssrc);
  out[8] = 1;
  out[9] = (guint8)length;
  memcpy (out + 10, cname, length);
}

static guint8 *
add_feedback (TcRtcpWriter *writer, guint8 type, guint format, guint32 sender,
              guint32 media, gsize size)
{
  guint8 *out = add_part (writer, type, format, 12 + size);

  tc_put_u32 (out + 4, sender);
  tc_put_u32 (out + 8, media);
  return out + 12;
}

void
tc_rtcp_add_pli (TcRtcpWriter *writer, guint32 sender, guint32 media)
{
  add_feedback (writer, TC_RTCP_PSFB, 1, sender, media, 0);
}

void
tc_rtcp_add_fir (TcRtcpWriter *writer, guint32 sender, guint32 media,
                 guint8 number)
{
  guint8 *out = add_feedback (writer, TC_RTCP_PSFB, 4, sender, 0, 8);

  tc_put_u32 (out, media);
  out[4] = number;
}

void
tc_rtcp_add_nack (TcRtcpWriter *writer, guint32 sender, guint32 media,
                  const guint16 *seqs, guint n_seqs)
{
  guint8 pairs[800];
  gsize size = 0;

  for (guint i = 0; i < n_seqs && size + 4 <= sizeof pairs;) {
    guint16 first = seqs[i++];
    guint16 mask = 0;

    while (i < n_seqs && (guint16)(seqs[i] - first) - 1u < 16)
      mask |= (guint16)(1u << ((guint16)(seqs[i++] - first) - 1u));
    tc_put_u16 (pairs + size, first);
    tc_put_u16 (pairs + size + 2, mask);
    size += 4;
  }
  memcpy (add_feedback (writer, TC_RTCP_RTPFB, 1, sender, media, size), pairs,
          size);
}

void
tc_rtcp_add_bye (TcRtcpWriter *writer, guint32 ssrc)
{
  tc_put_u32 (add_part (writer, TC_RTCP_BYE, 1, 8) + 4, ssrc);
}

gboolean
tc_rtcp_next (const guint8 **data, gsize *size, TcRtcpPart *part)
{
  gsize length;

  if (*size < 4 || ((*data)[0] & 0xc0) != 0x80)
    return FALSE;
  length = 4 * (tc_get_u16 (*data + 2) + (gsize)1);
  if (length > *size)
    return FALSE;
  *part = (TcRtcpPart){.type = (*data)[1],
                       .count = (*data)[0] & 31,
                       .ssrc = length >= 8 ? tc_get_u32 (*data + 4) : 0,
                       .data = *data,
                       .size = length};
  *data += length;
  *size -= length;
  return TRUE;
}

gboolean
tc_rtcp_read_sr (const TcRtcpPart *part, TcRtcpSenderInfo *info)
{
  if (part->type != TC_RTCP_SR || part->size < 28)
    return FALSE;
  *info = (TcRtcpSenderInfo){.ssrc = part->ssrc,
                             .ntp = tc_get_u64 (part->data + 8),
                             .rtp = tc_get_u32 (part->data + 16),
                             .packets = tc_get_u32 (part->data + 20),
                             .octets = tc_get_u32 (part->data + 24)};
  return TRUE;
}

gboolean
tc_rtcp_read_block (const TcRtcpPart *part, guint index, TcRtcpBlock *block)
{
  gsize at = (part->type == TC_RTCP_SR ? 28 : 8) + (gsize)index * BLOCK_SIZE;
  const guint8 *data = part->data + at;

  if ((part->type != TC_RTCP_SR && part->type != TC_RTCP_RR) ||
      index >= part->count || at + BLOCK_SIZE > part->size)
    return FALSE;
  *block = (TcRtcpBlock){.ssrc = tc_get_u32 (data),
                         .fraction_lost = data[4],
                         .total_lost = (gint32)tc_get_u24 (data + 5),
                         .highest_seq = tc_get_u32 (data + 8),
                         .jitter = tc_get_u32 (data + 12),
                         .lsr = tc_get_u32 (data + 16),
                         .dlsr = tc_get_u32 (data + 20)};
  if ((block->total_lost & 0x800000) != 0)
    block->total_lost -= 0x1000000;
  return TRUE;
}

char *
tc_rtcp_read_cname (const TcRtcpPart *part)
{
  if (part->type != TC_RTCP_SDES || part->size < 12 || part->data[8] != 1)
    return NULL;
  if ((gsize)10 + part->data[9] > part->size)
    return NULL;
  return g_strndup ((const char *)part->data + 10, part->data[9]);
}
