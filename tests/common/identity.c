/* SPDX-License-Identifier: MIT */
#include "common/identity.h"

#include "base/id.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define DAY_S (24 * 60 * 60)

struct _TcIdentity {
  guint n_refs;
  SSL_CTX *context;
  char *fingerprint;
};

char *
tc_fingerprint_of (const X509 *certificate)
{
  guint8 digest[EVP_MAX_MD_SIZE];
  guint n = 0;
  GString *text = g_string_new (NULL);

  if (X509_digest (certificate, EVP_sha256 (), digest, &n) != 1)
    g_error ("X509_digest failed");
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%02X", i > 0 ? ":" : "", digest[i]);
  return g_string_free (text, FALSE);
}

static X509 *
make_certificate (EVP_PKEY *key)
{
  X509 *certificate = X509_new ();
  X509_NAME *name = X509_get_subject_name (certificate);
  guint32 serial;

  wc_id_random_bytes (&serial, sizeof serial);
  X509_set_version (certificate, 2);
  ASN1_INTEGER_set (X509_get_serialNumber (certificate), serial >> 1);
  X509_gmtime_adj (X509_getm_notBefore (certificate), -DAY_S);
  X509_gmtime_adj (X509_getm_notAfter (certificate), 30 * DAY_S);
  X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC,
                              (const guint8 *)"viewer", -1, -1, 0);
  X509_set_issuer_name (certificate, name);
  X509_set_pubkey (certificate, key);
  if (X509_sign (certificate, key, EVP_sha256 ()) == 0)
    g_error ("X509_sign failed");
  return certificate;
}

/* Any certificate passes here; its fingerprint is compared afterwards. */
static int
accept_certificate (int preverified, X509_STORE_CTX *store)
{
  return 1;
}

TcIdentity *
tc_identity_new (const char *srtp_profiles)
{
  TcIdentity *identity = g_new0 (TcIdentity, 1);
  EVP_PKEY *key = EVP_EC_gen ("P-256");
  X509 *certificate = make_certificate (key);

  identity->n_refs = 1;
  identity->fingerprint = tc_fingerprint_of (certificate);
  identity->context = SSL_CTX_new (DTLS_method ());
  SSL_CTX_set_min_proto_version (identity->context, DTLS1_2_VERSION);
  SSL_CTX_set_verify (identity->context,
                      SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                      accept_certificate);
  SSL_CTX_use_certificate (identity->context, certificate);
  SSL_CTX_use_PrivateKey (identity->context, key);
  SSL_CTX_set_options (identity->context,
                       SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode (identity->context, SSL_SESS_CACHE_OFF);
  /* Zero means that it worked. */
  if (SSL_CTX_set_tlsext_use_srtp (identity->context,
                                   srtp_profiles != NULL
                                       ? srtp_profiles
                                       : "SRTP_AES128_CM_SHA1_80") != 0)
    g_error ("unknown SRTP profile in %s", srtp_profiles);
  X509_free (certificate);
  EVP_PKEY_free (key);
  return identity;
}

TcIdentity *
tc_identity_ref (TcIdentity *identity)
{
  identity->n_refs++;
  return identity;
}

void
tc_identity_unref (TcIdentity *identity)
{
  if (--identity->n_refs > 0)
    return;
  SSL_CTX_free (identity->context);
  g_free (identity->fingerprint);
  g_free (identity);
}

const char *
tc_identity_fingerprint (const TcIdentity *identity)
{
  return identity->fingerprint;
}

SSL_CTX *
tc_identity_context (const TcIdentity *identity)
{
  return identity->context;
}
