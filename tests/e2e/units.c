/* SPDX-License-Identifier: MIT */
#include "units.h"

#include <string.h>

#define MAX_PAYLOAD 1200

struct _TeUnits {
  TeUnitsFormat format;
  TcPayloadReader *reader; /* NULL for VP8 and VP9 */
  GPtrArray *frames;       /* of those */
  GByteArray *frame;       /* that goes on */
  gboolean begun;
  guint16 seq;
  gsize largest;
};

static TcPayloadReader *
make_reader (TeUnitsFormat format)
{
  switch (format) {
  case TE_UNITS_H264:
    return tc_payload_reader_new (TC_PAYLOAD_H264);
  case TE_UNITS_H265:
    return tc_payload_reader_new (TC_PAYLOAD_H265);
  case TE_UNITS_AV1:
    return tc_payload_reader_new (TC_PAYLOAD_AV1);
  case TE_UNITS_AUDIO:
    return tc_payload_reader_new (TC_PAYLOAD_WHOLE);
  case TE_UNITS_VP8:
  case TE_UNITS_VP9:
    return NULL;
  }
  g_return_val_if_reached (NULL);
}

static GPtrArray *
new_units (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
}

TeUnits *
te_units_new (TeUnitsFormat format)
{
  TeUnits *units = g_new0 (TeUnits, 1);

  units->format = format;
  units->reader = make_reader (format);
  units->frames = new_units ();
  units->frame = g_byte_array_new ();
  return units;
}

void
te_units_free (TeUnits *units)
{
  g_clear_pointer (&units->reader, tc_payload_reader_free);
  g_ptr_array_unref (units->frames);
  g_byte_array_unref (units->frame);
  g_free (units);
}

/* --- VP8 and VP9 ---------------------------------------------------------- */

/* RFC 7741 section 4.2. */
static gsize
vp8_descriptor (const guint8 *data, gboolean *begins)
{
  gsize size = 1;

  *begins = (data[0] & 0x10) != 0 && (data[0] & 0x07) == 0;
  if ((data[0] & 0x80) == 0)
    return size;
  size = 2;
  if ((data[1] & 0x80) != 0)
    size += (data[2] & 0x80) != 0 ? 2 : 1;
  size += (data[1] & 0x40) != 0;
  size += (data[1] & 0x30) != 0;
  return size;
}

/* RFC 9628 section 4.2, as far as ffmpeg writes it: no layers, not flexible. */
static gsize
vp9_descriptor (const guint8 *data, gboolean *begins)
{
  gsize size = 1;

  *begins = (data[0] & 0x08) != 0;
  g_assert_cmpuint (data[0] & 0x32, ==, 0);
  if ((data[0] & 0x80) != 0)
    size += (data[1] & 0x80) != 0 ? 2 : 1;
  return size;
}

static void
add_vpx (TeUnits *units, const TcRtpPacket *packet)
{
  gboolean begins;
  gsize skip = units->format == TE_UNITS_VP8
                   ? vp8_descriptor (packet->payload, &begins)
                   : vp9_descriptor (packet->payload, &begins);

  g_assert_cmpuint (skip, <, packet->payload_size);
  g_assert_true (begins == (units->frame->len == 0));
  if (units->format == TE_UNITS_VP9)
    g_assert_true (packet->marker == ((packet->payload[0] & 0x04) != 0));
  g_byte_array_append (units->frame, packet->payload + skip,
                       (guint)(packet->payload_size - skip));
  if (!packet->marker)
    return;
  g_ptr_array_add (units->frames,
                   g_bytes_new (units->frame->data, units->frame->len));
  g_byte_array_set_size (units->frame, 0);
}

/* --- all ------------------------------------------------------------------ */

