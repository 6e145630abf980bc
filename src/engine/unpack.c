/* SPDX-License-Identifier: MIT */
#include "engine/unpack.h"

#include "engine/bits.h"
#include "engine/payload-nal.h"
#include "engine/payload-obu.h"
#include "engine/payload.h"

#include <string.h>

#define MPA_HEADER_SIZE 4
#define MAX_ACCESS_UNITS 64

/* --- frames that are collected -------------------------------------------- */

static void
deliver (WcUnpacker *unpacker, const guint8 *data, gsize size, gint64 timestamp)
{
  if (size > 0)
    unpacker->func (unpacker->user_data, data, size, timestamp, FALSE);
}

static void
drop_partial (WcUnpacker *unpacker)
{
  g_byte_array_set_size (unpacker->partial, 0);
  unpacker->collecting = FALSE;
  unpacker->obu_open = FALSE;
}

/* Without an OBU whose end did not come. */
static void
deliver_partial (WcUnpacker *unpacker)
{
  if (unpacker->obu_open)
    g_byte_array_set_size (unpacker->partial, (guint)unpacker->obu_at);
  deliver (unpacker, unpacker->partial->data, unpacker->partial->len,
           unpacker->timestamp);
  drop_partial (unpacker);
}

static void
append (WcUnpacker *unpacker, const guint8 *data, gsize size, gsize limit)
{
  if (unpacker->partial->len + size > limit)
    drop_partial (unpacker);
  else
    g_byte_array_append (unpacker->partial, data, (guint)size);
}

/* --- AAC, RFC 3640 ---------------------------------------------------------
 */

static gint64
access_unit_ticks (const WcUnpackFormat *format)
{
  return (gint64)format->frame_samples * format->clock_rate / format->core_rate;
}

/* A unit larger than a packet is sent in pieces, each with the same header,
 * which tells the size of the whole (section 3.2.3.1). */
static void
collect_unit (WcUnpacker *unpacker, const WcPacket *packet, const guint8 *data,
              gsize size, gsize whole)
{
  if (!unpacker->collecting || unpacker->timestamp != packet->timestamp) {
    drop_partial (unpacker);
    unpacker->collecting = TRUE;
    unpacker->wanted = whole;
    unpacker->timestamp = packet->timestamp;
  }
  append (unpacker, data, size, WC_MAX_AUDIO_FRAME);
  if (unpacker->collecting && unpacker->partial->len >= unpacker->wanted)
    deliver_partial (unpacker);
}

static void
unpack_aac (WcUnpacker *unpacker, const WcPacket *packet)
{
  const WcUnpackFormat *format = unpacker->format;
  gsize header_bits, header_bytes, at;
  guint n = 0;
  WcBits bits;

  if (packet->size < 2)
    return;
  header_bits = (gsize)packet->payload[0] << 8 | packet->payload[1];
  header_bytes = (header_bits + 7) / 8;
  if (header_bytes > (gsize)packet->size - 2)
    return;
  at = 2 + header_bytes;
  wc_bits_init_raw (&bits, packet->payload + 2, header_bytes);
  for (gsize used = 0; n < MAX_ACCESS_UNITS; n++) {
    guint more = n == 0 ? format->index_length : format->delta_length;
    gsize unit, left = packet->size - at;

    used += format->size_length + more;
    if (used > header_bits)
      break;
    unit = wc_bits_read (&bits, format->size_length);
    wc_bits_skip (&bits, more);
    if (unit > left) {
      if (n == 0)
        collect_unit (unpacker, packet, packet->payload + at, left, unit);
      return;
    }
    drop_partial (unpacker);
    deliver (unpacker, packet->payload + at, unit,
             packet->timestamp + n * access_unit_ticks (format));
    at += unit;
  }
}

/* --- AAC in LATM, RFC 6416 section 6 ---------------------------------------
 */

