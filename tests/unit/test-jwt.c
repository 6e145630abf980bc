/* SPDX-License-Identifier: MIT */
/* Tokens are made here with the same library that reads them, or by hand where
 * no library would make them. Row of the conformance list. */
#include "access/jwt.h"

#include <cjose/cjose.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define NOW 1700000000

static cjose_jwk_t *secret, *rsa, *ec, *other_ec, *weak_rsa, *p384;
static WcJwtKeys *keys;

static char *
export_key (cjose_jwk_t *jwk, const char *kid, gboolean with_private)
{
  cjose_err error;

  cjose_jwk_set_kid (jwk, kid, strlen (kid), &error);
  char *json = cjose_jwk_to_json (jwk, with_private, &error);
  g_assert_nonnull (json);
  return json;
}

static void
make_keys (void)
{
  cjose_err error;
  g_autoptr (GError) reason = NULL;

  secret = cjose_jwk_create_oct_random (256, &error);
  rsa =
      cjose_jwk_create_RSA_random (2048, (const uint8_t *)"\1\0\1", 3, &error);
  weak_rsa =
      cjose_jwk_create_RSA_random (1024, (const uint8_t *)"\1\0\1", 3, &error);
  ec = cjose_jwk_create_EC_random (CJOSE_JWK_EC_P_256, &error);
  other_ec = cjose_jwk_create_EC_random (CJOSE_JWK_EC_P_256, &error);
  p384 = cjose_jwk_create_EC_random (CJOSE_JWK_EC_P_384, &error);
  g_autofree char *a = export_key (secret, "secret", TRUE);
  g_autofree char *b = export_key (rsa, "rsa", FALSE);
  g_autofree char *c = export_key (ec, "ec", FALSE);
  g_autofree char *set =
      g_strdup_printf ("{\"keys\":[%s,%s,%s,{\"kty\":\"x\"},1,null]}", a, b, c);
  keys = wc_jwt_keys_parse (set, strlen (set), &reason);
  g_assert_no_error (reason);
  g_assert_cmpuint (wc_jwt_keys_count (keys), ==, 3);
}

static char *
sign (cjose_jwk_t *jwk, const char *alg, const char *kid, const char *claims)
{
  cjose_err error;
  cjose_header_t *header = cjose_header_new (&error);
  const char *compact;

  cjose_header_set (header, CJOSE_HDR_ALG, alg, &error);
  if (kid != NULL)
    cjose_header_set (header, CJOSE_HDR_KID, kid, &error);
  cjose_jws_t *jws = cjose_jws_sign (jwk, header, (const uint8_t *)claims,
                                     strlen (claims), &error);
  g_assert_nonnull (jws);
  g_assert_true (cjose_jws_export (jws, &compact, &error));
  char *token = g_strdup (compact);
  cjose_jws_release (jws);
  cjose_header_release (header);
  return token;
}