void
te_units_on_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
                    gpointer data)
{
  TeUnits *units = data;

  if (units->begun)
    g_assert_cmpuint (packet->seq, ==, (guint16)(units->seq + 1));
  units->begun = TRUE;
  units->seq = packet->seq;
  units->largest = MAX (units->largest, packet->payload_size);
  g_assert_cmpuint (packet->payload_size, <=, MAX_PAYLOAD);
  /* The answer takes none of the offered ones. */
  g_assert_null (packet->extension);
  if (units->reader == NULL)
    add_vpx (units, packet);
  else
    g_assert_true (tc_payload_reader_add (units->reader, packet->payload,
                                          packet->payload_size));
}

GPtrArray *
te_units_all (TeUnits *units)
{
  return units->reader != NULL ? tc_payload_reader_units (units->reader)
                               : units->frames;
}

gsize
te_units_largest (const TeUnits *units)
{
  return units->largest;
}

static gboolean
is_parameter_set (const TeUnits *units, GBytes *unit)
{
  const guint8 *data = g_bytes_get_data (unit, NULL);

  if (units->format == TE_UNITS_H264)
    return (data[0] & 31) == 7 || (data[0] & 31) == 8;
  if (units->format == TE_UNITS_H265)
    return (data[0] >> 1 & 63) >= 32 && (data[0] >> 1 & 63) <= 34;
  return FALSE;
}

/* What a key frame may begin with, here and in general. */
static gboolean
may_begin (const TeUnits *units, GBytes *unit)
{
  const guint8 *data = g_bytes_get_data (unit, NULL);

  switch (units->format) {
  case TE_UNITS_H264:
  case TE_UNITS_H265:
    return is_parameter_set (units, unit);
  case TE_UNITS_AV1:
    return (data[0] >> 3 & 15) == 1; /* sequence header */
  case TE_UNITS_VP8:
    return (data[0] & 1) == 0;
  case TE_UNITS_VP9:
    return (data[0] >> 2 & 3) == 0;
  case TE_UNITS_AUDIO:
    return TRUE;
  }
  g_return_val_if_reached (FALSE);
}

/* Walks along both. Returns how many of the units have been found, from the
 * one of @sent at @start on. */
static guint
match_from (TeUnits *units, GPtrArray *sent, guint start, guint *n_inserted)
{
  GPtrArray *all = te_units_all (units);
  guint at = start, n;

  *n_inserted = 0;
  for (n = 0; n < all->len; n++) {
    GBytes *unit = g_ptr_array_index (all, n);

    if (at < sent->len && g_bytes_equal (unit, g_ptr_array_index (sent, at)))
      at++;
    else if (is_parameter_set (units, unit))
      (*n_inserted)++;
    else
      break;
  }
  return n;
}

static gboolean
was_sent_before (GPtrArray *sent, guint end, GBytes *unit)
{
  for (guint i = 0; i < MIN (end, sent->len); i++)
    if (g_bytes_equal (unit, g_ptr_array_index (sent, i)))
      return TRUE;
  return FALSE;
}

guint
te_units_assert_in (TeUnits *units, GPtrArray *sent)
{
  GPtrArray *all = te_units_all (units);
  guint best = 0, n_inserted = 0;

  g_assert_cmpuint (all->len, >, 0);
  g_assert_true (may_begin (units, g_ptr_array_index (all, 0)));
  for (guint start = 0; start < sent->len && best < all->len; start++)
    best = MAX (best, match_from (units, sent, start, &n_inserted));
  g_assert_cmpuint (best, ==, all->len);
  /* What was put in is nothing new. */
  for (guint i = 0; i < all->len && n_inserted > 0; i++)
    g_assert_true (
        was_sent_before (sent, sent->len, g_ptr_array_index (all, i)));
  return n_inserted;
}

GPtrArray *
te_units_read_ivf (const char *path)
{
  GPtrArray *frames = new_units ();
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (path, &text, &size, &error);
  g_assert_no_error (error);
  for (gsize at = 32; at + 12 <= size;) {
    guint32 length;

    memcpy (&length, text + at, sizeof length);
    length = GUINT32_FROM_LE (length);
    at += 12;
    /* The writer may have been ended in the middle of one. */
    if (length > size - at)
      break;
    g_ptr_array_add (frames, g_bytes_new (text + at, length));
    at += length;
  }
  return frames;
}
