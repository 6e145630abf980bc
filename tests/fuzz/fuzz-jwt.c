/* SPDX-License-Identifier: MIT */
/* Signed tokens. The first byte chooses: bytes as a whole token, which none of
 * the keys has signed, or as claims that one of them has. */
#include "access/jwt.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

#define SECRET "01234567890123456789012345678901"
/* Its base64url, and the P-256 key of RFC 7515 appendix A.3. */
#define KEYS                                                                   \
  "{\"keys\":[{\"kty\":\"oct\","                                               \
  "\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\"},"                    \
  "{\"kty\":\"EC\",\"kid\":\"ec\",\"crv\":\"P-256\","                          \
  "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                     \
  "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"

static char *
base64url (const void *data, gsize size)
{
  char *text = g_base64_encode (data, size);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

static char *
sign (const guint8 *claims, gsize size)
{
  g_autofree char *header = base64url ("{\"alg\":\"HS256\"}", 15);
  g_autofree char *payload = base64url (claims, size);
  g_autofree char *text = g_strconcat (header, ".", payload, NULL);
  guint8 digest[32];
  gsize digest_size = sizeof digest;
  GHmac *hmac =
      g_hmac_new (G_CHECKSUM_SHA256, (const guchar *)SECRET, strlen (SECRET));

  g_hmac_update (hmac, (const guchar *)text, -1);
  g_hmac_get_digest (hmac, digest, &digest_size);
  g_hmac_unref (hmac);
  g_autofree char *signature = base64url (digest, sizeof digest);
  return g_strconcat (text, ".", signature, NULL);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static WcJwtKeys *keys;
  WcJwtRules rules = {.action = WC_ACCESS_WATCH,
                      .mountpoint = "cam1",
                      .now_s = 1700000000,
                      .may_be_expired = size > 0 && (data[0] & 2) != 0};
  const char *reason = NULL;

  if (keys == NULL)
    keys = wc_jwt_keys_parse (KEYS, strlen (KEYS), NULL);
  g_assert_nonnull (keys);
  if (size == 0 || size > 4000)
    return 0;
  gboolean is_claims = (data[0] & 1) != 0;
  g_autofree char *token = is_claims
                               ? sign (data + 1, size - 1)
                               : g_strndup ((const char *)data + 1, size - 1);
  WcAccessVerdict verdict = wc_jwt_check (keys, &rules, token, &reason);
  if (verdict == WC_ACCESS_GRANTED)
    g_assert_true (is_claims);
  else
    g_assert_nonnull (reason);
  if (is_claims && size > 1)
    g_assert_cmpstr (reason, !=, "it is not signed with a key of ours");
  wc_jwt_is_of_unknown_key (keys, token);
  return 0;
}
