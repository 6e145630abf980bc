/* SPDX-License-Identifier: MIT */
#include "engine/picture-id.h"

#include <string.h>

enum {
  VP8_X = 0x80,
  VP8_I = 0x80, /* of the second byte, as L */
  VP8_L = 0x40,
  VP9_I = 0x80,
  VP9_L = 0x20,
  VP9_F = 0x10,
};
#define LONG_ID 0x80 /* M: the id has 15 bits */

/* Where the numbers stand; 0: they do not. */
typedef struct {
  gsize id, tl0;
} Places;

static gsize
id_size (const guint8 *payload, gsize size, gsize at)
{
  return at < size && (payload[at] & LONG_ID) ? 2 : 1;
}

static Places
find_vp8 (const guint8 *payload, gsize size)
{
  Places places = {0, 0};
  gsize used = 2;

  if (size < 2 || !(payload[0] & VP8_X))
    return places;
  if (payload[1] & VP8_I) {
    places.id = used;
    used += id_size (payload, size, used);
  }
  if (payload[1] & VP8_L)
    places.tl0 = used;
  return places;
}

/* TL0PICIDX is there in non-flexible mode only. */
static Places
find_vp9 (const guint8 *payload, gsize size)
{
  Places places = {0, 0};
  gsize used = 1;

  if (size < 1)
    return places;
  if (payload[0] & VP9_I) {
    places.id = used;
    used += id_size (payload, size, used);
  }
  if ((payload[0] & VP9_L) && !(payload[0] & VP9_F))
    places.tl0 = used + 1;
  return places;
}

static Places
find (WcCodec codec, const guint8 *payload, gsize size)
{
  Places places = {0, 0};

  if (codec == WC_CODEC_VP8)
    places = find_vp8 (payload, size);
  else if (codec == WC_CODEC_VP9)
    places = find_vp9 (payload, size);
  if (places.id != 0 && places.id + id_size (payload, size, places.id) > size)
    places.id = 0;
  if (places.tl0 >= size)
    places.tl0 = 0;
  return places;
}

static guint16
read_id (const guint8 *payload, gsize at)
{
  if (payload[at] & LONG_ID)
    return (guint16)((payload[at] & 0x7f) << 8 | payload[at + 1]);
  return payload[at];
}

WcPictureShift
wc_picture_shift_after (WcCodec codec, const guint8 *last, gsize last_size,
                        WcPictureShift before, const guint8 *next,
                        gsize next_size)
{
  Places from = find (codec, last, last_size);
  Places to = find (codec, next, next_size);
  WcPictureShift shift = {.codec = (guint8)codec};

  if (from.id != 0 && to.id != 0)
    shift.id = (guint16)(read_id (last, from.id) + before.id + 1 -
                         read_id (next, to.id)) &
               0x7fff;
  if (from.tl0 != 0 && to.tl0 != 0)
    shift.tl0 = (guint8)(last[from.tl0] + before.tl0 + 1 - next[to.tl0]);
  return shift;
}

void
wc_picture_shift_apply (WcPictureShift shift, guint8 *payload, gsize size)
{
  Places places = find (shift.codec, payload, size);

  if (places.id != 0) {
    guint id = read_id (payload, places.id) + shift.id;
    if (payload[places.id] & LONG_ID) {
      payload[places.id] = (guint8)(LONG_ID | (id >> 8 & 0x7f));
      payload[places.id + 1] = (guint8)id;
    } else {
      payload[places.id] = id & 0x7f;
    }
  }
  if (places.tl0 != 0)
    payload[places.tl0] = (guint8)(payload[places.tl0] + shift.tl0);
}

void
wc_picture_numbers_pass (WcPictureNumbers *numbers, WcCodec codec,
                         gboolean start, guint8 *payload, gsize size)
{
  static const WcPictureShift as_it_went_out = {0};

  if (codec != WC_CODEC_VP8 && codec != WC_CODEC_VP9)
    return;
  if (start && numbers->last_size > 0)
    numbers->shift =
        wc_picture_shift_after (codec, numbers->last, numbers->last_size,
                                as_it_went_out, payload, size);
  if (!wc_picture_shift_is_none (numbers->shift))
    wc_picture_shift_apply (numbers->shift, payload, size);
  numbers->last_size = (guint8)MIN (size, sizeof numbers->last);
  memcpy (numbers->last, payload, numbers->last_size);
}
