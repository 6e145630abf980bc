/* SPDX-License-Identifier: MIT */
#include "access/jwt.h"

#include "access/admin-token.h"
#include "access/jwt-pem.h"

#include <cjose/cjose.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define MIN_RSA_BITS 2048
#define MIN_SECRET_BITS 256

typedef struct {
  cjose_jwk_t *jwk;
  char *kid;             /* nullable */
  const char *algorithm; /* the one that it is for */
} Key;

struct WcJwtKeys {
  GPtrArray *keys; /* of Key */
};

static void
key_free (gpointer data)
{
  Key *key = data;

  cjose_jwk_release (key->jwk);
  g_free (key->kid);
  g_free (key);
}

/* @length bytes of base64url without padding (RFC 7515 section 2). The library
 * ends the process by an assertion at some of what is not. */
static gboolean
is_base64url (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && text[i] != '-' && text[i] != '_')
      return FALSE;
  return length > 0 && length % 4 != 1;
}

/* Three parts of base64url with dots between (RFC 7515 section 7.1). */
static gboolean
is_compact (const char *token)
{
  for (guint i = 0; i < 3; i++) {
    gsize length = strcspn (token, ".");
    if (!is_base64url (token, length) || (token[length] == '.') != (i < 2))
      return FALSE;
    token += length + (i < 2 ? 1 : 0);
  }
  return TRUE;
}

/* A member that is a text, or NULL. */
static const char *
text_of (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static const char *
algorithm_of (const cjose_jwk_t *jwk)
{
  cjose_err error;
  size_t bits = cjose_jwk_get_keysize (jwk, &error);

  switch (cjose_jwk_get_kty (jwk, &error)) {
  case CJOSE_JWK_KTY_OCT:
    return bits >= MIN_SECRET_BITS ? CJOSE_HDR_ALG_HS256 : NULL;
  case CJOSE_JWK_KTY_RSA:
    return bits >= MIN_RSA_BITS ? CJOSE_HDR_ALG_RS256 : NULL;
  case CJOSE_JWK_KTY_EC:
    return cjose_jwk_EC_get_curve (jwk, &error) == CJOSE_JWK_EC_P_256
               ? CJOSE_HDR_ALG_ES256
               : NULL;
  default:
    return NULL;
  }
}

/* The numbers of a key, as far as there are any. */
static gboolean
has_clean_numbers (JsonObject *object)
{
  static const char *const names[] = {"k", "n", "e",  "d",  "x", "y",
                                      "p", "q", "dp", "dq", "qi"};

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    const char *text = text_of (object, names[i]);
    if (json_object_has_member (object, names[i]) &&
        (text == NULL || !is_base64url (text, strlen (text))))
      return FALSE;
  }
  return TRUE;
}

/* NULL: not a key for us. */
static Key *
parse_key (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  const char *use = text_of (object, "use"), *alg = text_of (object, "alg");
  cjose_err error;

  if ((use != NULL && !g_str_equal (use, "sig")) || !has_clean_numbers (object))
    return NULL;
  json_node_set_object (node, object);
  g_autofree char *text = json_to_string (node, FALSE);
  cjose_jwk_t *jwk = cjose_jwk_import (text, strlen (text), &error);
  if (jwk == NULL)
    return NULL;

  const char *algorithm = algorithm_of (jwk);
  if (algorithm == NULL || (alg != NULL && !g_str_equal (alg, algorithm))) {
    cjose_jwk_release (jwk);
    return NULL;
  }
  Key *key = g_new0 (Key, 1);
  key->jwk = jwk;
  key->kid = g_strdup (text_of (object, "kid"));
  key->algorithm = algorithm;
  return key;
}

static void
add_key (WcJwtKeys *keys, JsonNode *node)
{
  Key *key = JSON_NODE_HOLDS_OBJECT (node) && keys->keys->len < WC_JWT_MAX_KEYS
                 ? parse_key (json_node_get_object (node))
                 : NULL;

  if (key != NULL)
    g_ptr_array_add (keys->keys, key);
}

static void
add_keys (WcJwtKeys *keys, JsonNode *root)
{
  JsonNode *list =
      JSON_NODE_HOLDS_OBJECT (root)
          ? json_object_get_member (json_node_get_object (root), "keys")
          : NULL;

  if (list == NULL) {
    add_key (keys, root);
    return;
  }
  if (!JSON_NODE_HOLDS_ARRAY (list))
    return;
  JsonArray *array = json_node_get_array (list);
  for (guint i = 0; i < json_array_get_length (array); i++)
    add_key (keys, json_array_get_element (array, i));
}

