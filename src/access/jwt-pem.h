/* SPDX-License-Identifier: MIT */
/* Public keys out of PEM (RFC 7468) as JSON Web Keys (RFC 7517). Pure. */
#pragma once

#include <json-glib/json-glib.h>

gboolean wc_jwt_is_pem (const char *text, gsize size);

/** The RSA and P-256 keys of all "PUBLIC KEY" and "CERTIFICATE" blocks; a
 * certificate is only what its key comes in: neither its dates nor its issuer
 * are looked at. WC_ACCESS_ERROR_VALUE: there is a private key in it, which
 * does not belong here. (transfer full) */
JsonArray *wc_jwt_pem_parse (const char *text, gsize size, GError **error);
