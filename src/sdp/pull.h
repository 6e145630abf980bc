/* SPDX-License-Identifier: MIT */
/* The client's side of WHEP (draft-ietf-wish-whep section 4): the offer with
 * which we ask another server for its picture and sound, and its answer. Two
 * sections, audio and video, bundled. Pure text and structs; any thread. */
#pragma once

#include "sdp/offer.h"

/** What we offer to receive, in the order of preference. */
typedef struct {
  WcCodec codec;
  guint8 payload_type;
  guint8 rtx_payload_type; /* 0: none */
  const char *fmtp;        /* nullable */
} WcSdpPullFormat;

const WcSdpPullFormat *wc_sdp_pull_formats (guint *n);

typedef struct {
  const char *mids[WC_N_MEDIA];
  const char *ufrag, *pwd;
  const char *fingerprint; /* "sha-256 AB:CD:..." */
  /** What follows "a=candidate:" of each; NULL-terminated; nullable. */
  const char *const *candidates;
  guint64 session_id;
} WcSdpPullOfferParams;

/** (transfer full) */
char *wc_sdp_pull_offer_write (const WcSdpPullOfferParams *params);

typedef struct {
  gboolean sends; /* FALSE: the server has no such medium for us */
  const WcSdpPullFormat *format;
  gboolean has_rtx;
  char *fmtp; /* nullable; the server's */
} WcSdpPullMedia;

typedef struct {
  WcSdpPullMedia media[WC_N_MEDIA];
  char *ufrag, *pwd;
  WcSdpSetup setup; /* active or passive */
  gboolean ice_lite;
  GPtrArray *fingerprints; /* of WcSdpFingerprint */
  GArray *candidates;      /* of WcAddress: UDP, numeric */
} WcSdpPullAnswer;

/** Parses what the server answered to an offer with @mids. Errors:
 * WC_SDP_ERROR_INVALID (RFC 8866, RFC 8829 section 5.8.3, RFC 9143), and
 * WC_SDP_ERROR_UNSUPPORTED when it sends nothing that was offered. */
WcSdpPullAnswer *wc_sdp_pull_answer_parse (const char *text, gsize size,
                                           const char *const mids[WC_N_MEDIA],
                                           GError **error);
void wc_sdp_pull_answer_free (WcSdpPullAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcSdpPullAnswer, wc_sdp_pull_answer_free)

/** What webrtcbin gets in the place of the server's text. (transfer full) */
char *wc_sdp_pull_answer_write (const WcSdpPullAnswer *answer,
                                const char *const mids[WC_N_MEDIA]);
