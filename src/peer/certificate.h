/* SPDX-License-Identifier: MIT */
/* Certificates of DTLS: our own, one for the life of the process (ECDSA P-256:
 * ten times cheaper to sign with than RSA), and the comparison of a viewer's
 * with the fingerprints of its offer (RFC 8122 section 5, RFC 8827
 * section 6.5). Immutable; any thread. */
#pragma once

#include <glib.h>

typedef struct {
  char *pem;         /* certificate and private key, as dtlssrtpdec wants it */
  char *fingerprint; /* "sha-256 AB:CD:..." for a=fingerprint */
} WcCertificate;

WcCertificate *wc_certificate_new (GError **error);
void wc_certificate_free (WcCertificate *certificate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcCertificate, wc_certificate_free)

/** TRUE if the first certificate in @pem has one of @fingerprints
 * (element-type WcSdpFingerprint). Algorithms that are not known never match.
 */
gboolean wc_certificate_matches (const char *pem, GPtrArray *fingerprints);