static gboolean
parse_json (WcJwtKeys *keys, const char *text, gsize size, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();

  if (!json_parser_load_from_data (parser, text, (gssize)size, error))
    return FALSE;
  if (json_parser_get_root (parser) != NULL)
    add_keys (keys, json_parser_get_root (parser));
  return TRUE;
}

static gboolean
parse_pem (WcJwtKeys *keys, const char *text, gsize size, GError **error)
{
  g_autoptr (JsonArray) array = wc_jwt_pem_parse (text, size, error);

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    add_key (keys, json_array_get_element (array, i));
  return array != NULL;
}

WcJwtKeys *
wc_jwt_keys_parse (const char *text, gsize size, GError **error)
{
  g_autoptr (WcJwtKeys) keys = g_new0 (WcJwtKeys, 1);

  keys->keys = g_ptr_array_new_with_free_func (key_free);
  if (!(wc_jwt_is_pem (text, size) ? parse_pem (keys, text, size, error)
                                   : parse_json (keys, text, size, error)))
    return NULL;
  if (keys->keys->len > 0)
    return g_steal_pointer (&keys);
  g_set_error_literal (error, WC_ACCESS_ERROR, WC_ACCESS_ERROR_VALUE,
                       "there is no key for HS256 (256 bits), RS256 (2048 "
                       "bits) or ES256 in it");
  return NULL;
}

void
wc_jwt_keys_free (WcJwtKeys *keys)
{
  g_ptr_array_unref (keys->keys);
  g_free (keys);
}

guint
wc_jwt_keys_count (const WcJwtKeys *keys)
{
  return keys->keys->len;
}

/* A key without an id, as PEM has none, may be any. */
static gboolean
fits (const Key *key, const char *kid, const char *algorithm)
{
  return g_str_equal (key->algorithm, algorithm) &&
         (kid == NULL || key->kid == NULL || g_str_equal (kid, key->kid));
}

/* TRUE if the signature at the end of @token is @size bytes, written in the one
 * right way: the library looks away from what is too much. */
static gboolean
has_exact_signature (const char *token, gsize size)
{
  const char *dot = strrchr (token, '.');
  uint8_t *bytes = NULL;
  char *text = NULL;
  size_t n_bytes = 0, n_text = 0;
  cjose_err error;
  gboolean exact =
      dot != NULL &&
      cjose_base64url_decode (dot + 1, strlen (dot + 1), &bytes, &n_bytes,
                              &error) &&
      n_bytes == size &&
      cjose_base64url_encode (bytes, n_bytes, &text, &n_text, &error) &&
      n_text == strlen (dot + 1) && memcmp (text, dot + 1, n_text) == 0;

  cjose_get_dealloc () (bytes);
  cjose_get_dealloc () (text);
  return exact;
}

static gsize
signature_size (const Key *key)
{
  cjose_err error;

  if (g_str_equal (key->algorithm, CJOSE_HDR_ALG_HS256))
    return 32;
  if (g_str_equal (key->algorithm, CJOSE_HDR_ALG_ES256))
    return 64;
  return cjose_jwk_get_keysize (key->jwk, &error) / 8;
}

/* The payload if the signature is that of one of the keys. A header that must
 * be understood (`crit`) is not. Keys that the token itself brings or names
 * (jwk, jku, x5u) are not looked at. (transfer full) (nullable) */
static GBytes *
open_token (const WcJwtKeys *keys, const char *token)
{
  cjose_err error;
  GBytes *payload = NULL;
  cjose_jws_t *jws = is_compact (token)
                         ? cjose_jws_import (token, strlen (token), &error)
                         : NULL;

  if (jws == NULL)
    return NULL;
  cjose_header_t *header = cjose_jws_get_protected (jws);
  const char *algorithm = cjose_header_get (header, CJOSE_HDR_ALG, &error);
  const char *kid = cjose_header_get (header, CJOSE_HDR_KID, &error);
  char *critical = cjose_header_get_raw (header, "crit", &error);
  for (guint i = 0; algorithm != NULL && critical == NULL && payload == NULL &&
                    i < keys->keys->len;
       i++) {
    const Key *key = keys->keys->pdata[i];
    uint8_t *data = NULL;
    size_t size = 0;
    if (fits (key, kid, algorithm) &&
        has_exact_signature (token, signature_size (key)) &&
        cjose_jws_verify (jws, key->jwk, &error) &&
        cjose_jws_get_plaintext (jws, &data, &size, &error))
      payload = g_bytes_new (data, size);
  }
  cjose_get_dealloc () (critical);
  cjose_jws_release (jws);
  return payload;
}

