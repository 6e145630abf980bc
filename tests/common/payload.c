/* SPDX-License-Identifier: MIT */
#include "common/payload-private.h"

void
tc_payload_write (TcPayloadFormat format, GPtrArray *units, TcPayloadFunc func,
                  gpointer data)
{
  switch (format) {
  case TC_PAYLOAD_H264:
  case TC_PAYLOAD_H265:
    tc_payload_write_nal (format, units, func, data);
    break;
  case TC_PAYLOAD_AV1:
    tc_payload_write_av1 (units, func, data);
    break;
  case TC_PAYLOAD_WHOLE:
    for (guint i = 0; i < units->len; i++) {
      gsize size;
      const guint8 *payload =
          g_bytes_get_data (g_ptr_array_index (units, i), &size);

      func (payload, size, FALSE, data);
    }
    break;
  }
}

TcPayloadReader *
tc_payload_reader_new (TcPayloadFormat format)
{
  TcPayloadReader *reader = g_new0 (TcPayloadReader, 1);

  reader->format = format;
  reader->units =
      g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  reader->fragment = g_byte_array_new ();
  return reader;
}

void
tc_payload_reader_free (TcPayloadReader *reader)
{
  g_ptr_array_unref (reader->units);
  g_byte_array_unref (reader->fragment);
  g_free (reader);
}

void
tc_payload_take_unit (TcPayloadReader *reader, const guint8 *data, gsize size)
{
  g_ptr_array_add (reader->units, g_bytes_new (data, size));
}

gboolean
tc_payload_reader_add (TcPayloadReader *reader, const guint8 *payload,
                       gsize size)
{
  switch (reader->format) {
  case TC_PAYLOAD_H264:
  case TC_PAYLOAD_H265:
    return tc_payload_read_nal (reader, payload, size);
  case TC_PAYLOAD_AV1:
    return tc_payload_read_av1 (reader, payload, size);
  case TC_PAYLOAD_WHOLE:
    tc_payload_take_unit (reader, payload, size);
    return TRUE;
  }
  g_return_val_if_reached (FALSE);
}

GPtrArray *
tc_payload_reader_units (TcPayloadReader *reader)
{
  return reader->units;
}
