/* SPDX-License-Identifier: MIT */
#include "access/jwt-pem.h"

#include "access/admin-token.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#define BEGIN "-----BEGIN "
#define P256_BYTES 32
#define MAX_NUMBER 1024 /* bytes: RSA of 8192 bits */

gboolean
wc_jwt_is_pem (const char *text, gsize size)
{
  return g_strstr_len (text, (gssize)size, BEGIN) != NULL;
}

/* RFC 7515 section 2. */
static char *
base64url (const guint8 *data, gsize size)
{
  char *text = g_base64_encode (data, size);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

/* @width: bytes, 0: as many as it has. FALSE: the key has no such number. */
static gboolean
set_number (JsonObject *jwk, const char *member, const EVP_PKEY *key,
            const char *parameter, guint width)
{
  guint8 bytes[MAX_NUMBER];
  BIGNUM *number = NULL;
  int size = -1;

  if (EVP_PKEY_get_bn_param (key, parameter, &number) == 1 &&
      BN_num_bytes (number) <= (int)sizeof bytes)
    size = BN_bn2binpad (number, bytes,
                         width != 0 ? (int)width : BN_num_bytes (number));
  BN_free (number);
  if (size < 0)
    return FALSE;
  g_autofree char *text = base64url (bytes, (gsize)size);
  json_object_set_string_member (jwk, member, text);
  return TRUE;
}

static gboolean
is_p256 (const EVP_PKEY *key)
{
  char name[32];

  return EVP_PKEY_get_utf8_string_param (key, OSSL_PKEY_PARAM_GROUP_NAME, name,
                                         sizeof name, NULL) == 1 &&
         g_str_equal (name, "prime256v1");
}

/* RFC 7518 section 6; NULL: not a key for us. */
static JsonObject *
make_jwk (const EVP_PKEY *key)
{
  g_autoptr (JsonObject) jwk = json_object_new ();
  gboolean ok = FALSE;

  if (EVP_PKEY_is_a (key, "RSA")) {
    json_object_set_string_member (jwk, "kty", "RSA");
    ok = set_number (jwk, "n", key, OSSL_PKEY_PARAM_RSA_N, 0) &&
         set_number (jwk, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
  } else if (EVP_PKEY_is_a (key, "EC") && is_p256 (key)) {
    json_object_set_string_member (jwk, "kty", "EC");
    json_object_set_string_member (jwk, "crv", "P-256");
    ok = set_number (jwk, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, P256_BYTES) &&
         set_number (jwk, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, P256_BYTES);
  }
  return ok ? g_steal_pointer (&jwk) : NULL;
}

static EVP_PKEY *
read_key (const char *name, const guint8 *data, long size)
{
  X509 *certificate;
  EVP_PKEY *key;

  if (g_str_equal (name, PEM_STRING_PUBLIC))
    return d2i_PUBKEY (NULL, &data, size);
  if (!g_str_equal (name, PEM_STRING_X509))
    return NULL;
  certificate = d2i_X509 (NULL, &data, size);
  key = certificate != NULL ? X509_get_pubkey (certificate) : NULL;
  X509_free (certificate);
  return key;
}

static void
add_block (JsonArray *keys, const char *name, const guint8 *data, long size)
{
  EVP_PKEY *key = read_key (name, data, size);
  JsonObject *jwk = key != NULL ? make_jwk (key) : NULL;

  if (jwk != NULL)
    json_array_add_object_element (keys, jwk);
  EVP_PKEY_free (key);
}

JsonArray *
wc_jwt_pem_parse (const char *text, gsize size, GError **error)
{
  g_autoptr (JsonArray) keys = json_array_new ();
  BIO *bio = BIO_new_mem_buf (text, (int)MIN (size, G_MAXINT));
  gboolean is_private = FALSE;
  char *name, *header;
  guint8 *data;
  long length;

  while (!is_private &&
         PEM_read_bio (bio, &name, &header, &data, &length) == 1) {
    is_private = g_str_has_suffix (name, "PRIVATE KEY");
    add_block (keys, name, data, length);
    OPENSSL_free (name);
    OPENSSL_free (header);
    OPENSSL_clear_free (data, (size_t)length);
  }
  BIO_free (bio);
  if (!is_private)
    return g_steal_pointer (&keys);
  g_set_error_literal (error, WC_ACCESS_ERROR, WC_ACCESS_ERROR_VALUE,
                       "there is a private key in it; tokens are checked with "
                       "the public one (openssl pkey -pubout)");
  return NULL;
}
