/* SPDX-License-Identifier: MIT */
/* JSON Web Tokens (RFC 7519) as bearer tokens, signed with HS256, RS256 or
 * ES256. The key decides what algorithm may be used, never the token. Pure but
 * for libcjose's reference counts; one thread at a time. */
#pragma once

#include "access/verdict.h"

/** Clocks may differ by so much, seconds. */
#define WC_JWT_LEEWAY_S 30
#define WC_JWT_MAX_KEYS 32

typedef struct WcJwtKeys WcJwtKeys;

/** A JWK Set (RFC 7517 section 5), a single JWK, or PEM with public keys and
 * certificates, which have no id: they fit tokens with any. Keys of other
 * kinds, for encryption, or too weak (HS256: 256 bits, RSA: 2048) are left out;
 * none left is an error that says why. */
WcJwtKeys *wc_jwt_keys_parse (const char *text, gsize size, GError **error);
void wc_jwt_keys_free (WcJwtKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcJwtKeys, wc_jwt_keys_free)
guint wc_jwt_keys_count (const WcJwtKeys *keys);

/** What a token must say besides being signed. */
typedef struct {
  const char *issuer;   /* nullable: any */
  const char *audience; /* nullable: a token with an audience is not for us */
  WcAccessAction action;
  const char *mountpoint; /* NULL: every one of them */
  gint64 now_s;           /* since 1970 */
  gboolean may_be_expired;
} WcJwtRules;

/** Whether @token gives the right: `exp` must be there and not be over, `nbf`
 * not lie ahead, `mountpoint` (a text or a list; "*": all) and `action` (the
 * same, of "watch", "publish", "manage") name what is asked for: FORBIDDEN if
 * only these two do not. @reason (static, nullable) says what is wrong. */
WcAccessVerdict wc_jwt_check (const WcJwtKeys *keys, const WcJwtRules *rules,
                              const char *token, const char **reason);

/** TRUE if @token names a key that is not among @keys: they may be old. */
gboolean wc_jwt_is_of_unknown_key (const WcJwtKeys *keys, const char *token);
