/* SPDX-License-Identifier: MIT */
/* RTP headers (RFC 3550 section 5.1), read and written. Plain values. */
#pragma once

#include <glib.h>

typedef struct {
  guint8 pt;
  gboolean marker;
  guint16 seq;
  guint32 timestamp;
  guint32 ssrc;
  const guint8 *extension; /* the profile word first, or NULL */
  gsize extension_size;
  const guint8 *payload;
  gsize payload_size; /* without padding */
} TcRtpPacket;

/** FALSE when @data is not RTP. @packet points into @data. */
gboolean tc_rtp_read (TcRtpPacket *packet, const guint8 *data, gsize size);
/** The same for an encrypted packet, whose padding cannot be seen. */
gboolean tc_rtp_read_header (TcRtpPacket *packet, const guint8 *data,
                             gsize size);
/** The fixed header of 12 bytes, into @out. */
void tc_rtp_write_header (const TcRtpPacket *packet, guint8 out[12]);

/** TRUE when @payload begins a key frame of the codec @encoding ("H264",
 * "H265", "VP8", "VP9", "AV1"); for audio, always. */
gboolean tc_rtp_starts_key_frame (const char *encoding, const guint8 *payload,
                                  gsize size);