static char *
base64url (const void *data, gsize size)
{
  char *text = g_base64_encode (data, size);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

/* With HMAC-SHA256 under @key, whatever the header says. */
static char *
forge (const char *header, const char *claims, const void *key, gsize size)
{
  g_autofree char *first = base64url (header, strlen (header));
  g_autofree char *second = base64url (claims, strlen (claims));
  g_autofree char *signed_text = g_strconcat (first, ".", second, NULL);
  guint8 digest[32];
  gsize digest_size = sizeof digest;
  GHmac *hmac = g_hmac_new (G_CHECKSUM_SHA256, key, size);

  g_hmac_update (hmac, (const guchar *)signed_text, -1);
  g_hmac_get_digest (hmac, digest, &digest_size);
  g_hmac_unref (hmac);
  g_autofree char *third = base64url (digest, sizeof digest);
  return g_strconcat (signed_text, ".", third, NULL);
}

static WcJwtRules
rules_for (WcAccessAction action, const char *mountpoint)
{
  return (WcJwtRules){
      .issuer = "us",
      .audience = "cast",
      .action = action,
      .mountpoint = mountpoint,
      .now_s = NOW,
  };
}

static void
check_with (const WcJwtRules *rules, const char *token,
            WcAccessVerdict expected)
{
  const char *reason = NULL;
  WcAccessVerdict verdict = wc_jwt_check (keys, rules, token, &reason);

  if (verdict != expected)
    g_error ("%d instead of %d (%s): %s", verdict, expected,
             reason != NULL ? reason : "granted", token);
}

static void
check (const char *token, WcAccessVerdict expected)
{
  WcJwtRules rules = rules_for (WC_ACCESS_WATCH, "cam1");

  check_with (&rules, token, expected);
}

#define WHO "\"iss\":\"us\",\"aud\":\"cast\","
#define RIGHT "\"mountpoint\":\"cam1\",\"action\":\"watch\""
#define TIME "\"exp\":1700000100,"
#define GOOD "{" WHO TIME RIGHT "}"

static void
test_good (void)
{
  g_autofree char *hs = sign (secret, "HS256", "secret", GOOD);
  g_autofree char *rs = sign (rsa, "RS256", "rsa", GOOD);
  g_autofree char *es = sign (ec, "ES256", "ec", GOOD);
  g_autofree char *without_kid = sign (ec, "ES256", NULL, GOOD);

  check (hs, WC_ACCESS_GRANTED);
  check (rs, WC_ACCESS_GRANTED);
  check (es, WC_ACCESS_GRANTED);
  check (without_kid, WC_ACCESS_GRANTED);
}

/* Claims that are signed well. */
static const struct {
  const char *claims;
  WcAccessVerdict verdict;
} claims[] = {
    {"{" WHO TIME "\"mountpoint\":[\"x\",\"cam1\"],"
     "\"action\":[\"publish\",\"watch\"]}",
     WC_ACCESS_GRANTED},
    {"{" WHO TIME "\"mountpoint\":\"*\",\"action\":\"watch\"}",
     WC_ACCESS_GRANTED},
    {"{\"iss\":\"us\",\"aud\":[\"a\",\"cast\"]," TIME RIGHT "}",
     WC_ACCESS_GRANTED},
    {"{" WHO "\"exp\":1700000100.5," RIGHT "}", WC_ACCESS_GRANTED},
    /* Clocks differ. */
    {"{" WHO "\"exp\":1699999971," RIGHT "}", WC_ACCESS_GRANTED},
    {"{" WHO "\"exp\":1699999970," RIGHT "}", WC_ACCESS_INVALID},
    {"{" WHO TIME "\"nbf\":1700000030," RIGHT "}", WC_ACCESS_GRANTED},
    {"{" WHO TIME "\"nbf\":1700000031," RIGHT "}", WC_ACCESS_INVALID},
    /* Times that are none. */
    {"{" WHO RIGHT "}", WC_ACCESS_INVALID},
    {"{" WHO "\"exp\":\"1700000100\"," RIGHT "}", WC_ACCESS_INVALID},
    {"{" WHO "\"exp\":null," RIGHT "}", WC_ACCESS_INVALID},
    {"{" WHO "\"exp\":true," RIGHT "}", WC_ACCESS_INVALID},
    {"{" WHO "\"exp\":-1," RIGHT "}", WC_ACCESS_INVALID},
    {"{" WHO "\"exp\":[1700000100]," RIGHT "}", WC_ACCESS_INVALID},
    {"{" WHO TIME "\"nbf\":\"x\"," RIGHT "}", WC_ACCESS_INVALID},
    {"{" WHO "\"exp\":1e300,\"nbf\":1e300," RIGHT "}", WC_ACCESS_INVALID},
    /* Who. */
    {"{\"aud\":\"cast\"," TIME RIGHT "}", WC_ACCESS_INVALID},
    {"{\"iss\":\"them\",\"aud\":\"cast\"," TIME RIGHT "}", WC_ACCESS_INVALID},
    {"{\"iss\":[\"us\"],\"aud\":\"cast\"," TIME RIGHT "}", WC_ACCESS_INVALID},
    {"{\"iss\":\"us\"," TIME RIGHT "}", WC_ACCESS_INVALID},
    {"{\"iss\":\"us\",\"aud\":\"other\"," TIME RIGHT "}", WC_ACCESS_INVALID},
    {"{\"iss\":\"us\",\"aud\":[]," TIME RIGHT "}", WC_ACCESS_INVALID},
    {"{\"iss\":\"us\",\"aud\":[1,null]," TIME RIGHT "}", WC_ACCESS_INVALID},
    /* For what. */
    {"{" WHO TIME "\"action\":\"watch\"}", WC_ACCESS_FORBIDDEN},
    {"{" WHO TIME "\"mountpoint\":\"cam1\"}", WC_ACCESS_FORBIDDEN},
    {"{" WHO TIME "\"mountpoint\":\"cam2\",\"action\":\"watch\"}",
     WC_ACCESS_FORBIDDEN},
    {"{" WHO TIME "\"mountpoint\":\"cam\",\"action\":\"watch\"}",
     WC_ACCESS_FORBIDDEN},
    {"{" WHO TIME "\"mountpoint\":\"cam1\",\"action\":\"publish\"}",
     WC_ACCESS_FORBIDDEN},
    {"{" WHO TIME "\"mountpoint\":\"cam1\",\"action\":\"*\"}",
     WC_ACCESS_FORBIDDEN},
    {"{" WHO TIME "\"mountpoint\":{\"a\":1},\"action\":\"watch\"}",
     WC_ACCESS_FORBIDDEN},
    /* Not claims at all. */
    {"", WC_ACCESS_INVALID},
    {"[]", WC_ACCESS_INVALID},
    {"null", WC_ACCESS_INVALID},
    {"{", WC_ACCESS_INVALID},
    {"{\"a\":\"\xff\"}", WC_ACCESS_INVALID},
};

static void
test_claims (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (claims); i++) {
    g_autofree char *token = sign (secret, "HS256", "secret", claims[i].claims);
    g_test_message ("claims %s", claims[i].claims);
    check (token, claims[i].verdict);
  }
}

