/* SPDX-License-Identifier: MIT */
#include "access/webhook-key.h"

#include <string.h>

#define PREFIX "whsec_"
#define MIN_BYTES 24
#define MAX_BYTES 64
#define MIN_TEXT 16
#define MAX_TEXT 256
#define SHA256_BYTES 32

struct WcWebhookKey {
  guchar *data;
  gsize size;
};

/* g_base64_decode () passes over what is not base64. */
static gboolean
is_base64 (const char *text)
{
  return g_regex_match_simple ("^(?:[A-Za-z0-9+/]{4})*"
                               "(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
                               text, G_REGEX_DOLLAR_ENDONLY, 0);
}

static gboolean
is_text (const char *text)
{
  gsize length = strlen (text);

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (text[i]))
      return FALSE;
  return length >= MIN_TEXT && length <= MAX_TEXT;
}

WcWebhookKey *
wc_webhook_key_new (const char *secret)
{
  g_autoptr (WcWebhookKey) key = g_new0 (WcWebhookKey, 1);

  if (!g_str_has_prefix (secret, PREFIX)) {
    if (!is_text (secret))
      return NULL;
    key->size = strlen (secret);
    key->data = g_memdup2 (secret, key->size);
    return g_steal_pointer (&key);
  }
  secret += strlen (PREFIX);
  if (!is_base64 (secret))
    return NULL;
  key->data = g_base64_decode (secret, &key->size);
  if (key->size < MIN_BYTES || key->size > MAX_BYTES)
    return NULL;
  return g_steal_pointer (&key);
}

void
wc_webhook_key_free (WcWebhookKey *key)
{
  g_free (key->data);
  g_free (key);
}

gboolean
wc_webhook_key_equal (const WcWebhookKey *a, const WcWebhookKey *b)
{
  return a->size == b->size && memcmp (a->data, b->data, a->size) == 0;
}

char *
wc_webhook_key_sign (const WcWebhookKey *key, const char *id, gint64 timestamp,
                     const char *body)
{
  GHmac *hmac = g_hmac_new (G_CHECKSUM_SHA256, key->data, key->size);
  g_autofree char *head =
      g_strdup_printf ("%s.%" G_GINT64_FORMAT ".", id, timestamp);
  guint8 digest[SHA256_BYTES];
  gsize size = sizeof digest;

  g_hmac_update (hmac, (const guchar *)head, (gssize)strlen (head));
  g_hmac_update (hmac, (const guchar *)body, (gssize)strlen (body));
  g_hmac_get_digest (hmac, digest, &size);
  g_hmac_unref (hmac);
  g_autofree char *text = g_base64_encode (digest, size);
  return g_strconcat ("v1,", text, NULL);
}
