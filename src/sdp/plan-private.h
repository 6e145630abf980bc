/* SPDX-License-Identifier: MIT */
/* What planning an answer to a viewer and one to a publisher have in common.
 * Private to the two. */
#pragma once

#include "sdp/plan.h"

#define WC_SDP_URI_MID "urn:ietf:params:rtp-hdrext:sdes:mid"
#define WC_SDP_URI_RID "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
#define WC_SDP_URI_REPAIRED_RID                                                \
  "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
#define WC_SDP_URI_TWCC                                                        \
  "http://www.ietf.org/id/"                                                    \
  "draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define WC_SDP_URI_SEND_TIME                                                   \
  "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

/** Every section rejected. Takes @offer. */
WcSdpPlan *wc_sdp_plan_alloc (WcSdpOffer *offer);

/** Which of our media a section is of; FALSE: of none. */
gboolean wc_sdp_plan_media_kind (const WcSdpOfferMedia *media, WcMedia *kind);

/** Why no media can go over @media, whatever its direction and codecs; NULL: it
 * can. (static) */
const char *wc_sdp_plan_find_obstacle (const WcSdpOffer *offer,
                                       const WcSdpOfferMedia *media);

/** The rtx of @format (RFC 4588 section 8.6); without nack nobody would ask for
 * it. */
const WcSdpFormat *wc_sdp_plan_find_rtx (const WcSdpOfferMedia *media,
                                         const WcSdpFormat *format);

/** The id of header extension @uri (RFC 8285) that can be used by whoever sends
 * as the offer's @unfit direction does not say; 0: there is none. */
guint8 wc_sdp_plan_find_extension (const WcSdpOffer *offer,
                                   const WcSdpOfferMedia *media,
                                   const char *uri, const char *unfit);

/** The transport comes from the first section that is used when there is no
 * BUNDLE; when there is one, its tagged section must not be rejected (RFC 9143
 * section 7.3.3). @first: the first section that is used. */
gboolean wc_sdp_plan_settle_transport (WcSdpPlan *plan, guint first,
                                       GError **error);
