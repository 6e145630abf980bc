/* SPDX-License-Identifier: MIT */
#include "engine/framing.h"

#include "base/bytes.h"

WcFraming
wc_framing_peek (const guint8 *data, gsize size, gsize max, gsize *size_out)
{
  if (size < WC_FRAMING_HEADER)
    return WC_FRAMING_PARTIAL;
  gsize length = wc_read_u16 (data);
  if (length > max)
    return WC_FRAMING_TOO_LARGE;
  *size_out = length;
  return size - WC_FRAMING_HEADER < length ? WC_FRAMING_PARTIAL
                                           : WC_FRAMING_WHOLE;
}

void
wc_framing_write_header (guint8 out[WC_FRAMING_HEADER], gsize size)
{
  wc_write_u16 (out, (guint)size);
}