/* PayloadLengthInfo (): bytes that are added up until one is not 255. */
static void
split_latm (WcUnpacker *unpacker, const guint8 *data, gsize size)
{
  gint64 timestamp = unpacker->timestamp;

  for (gsize at = 0, n = 0; at < size && n < MAX_ACCESS_UNITS; n++) {
    gsize length = 0;
    guint8 byte;

    do {
      byte = data[at++];
      length += byte;
    } while (byte == 255 && at < size);
    if (length > size - at)
      return;
    deliver (unpacker, data + at, length, timestamp);
    timestamp += access_unit_ticks (unpacker->format);
    at += length;
  }
}

static void
unpack_latm (WcUnpacker *unpacker, const WcPacket *packet)
{
  if (!unpacker->collecting || unpacker->timestamp != packet->timestamp) {
    drop_partial (unpacker);
    unpacker->collecting = TRUE;
    unpacker->timestamp = packet->timestamp;
  }
  append (unpacker, packet->payload, packet->size, WC_MAX_AUDIO_FRAME);
  if (!unpacker->collecting || !(packet->flags & WC_PACKET_MARKER))
    return;
  split_latm (unpacker, unpacker->partial->data, unpacker->partial->len);
  drop_partial (unpacker);
}

/* --- others ----------------------------------------------------------------
 */

/* RFC 2250 section 3.5: 16 zero bits and the offset in the frame. */
static void
unpack_mpa (WcUnpacker *unpacker, const WcPacket *packet)
{
  gboolean continues;

  if (packet->size <= MPA_HEADER_SIZE)
    return;
  continues = packet->payload[2] != 0 || packet->payload[3] != 0;
  unpacker->func (unpacker->user_data, packet->payload + MPA_HEADER_SIZE,
                  packet->size - MPA_HEADER_SIZE, packet->timestamp, continues);
}

static guint
g726_bits (WcCodec codec)
{
  return codec == WC_CODEC_G726_16   ? 2
         : codec == WC_CODEC_G726_24 ? 3
         : codec == WC_CODEC_G726_32 ? 4
                                     : 5;
}

/* RFC 3551 section 4.5.4 puts the first code in the lowest bits, decoders want
 * it in the highest (ITU-T I.366.2, "AAL2"). */
static void
unpack_g726 (WcUnpacker *unpacker, const WcPacket *packet)
{
  guint n = g726_bits (unpacker->format->codec);
  guint8 out[G_MAXUINT16];
  guint32 in_bits = 0, out_bits = 0;
  guint n_in = 0, n_out = 0;
  gsize size = 0;

  for (gsize i = 0; i < packet->size; i++) {
    in_bits |= (guint32)packet->payload[i] << n_in;
    for (n_in += 8; n_in >= n; n_in -= n, in_bits >>= n) {
      out_bits = out_bits << n | (in_bits & ((1u << n) - 1));
      n_out += n;
      if (n_out < 8)
        continue;
      n_out -= 8;
      out[size++] = (guint8)(out_bits >> n_out);
    }
  }
  deliver (unpacker, out, size, packet->timestamp);
}

/* --- H.264 and H.265: byte streams of access units -------------------------
 */

static void
append_nal (WcUnpacker *unpacker, const guint8 *head, gsize head_size,
            const guint8 *body, gsize size)
{
  static const guint8 start_code[] = {0, 0, 0, 1};

  append (unpacker, start_code, sizeof start_code, WC_MAX_VIDEO_FRAME);
  append (unpacker, head, head_size, WC_MAX_VIDEO_FRAME);
  append (unpacker, body, size, WC_MAX_VIDEO_FRAME);
}

static void
append_aggregate (WcUnpacker *unpacker, const guint8 *data, gsize size)
{
  WcNalCursor cursor = {data, size};
  WcNal nal;

  while (wc_nal_next (&cursor, &nal))
    append_nal (unpacker, nal.data, nal.size, NULL, 0);
}

/* RFC 6184 sections 5.6 to 5.8. */
static void
append_h264 (WcUnpacker *unpacker, const guint8 *data, gsize size)
{
  guint type = data[0] & 0x1f;

  if (type == 24) {
    append_aggregate (unpacker, data + 1, size - 1);
  } else if (type == 28 && size > 2) {
    guint8 header = (data[0] & 0xe0) | (data[1] & 0x1f);
    if (data[1] & 0x80)
      append_nal (unpacker, &header, 1, data + 2, size - 2);
    else
      append (unpacker, data + 2, size - 2, WC_MAX_VIDEO_FRAME);
  } else {
    append_nal (unpacker, data, size, NULL, 0);
  }
}

