/* SPDX-License-Identifier: MIT */
/* VP9: RFC 9628. */
#include "engine/payload.h"
#include "engine/vpx-headers.h"

#include <stdio.h>
#include <string.h>

enum {
  I_BIT = 0x80, /* picture id */
  P_BIT = 0x40, /* inter-picture predicted */
  L_BIT = 0x20, /* layer indices */
  F_BIT = 0x10, /* flexible mode */
  B_BIT = 0x08, /* begins a frame */
  E_BIT = 0x04, /* ends a frame */
  V_BIT = 0x02, /* scalability structure */
};

typedef struct {
  gsize size;      /* all of it */
  gsize base_size; /* without the scalability structure, which is last */
  guint spatial_id;
} Descriptor;

/* Every skip may run past @size; the caller of all compares at the end. */
static guint
byte_at (const guint8 *payload, gsize size, gsize offset)
{
  return offset < size ? payload[offset] : 0;
}

/* Section 4.2.1. Returns the offset behind the structure. */
static gsize
skip_structure (const guint8 *payload, gsize size, gsize offset)
{
  guint head = byte_at (payload, size, offset++);
  guint n_pictures;

  if (head & 0x10) /* Y: width and height of each of N_S + 1 layers */
    offset += 4 * ((head >> 5) + 1);
  if ((head & 0x08) == 0) /* G: a picture group follows */
    return offset;
  n_pictures = byte_at (payload, size, offset++);
  for (guint i = 0; i < n_pictures; i++)
    offset += 1 + (byte_at (payload, size, offset) >> 2 & 3);
  return offset;
}

/* Up to three reference indices, N set while more follow. Returns 0 if a
 * fourth would. */
static gsize
skip_references (const guint8 *payload, gsize size, gsize offset)
{
  for (guint i = 0; i < 3; i++)
    if ((byte_at (payload, size, offset++) & 1) == 0)
      return offset;
  return 0;
}

static gboolean
read_descriptor (Descriptor *descriptor, const guint8 *payload, gsize size)
{
  guint flags = byte_at (payload, size, 0);
  gsize used = 1;

  descriptor->spatial_id = 0;
  if (flags & I_BIT)
    used += byte_at (payload, size, used) & 0x80 ? 2 : 1;
  if (flags & L_BIT) {
    descriptor->spatial_id = byte_at (payload, size, used) >> 1 & 7;
    used += flags & F_BIT ? 1 : 2; /* TL0PICIDX only in non-flexible mode */
  }
  if ((flags & F_BIT) && (flags & P_BIT)) {
    used = skip_references (payload, size, used);
    if (used == 0)
      return FALSE;
  }
  descriptor->base_size = used;
  if (flags & V_BIT)
    used = skip_structure (payload, size, used);
  descriptor->size = used;
  return used < size;
}

static gboolean
check (const guint8 *payload, gsize size)
{
  Descriptor descriptor;

  return read_descriptor (&descriptor, payload, size);
}

/* The uncompressed header of a frame (VP9 bitstream specification section
 * 6.2) up to frame_type. Returns TRUE for a key frame. */
static gboolean
read_frame_header (guint first_byte, guint *profile)
{
  guint left = first_byte;
  guint marker = left >> 6 & 3;

  *profile = (left >> 5 & 1) | (left >> 4 & 1) << 1;
  left = *profile == 3 ? left >> 1 & 3 : left >> 2 & 3;
  /* show_existing_frame, frame_type: 0 and 0 for a key frame. */
  return marker == 2 && left == 0;
}

/* The descriptor's P alone does not do: libavformat's packetiser never sets it,
 * and a frame not inter predicted may still be intra-only, which is no place
 * to begin. The frame's own header is right there, so it is asked too. */
static guint
inspect (WcPayloadState *state, const guint8 *payload, gsize size)
{
  Descriptor descriptor;
  guint profile;

  if (!read_descriptor (&descriptor, payload, size))
    return 0;
  if ((payload[0] & B_BIT) == 0 || (payload[0] & P_BIT) != 0 ||
      descriptor.spatial_id != 0 ||
      !read_frame_header (payload[descriptor.size], &profile))
    return 0;
  snprintf (state->profile, sizeof state->profile, "%u", profile);
  state->video_read |= wc_vp9_read_key_frame (
      &state->video, payload + descriptor.size, size - descriptor.size);
  return WC_PAYLOAD_KEY;
}

/* The descriptor is repeated; the scalability structure, which may be large,
 * stays with the first part (section 4.2.1: where B is set). */
static void
split (const guint8 *payload, gsize size, GPtrArray *parts)
{
  Descriptor whole;
  guint8 descriptor[WC_MAX_PAYLOAD];
  gsize used, n;

  if (!read_descriptor (&whole, payload, size))
    return;
  used = whole.size;
  memcpy (descriptor, payload, used);
  for (gsize offset = whole.size; offset < size; offset += n) {
    n = MIN (WC_MAX_PAYLOAD - used, size - offset);
    descriptor[0] = payload[0];
    if (offset > whole.size)
      descriptor[0] &= (guint8) ~(B_BIT | V_BIT);
    if (offset + n < size)
      descriptor[0] &= (guint8)~E_BIT;
    wc_payload_add (parts, descriptor, used, payload + offset, n);
    used = whole.base_size;
  }
}

gsize
wc_payload_vp9_body (const guint8 *payload, gsize size, gboolean *ends)
{
  Descriptor descriptor;

  *ends = (byte_at (payload, size, 0) & E_BIT) != 0;
  return read_descriptor (&descriptor, payload, size) ? descriptor.size : 0;
}

const WcPayloadFormat wc_payload_vp9 = {
    .check = check,
    .inspect = inspect,
    .split = split,
};
