/* SPDX-License-Identifier: MIT */
#include "http/chunks.h"

/* 4 GiB are more than enough to be too large. */
#define MAX_SIZE_DIGITS 8
#define MAX_OVERHEAD 4096

static gboolean
is_text (char c)
{
  return c == '\t' || ((guchar)c >= 0x20 && c != 0x7f);
}

static gboolean
take_size (WcChunks *chunks, char c)
{
  if (g_ascii_isxdigit (c)) {
    chunks->left = chunks->left * 16 + (guint64)g_ascii_xdigit_value (c);
    return ++chunks->digits <= MAX_SIZE_DIGITS;
  }
  chunks->state = c == ';' ? WC_CHUNKS_EXTENSION : WC_CHUNKS_SIZE_LF;
  return chunks->digits > 0 && (c == ';' || c == '\r');
}

/* Inside an extension or a trailer: everything up to the CR. */
static gboolean
skip_text (WcChunks *chunks, char c, WcChunksState after_cr)
{
  if (c == '\r') {
    chunks->state = after_cr;
    return TRUE;
  }
  return is_text (c) && ++chunks->overhead <= MAX_OVERHEAD;
}

static gboolean
take_trailer_start (WcChunks *chunks, char c)
{
  chunks->state = c == '\r' ? WC_CHUNKS_LAST_LF : WC_CHUNKS_TRAILER_IN;
  return c == '\r' || (g_ascii_isgraph (c) && c != ':' &&
                       ++chunks->overhead <= MAX_OVERHEAD);
}

static gboolean
expect (WcChunks *chunks, gboolean found, WcChunksState next)
{
  chunks->state = next;
  return found;
}

/* A byte that is no data. FALSE: it has no place here. */
static gboolean
take_byte (WcChunks *chunks, char c)
{
  switch (chunks->state) {
  case WC_CHUNKS_SIZE:
    return take_size (chunks, c);
  case WC_CHUNKS_EXTENSION:
    return skip_text (chunks, c, WC_CHUNKS_SIZE_LF);
  case WC_CHUNKS_SIZE_LF:
    return expect (chunks, c == '\n',
                   chunks->left > 0 ? WC_CHUNKS_DATA : WC_CHUNKS_TRAILER);
  case WC_CHUNKS_DATA_CR:
    return expect (chunks, c == '\r', WC_CHUNKS_DATA_LF);
  case WC_CHUNKS_DATA_LF:
    chunks->digits = 0;
    return expect (chunks, c == '\n', WC_CHUNKS_SIZE);
  case WC_CHUNKS_TRAILER:
    return take_trailer_start (chunks, c);
  case WC_CHUNKS_TRAILER_IN:
    return skip_text (chunks, c, WC_CHUNKS_TRAILER_LF);
  case WC_CHUNKS_TRAILER_LF:
    return expect (chunks, c == '\n', WC_CHUNKS_TRAILER);
  case WC_CHUNKS_LAST_LF:
    return expect (chunks, c == '\n', WC_CHUNKS_DONE);
  case WC_CHUNKS_DATA:
  case WC_CHUNKS_DONE:
    break;
  }
  return FALSE;
}

static gsize
take_data (WcChunks *chunks, const char *data, gsize size, GByteArray *body)
{
  gsize n = (gsize)MIN (chunks->left, size);

  g_byte_array_append (body, (const guint8 *)data, (guint)n);
  chunks->left -= n;
  if (chunks->left == 0)
    chunks->state = WC_CHUNKS_DATA_CR;
  return n;
}

WcChunksResult
wc_chunks_decode (WcChunks *chunks, const char *data, gsize size, gsize *used,
                  GByteArray *body, gsize limit)
{
  *used = 0;
  while (*used < size && chunks->state != WC_CHUNKS_DONE) {
    if (chunks->state == WC_CHUNKS_DATA)
      *used += take_data (chunks, data + *used, size - *used, body);
    else if (!take_byte (chunks, data[(*used)++]))
      return WC_CHUNKS_BAD;
    if (chunks->state == WC_CHUNKS_DATA && body->len + chunks->left > limit)
      return WC_CHUNKS_TOO_LARGE;
  }
  return chunks->state == WC_CHUNKS_DONE ? WC_CHUNKS_END : WC_CHUNKS_MORE;
}
