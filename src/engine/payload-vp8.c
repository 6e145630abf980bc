/* SPDX-License-Identifier: MIT */
/* VP8: RFC 7741. */
#include "engine/payload.h"
#include "engine/vpx-headers.h"

#include <string.h>

#define X_BIT 0x80
#define S_BIT 0x10
#define PID_MASK 0x07

/* The size of the payload descriptor (section 4.2), or 0 if it does not fit. */
static gsize
descriptor_size (const guint8 *payload, gsize size)
{
  gsize used = 1;
  guint extension;

  if (size < 2)
    return 0;
  if ((payload[0] & X_BIT) == 0)
    return used;
  extension = payload[used++];
  if (extension & 0x80) { /* I: PictureID of one byte, of two if M is set */
    if (used >= size)
      return 0;
    used += payload[used] & 0x80 ? 2 : 1;
  }
  if (extension & 0x40) /* L: TL0PICIDX */
    used++;
  if (extension & 0x30) /* T, K: TID, Y and KEYIDX */
    used++;
  return used < size ? used : 0;
}

static gboolean
check (const guint8 *payload, gsize size)
{
  return descriptor_size (payload, size) > 0;
}

static guint
inspect (WcPayloadState *state, const guint8 *payload, gsize size)
{
  gsize used = descriptor_size (payload, size);
  gboolean begins = (payload[0] & S_BIT) && (payload[0] & PID_MASK) == 0;

  /* Section 4.3: P, the lowest bit of the frame's header, is 0 in key frames.
   */
  if (!begins || (payload[used] & 1) != 0)
    return 0;
  state->video_read |=
      wc_vp8_read_key_frame (&state->video, payload + used, size - used);
  return WC_PAYLOAD_KEY;
}

static void
split (const guint8 *payload, gsize size, GPtrArray *parts)
{
  gsize used = descriptor_size (payload, size);
  gsize room = WC_MAX_PAYLOAD - used;
  guint8 descriptor[6];

  memcpy (descriptor, payload, used);
  for (gsize offset = used; offset < size; offset += room) {
    wc_payload_add (parts, descriptor, used, payload + offset,
                    MIN (room, size - offset));
    descriptor[0] &= (guint8)~S_BIT;
  }
}

gsize
wc_payload_vp8_body (const guint8 *payload, gsize size)
{
  return descriptor_size (payload, size);
}

const WcPayloadFormat wc_payload_vp8 = {
    .check = check,
    .inspect = inspect,
    .split = split,
};
