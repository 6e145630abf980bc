/* SPDX-License-Identifier: MIT */
#include "ingest/tls-pin.h"

char *
wc_tls_pin_of (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) der = NULL;

  g_object_get (certificate, "certificate", &der, NULL);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
}

char *
wc_tls_pin_read (const char *text)
{
  g_autoptr (GString) plain = g_string_new (text);

  if (text == NULL)
    return NULL;
  g_string_replace (plain, ":", "", 0);
  return g_ascii_strdown (plain->str, -1);
}

const char *
wc_tls_pin_explain (GTlsCertificateFlags flags)
{
  static const struct {
    GTlsCertificateFlags flag;
    const char *text;
  } rows[] = {
      {G_TLS_CERTIFICATE_REVOKED, "was revoked"},
      {G_TLS_CERTIFICATE_EXPIRED, "has expired"},
      {G_TLS_CERTIFICATE_NOT_ACTIVATED, "is not valid yet"},
      {G_TLS_CERTIFICATE_UNKNOWN_CA, "is of no authority that this host knows"},
      {G_TLS_CERTIFICATE_BAD_IDENTITY, "is for another name"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (flags & rows[i].flag)
      return rows[i].text;
  return "cannot be verified";
}
