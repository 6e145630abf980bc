/* SPDX-License-Identifier: MIT */
/* RTP retransmission payloads (RFC 4588 section 4). Pure. */
#pragma once

#include <glib.h>

/** Makes of the RTX packet at @data, in place, the packet that was lost, with
 * its @ssrc and @payload_type; *@size shrinks. FALSE when there is none in it:
 * padding alone, as senders probe with, or no RTP. */
gboolean wc_rtx_unwrap (guint8 *data, gsize *size, guint32 ssrc,
                        guint8 payload_type);
