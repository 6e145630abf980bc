/* SPDX-License-Identifier: MIT */
/* Numbers in network byte order, at any alignment. */
#pragma once

#include <glib.h>

static inline guint16
tc_get_u16 (const guint8 *data)
{
  return (guint16)(data[0] << 8 | data[1]);
}

static inline guint32
tc_get_u24 (const guint8 *data)
{
  return (guint32)data[0] << 16 | (guint32)data[1] << 8 | data[2];
}

static inline guint32
tc_get_u32 (const guint8 *data)
{
  return (guint32)data[0] << 24 | tc_get_u24 (data + 1);
}

static inline guint64
tc_get_u64 (const guint8 *data)
{
  return (guint64)tc_get_u32 (data) << 32 | tc_get_u32 (data + 4);
}

static inline void
tc_put_u16 (guint8 *data, guint16 value)
{
  data[0] = (guint8)(value >> 8);
  data[1] = (guint8)value;
}

static inline void
tc_put_u32 (guint8 *data, guint32 value)
{
  tc_put_u16 (data, (guint16)(value >> 16));
  tc_put_u16 (data + 2, (guint16)value);
}
