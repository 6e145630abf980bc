/* SPDX-License-Identifier: MIT */
#include "engine/bits.h"

void
wc_bits_init (WcBits *bits, const guint8 *data, gsize size)
{
  *bits = (WcBits){.data = data, .size = size};
}

void
wc_bits_init_raw (WcBits *bits, const guint8 *data, gsize size)
{
  *bits = (WcBits){.data = data, .size = size, .raw = TRUE};
}

/* At the beginning of a byte: skips it if it is an emulation prevention. */
static void
skip_prevention (WcBits *bits)
{
  if (!bits->raw && bits->zeros >= 2 && bits->byte < bits->size &&
      bits->data[bits->byte] == 3) {
    bits->byte++;
    bits->zeros = 0;
  }
}

static guint
read_bit (WcBits *bits)
{
  guint value;

  if (bits->bit == 0)
    skip_prevention (bits);
  if (bits->byte >= bits->size) {
    bits->overrun = TRUE;
    return 0;
  }
  value = bits->data[bits->byte] >> (7 - bits->bit) & 1;
  if (++bits->bit == 8) {
    bits->zeros = bits->data[bits->byte] == 0 ? bits->zeros + 1 : 0;
    bits->bit = 0;
    bits->byte++;
  }
  return value;
}

guint32
wc_bits_read (WcBits *bits, guint n)
{
  guint32 value = 0;

  for (guint i = 0; i < n; i++)
    value = value << 1 | read_bit (bits);
  return value;
}

void
wc_bits_skip (WcBits *bits, guint n)
{
  for (guint i = 0; i < n && !bits->overrun; i++)
    read_bit (bits);
}

guint32
wc_bits_read_ue (WcBits *bits)
{
  guint zeros = 0;

  while (read_bit (bits) == 0 && !bits->overrun)
    zeros++;
  if (bits->overrun || zeros > 31) {
    bits->overrun = TRUE;
    return 0;
  }
  return (guint32)(((guint64)1 << zeros) - 1) + wc_bits_read (bits, zeros);
}

gint32
wc_bits_read_se (WcBits *bits)
{
  guint32 code = wc_bits_read_ue (bits);

  return code & 1 ? (gint32)(code / 2) + 1 : -(gint32)(code / 2);
}

guint32
wc_bits_read_ue_max (WcBits *bits, guint32 max)
{
  guint32 value = wc_bits_read_ue (bits);

  if (value <= max)
    return value;
  bits->overrun = TRUE;
  return 0;
}
