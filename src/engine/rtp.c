/* SPDX-License-Identifier: MIT */
#include "engine/rtp.h"

#include "base/bytes.h"

gboolean
wc_rtp_read (WcRtp *rtp, const guint8 *data, gsize size)
{
  gsize begin = WC_RTP_HEADER_SIZE, end = size;

  if (size < begin || data[0] >> 6 != 2)
    return FALSE;
  begin += 4 * (gsize)(data[0] & 0x0f);
  if (data[0] & 0x10) {
    if (begin + 4 > size)
      return FALSE;
    begin += 4 + 4 * ((gsize)data[begin + 2] << 8 | data[begin + 3]);
  }
  if (data[0] & 0x20) {
    if (data[size - 1] == 0 || data[size - 1] > size)
      return FALSE;
    end -= data[size - 1];
  }
  if (begin > end)
    return FALSE;
  rtp->marker = (data[1] & 0x80) != 0;
  rtp->payload_type = data[1] & 0x7f;
  rtp->seq = (guint16)(data[2] << 8 | data[3]);
  rtp->timestamp = wc_read_u32 (data + 4);
  rtp->ssrc = wc_read_u32 (data + 8);
  rtp->payload = data + begin;
  rtp->payload_size = end - begin;
  return TRUE;
}
