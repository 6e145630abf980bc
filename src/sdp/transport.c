/* SPDX-License-Identifier: MIT */
#include "sdp/transport.h"

#include "sdp/lines.h"

#include <string.h>

void
wc_sdp_transport_init (WcSdpTransport *transport)
{
  memset (transport, 0, sizeof *transport);
  transport->fingerprints =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_sdp_fingerprint_free);
}

void
wc_sdp_transport_clear (WcSdpTransport *transport)
{
  g_clear_pointer (&transport->ufrag, g_free);
  g_clear_pointer (&transport->pwd, g_free);
  g_clear_pointer (&transport->fingerprints, g_ptr_array_unref);
}

static gboolean
is_ice_chars (const char *text, gsize min)
{
  gsize size = text != NULL ? strlen (text) : 0;

  if (size < min || size > 256)
    return FALSE;
  for (gsize i = 0; i < size; i++)
    if (!g_ascii_isalnum (text[i]) && text[i] != '+' && text[i] != '/')
      return FALSE;
  return TRUE;
}

gboolean
wc_sdp_is_ufrag (const char *text)
{
  return is_ice_chars (text, 4);
}

gboolean
wc_sdp_is_pwd (const char *text)
{
  return is_ice_chars (text, 22);
}

/* The digest's size in bytes; 0: not known; -1: known and refused, RFC 8122
 * section 5. */
static gint
digest_size (const char *algorithm)
{
  static const struct {
    const char *name;
    gint size;
  } algorithms[] = {
      {"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}, {"sha-224", 28},
      {"sha-1", 20},   {"md5", -1},     {"md2", -1},
  };

  for (guint i = 0; i < G_N_ELEMENTS (algorithms); i++)
    if (g_ascii_strcasecmp (algorithms[i].name, algorithm) == 0)
      return algorithms[i].size;
  return 0;
}

static gboolean
parse_digest (const char *hex, guint8 *digest, gsize size)
{
  if (hex == NULL || strlen (hex) != size * 3 - 1)
    return FALSE;
  for (gsize i = 0; i < size; i++) {
    gint high = g_ascii_xdigit_value (hex[i * 3]);
    gint low = g_ascii_xdigit_value (hex[i * 3 + 1]);
    char separator = hex[i * 3 + 2];

    if (high < 0 || low < 0 || separator != (i + 1 < size ? ':' : '\0'))
      return FALSE;
    digest[i] = (guint8)(high << 4 | low);
  }
  return TRUE;
}

gboolean
wc_sdp_fingerprint_parse (char *value, WcSdpFingerprint **fingerprint,
                          const char **problem)
{
  const char *algorithm = wc_sdp_take_word (&value);
  const char *hex = wc_sdp_take_word (&value);
  guint8 digest[64];
  gint size;

  *fingerprint = NULL;
  *problem = "must be an algorithm and a digest";
  if (!wc_sdp_is_token (algorithm, 32, NULL) || hex == NULL)
    return FALSE;

  size = digest_size (algorithm);
  *problem = "MD5 and MD2 are refused; use sha-256";
  if (size < 0)
    return FALSE;
  if (size == 0)
    return TRUE;
  *problem = "the digest must be as many pairs of hexadecimal digits, parted "
             "by colons, as its algorithm makes (32 for sha-256)";
  if (!parse_digest (hex, digest, size))
    return FALSE;

  *fingerprint = g_new0 (WcSdpFingerprint, 1);
  (*fingerprint)->algorithm = g_ascii_strdown (algorithm, -1);
  (*fingerprint)->size = (guint8)size;
  memcpy ((*fingerprint)->digest, digest, size);
  return TRUE;
}

WcSdpFingerprint *
wc_sdp_fingerprint_copy (const WcSdpFingerprint *fingerprint)
{
  WcSdpFingerprint *copy = g_memdup2 (fingerprint, sizeof *fingerprint);

  copy->algorithm = g_strdup (fingerprint->algorithm);
  return copy;
}

void
wc_sdp_fingerprint_free (WcSdpFingerprint *fingerprint)
{
  g_free (fingerprint->algorithm);
  g_free (fingerprint);
}

char *
wc_sdp_fingerprint_format (const WcSdpFingerprint *fingerprint)
{
  GString *text = g_string_new (fingerprint->algorithm);

  for (guint i = 0; i < fingerprint->size; i++)
    g_string_append_printf (text, "%c%02X", i == 0 ? ' ' : ':',
                            fingerprint->digest[i]);
  return g_string_free (text, FALSE);
}

static const char *const setup_names[] = {
    [WC_SDP_SETUP_ACTPASS] = "actpass",
    [WC_SDP_SETUP_ACTIVE] = "active",
    [WC_SDP_SETUP_PASSIVE] = "passive",
};

const char *
wc_sdp_setup_name (WcSdpSetup setup)
{
  return setup_names[setup];
}

gboolean
wc_sdp_setup_parse (const char *text, WcSdpSetup *setup)
{
  for (guint i = 0; i < G_N_ELEMENTS (setup_names); i++) {
    if (g_strcmp0 (text, setup_names[i]) == 0) {
      *setup = (WcSdpSetup)i;
      return TRUE;
    }
  }
  return FALSE;
}