/* No key of ours, or not by what it is for. */
static void
test_algorithms (void)
{
  g_autofree char *public_rsa = export_key (rsa, "rsa", FALSE);
  gsize size = strlen (public_rsa);
  char *tokens[] = {
      forge ("{\"alg\":\"none\"}", GOOD, "", 0),
      forge ("{\"alg\":\"None\",\"kid\":\"ec\"}", GOOD, "", 0),
      forge ("{\"alg\":\"\"}", GOOD, "", 0),
      forge ("{}", GOOD, "", 0),
      forge ("{\"alg\":null}", GOOD, "", 0),
      forge ("{\"alg\":[\"HS256\"]}", GOOD, "", 0),
      forge ("{\"alg\":\"hs256\"}", GOOD, "", 0),
      /* The public key as a secret. */
      forge ("{\"alg\":\"HS256\",\"kid\":\"rsa\"}", GOOD, public_rsa, size),
      forge ("{\"alg\":\"HS256\"}", GOOD, public_rsa, size),
      forge ("{\"alg\":\"RS256\",\"kid\":\"secret\"}", GOOD, "a", 1),
      forge ("{\"alg\":\"ES256\",\"kid\":\"rsa\"}", GOOD, "a", 1),
      forge ("{\"alg\":\"HS256\",\"kid\":\"secret\"}", GOOD, "", 0),
      /* Algorithms that the library has, and nobody asked for. */
      sign (secret, "HS512", "secret", GOOD),
      sign (rsa, "PS256", "rsa", GOOD),
      sign (rsa, "RS512", "rsa", GOOD),
      sign (p384, "ES384", NULL, GOOD),
      /* Keys of somebody else, under names of ours. */
      sign (other_ec, "ES256", "ec", GOOD),
      sign (weak_rsa, "RS256", "rsa", GOOD),
      sign (secret, "HS256", "ec", GOOD),
      sign (secret, "HS256", "", GOOD),
      sign (secret, "HS256", "../../secret", GOOD),
      sign (secret, "HS256", "secret' OR 1", GOOD),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (tokens); i++) {
    g_test_message ("token %" G_GSIZE_FORMAT, i);
    check (tokens[i], WC_ACCESS_INVALID);
    g_free (tokens[i]);
  }
}

