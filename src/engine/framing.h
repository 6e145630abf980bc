/* SPDX-License-Identifier: MIT */
/* Datagrams on a TCP connection (RFC 4571 section 2): two bytes of length in
 * network order, then the datagram. Pure functions. */
#pragma once

#include <glib.h>

#define WC_FRAMING_HEADER 2

typedef enum {
  WC_FRAMING_PARTIAL, /* more bytes are needed */
  WC_FRAMING_WHOLE,
  WC_FRAMING_TOO_LARGE, /* than @max; there is no way back into the stream */
} WcFraming;

/** What @data begins with; an empty datagram is one. @size_out: of the datagram
 * behind the header, when there is a whole one. @max: the largest that is
 * taken. */
WcFraming wc_framing_peek (const guint8 *data, gsize size, gsize max,
                           gsize *size_out);

/** The header of a datagram of @size bytes, 65535 at most. */
void wc_framing_write_header (guint8 out[WC_FRAMING_HEADER], gsize size);
