/* SPDX-License-Identifier: MIT */
/* AV1: RTP payload format for AV1, version 1.0. "Element" is an OBU element,
 * an OBU or a fragment of one; Z and Y of the aggregation header tell that the
 * first and the last element are fragments. */
#include "engine/av1-headers.h"
#include "engine/payload-obu.h"
#include "engine/payload.h"

#include <stdio.h>
#include <string.h>

enum {
  Z_BIT = WC_OBU_CONTINUES,
  Y_BIT = WC_OBU_TO_BE_CONTINUED,
  N_BIT = 0x08,
};

#define MAX_COUNTED 3 /* elements that W can count */

gsize
wc_leb128_read (const guint8 *data, gsize size, gsize *value)
{
  guint64 sum = 0;

  for (gsize i = 0; i < WC_LEB128_MAX && i < size; i++) {
    sum |= (guint64)(data[i] & 0x7f) << (7 * i);
    if ((data[i] & 0x80) == 0) {
      *value = (gsize)sum;
      return sum <= G_MAXUINT32 ? i + 1 : 0;
    }
  }
  return 0;
}

gsize
wc_leb128_write (guint8 *out, gsize value)
{
  gsize n = 0;

  do {
    out[n] = (guint8)(value & 0x7f);
    value >>= 7;
    if (value > 0)
      out[n] |= 0x80;
    n++;
  } while (value > 0);
  return n;
}

void
wc_obu_cursor_init (WcObuCursor *cursor, const guint8 *payload, gsize size)
{
  *cursor = (WcObuCursor){payload + 1, size - 1, payload[0] >> 4 & 3, 0};
}

gboolean
wc_obu_cursor_next (WcObuCursor *cursor, WcObuElement *element)
{
  gsize used = 0, size = cursor->left;

  if (size == 0 || (cursor->counted > 0 && cursor->n == cursor->counted))
    return FALSE;
  cursor->n++;
  if (cursor->counted == 0 || cursor->n < cursor->counted) {
    used = wc_leb128_read (cursor->data, cursor->left, &size);
    if (used == 0)
      return FALSE;
  }
  if (size == 0 || size > cursor->left - used)
    return FALSE;
  *element = (WcObuElement){cursor->data + used, size};
  cursor->data += used + size;
  cursor->left -= used + size;
  return TRUE;
}

static gboolean
check (const guint8 *payload, gsize size)
{
  WcObuCursor cursor;
  WcObuElement element;
  guint n = 0;

  /* A coded video sequence cannot begin with the rest of an OBU. */
  if (size < 2 || ((payload[0] & Z_BIT) && (payload[0] & N_BIT)))
    return FALSE;
  wc_obu_cursor_init (&cursor, payload, size);
  while (wc_obu_cursor_next (&cursor, &element))
    n++;
  return n > 0 && cursor.left == 0 &&
         (cursor.counted == 0 || n == cursor.counted);
}

/* --- what is in it ---------------------------------------------------------
 */

static guint
type_of (const WcObuElement *element)
{
  return WC_OBU_TYPE (element->data[0]);
}

/* What is behind the OBU's header (AV1 specification section 5.3); its size is
 * 0 if that is not in this element. */
static WcObuElement
body_of (const WcObuElement *element)
{
  gsize used = element->data[0] & 4 ? 2 : 1;
  WcObuElement body = {element->data, 0};
  gsize value = G_MAXSIZE;

  if (element->data[0] & 2) {
    gsize n = used < element->size
                  ? wc_leb128_read (element->data + used, element->size - used,
                                    &value)
                  : 0;
    if (n == 0)
      return body;
    used += n;
  }
  if (used < element->size)
    body =
        (WcObuElement){element->data + used, MIN (element->size - used, value)};
  return body;
}

/* A sequence header may be repeated before any frame: where the frame is in
 * sight its header (section 5.9.2) must be shown as a key frame's. */
