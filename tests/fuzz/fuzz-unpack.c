/* SPDX-License-Identifier: MIT */
/* RTP payloads of what is converted. The first byte chooses the codec, the
 * second how long an fmtp is that follows; then come payloads, each with two
 * bytes before it: how long it is, and in the highest bits marker, loss and a
 * new timestamp. */
#include "engine/unpack.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
on_frame (gpointer user_data, const guint8 *data, gsize size, gint64 timestamp,
          gboolean continues)
{
  gsize *sum = user_data;

  g_assert_cmpuint (size, >, 0);
  g_assert_cmpuint (size, <=, MAX (WC_MAX_VIDEO_FRAME, G_MAXUINT16));
  for (gsize i = 0; i < size; i++)
    *sum += data[i];
}

static void
push_all (WcUnpacker *unpacker, const guint8 *data, gsize size)
{
  guint64 seq = 0;
  gint64 timestamp = 0;

  for (gsize at = 0; at + 2 <= size;) {
    guint head = (guint)data[at] << 8 | data[at + 1];
    gsize n = MIN (head & 0x1fff, size - at - 2);
    g_autoptr (WcPacket) packet = wc_packet_new (n);

    memcpy (packet->payload, data + at + 2, n);
    packet->seq = seq += head & 0x4000 ? 2 : 1;
    packet->timestamp = timestamp += head & 0x2000 ? 960 : 0;
    packet->flags = head & 0x8000 ? WC_PACKET_MARKER : 0;
    wc_unpacker_push (unpacker, packet);
    at += 2 + n;
  }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  WcUnpackFormat format = {0};
  WcUnpacker unpacker;
  const char *reason = NULL;
  gsize n, sum = 0;

  if (size < 2)
    return 0;
  n = MIN (data[1], size - 2);
  g_autofree char *fmtp = g_strndup ((const char *)data + 2, n);
  WcCodec codec = (WcCodec)(data[0] % WC_N_SOURCE_CODECS);
  guint32 rate = wc_codec_info (codec)->clock_rate;
  if (wc_unpack_format_read (&format, codec, rate, fmtp, &reason)) {
    wc_unpacker_init (&unpacker, &format, on_frame, &sum);
    push_all (&unpacker, data + 2 + n, size - 2 - n);
    wc_unpacker_clear (&unpacker);
  } else {
    g_assert_nonnull (reason);
  }
  wc_unpack_format_clear (&format);
  return 0;
}
