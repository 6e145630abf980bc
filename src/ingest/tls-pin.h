/* SPDX-License-Identifier: MIT */
/* The certificate of a source that no authority vouches for (`tls-fingerprint`
 * of kinds rtsp and whep). Any thread. */
#pragma once

#include <gio/gio.h>

/** The SHA-256 of @certificate: hexadecimal in lower case, without colons.
 * (transfer full) */
char *wc_tls_pin_of (GTlsCertificate *certificate);
/** @text, a `tls-fingerprint`, in the same form. (nullable) (transfer full) */
char *wc_tls_pin_read (const char *text);
/** What @flags hold against a certificate, in words that follow "it". */
const char *wc_tls_pin_explain (GTlsCertificateFlags flags);
