/* SPDX-License-Identifier: MIT */
/* One m= section while wc_sdp_offer_parse () reads it. Private to the offer. */
#pragma once

#include "sdp/lines.h"
#include "sdp/offer.h"

/** From the current line, an m= line (RFC 8866 section 5.14). */
WcSdpOfferMedia *wc_sdp_offer_media_parse (WcSdpLines *lines, GError **error);
void wc_sdp_offer_media_free (WcSdpOfferMedia *media);

/** An attribute that only sections have; others are ignored.
 * @value: nullable; may be changed. */
gboolean wc_sdp_offer_media_attribute (WcSdpOfferMedia *media,
                                       WcSdpLines *lines, const char *name,
                                       char *value, GError **error);

/** After the last line: static payload types, a=rtcp-fb:*. */
void wc_sdp_offer_media_finish (WcSdpOfferMedia *media);