/* RFC 7798 section 4.4. */
static void
append_h265 (WcUnpacker *unpacker, const guint8 *data, gsize size)
{
  guint type = data[0] >> 1 & 0x3f;

  if (size < 3)
    return;
  if (type == 48) {
    append_aggregate (unpacker, data + 2, size - 2);
  } else if (type == 49) {
    guint8 header[] = {(guint8)((data[0] & 0x81) | (data[2] & 0x3f) << 1),
                       data[1]};
    if (data[2] & 0x80)
      append_nal (unpacker, header, sizeof header, data + 3, size - 3);
    else
      append (unpacker, data + 3, size - 3, WC_MAX_VIDEO_FRAME);
  } else {
    append_nal (unpacker, data, size, NULL, 0);
  }
}

/* --- VP8 and VP9: frames ---------------------------------------------------
 */

static void
append_vp8 (WcUnpacker *unpacker, const guint8 *data, gsize size)
{
  gsize at = wc_payload_vp8_body (data, size);

  if (at > 0)
    append (unpacker, data + at, size - at, WC_MAX_VIDEO_FRAME);
}

/* Each spatial layer of a picture is a frame. */
static void
append_vp9 (WcUnpacker *unpacker, const guint8 *data, gsize size)
{
  gboolean ends;
  gsize at = wc_payload_vp9_body (data, size, &ends);

  if (at == 0)
    return;
  append (unpacker, data + at, size - at, WC_MAX_VIDEO_FRAME);
  if (ends)
    deliver_partial (unpacker);
}

/* --- AV1: temporal units, each OBU with its size ---------------------------
 */

/* Drops the OBU that `partial` ends with. */
static void
drop_obu (WcUnpacker *unpacker)
{
  g_byte_array_set_size (unpacker->partial, (guint)unpacker->obu_at);
}

/* RTP has OBUs without their size, which decoders want (section 5.2). */
static void
insert_size (WcUnpacker *unpacker, gsize head_size)
{
  GByteArray *partial = unpacker->partial;
  gsize body_at = unpacker->obu_at + head_size;
  gsize body_size = partial->len - body_at;
  guint8 field[WC_LEB128_MAX];
  gsize n = wc_leb128_write (field, body_size);

  partial->data[unpacker->obu_at] |= WC_OBU_HAS_SIZE;
  g_byte_array_set_size (partial, (guint)(partial->len + n));
  memmove (partial->data + body_at + n, partial->data + body_at, body_size);
  memcpy (partial->data + body_at, field, n);
}

static void
finish_obu (WcUnpacker *unpacker)
{
  const guint8 *obu = unpacker->partial->data + unpacker->obu_at;
  gsize size = unpacker->partial->len - unpacker->obu_at;
  gsize head_size = obu[0] & WC_OBU_HAS_EXTENSION ? 2 : 1;
  gsize body_size = 0, n;

  unpacker->obu_open = FALSE;
  if (size < head_size || WC_OBU_TYPE (obu[0]) == WC_OBU_TEMPORAL_DELIMITER) {
    drop_obu (unpacker);
    return;
  }
  if ((obu[0] & WC_OBU_HAS_SIZE) == 0) {
    if (unpacker->partial->len + WC_LEB128_MAX > WC_MAX_VIDEO_FRAME)
      drop_partial (unpacker);
    else
      insert_size (unpacker, head_size);
    return;
  }
  n = wc_leb128_read (obu + head_size, size - head_size, &body_size);
  if (n == 0 || body_size != size - head_size - n)
    drop_obu (unpacker);
}

static void
append_element (WcUnpacker *unpacker, const WcObuElement *element,
                gboolean continues, gboolean is_whole)
{
  if (continues && !unpacker->obu_open)
    return; /* its beginning is lost */
  if (!continues && unpacker->obu_open)
    drop_obu (unpacker); /* its end is */
  if (!continues)
    unpacker->obu_at = unpacker->partial->len;
  unpacker->obu_open = TRUE;
  append (unpacker, element->data, element->size, WC_MAX_VIDEO_FRAME);
  if (unpacker->obu_open && is_whole)
    finish_obu (unpacker);
}

