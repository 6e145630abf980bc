/* SPDX-License-Identifier: MIT */
#include "engine/twcc-reader.h"

#include "base/bytes.h"
#include "engine/twcc-format.h"

#define CHUNK_SIZE 2
#define PADDED 0x20

#define IS_VECTOR 0x8000
#define IS_TWO_BIT 0x4000
#define RUN_LENGTH 0x1fff

typedef struct {
  const guint8 *data;
  gsize at, size;
} Reader;

/* Symbol @i of @chunk; FALSE: it has no more. */
static gboolean
symbol_of (guint chunk, guint i, guint *symbol)
{
  if (!(chunk & IS_VECTOR)) {
    *symbol = chunk >> 13 & 3;
    return i < (chunk & RUN_LENGTH);
  }
  if (chunk & IS_TWO_BIT) {
    *symbol = i < 7 ? chunk >> (12 - 2 * i) & 3 : 0;
    return i < 7;
  }
  *symbol = i < 14 ? chunk >> (13 - i) & 1 : 0;
  return i < 14;
}

static gboolean
read_symbols (Reader *reader, guint n, guint8 *symbols)
{
  for (guint done = 0; done < n; reader->at += CHUNK_SIZE) {
    if (reader->size - reader->at < CHUNK_SIZE)
      return FALSE;
    guint chunk = wc_read_u16 (reader->data + reader->at);
    guint symbol;
    for (guint i = 0; done < n && symbol_of (chunk, i, &symbol); i++)
      symbols[done++] = (guint8)symbol;
  }
  return TRUE;
}

static gboolean
read_delta (Reader *reader, guint symbol, gint *delta)
{
  gsize size = symbol == WC_TWCC_SMALL_DELTA ? 1 : 2;

  if (reader->size - reader->at < size)
    return FALSE;
  *delta = symbol == WC_TWCC_SMALL_DELTA
               ? reader->data[reader->at]
               : (gint16)wc_read_u16 (reader->data + reader->at);
  reader->at += size;
  return TRUE;
}

/* Without header's and without padding's size; 0: not well-formed. */
static gsize
end_of (const guint8 *data, gsize size)
{
  gsize padding =
      size >= WC_TWCC_HEADER_SIZE && data[0] & PADDED ? data[size - 1] : 0;

  return size >= WC_TWCC_HEADER_SIZE + padding ? size - padding : 0;
}

guint
wc_twcc_read (const guint8 *data, gsize size,
              WcTwccArrival arrivals[WC_TWCC_MAX_ARRIVALS])
{
  Reader reader = {data, WC_TWCC_HEADER_SIZE, end_of (data, size)};
  guint8 symbols[WC_TWCC_MAX_ARRIVALS];
  gint delta;

  if (reader.size == 0)
    return 0;
  guint base = wc_read_u16 (data + 12), n = wc_read_u16 (data + 14);
  gint64 now_us = (gint64)(wc_read_u32 (data + 16) >> 8) * WC_TWCC_REFERENCE_US;
  if (n > WC_TWCC_MAX_ARRIVALS || !read_symbols (&reader, n, symbols))
    return 0;
  for (guint i = 0; i < n; i++) {
    gboolean received =
        symbols[i] == WC_TWCC_SMALL_DELTA || symbols[i] == WC_TWCC_LARGE_DELTA;
    if (received && !read_delta (&reader, symbols[i], &delta))
      return 0;
    now_us += received ? (gint64)delta * WC_TWCC_DELTA_US : 0;
    arrivals[i] = (WcTwccArrival){(guint16)(base + i), received, now_us};
  }
  return n;
}
