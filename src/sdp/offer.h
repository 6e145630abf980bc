/* SPDX-License-Identifier: MIT */
/* A viewer's offer (WHEP; RFC 9429 section 5.2.1), parsed strictly in form and
 * liberally in content. Immutable after parsing. */
#pragma once

#include "sdp/sdp.h"

/** One format of an m-line: payload type, a=rtpmap, a=fmtp, a=rtcp-fb. */
typedef struct {
  guint8 payload_type;
  char *name;       /* nullable: no rtpmap and no static payload type */
  guint32 clock_rate;
  guint8 channels;  /* 1 if not given */
  char *fmtp;       /* nullable; without the payload type */
  gboolean nack, nack_pli, ccm_fir, transport_cc, goog_remb;
} WcSdpFormat;

typedef struct {
  guint8 id;
  char *uri;
  char *direction; /* nullable */
} WcSdpExtmap;

typedef struct {
  char *type;      /* "audio", "video", "application", ... */
  guint port;
  char *proto;
  char *format_line; /* the m-line's formats as offered, for a rejection */
  char *mid;
  WcSdpDirection direction;
  gboolean bundle_only, bundled, rtcp_mux, rtcp_rsize;
  GPtrArray *formats; /* of WcSdpFormat, in order of preference */
  GPtrArray *extmaps; /* of WcSdpExtmap */
} WcSdpOfferMedia;

typedef struct {
  GPtrArray *media;        /* of WcSdpOfferMedia, in order */
  gboolean has_bundle;
  guint tagged;            /* index of the BUNDLE-tagged (or only) section */
  /* of the tagged section, or of the session: one transport for all */
  char *ufrag, *pwd;
  WcSdpSetup setup;
  GPtrArray *fingerprints; /* of WcSdpFingerprint; at least one */
  gboolean ice_trickle;    /* a=ice-options:trickle at either level */
  gboolean extmap_allow_mixed;
} WcSdpOffer;

/** Parses @text. Errors: WC_SDP_ERROR_INVALID (400) and _UNSUPPORTED (422), the
 * message says what was wrong and what would be right
 * (facts: RFC 8866, RFC 9429 section 5.2.1, RFC 8839, RFC 8122, RFC 9143). */
WcSdpOffer *wc_sdp_offer_parse (const char *text, gsize size, GError **error);
void wc_sdp_offer_free (WcSdpOffer *offer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSdpOffer, wc_sdp_offer_free)
