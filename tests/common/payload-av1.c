/* SPDX-License-Identifier: MIT */
#include "common/payload-private.h"

#include <string.h>

/* https://aomediacodec.github.io/av1-rtp-spec section 4.4: Z, Y, W, N. */
#define FLAG_Z 0x80
#define FLAG_Y 0x40
#define FLAG_N 0x08
#define MAX_ELEMENTS 3

enum {
  OBU_SEQUENCE_HEADER = 1,
  OBU_TEMPORAL_DELIMITER = 2,
  OBU_TILE_LIST = 8,
  OBU_PADDING = 15,
};

static gboolean
read_leb128 (const guint8 *data, gsize size, gsize *at, gsize *value)
{
  *value = 0;
  for (guint i = 0; i < 8 && *at < size; i++) {
    guint8 byte = data[(*at)++];

    *value |= (gsize)(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0)
      return TRUE;
  }
  return FALSE;
}

static gsize
put_leb128 (guint8 *out, gsize value)
{
  gsize n = 0;

  do {
    out[n] = (guint8)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    n++;
    value >>= 7;
  } while (value > 0);
  return n;
}

static GBytes *
strip_obu (const guint8 *obu, gsize header_size, const guint8 *payload,
           gsize size)
{
  GByteArray *out = g_byte_array_sized_new ((guint)(header_size + size));

  g_byte_array_append (out, obu, (guint)header_size);
  out->data[0] &= (guint8)~0x02; /* obu_has_size_field */
  g_byte_array_append (out, payload, (guint)size);
  return g_byte_array_free_to_bytes (out);
}

GPtrArray *
tc_payload_split_obus (const guint8 *data, gsize size)
{
  g_autoptr (GPtrArray) units =
      g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  gsize at = 0;

  while (at < size) {
    const guint8 *obu = data + at;
    gsize header_size = (obu[0] & 0x04) != 0 ? 2 : 1;
    guint type = (obu[0] >> 3) & 15;
    gsize length;

    at += header_size;
    if (at > size)
      return NULL;
    if ((obu[0] & 0x02) == 0)
      length = size - at;
    else if (!read_leb128 (data, size, &at, &length))
      return NULL;
    if (length > size - at)
      return NULL;
    if (type != OBU_TEMPORAL_DELIMITER && type != OBU_TILE_LIST &&
        type != OBU_PADDING)
      g_ptr_array_add (units, strip_obu (obu, header_size, data + at, length));
    at += length;
  }
  return g_steal_pointer (&units);
}

typedef struct {
  guint8 out[TC_PAYLOAD_MAX];
  gsize size;
  guint n_elements;
  TcPayloadFunc func;
  gpointer data;
} Packet;

static void
begin_packet (Packet *packet, gboolean continues)
{
  packet->out[0] = continues ? FLAG_Z : 0;
  packet->size = 1;
  packet->n_elements = 0;
}

static void
flush_packet (Packet *packet, gboolean goes_on, gboolean is_last)
{
  packet->out[0] |= goes_on ? FLAG_Y : 0;
  packet->func (packet->out, packet->size, is_last, packet->data);
  begin_packet (packet, goes_on);
}

/* Adds an element with its length in front: W stays 0, so any number of them
 * may follow. Returns how much of the OBU went in. */
static gsize
add_element (Packet *packet, const guint8 *data, gsize size)
{
  gsize room = sizeof packet->out - packet->size;
  gsize n = room > 2 ? MIN (size, room - 2) : 0;

  if (n == 0)
    return 0;
  packet->size += put_leb128 (packet->out + packet->size, n);
  memcpy (packet->out + packet->size, data, n);
  packet->size += n;
  packet->n_elements++;
  return n;
}

static void
write_obu (Packet *packet, const guint8 *data, gsize size, gboolean is_last)
{
  gsize at = 0;

  while (at < size) {
    gsize n = add_element (packet, data + at, size - at);

    at += n;
    if (at < size)
      flush_packet (packet, at > 0, FALSE);
  }
  if (is_last)
    flush_packet (packet, FALSE, TRUE);
}

void
tc_payload_write_av1 (GPtrArray *units, TcPayloadFunc func, gpointer data)
{
  Packet packet = {.func = func, .data = data};

  begin_packet (&packet, FALSE);
  for (guint i = 0; i < units->len; i++) {
    gsize size;
    const guint8 *obu = g_bytes_get_data (g_ptr_array_index (units, i), &size);

    if (i == 0 && ((obu[0] >> 3) & 15) == OBU_SEQUENCE_HEADER)
      packet.out[0] |= FLAG_N;
    write_obu (&packet, obu, size, i + 1 == units->len);
  }
}

/* One element: first (Z) and last (Y) ones may be pieces. */
static gboolean
read_element (TcPayloadReader *reader, const guint8 *data, gsize size,
              gboolean continues, gboolean goes_on)
{
  if (continues && !reader->in_fragment)
    return FALSE;
  if (!continues)
    g_byte_array_set_size (reader->fragment, 0);
  g_byte_array_append (reader->fragment, data, (guint)size);
  reader->in_fragment = goes_on;
  if (!goes_on)
    tc_payload_take_unit (reader, reader->fragment->data,
                          reader->fragment->len);
  return TRUE;
}

gboolean
tc_payload_read_av1 (TcPayloadReader *reader, const guint8 *payload, gsize size)
{
  guint n_elements = size > 0 ? (payload[0] >> 4) & MAX_ELEMENTS : 0;
  gsize at = 1;

  if (size < 2 || ((payload[0] & FLAG_Z) != 0) != reader->in_fragment)
    return FALSE;
  for (guint i = 0; at < size; i++) {
    gsize length = size - at;
    gboolean has_length = n_elements == 0 || i + 1 < n_elements;

    if (has_length && !read_leb128 (payload, size, &at, &length))
      return FALSE;
    if (length == 0 || length > size - at)
      return FALSE;
    if (!read_element (reader, payload + at, length,
                       i == 0 && (payload[0] & FLAG_Z) != 0,
                       at + length == size && (payload[0] & FLAG_Y) != 0))
      return FALSE;
    at += length;
  }
  return TRUE;
}
