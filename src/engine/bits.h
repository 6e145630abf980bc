/* SPDX-License-Identifier: MIT */
/* Reads the bits of a header that came from the network. A plain value of its
 * owner. Reading past the end gives zeros and sets `overrun`, so a parser may
 * read all it wants and look at the end. */
#pragma once

#include <glib.h>

typedef struct {
  const guint8 *data;
  gsize size, byte;
  guint bit, zeros;
  gboolean raw;
  gboolean overrun; /* past the end, or a code that cannot be */
} WcBits;

/** An RBSP: emulation prevention bytes are skipped (H.264 section 7.4.1.1). */
void wc_bits_init (WcBits *bits, const guint8 *data, gsize size);
/** Bytes as they are (VP9, AV1, MPEG-4 audio). */
void wc_bits_init_raw (WcBits *bits, const guint8 *data, gsize size);
/** The next @n bits, at most 32. */
guint32 wc_bits_read (WcBits *bits, guint n);
void wc_bits_skip (WcBits *bits, guint n);
/** Exp-Golomb codes, ue(v) and se(v) (H.264 section 9.1). */
guint32 wc_bits_read_ue (WcBits *bits);
gint32 wc_bits_read_se (WcBits *bits);
/** The same; more than @max is an overrun. */
guint32 wc_bits_read_ue_max (WcBits *bits, guint32 max);