/* Whether a claim, a text or a list of them, has @wanted. */
static gboolean
claim_has (JsonObject *claims, const char *name, const char *wanted)
{
  JsonNode *node = json_object_get_member (claims, name);

  if (node == NULL || wanted == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return g_strcmp0 (text_of (claims, name), wanted) == 0;
  JsonArray *array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *item = json_array_get_element (array, i);
    if (json_node_get_value_type (item) == G_TYPE_STRING &&
        g_str_equal (json_node_get_string (item), wanted))
      return TRUE;
  }
  return FALSE;
}

/* A NumericDate (RFC 7519 section 2). FALSE: there is one, and it is none. */
static gboolean
get_time (JsonObject *claims, const char *name, gboolean *present,
          gint64 *time_s)
{
  JsonNode *node = json_object_get_member (claims, name);
  GType type = node != NULL ? json_node_get_value_type (node) : G_TYPE_INVALID;

  *present = node != NULL;
  if (node == NULL)
    return TRUE;
  if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE)
    return FALSE;
  double value = json_node_get_double (node);
  *time_s = (gint64)CLAMP (value, -1e15, 1e15);
  return TRUE;
}

static const char *
check_times (JsonObject *claims, const WcJwtRules *rules)
{
  gboolean expires, begins;
  gint64 exp_s = 0, nbf_s = 0;

  if (!get_time (claims, "exp", &expires, &exp_s) ||
      !get_time (claims, "nbf", &begins, &nbf_s))
    return "exp or nbf is no number";
  if (!expires)
    return "exp is missing";
  if (!rules->may_be_expired && rules->now_s >= exp_s + WC_JWT_LEEWAY_S)
    return "it has expired";
  if (begins && rules->now_s < nbf_s - WC_JWT_LEEWAY_S)
    return "it is not valid yet";
  return NULL;
}

static const char *
check_parties (JsonObject *claims, const WcJwtRules *rules)
{
  if (rules->issuer != NULL &&
      g_strcmp0 (text_of (claims, "iss"), rules->issuer) != 0)
    return "iss is another";
  if (rules->audience != NULL ? !claim_has (claims, "aud", rules->audience)
                              : json_object_has_member (claims, "aud"))
    return "aud is another";
  return NULL;
}

static WcAccessVerdict
check_claims (JsonObject *claims, const WcJwtRules *rules, const char **reason)
{
  *reason = check_times (claims, rules);
  if (*reason == NULL)
    *reason = check_parties (claims, rules);
  if (*reason != NULL)
    return WC_ACCESS_INVALID;

  if (!claim_has (claims, "action", wc_access_action_name (rules->action)) ||
      !(claim_has (claims, "mountpoint", "*") ||
        claim_has (claims, "mountpoint", rules->mountpoint))) {
    *reason = "it is for something else";
    return WC_ACCESS_FORBIDDEN;
  }
  return WC_ACCESS_GRANTED;
}

WcAccessVerdict
wc_jwt_check (const WcJwtKeys *keys, const WcJwtRules *rules, const char *token,
              const char **reason)
{
  g_autoptr (GBytes) payload = open_token (keys, token);
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  gsize size = 0;
  const char *text = payload != NULL ? g_bytes_get_data (payload, &size) : NULL;

  if (text == NULL) {
    *reason = "it is not signed with a key of ours";
    return WC_ACCESS_INVALID;
  }
  if (!g_utf8_validate_len (text, size, NULL) ||
      !json_parser_load_from_data (parser, text, (gssize)size, NULL) ||
      json_parser_get_root (parser) == NULL ||
      !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser))) {
    *reason = "its claims are no JSON object";
    return WC_ACCESS_INVALID;
  }
  return check_claims (json_node_get_object (json_parser_get_root (parser)),
                       rules, reason);
}

gboolean
wc_jwt_is_of_unknown_key (const WcJwtKeys *keys, const char *token)
{
  cjose_err error;
  cjose_jws_t *jws = is_compact (token)
                         ? cjose_jws_import (token, strlen (token), &error)
                         : NULL;

  if (jws == NULL)
    return FALSE;
  const char *kid =
      cjose_header_get (cjose_jws_get_protected (jws), CJOSE_HDR_KID, &error);
  gboolean known = kid == NULL;
  for (guint i = 0; !known && i < keys->keys->len; i++)
    known = g_strcmp0 (((Key *)keys->keys->pdata[i])->kid, kid) == 0;
  cjose_jws_release (jws);
  return !known;
}
