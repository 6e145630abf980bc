/* SPDX-License-Identifier: MIT */
/* Reads the header of an RTP packet (RFC 3550 section 5.1). */
#pragma once

#include <glib.h>

#define WC_RTP_HEADER_SIZE 12

typedef struct {
  gboolean marker;
  guint8 payload_type;
  guint16 seq;
  guint32 timestamp;
  guint32 ssrc;
  const guint8 *payload; /* in the packet; CSRCs, extensions, padding are off */
  gsize payload_size;
} WcRtp;

/** Returns FALSE if @data, of any content, is not RTP. */
gboolean wc_rtp_read (WcRtp *rtp, const guint8 *data, gsize size);
