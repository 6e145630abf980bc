/* SPDX-License-Identifier: MIT */
#include "engine/twcc-reader.h"

#include "base/bytes.h"

#define HEADER_SIZE 20
#define CHUNK_SIZE 2
#define REFERENCE_US 64000
#define DELTA_US 250
#define PADDED 0x20

#define IS_VECTOR 0x8000
#define IS_TWO_BIT 0x4000
#define RUN_LENGTH 0x1fff

enum { NOT_RECEIVED, SMALL_DELTA, LARGE_DELTA };

typedef struct {
  const guint8 *data;
  gsize at, size;
} Reader;

static guint
read_u16 (const guint8 *data)
{
  return (guint)(data[0] << 8 | data[1]);
}

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
    guint chunk = read_u16 (reader->data + reader->at);
    guint symbol;
    for (guint i = 0; done < n && symbol_of (chunk, i, &symbol); i++)
      symbols[done++] = (guint8)symbol;
  }
  return TRUE;
}

static gboolean
read_delta (Reader *reader, guint symbol, gint *delta)
{
  gsize size = symbol == SMALL_DELTA ? 1 : 2;

  if (reader->size - reader->at < size)
    return FALSE;
  *delta = symbol == SMALL_DELTA ? reader->data[reader->at]
                                 : (gint16)read_u16 (reader->data + reader->at);
  reader->at += size;
  return TRUE;
}

/* Without header's and without padding's size; 0: not well-formed. */
static gsize
end_of (const guint8 *data, gsize size)
{
  gsize padding = size >= HEADER_SIZE && data[0] & PADDED ? data[size - 1] : 0;

  return size >= HEADER_SIZE + padding ? size - padding : 0;
}

guint
wc_twcc_read (const guint8 *data, gsize size,
              WcTwccArrival arrivals[WC_TWCC_MAX_ARRIVALS])
{
  Reader reader = {data, HEADER_SIZE, end_of (data, size)};
  guint8 symbols[WC_TWCC_MAX_ARRIVALS];
  gint delta;

  if (reader.size == 0)
    return 0;
  guint base = read_u16 (data + 12), n = read_u16 (data + 14);
  gint64 now_us = (gint64)(wc_read_u32 (data + 16) >> 8) * REFERENCE_US;
  if (n > WC_TWCC_MAX_ARRIVALS || !read_symbols (&reader, n, symbols))
    return 0;
  for (guint i = 0; i < n; i++) {
    gboolean received = symbols[i] == SMALL_DELTA || symbols[i] == LARGE_DELTA;
    if (received && !read_delta (&reader, symbols[i], &delta))
      return 0;
    now_us += received ? (gint64)delta * DELTA_US : 0;
    arrivals[i] = (WcTwccArrival){(guint16)(base + i), received, now_us};
  }
  return n;
}
