/* SPDX-License-Identifier: MIT */
/* What the parsers and writers of SDP (RFC 8866) share. Pure text and structs:
 * no I/O, no threads, no globals; any thread may call with its own values. */
#pragma once

#include "base/codec.h"

#include <glib.h>

#define WC_SDP_ERROR (wc_sdp_error_quark ())
GQuark wc_sdp_error_quark (void);

typedef enum {
  WC_SDP_ERROR_INVALID,     /* not valid SDP, or not a valid offer: 400 */
  WC_SDP_ERROR_UNSUPPORTED, /* valid, but nothing we can serve: 422 */
} WcSdpError;

/** Sets @error. FALSE. */
gboolean wc_sdp_fail (GError **error, WcSdpError code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

#define WC_SDP_MAX_SIZE (128 * 1024)
#define WC_SDP_MAX_MEDIA 32
#define WC_SDP_MAX_FORMATS 64
#define WC_SDP_MAX_CANDIDATES 64

/** a=setup (RFC 8842). */
typedef enum {
  WC_SDP_SETUP_ACTPASS,
  WC_SDP_SETUP_ACTIVE,
  WC_SDP_SETUP_PASSIVE,
} WcSdpSetup;

typedef enum {
  WC_SDP_SENDRECV,
  WC_SDP_SENDONLY,
  WC_SDP_RECVONLY,
  WC_SDP_INACTIVE,
} WcSdpDirection;

/** a=fingerprint (RFC 8122): a hash of the peer's certificate. */
typedef struct {
  char *algorithm; /* lower case: "sha-256", "sha-384", "sha-512", "sha-1",.. */
  guint8 digest[64];
  guint8 size;
} WcSdpFingerprint;
