/* SPDX-License-Identifier: MIT */
#include "peer/certificate.h"

#include "peer/peer.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#define VALID_SECONDS (10L * 365 * 24 * 3600)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free_all)

/* Self-signed: only its fingerprint counts (RFC 8827 section 6.5). */
static X509 *
self_sign (EVP_PKEY *key)
{
  g_autoptr (X509) x509 = X509_new ();
  g_autoptr (GRand) rand = g_rand_new ();

  if (x509 == NULL)
    return NULL;
  X509_NAME *name = X509_get_subject_name (x509);
  if (!X509_set_version (x509, 2) ||
      !ASN1_INTEGER_set (X509_get_serialNumber (x509),
                         g_rand_int_range (rand, 1, G_MAXINT)) ||
      X509_gmtime_adj (X509_getm_notBefore (x509), -24 * 3600) == NULL ||
      X509_gmtime_adj (X509_getm_notAfter (x509), VALID_SECONDS) == NULL ||
      !X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC,
                                   (const guint8 *)"whepcast", -1, -1, 0) ||
      !X509_set_issuer_name (x509, name) || !X509_set_pubkey (x509, key) ||
      !X509_sign (x509, key, EVP_sha256 ()))
    return NULL;
  return g_steal_pointer (&x509);
}

static char *
to_pem (X509 *x509, EVP_PKEY *key)
{
  g_autoptr (BIO) bio = BIO_new (BIO_s_mem ());
  char *text;

  if (bio == NULL || !PEM_write_bio_X509 (bio, x509) ||
      !PEM_write_bio_PrivateKey (bio, key, NULL, NULL, 0, NULL, NULL))
    return NULL;
  long size = BIO_get_mem_data (bio, &text);
  return g_strndup (text, (gsize)size);
}

static char *
to_fingerprint (X509 *x509)
{
  guint8 digest[EVP_MAX_MD_SIZE];
  unsigned size;

  if (!X509_digest (x509, EVP_sha256 (), digest, &size))
    return NULL;
  GString *text = g_string_new ("sha-256 ");
  for (unsigned i = 0; i < size; i++)
    g_string_append_printf (text, i == 0 ? "%02X" : ":%02X", digest[i]);
  return g_string_free (text, FALSE);
}

WcCertificate *
wc_certificate_new (GError **error)
{
  g_autoptr (EVP_PKEY) key = EVP_EC_gen ("P-256");
  g_autoptr (X509) x509 = key != NULL ? self_sign (key) : NULL;
  g_autoptr (WcCertificate) certificate = g_new0 (WcCertificate, 1);

  if (x509 != NULL) {
    certificate->pem = to_pem (x509, key);
    certificate->fingerprint = to_fingerprint (x509);
  }
  if (certificate->pem == NULL || certificate->fingerprint == NULL) {
    g_set_error (error, WC_PEER_ERROR, WC_PEER_ERROR_NEGOTIATION,
                 "cannot make a DTLS certificate: %s",
                 ERR_reason_error_string (ERR_peek_last_error ()));
    return NULL;
  }
  return g_steal_pointer (&certificate);
}

void
wc_certificate_free (WcCertificate *certificate)
{
  if (certificate->pem != NULL)
    memset (certificate->pem, 0, strlen (certificate->pem));
  g_free (certificate->pem);
  g_free (certificate->fingerprint);
  g_free (certificate);
}

/* The hash functions of RFC 8122 section 5 that are still trusted. */
static const EVP_MD *
hash_of (const char *algorithm)
{
  if (g_str_equal (algorithm, "sha-256"))
    return EVP_sha256 ();
  if (g_str_equal (algorithm, "sha-384"))
    return EVP_sha384 ();
  if (g_str_equal (algorithm, "sha-512"))
    return EVP_sha512 ();
  if (g_str_equal (algorithm, "sha-224"))
    return EVP_sha224 ();
  if (g_str_equal (algorithm, "sha-1"))
    return EVP_sha1 ();
  return NULL;
}

static gboolean
has_fingerprint (const guint8 *der, gsize der_size,
                 const WcSdpFingerprint *fingerprint)
{
  const EVP_MD *hash = hash_of (fingerprint->algorithm);
  guint8 digest[EVP_MAX_MD_SIZE];
  unsigned size;

  return hash != NULL &&
         EVP_Digest (der, der_size, digest, &size, hash, NULL) &&
         size == fingerprint->size &&
         memcmp (digest, fingerprint->digest, size) == 0;
}

/* A fingerprint is of the bytes. OpenSSL 3.0 executes a million instructions to
 * understand them, most of them in its search for a decoder of the key. */
gboolean
wc_certificate_matches (const char *pem, GPtrArray *fingerprints)
{
  g_autoptr (BIO) bio = BIO_new_mem_buf (pem, -1);
  char *name = NULL, *header = NULL;
  guint8 *der = NULL;
  long size;
  gboolean matches = FALSE;

  if (bio == NULL || !PEM_read_bio (bio, &name, &header, &der, &size))
    return FALSE;
  if (g_str_equal (name, PEM_STRING_X509))
    for (guint i = 0; !matches && i < fingerprints->len; i++)
      matches = has_fingerprint (der, (gsize)size,
                                 g_ptr_array_index (fingerprints, i));
  OPENSSL_free (name);
  OPENSSL_free (header);
  OPENSSL_free (der);
  return matches;
}
