/* SPDX-License-Identifier: MIT */
#include "engine/payload-nal.h"

#include "base/codec.h"

#include <string.h>

#define FU_START 0x80
#define FU_END 0x40
#define LENGTH_SIZE 2

gboolean
wc_nal_next (WcNalCursor *cursor, WcNal *nal)
{
  gsize size;

  if (cursor->left < LENGTH_SIZE)
    return FALSE;
  size = (gsize)cursor->data[0] << 8 | cursor->data[1];
  if (size == 0 || size > cursor->left - LENGTH_SIZE)
    return FALSE;
  *nal = (WcNal){cursor->data + LENGTH_SIZE, size};
  cursor->data += LENGTH_SIZE + size;
  cursor->left -= LENGTH_SIZE + size;
  return TRUE;
}

guint
wc_nal_inspect_aggregate (WcPayloadState *state, WcNalCursor cursor,
                          WcNalInspectFunc inspect)
{
  guint flags = 0, all = WC_PAYLOAD_HEAD | WC_PAYLOAD_DELIMITER;
  WcNal nal;

  while (wc_nal_next (&cursor, &nal)) {
    guint one = inspect (state, &nal);
    flags |= one;
    all &= one;
  }
  return (flags & ~(guint)(WC_PAYLOAD_HEAD | WC_PAYLOAD_DELIMITER)) | all;
}

void
wc_nal_fragment (const guint8 *prefix, gsize prefix_size, const guint8 *body,
                 gsize size, GPtrArray *parts)
{
  gsize room = WC_MAX_PAYLOAD - prefix_size;

  for (gsize offset = 0; offset < size; offset += room) {
    guint8 head[3];
    memcpy (head, prefix, prefix_size);
    if (offset > 0)
      head[prefix_size - 1] &= (guint8)~FU_START;
    if (size - offset > room)
      head[prefix_size - 1] &= (guint8)~FU_END;
    wc_payload_add (parts, head, prefix_size, body + offset,
                    MIN (room, size - offset));
  }
}

static void
add_single (const WcNalFormat *format, const WcNal *nal, GPtrArray *parts)
{
  guint8 prefix[3];
  gsize size;

  if (nal->size <= WC_MAX_PAYLOAD) {
    wc_payload_add (parts, nal->data, nal->size, NULL, 0);
    return;
  }
  size = format->write_fragment (prefix, nal);
  wc_nal_fragment (prefix, size, nal->data + format->header_size,
                   nal->size - format->header_size, parts);
}

static void
add_aggregate (const WcNalFormat *format, const WcNal *nals, guint n,
               gsize size, GPtrArray *parts)
{
  WcPacket *part = wc_packet_new (size);
  guint8 *to = part->payload + format->header_size;

  format->write_aggregate (part->payload, nals, n);
  for (guint i = 0; i < n; i++) {
    *to++ = (guint8)(nals[i].size >> 8);
    *to++ = (guint8)nals[i].size;
    memcpy (to, nals[i].data, nals[i].size);
    to += nals[i].size;
  }
  g_ptr_array_add (parts, part);
}

void
wc_nal_pack (const WcNalFormat *format, const WcNal *nals, guint n,
             GPtrArray *parts)
{
  for (guint first = 0, count; first < n; first += count) {
    gsize size = format->header_size;

    for (count = 0; first + count < n; count++) {
      gsize more = LENGTH_SIZE + nals[first + count].size;
      if (size + more > WC_MAX_PAYLOAD)
        break;
      size += more;
    }
    if (count > 1) {
      add_aggregate (format, nals + first, count, size, parts);
    } else {
      count = 1;
      add_single (format, nals + first, parts);
    }
  }
}

guint
wc_nal_list_sets (const WcParameterSets *sets, WcNal *nals)
{
  guint n = 0;

  for (guint kind = 0; kind < WC_N_SET_KINDS; kind++) {
    for (guint i = 0; i < sets->n[kind]; i++) {
      GBytes *nal = sets->sets[kind][i].nal;
      nals[n].data = g_bytes_get_data (nal, &nals[n].size);
      n++;
    }
  }
  return n;
}
