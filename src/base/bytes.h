/* SPDX-License-Identifier: MIT */
/* Numbers in network order, as RTP, RTCP, STUN and their kin have them. The
 * caller has looked that there is room. Any thread. */
#pragma once

#include <glib.h>

static inline guint16
wc_read_u16 (const guint8 *data)
{
  return (guint16)(data[0] << 8 | data[1]);
}

static inline guint32
wc_read_u32 (const guint8 *data)
{
  return (guint32)data[0] << 24 | (guint32)data[1] << 16 |
         (guint32)data[2] << 8 | data[3];
}

/** The lower 16 bits of @value. */
static inline void
wc_write_u16 (guint8 *out, guint value)
{
  out[0] = (guint8)(value >> 8);
  out[1] = (guint8)value;
}

static inline void
wc_write_u32 (guint8 *out, guint32 value)
{
  wc_write_u16 (out, value >> 16);
  wc_write_u16 (out + 2, value);
}
