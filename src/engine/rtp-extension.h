/* SPDX-License-Identifier: MIT */
/* Walks over the header extensions of an RTP packet (RFC 8285 section 4, both
 * forms). Pure; the packet may be anything. */
#pragma once

#include <glib.h>

typedef struct {
  const guint8 *at, *end;
  gboolean two_byte;
} WcRtpExtensions;

/** FALSE when @data is no RTP packet with extensions of these forms. */
gboolean wc_rtp_extensions_init (WcRtpExtensions *extensions,
                                 const guint8 *data, gsize size);

/** The next element, whose @value is of the packet. FALSE behind the last. */
gboolean wc_rtp_extensions_next (WcRtpExtensions *extensions, guint8 *id,
                                 const guint8 **value, gsize *size);
