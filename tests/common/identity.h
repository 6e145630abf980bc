/* SPDX-License-Identifier: MIT */
/* A self-signed ECDSA P-256 certificate and the DTLS context that uses it, as
 * a browser makes one for each peer connection. Reference-counted; may be
 * shared by many viewers of one thread. */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>

typedef struct _TcIdentity TcIdentity;

/** @srtp_profiles: OpenSSL's colon-separated list in order of preference;
 * NULL: SRTP_AES128_CM_SHA1_80 alone. */
TcIdentity *tc_identity_new (const char *srtp_profiles);
TcIdentity *tc_identity_ref (TcIdentity *identity);
void tc_identity_unref (TcIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TcIdentity, tc_identity_unref)

/** "AB:CD:..." of sha-256, as in a=fingerprint. */
const char *tc_identity_fingerprint (const TcIdentity *identity);
SSL_CTX *tc_identity_context (const TcIdentity *identity);

/** The same form for any certificate. Transfer full. */
char *tc_fingerprint_of (const X509 *certificate);