static guint
inspect (WcPayloadState *state, const guint8 *payload, gsize size)
{
  gboolean key = (payload[0] & N_BIT) != 0;
  gboolean fragment = (payload[0] & Z_BIT) != 0;
  WcObuCursor cursor;
  WcObuElement element;

  wc_obu_cursor_init (&cursor, payload, size);
  for (; wc_obu_cursor_next (&cursor, &element); fragment = FALSE) {
    WcObuElement body = body_of (&element);
    guint type = type_of (&element);

    if (fragment || body.size == 0)
      continue;
    if (type == WC_OBU_SEQUENCE_HEADER) {
      snprintf (state->profile, sizeof state->profile, "%u",
                body.data[0] >> 5 & 7u);
      state->video_read |=
          wc_av1_read_sequence_header (&state->video, body.data, body.size);
      key = TRUE;
    } else if (type == WC_OBU_FRAME || type == WC_OBU_FRAME_HEADER) {
      /* show_existing_frame 0, frame_type 0: KEY_FRAME. A still picture's
       * reduced header has other bits here; none is sent by RTP. */
      return key && (body.data[0] & 0xe0) == 0 ? WC_PAYLOAD_KEY : 0;
    }
  }
  return key ? WC_PAYLOAD_KEY : 0;
}

/* --- cutting ---------------------------------------------------------------
 */

typedef struct {
  GPtrArray *parts;
  GArray *elements; /* WcObuElement: of the part being filled */
  gsize filled;     /* bytes of that part, each element with its length */
  guint8 flags;     /* of the first part; Z for the ones that follow */
} Cutter;

static gsize
leb128_size (gsize value)
{
  return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : 3;
}

static void
finish_part (Cutter *cutter, gboolean continues)
{
  guint n = cutter->elements->len;
  guint counted = n <= MAX_COUNTED ? n : 0;
  guint8 buffer[WC_MAX_PAYLOAD];
  gsize used = 1;

  if (n == 0)
    return;
  buffer[0] = (guint8)(cutter->flags | counted << 4 | (continues ? Y_BIT : 0));
  for (guint i = 0; i < n; i++) {
    const WcObuElement *element =
        &g_array_index (cutter->elements, WcObuElement, i);
    if (counted == 0 || i + 1 < n)
      used += wc_leb128_write (buffer + used, element->size);
    memcpy (buffer + used, element->data, element->size);
    used += element->size;
  }
  wc_payload_add (cutter->parts, buffer, used, NULL, 0);
  g_array_set_size (cutter->elements, 0);
  cutter->filled = 1;
  cutter->flags = continues ? Z_BIT : 0;
}

/* A length takes at most two bytes here: elements of a part fit in it. */
static void
cut_element (Cutter *cutter, WcObuElement element)
{
  while (element.size > 0) {
    gsize room = WC_MAX_PAYLOAD - cutter->filled;
    WcObuElement piece = element;

    if (room < 2 + 1) {
      finish_part (cutter, FALSE);
      continue;
    }
    if (leb128_size (piece.size) + piece.size > room)
      piece.size = room - 2;
    g_array_append_val (cutter->elements, piece);
    cutter->filled += leb128_size (piece.size) + piece.size;
    element.data += piece.size;
    element.size -= piece.size;
    if (element.size > 0)
      finish_part (cutter, TRUE);
  }
}

/* Temporal delimiters should not be sent at all (section 5): here is the place
 * to lose them, unless one is cut off by a packet's end. */
static void
split (const guint8 *payload, gsize size, GPtrArray *parts)
{
  g_autoptr (GArray) elements =
      g_array_new (FALSE, FALSE, sizeof (WcObuElement));
  Cutter cutter = {parts, elements, 1, payload[0] & (Z_BIT | N_BIT)};
  gboolean fragment = (payload[0] & Z_BIT) != 0;
  WcObuCursor cursor;
  WcObuElement element;

  wc_obu_cursor_init (&cursor, payload, size);
  for (; wc_obu_cursor_next (&cursor, &element); fragment = FALSE) {
    if (!fragment && cursor.left > 0 &&
        type_of (&element) == WC_OBU_TEMPORAL_DELIMITER)
      continue;
    cut_element (&cutter, element);
  }
  finish_part (&cutter, (payload[0] & Y_BIT) != 0);
}

const WcPayloadFormat wc_payload_av1 = {
    .check = check,
    .inspect = inspect,
    .split = split,
};
