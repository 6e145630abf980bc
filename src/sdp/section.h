/* SPDX-License-Identifier: MIT */
/* The lines that both the answer and the canonical offer write. Private to the
 * writers. */
#pragma once

#include "sdp/plan.h"

/** Appends one line and CRLF. */
void wc_sdp_append (GString *out, const char *format, ...) G_GNUC_PRINTF (2, 3);

/** v=, o=, s= and t=. */
void wc_sdp_append_head (GString *out, guint64 session_id);

/** a=rtcp-fb: of what was offered what we act on (RFC 4585, RFC 5104).
 * @has_nack: what is lost can be asked for; to a viewer it goes by rtx alone.
 */
void wc_sdp_append_feedback (GString *out, const WcSdpFormat *format,
                             gboolean has_nack);
