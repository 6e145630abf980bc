/* SPDX-License-Identifier: MIT */
/* A chunked body (RFC 9112 section 7.1), read strictly: CR LF and nothing else
 * ends a line, and a size is hexadecimal digits. Extensions and trailers are
 * bounded and thrown away. Pure; any thread. */
#pragma once

#include <glib.h>

typedef enum {
  WC_CHUNKS_MORE,
  WC_CHUNKS_END,
  WC_CHUNKS_BAD,
  WC_CHUNKS_TOO_LARGE,
} WcChunksResult;

typedef enum {
  WC_CHUNKS_SIZE,
  WC_CHUNKS_EXTENSION,
  WC_CHUNKS_SIZE_LF,
  WC_CHUNKS_DATA,
  WC_CHUNKS_DATA_CR,
  WC_CHUNKS_DATA_LF,
  WC_CHUNKS_TRAILER,    /* at the beginning of a line */
  WC_CHUNKS_TRAILER_IN, /* in one */
  WC_CHUNKS_TRAILER_LF,
  WC_CHUNKS_LAST_LF,
  WC_CHUNKS_DONE,
} WcChunksState;

/** Zero at first. */
typedef struct {
  WcChunksState state;
  guint64 left;   /* of the size line, or of the chunk */
  guint digits;   /* of the size */
  guint overhead; /* bytes of extensions and trailers */
} WcChunks;

/** Takes bytes off the front of @data: *@used says how many. What is in the
 * chunks is appended to @body, which may have @limit bytes. */
WcChunksResult wc_chunks_decode (WcChunks *chunks, const char *data, gsize size,
                                 gsize *used, GByteArray *body, gsize limit);
