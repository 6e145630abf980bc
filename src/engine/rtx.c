/* SPDX-License-Identifier: MIT */
#include "engine/rtx.h"

#include "engine/rtp.h"

#include <string.h>

#define OSN_SIZE 2

gboolean
wc_rtx_unwrap (guint8 *data, gsize *size, guint32 ssrc, guint8 payload_type)
{
  WcRtp rtp;

  if (!wc_rtp_read (&rtp, data, *size) || rtp.payload_size <= OSN_SIZE)
    return FALSE;
  gsize header_size = (gsize)(rtp.payload - data);
  data[1] = (data[1] & 0x80) | payload_type;
  memcpy (data + 2, rtp.payload, OSN_SIZE);
  data[8] = (guint8)(ssrc >> 24);
  data[9] = (guint8)(ssrc >> 16);
  data[10] = (guint8)(ssrc >> 8);
  data[11] = (guint8)ssrc;
  *size -= OSN_SIZE;
  memmove (data + header_size, rtp.payload + OSN_SIZE, *size - header_size);
  return TRUE;
}