static void
append_av1 (WcUnpacker *unpacker, const guint8 *data, gsize size)
{
  static const guint8 temporal_delimiter[] = {0x12, 0};
  gboolean continues = (data[0] & WC_OBU_CONTINUES) != 0;
  gboolean breaks_off = (data[0] & WC_OBU_TO_BE_CONTINUED) != 0;
  WcObuCursor cursor;
  WcObuElement element;

  if (unpacker->partial->len == 0)
    append (unpacker, temporal_delimiter, sizeof temporal_delimiter,
            WC_MAX_VIDEO_FRAME);
  wc_obu_cursor_init (&cursor, data, size);
  for (; unpacker->collecting && wc_obu_cursor_next (&cursor, &element);
       continues = FALSE)
    append_element (unpacker, &element, continues,
                    cursor.left > 0 || !breaks_off);
}

/* --- every video -----------------------------------------------------------
 */

static void
append_video (WcUnpacker *unpacker, const guint8 *data, gsize size)
{
  switch (unpacker->format->codec) {
  case WC_CODEC_H264:
    append_h264 (unpacker, data, size);
    return;
  case WC_CODEC_H265:
    append_h265 (unpacker, data, size);
    return;
  case WC_CODEC_VP8:
    append_vp8 (unpacker, data, size);
    return;
  case WC_CODEC_VP9:
    append_vp9 (unpacker, data, size);
    return;
  case WC_CODEC_AV1:
    append_av1 (unpacker, data, size);
    return;
  case WC_CODEC_OPUS:
  case WC_CODEC_PCMU:
  case WC_CODEC_PCMA:
  case WC_CODEC_G722:
    return;
  }
}

static void
unpack_video (WcUnpacker *unpacker, const WcPacket *packet)
{
  if (unpacker->collecting && unpacker->timestamp != packet->timestamp)
    deliver_partial (unpacker);
  if (!unpacker->collecting) {
    drop_partial (unpacker);
    unpacker->collecting = TRUE;
    unpacker->timestamp = packet->timestamp;
  }
  append_video (unpacker, packet->payload, packet->size);
  if (packet->flags & WC_PACKET_MARKER)
    deliver_partial (unpacker);
}

/* --- all -------------------------------------------------------------------
 */

void
wc_unpacker_init (WcUnpacker *unpacker, const WcUnpackFormat *format,
                  WcUnpackFunc func, gpointer user_data)
{
  *unpacker = (WcUnpacker){.format = format,
                           .func = func,
                           .user_data = user_data,
                           .partial = g_byte_array_new ()};
}

void
wc_unpacker_clear (WcUnpacker *unpacker)
{
  g_clear_pointer (&unpacker->partial, g_byte_array_unref);
}

void
wc_unpacker_push (WcUnpacker *unpacker, const WcPacket *packet)
{
  WcCodec codec = unpacker->format->codec;
  gboolean audio = wc_codec_info (codec)->media == WC_MEDIA_AUDIO;

  /* Of a picture the rest may still be worth something. */
  if (unpacker->begun && packet->seq != unpacker->next_seq && audio)
    drop_partial (unpacker);
  unpacker->begun = TRUE;
  unpacker->next_seq = packet->seq + 1;
  if (packet->size == 0)
    return;
  if (!audio)
    unpack_video (unpacker, packet);
  else if (codec == WC_CODEC_AAC)
    unpack_aac (unpacker, packet);
  else if (codec == WC_CODEC_LATM)
    unpack_latm (unpacker, packet);
  else if (codec == WC_CODEC_MPA)
    unpack_mpa (unpacker, packet);
  else if (codec >= WC_CODEC_G726_16 && codec <= WC_CODEC_G726_40)
    unpack_g726 (unpacker, packet);
  else
    deliver (unpacker, packet->payload, packet->size, packet->timestamp);
}
