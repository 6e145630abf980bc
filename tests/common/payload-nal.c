/* SPDX-License-Identifier: MIT */
#include "common/payload-private.h"

#include "common/bytes.h"

#include <string.h>

/* What differs between RFC 6184 and RFC 7798. */
typedef struct {
  gsize header_size;
  guint aggregate; /* STAP-A, AP */
  guint fragment;  /* FU-A, FU */
} Rules;

static const Rules h264_rules = {1, 24, 28};
static const Rules h265_rules = {2, 48, 49};

static const Rules *
rules_of (TcPayloadFormat format)
{
  return format == TC_PAYLOAD_H265 ? &h265_rules : &h264_rules;
}

static guint
type_of (const Rules *rules, const guint8 *unit)
{
  return rules->header_size == 2 ? (unit[0] >> 1) & 63u : unit[0] & 31u;
}

/* The payload header of an aggregate or a fragment: the unit's own with
 * another type. */
static void
put_header (const Rules *rules, guint8 *out, const guint8 *unit, guint type)
{
  if (rules->header_size == 2) {
    out[0] = (guint8)((unit[0] & 0x81) | type << 1);
    out[1] = unit[1];
  } else {
    out[0] = (guint8)((unit[0] & 0x60) | type);
  }
}

static void
write_fragments (const Rules *rules, const guint8 *unit, gsize size,
                 gboolean is_last, TcPayloadFunc func, gpointer data)
{
  guint8 out[TC_PAYLOAD_MAX];
  gsize at = rules->header_size;
  gsize room = sizeof out - rules->header_size - 1;

  while (at < size) {
    gsize n = MIN (room, size - at);
    gboolean is_end = at + n == size;
    guint8 *flags = out + rules->header_size;

    put_header (rules, out, unit, rules->fragment);
    *flags = (guint8)type_of (rules, unit);
    *flags |= (guint8)(at == rules->header_size ? 0x80 : 0);
    *flags |= (guint8)(is_end ? 0x40 : 0);
    memcpy (flags + 1, unit + at, n);
    func (out, rules->header_size + 1 + n, is_end && is_last, data);
    at += n;
  }
}

/* How many units from @first on fit into one aggregate. */
static guint
count_small (const Rules *rules, GPtrArray *units, guint first)
{
  gsize total = rules->header_size;
  guint n = 0;

  while (first + n < units->len) {
    total += 2 + g_bytes_get_size (g_ptr_array_index (units, first + n));
    if (total > TC_PAYLOAD_MAX)
      break;
    n++;
  }
  return n;
}

static void
write_aggregate (const Rules *rules, GPtrArray *units, guint first, guint n,
                 TcPayloadFunc func, gpointer data)
{
  guint8 out[TC_PAYLOAD_MAX];
  gsize at = rules->header_size;

  put_header (rules, out,
              g_bytes_get_data (g_ptr_array_index (units, first), NULL),
              rules->aggregate);
  for (guint i = first; i < first + n; i++) {
    gsize size;
    const guint8 *unit = g_bytes_get_data (g_ptr_array_index (units, i), &size);

    tc_put_u16 (out + at, (guint16)size);
    memcpy (out + at + 2, unit, size);
    at += 2 + size;
  }
  func (out, at, first + n == units->len, data);
}

void
tc_payload_write_nal (TcPayloadFormat format, GPtrArray *units,
                      TcPayloadFunc func, gpointer data)
{
  const Rules *rules = rules_of (format);

  for (guint i = 0; i < units->len;) {
    guint n = count_small (rules, units, i);
    gsize size;
    const guint8 *unit = g_bytes_get_data (g_ptr_array_index (units, i), &size);

    if (n > 1) {
      write_aggregate (rules, units, i, n, func, data);
      i += n;
      continue;
    }
    i++;
    if (size <= TC_PAYLOAD_MAX)
      func (unit, size, i == units->len, data);
    else
      write_fragments (rules, unit, size, i == units->len, func, data);
  }
}

static gboolean
read_fragment (TcPayloadReader *reader, const Rules *rules,
               const guint8 *payload, gsize size)
{
  guint8 flags;
  guint8 header[2];

  if (size < rules->header_size + 2)
    return FALSE;
  flags = payload[rules->header_size];
  if ((flags & 0x80) != 0) {
    put_header (rules, header, payload,
                rules->header_size == 2 ? flags & 63u : flags & 31u);
    g_byte_array_set_size (reader->fragment, 0);
    g_byte_array_append (reader->fragment, header, (guint)rules->header_size);
    reader->in_fragment = TRUE;
  }
  if (!reader->in_fragment)
    return FALSE;
  g_byte_array_append (reader->fragment, payload + rules->header_size + 1,
                       (guint)(size - rules->header_size - 1));
  if ((flags & 0x40) != 0) {
    tc_payload_take_unit (reader, reader->fragment->data,
                          reader->fragment->len);
    reader->in_fragment = FALSE;
  }
  return TRUE;
}

gboolean
tc_payload_read_nal (TcPayloadReader *reader, const guint8 *payload, gsize size)
{
  const Rules *rules = rules_of (reader->format);
  gsize at = rules->header_size;

  if (size <= rules->header_size)
    return FALSE;
  if (type_of (rules, payload) == rules->fragment)
    return read_fragment (reader, rules, payload, size);
  reader->in_fragment = FALSE;
  if (type_of (rules, payload) != rules->aggregate) {
    tc_payload_take_unit (reader, payload, size);
    return TRUE;
  }
  while (at + 2 <= size) {
    gsize length = tc_get_u16 (payload + at);

    if (length == 0 || at + 2 + length > size)
      return FALSE;
    tc_payload_take_unit (reader, payload + at + 2, length);
    at += 2 + length;
  }
  return at == size;
}

/* The position of the next 00 00 01 at or after @at, or @size. */
static gsize
find_start_code (const guint8 *data, gsize size, gsize at)
{
  for (; at + 3 <= size; at++)
    if (data[at] == 0 && data[at + 1] == 0 && data[at + 2] == 1)
      return at;
  return size;
}

GPtrArray *
tc_payload_split_annex_b (const guint8 *data, gsize size)
{
  GPtrArray *units =
      g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  gsize at = find_start_code (data, size, 0);

  while (at < size) {
    gsize begin = at + 3;
    gsize end;

    at = find_start_code (data, size, MIN (begin, size));
    for (end = at; end > begin && data[end - 1] == 0;)
      end--;
    if (end > begin)
      g_ptr_array_add (units, g_bytes_new (data + begin, end - begin));
  }
  return units;
}

gboolean
tc_payload_is_slice (TcPayloadFormat format, GBytes *unit)
{
  const Rules *rules = rules_of (format);
  gsize size;
  const guint8 *data = g_bytes_get_data (unit, &size);
  guint type = size > 0 ? type_of (rules, data) : 0;

  if (format == TC_PAYLOAD_H265)
    return type < 32;
  return type >= 1 && type <= 5;
}

gboolean
tc_payload_is_first_slice (TcPayloadFormat format, GBytes *unit)
{
  gsize header = rules_of (format)->header_size;
  gsize size;
  const guint8 *data = g_bytes_get_data (unit, &size);

  /* first_mb_in_slice is 0, or first_slice_segment_in_pic_flag is 1: the
   * first bit behind the header. */
  return tc_payload_is_slice (format, unit) && size > header &&
         (data[header] & 0x80) != 0;
}
