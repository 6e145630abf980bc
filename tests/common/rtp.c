/* SPDX-License-Identifier: MIT */
#include "common/rtp.h"

#include "common/bytes.h"

gboolean
tc_rtp_read_header (TcRtpPacket *packet, const guint8 *data, gsize size)
{
  gsize at = 12;

  if (size < at || (data[0] & 0xc0) != 0x80)
    return FALSE;
  *packet = (TcRtpPacket){.pt = data[1] & 0x7f,
                          .marker = (data[1] & 0x80) != 0,
                          .seq = tc_get_u16 (data + 2),
                          .timestamp = tc_get_u32 (data + 4),
                          .ssrc = tc_get_u32 (data + 8)};
  at += 4 * (gsize)(data[0] & 15);
  if ((data[0] & 0x10) != 0) {
    if (at + 4 > size)
      return FALSE;
    packet->extension = data + at;
    packet->extension_size = 4 + 4 * (gsize)tc_get_u16 (data + at + 2);
    at += packet->extension_size;
  }
  if (at > size)
    return FALSE;
  packet->payload = data + at;
  packet->payload_size = size - at;
  return TRUE;
}

gboolean
tc_rtp_read (TcRtpPacket *packet, const guint8 *data, gsize size)
{
  if (!tc_rtp_read_header (packet, data, size))
    return FALSE;
  if ((data[0] & 0x20) != 0) {
    if (data[size - 1] == 0 || data[size - 1] > packet->payload_size)
      return FALSE;
    packet->payload_size -= data[size - 1];
  }
  return TRUE;
}

void
tc_rtp_write_header (const TcRtpPacket *packet, guint8 out[12])
{
  out[0] = 0x80;
  out[1] = (guint8)(packet->pt | (packet->marker ? 0x80 : 0));
  tc_put_u16 (out + 2, packet->seq);
  tc_put_u32 (out + 4, packet->timestamp);
  tc_put_u32 (out + 8, packet->ssrc);
}

/* RFC 6184: single NAL unit, STAP-A (24), the first FU-A (28). */
static gboolean
starts_h264 (const guint8 *payload, gsize size)
{
  guint type = payload[0] & 31;

  if (type == 28)
    return size > 1 && (payload[1] & 0x80) != 0 && (payload[1] & 31) == 5;
  if (type != 24)
    return type == 5;
  for (gsize at = 1; at + 3 <= size; at += 2 + tc_get_u16 (payload + at))
    if ((payload[at + 2] & 31) == 5)
      return TRUE;
  return FALSE;
}

/* RFC 7798: single NAL unit, AP (48), the first FU (49); IRAP is 16 to 23. */
static gboolean
starts_h265 (const guint8 *payload, gsize size)
{
  guint type = (payload[0] >> 1) & 63;

  if (type == 49)
    return size > 2 && (payload[2] & 0x80) != 0 &&
           ((payload[2] & 63) & ~7u) == 16;
  if (type != 48)
    return (type & ~7u) == 16;
  for (gsize at = 2; at + 4 <= size; at += 2 + tc_get_u16 (payload + at))
    if ((((guint)payload[at + 2] >> 1) & 56) == 16)
      return TRUE;
  return FALSE;
}

/* RFC 7741: S is set, the partition is 0, and P of the frame header is 0. */
static gboolean
starts_vp8 (const guint8 *payload, gsize size)
{
  gsize at = 1;

  if ((payload[0] & 0x17) != 0x10)
    return FALSE;
  if ((payload[0] & 0x80) != 0 && size > 1) {
    guint8 flags = payload[1];

    at++;
    if ((flags & 0x80) != 0 && size > at)
      at += (payload[at] & 0x80) != 0 ? 2 : 1;
    at += (flags & 0x40) != 0 ? 1 : 0;
    at += (flags & 0x30) != 0 ? 1 : 0;
  }
  return at < size && (payload[at] & 1) == 0;
}

gboolean
tc_rtp_starts_key_frame (const char *encoding, const guint8 *payload,
                         gsize size)
{
  if (size == 0)
    return FALSE;
  if (g_ascii_strcasecmp (encoding, "H264") == 0)
    return starts_h264 (payload, size);
  if (g_ascii_strcasecmp (encoding, "H265") == 0)
    return starts_h265 (payload, size);
  if (g_ascii_strcasecmp (encoding, "VP8") == 0)
    return starts_vp8 (payload, size);
  /* RFC 9628: P is 0 and B is 1. */
  if (g_ascii_strcasecmp (encoding, "VP9") == 0)
    return (payload[0] & 0x48) == 0x08;
  /* AV1: N, a new coded video sequence begins. */
  if (g_ascii_strcasecmp (encoding, "AV1") == 0)
    return (payload[0] & 0x08) != 0;
  return TRUE;
}