/* A key that the token brings along, and what must be understood and is not. */
static void
test_headers (void)
{
  cjose_err error;
  size_t size = cjose_jwk_get_keysize (secret, &error) / 8;
  const void *key = cjose_jwk_get_keydata (secret, &error);
  static const char *const bad[] = {
      "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
      "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}",
      "{\"alg\":\"HS256\",\"kid\":\"x\",\"jwk\":{\"kty\":\"oct\",\"k\":\"YQ\"}}",
      "{\"alg\":\"HS256\",\"kid\":\"x\",\"jku\":\"http://127.0.0.1/\"}",
  };

  g_autofree char *plain = forge ("{\"alg\":\"HS256\"}", GOOD, key, size);
  check (plain, WC_ACCESS_GRANTED);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *token = forge (bad[i], GOOD, key, size);
    check (token, WC_ACCESS_INVALID);
  }
}

static void
test_nonsense (void)
{
  g_autofree char *good = sign (secret, "HS256", "secret", GOOD);
  g_autofree char *longer = g_strconcat (good, ".", NULL);
  g_autofree char *header = g_strndup (good, strcspn (good, "."));
  g_autofree char *filler = g_strnfill (4000, 'a');
  g_autofree char *large = g_strconcat (header, ".", filler, ".x", NULL);
  const char *const bad[] = {"", ".", "..", "...", "a.b.c", "a.b", "-", "{}",
                             longer, header, filler, large,
                             /* Ended libcjose by an assertion. */
                             "e=JhbGciOiJFUzI1NiJ9.eyJpc3Q.DtUJqPP3",
                             "a.b.c=", "=.=.=", "e====.e30.AA",
                             "eyJhbGciOiJIUzI1NiJ9..",
                             "eyJhbGciOiJIUzI1NiJ9.e30.\x01"};

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    check (bad[i], WC_ACCESS_INVALID);
  g_autofree char *es = sign (ec, "ES256", "ec", GOOD);
  for (guint i = 0; i < 2; i++) {
    g_autofree char *tail = g_strconcat (i == 0 ? good : es, "x", NULL);
    g_autofree char *padded = g_strconcat (i == 0 ? good : es, "=", NULL);
    check (tail, WC_ACCESS_INVALID);
    check (padded, WC_ACCESS_INVALID);
  }
  /* Every bit of it counts: none may be lost. */
  for (gsize length = 0; length < strlen (good); length += 7) {
    g_autofree char *cut = g_strndup (good, length);
    check (cut, WC_ACCESS_INVALID);
  }
  for (gsize i = 0; i + 1 < strlen (good); i += 5) {
    g_autofree char *changed = g_strdup (good);
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    check (changed, WC_ACCESS_INVALID);
  }
}

static void
test_rules (void)
{
  g_autofree char *all =
      sign (secret, "HS256", NULL,
            "{" TIME "\"mountpoint\":\"*\",\"action\":\"manage\"}");
  g_autofree char *one =
      sign (secret, "HS256", NULL,
            "{" TIME "\"mountpoint\":\"cam1\",\"action\":\"manage\"}");
  g_autofree char *aud = sign (secret, "HS256", NULL, GOOD);
  g_autofree char *old = sign (secret, "HS256", NULL, "{\"exp\":1," RIGHT "}");
  WcJwtRules rules = {.action = WC_ACCESS_MANAGE, .now_s = NOW};

  check_with (&rules, all, WC_ACCESS_GRANTED);
  check_with (&rules, one, WC_ACCESS_FORBIDDEN);
  rules.mountpoint = "cam1";
  check_with (&rules, one, WC_ACCESS_GRANTED);
  /* For another server. */
  rules.action = WC_ACCESS_WATCH;
  check_with (&rules, aud, WC_ACCESS_INVALID);
  check_with (&rules, old, WC_ACCESS_INVALID);
  rules.may_be_expired = TRUE;
  check_with (&rules, old, WC_ACCESS_GRANTED);
}

