/* SPDX-License-Identifier: MIT */
/* What a section of an offer says of ICE and DTLS: credentials (RFC 8839), role
 * (RFC 8842) and certificates (RFC 8122). Part of a WcSdpOffer. */
#pragma once

#include "sdp/sdp.h"

/** More a=fingerprint lines than this in one section are refused. */
#define WC_SDP_MAX_FINGERPRINTS 16

typedef struct {
  char *ufrag, *pwd; /* nullable */
  gboolean has_setup;
  WcSdpSetup setup;
  GPtrArray *fingerprints; /* of WcSdpFingerprint; never NULL, may be empty */
} WcSdpTransport;

void wc_sdp_transport_init (WcSdpTransport *transport);
void wc_sdp_transport_clear (WcSdpTransport *transport);

/** 4 to 256 (ufrag) or 22 to 256 (pwd) ice-chars (RFC 8839 section 5.4). */
gboolean wc_sdp_is_ufrag (const char *text);
gboolean wc_sdp_is_pwd (const char *text);
#define WC_SDP_UFRAG_RULE "4 to 256 characters of A-Z a-z 0-9 + /"
#define WC_SDP_PWD_RULE "22 to 256 characters of A-Z a-z 0-9 + /"

/** Parses the value of an a=fingerprint line. Returns FALSE, and the reason in
 * @problem (static), for one that must not be accepted. An algorithm nobody
 * knows gives TRUE and NULL: RFC 8122 section 5 lets the rest count. */
gboolean wc_sdp_fingerprint_parse (char *value, WcSdpFingerprint **fingerprint,
                                   const char **problem);
WcSdpFingerprint *wc_sdp_fingerprint_copy (const WcSdpFingerprint *fingerprint);
void wc_sdp_fingerprint_free (WcSdpFingerprint *fingerprint);

/** "sha-256 AB:CD:...". (transfer full) */
char *wc_sdp_fingerprint_format (const WcSdpFingerprint *fingerprint);

/** "active", "passive", "actpass". */
const char *wc_sdp_setup_name (WcSdpSetup setup);
gboolean wc_sdp_setup_parse (const char *text, WcSdpSetup *setup);
