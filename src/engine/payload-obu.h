/* SPDX-License-Identifier: MIT */
/* The elements of an AV1 payload (RTP payload format for AV1, version 1.0,
 * section 4): OBUs and fragments of them. Pure; any thread. Input is hostile:
 * everything is bounded. */
#pragma once

#include <glib.h>

/* Of the AV1 specification section 5.3: of an OBU's first byte. */
#define WC_OBU_TYPE(byte) ((byte) >> 3 & 0xfu)
#define WC_OBU_HAS_EXTENSION 0x04
#define WC_OBU_HAS_SIZE 0x02

enum {
  WC_OBU_SEQUENCE_HEADER = 1,
  WC_OBU_TEMPORAL_DELIMITER = 2,
  WC_OBU_FRAME_HEADER = 3,
  WC_OBU_FRAME = 6,
};

/* Of a payload's first byte. */
enum {
  WC_OBU_CONTINUES = 0x80,       /* Z: the first element is a fragment's rest */
  WC_OBU_TO_BE_CONTINUED = 0x40, /* Y: the last element is not whole */
};

typedef struct {
  const guint8 *data;
  gsize size;
} WcObuElement;

/** What is left of a payload. */
typedef struct {
  const guint8 *data;
  gsize left;
  guint counted; /* W */
  guint n;       /* read so far */
} WcObuCursor;

/** @size: at least 1. */
void wc_obu_cursor_init (WcObuCursor *cursor, const guint8 *payload,
                         gsize size);
/** Returns FALSE at the end and when what is left is no element. */
gboolean wc_obu_cursor_next (WcObuCursor *cursor, WcObuElement *element);

#define WC_LEB128_MAX 8

/** leb128 () of the AV1 specification section 4.10.5, at most 32 bits. Returns
 * its size, or 0 if it is not there. */
gsize wc_leb128_read (const guint8 *data, gsize size, gsize *value);
/** @out: room for WC_LEB128_MAX bytes. Returns how many were written. */
gsize wc_leb128_write (guint8 *out, gsize value);
