/* SPDX-License-Identifier: MIT */
/* Whether an offered format can carry a track as it is, how well, and what the
 * answer says of it: one rule per codec. Nothing is transcoded for a viewer. */
#pragma once

#include "sdp/plan.h"

/** 0: @format cannot carry @track; otherwise the higher the better, and of
 * equal ones the first that was offered counts (RFC 3264 section 6.1). */
guint wc_sdp_codec_rank (const WcSdpFormat *format, const WcSdpTrack *track,
                         const WcSdpPolicy *policy);

/** The parameters of the answer's a=fmtp for a @format that was chosen, or NULL
 * when there is nothing to say. Only values that were checked are repeated.
 * (transfer full) */
char *wc_sdp_codec_answer_fmtp (const WcSdpFormat *format,
                                const WcSdpTrack *track);

/** FALSE for payload types that cannot share a port with RTCP (RFC 5761
 * section 4). */
gboolean wc_sdp_payload_type_is_usable (guint payload_type);
