/* SPDX-License-Identifier: MIT */
/* The offer of a viewer (WHEP) or a publisher (WHIP; RFC 9429 section 5.2.1),
 * parsed strictly in form and liberally in content. Immutable after parsing. */
#pragma once

#include "sdp/offer-send.h"
#include "sdp/transport.h"

/** Longest names an offer may use: an answer repeats them, 32 times over. */
#define WC_SDP_MAX_MID 32
#define WC_SDP_MAX_EXTMAPS 64

/** One format of an m-line: payload type, a=rtpmap, a=fmtp, a=rtcp-fb. */
typedef struct {
  guint8 payload_type;
  char *name; /* nullable: no rtpmap and no static payload type */
  guint32 clock_rate;
  guint8 channels; /* 1 if not given */
  char *fmtp;      /* nullable; without the payload type */
  gboolean nack, nack_pli, ccm_fir, transport_cc, goog_remb;
} WcSdpFormat;

typedef struct {
  guint8 id;
  char *uri;
  char *direction; /* nullable */
} WcSdpExtmap;

typedef struct {
  char *type; /* "audio", "video", "application", ... */
  guint port; /* 0 is an offer only when bundle_only and bundled */
  char *proto;
  char *format_line; /* the m-line's formats as offered, for a rejection */
  char *mid;
  WcSdpDirection direction;
  gboolean bundle_only, bundled, rtcp_mux, rtcp_rsize;
  GPtrArray *formats;       /* of WcSdpFormat, in order of preference */
  GPtrArray *extmaps;       /* of WcSdpExtmap */
  WcSdpFormat every;        /* a=rtcp-fb:*, already merged into the formats */
  WcSdpTransport transport; /* what this section alone says */
  WcSdpSending sending;
} WcSdpOfferMedia;

typedef struct {
  GPtrArray *media; /* of WcSdpOfferMedia, in order */
  gboolean has_bundle;
  GArray *bundle; /* of guint: indexes into media, in BUNDLE's order */
  guint tagged;   /* index of the BUNDLE-tagged (or only) section */
  /* of the tagged section, or of the session: one transport for all */
  char *ufrag, *pwd;
  WcSdpSetup setup;
  GPtrArray *fingerprints; /* of WcSdpFingerprint; at least one */
  gboolean ice_trickle;    /* a=ice-options:trickle at either level */
  gboolean extmap_allow_mixed;
  guint n_candidates;     /* a=candidate lines, counted up to the limit */
  WcSdpTransport session; /* what the session level alone says */
} WcSdpOffer;

/** Parses @text. Errors: WC_SDP_ERROR_INVALID (400) and _UNSUPPORTED (422), the
 * message says what was wrong and what would be right
 * (facts: RFC 8866, RFC 9429 section 5.2.1, RFC 8839, RFC 8122, RFC 9143). */
WcSdpOffer *wc_sdp_offer_parse (const char *text, gsize size, GError **error);
void wc_sdp_offer_free (WcSdpOffer *offer);

/** TRUE when the offerer wants the section: its port is not 0, or it is
 * bundle-only inside a BUNDLE (RFC 9143 section 7.2.2). */
gboolean wc_sdp_offer_media_is_offered (const WcSdpOfferMedia *media);
/** TRUE for a protocol that we answer: RTP over DTLS-SRTP with feedback. */
gboolean wc_sdp_offer_media_has_dtls (const WcSdpOfferMedia *media);
WcSdpFormat *wc_sdp_offer_media_find_format (const WcSdpOfferMedia *media,
                                             guint payload_type);

/** For the plan, when an offer has no BUNDLE: the transport of section @index
 * is the one that counts, and `tagged` becomes @index. */
gboolean wc_sdp_offer_select_transport (WcSdpOffer *offer, guint index,
                                        GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSdpOffer, wc_sdp_offer_free)