static void
test_keys (void)
{
  static const char *const bad[] = {
      "",
      "[]",
      "{}",
      "{\"keys\":[]}",
      "{\"keys\":{}}",
      "{\"keys\":null}",
      "x",
      "{\"kty\":\"oct\",\"k\":\"YWJj\"}", /* 24 bits */
      "{\"kty\":\"oct\",\"k\":\"e=JhbGciOiJFUzI1\"}",
      "{\"kty\":\"oct\",\"k\":1}",
      "{\"kty\":\"oct\"}",
      "{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}",
      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (wc_jwt_keys_parse (bad[i], strlen (bad[i]), &error));
    g_assert_nonnull (error);
  }
  g_autofree char *known = sign (ec, "ES256", "ec", GOOD);
  g_autofree char *unknown = sign (ec, "ES256", "new", GOOD);
  g_autofree char *nameless = sign (ec, "ES256", NULL, GOOD);
  g_assert_false (wc_jwt_is_of_unknown_key (keys, known));
  g_assert_true (wc_jwt_is_of_unknown_key (keys, unknown));
  g_assert_false (wc_jwt_is_of_unknown_key (keys, nameless));
  g_assert_false (wc_jwt_is_of_unknown_key (keys, "x"));
}

#define PEM(what, text)                                                        \
  "-----BEGIN " what "-----\n" text "-----END " what "-----\n"
#define P256                                                                   \
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE7hJKahCJvAWv01vyDsuoVxfPiEZY\n"         \
  "49OtU5C77pt/w7T52Ky3Oyginsqzt9/H7EE+nK08mHO5FzhR1iSpGUwcqA==\n"
#define P384                                                                   \
  "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEp+HtG72nC9MmV3RCpGN+u/5zATxEV/9l\n"         \
  "DpTfZcRqrlWtsALEjLZlJ945l21budEditR27K+f5IEzXamLh2Oxby0rAQEakVYj\n"         \
  "UXl0AMcVVWbQfFR4MMJde2jqJ1DIcjF9\n"
#define RSA1024                                                                \
  "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDADzqQI79VLpyBhV7lLWw/u1NZ\n"         \
  "dZANWjqwgOKj9sSqJT3ZNXp585tda5Yj/c6Gbuad0UPIbfkGDhmrMOb6fJecvjiK\n"         \
  "m7kWfeTpgP2Xm59nqEFsgGhKP7GZ+mVUXwOTa//nrIShn4HXgkmeiN+GFnwZrACQ\n"         \
  "wYbXZVWnVZsvPVq/CQIDAQAB\n"

static guint
count_pem (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WcJwtKeys) found = wc_jwt_keys_parse (text, strlen (text), &error);

  g_assert_true ((found == NULL) == (error != NULL));
  return found != NULL ? wc_jwt_keys_count (found) : 0;
}

/* Those that can be used of all that there are; where a signature is checked:
 * tests/e2e/access.test.mjs. */
static void
test_pem (void)
{
  g_autoptr (GError) error = NULL;
  static const char private[] =
      PEM ("PUBLIC KEY", P256) PEM ("PRIVATE KEY", "YWJj\n");

  g_assert_cmpuint (count_pem (PEM ("PUBLIC KEY", P256)), ==, 1);
  g_assert_cmpuint (count_pem ("some words\n" PEM ("PUBLIC KEY", P384)
                                   PEM ("PUBLIC KEY", P256)
                                       PEM ("PUBLIC KEY", RSA1024) "the end"),
                    ==, 1);
  g_assert_cmpuint (count_pem (PEM ("PUBLIC KEY", P384)), ==, 0);
  g_assert_cmpuint (count_pem (PEM ("PUBLIC KEY", RSA1024)), ==, 0);
  g_assert_cmpuint (count_pem (PEM ("PUBLIC KEY", "YWJj\n")), ==, 0);
  g_assert_cmpuint (count_pem (PEM ("CERTIFICATE", P256)), ==, 0);
  g_assert_cmpuint (count_pem ("-----BEGIN PUBLIC KEY-----\n" P256), ==, 0);
  g_assert_null (wc_jwt_keys_parse (private, strlen (private), &error));
  g_assert_nonnull (strstr (error->message, "private key"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  make_keys ();
  g_test_add_func ("/jwt/good", test_good);
  g_test_add_func ("/jwt/claims", test_claims);
  g_test_add_func ("/jwt/algorithms", test_algorithms);
  g_test_add_func ("/jwt/headers", test_headers);
  g_test_add_func ("/jwt/nonsense", test_nonsense);
  g_test_add_func ("/jwt/rules", test_rules);
  g_test_add_func ("/jwt/keys", test_keys);
  g_test_add_func ("/jwt/keys/pem", test_pem);
  int status = g_test_run ();
  wc_jwt_keys_free (keys);
  return status;
}
