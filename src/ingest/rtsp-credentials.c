/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-credentials.h"

#include "base/id.h"

#include <string.h>

#define NAME_CHARACTERS                                                        \
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

/* --- Digest ---------------------------------------------------------------
 */

typedef struct {
  char *user, *realm, *uri, *response, *nonce; /* nullable, owned */
} Digest;

static void
clear_digest (Digest *digest)
{
  g_free (digest->user);
  g_free (digest->realm);
  g_free (digest->uri);
  g_free (digest->response);
  g_free (digest->nonce);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Digest, clear_digest)

/* "name"; NULL when there is none. */
static char *
take_name (const char **cursor)
{
  gsize length = strspn (*cursor, NAME_CHARACTERS);
  char *name = length > 0 ? g_strndup (*cursor, length) : NULL;

  *cursor += length;
  return name;
}

/* What stands after '=': a token, or a string in quotes. NULL: neither. */
static char *
take_value (const char **cursor)
{
  g_autoptr (GString) value = g_string_new (NULL);
  const char *at = *cursor;

  if (*at != '"') {
    gsize length = strcspn (at, " \t,\"");
    *cursor = at + length;
    return length > 0 ? g_strndup (at, length) : NULL;
  }
  for (at++; *at != '"'; at++) {
    if (*at == '\\')
      at++;
    if (*at == '\0')
      return NULL;
    g_string_append_c (value, *at);
  }
  *cursor = at + 1;
  return g_string_free (g_steal_pointer (&value), FALSE);
}

/* The first of a name counts. */
static void
store_parameter (Digest *digest, const char *name, char *value)
{
  const struct {
    const char *name;
    char **value;
  } fields[] = {
      {"username", &digest->user}, {"realm", &digest->realm},
      {"uri", &digest->uri},       {"response", &digest->response},
      {"nonce", &digest->nonce},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (g_ascii_strcasecmp (name, fields[i].name) == 0 &&
        *fields[i].value == NULL) {
      *fields[i].value = value;
      return;
    }
  g_free (value);
}

/* FALSE when it is not `name=value, ...` to the end, or something is missing.
 * Strict, unlike GStreamer's reader of it, which guesses. */
static gboolean
parse_digest (const char *text, Digest *digest)
{
  text += strspn (text, " \t,");
  while (*text != '\0') {
    g_autofree char *name = take_name (&text);
    char *value;

    if (name == NULL || *text++ != '=' || (value = take_value (&text)) == NULL)
      return FALSE;
    store_parameter (digest, name, value);
    text += strspn (text, " \t,");
  }
  return digest->user != NULL && digest->realm != NULL && digest->uri != NULL &&
         digest->response != NULL && digest->nonce != NULL;
}

/* Without qop, as RFC 2069: that is what is asked for. The method is that of
 * the request, so that an answer to one is none to another. */
static gboolean
match_digest (const char *text, GstRTSPMethod method, const char *token,
              const char *nonce)
{
  g_auto (Digest) digest = {0};

  if (!parse_digest (text, &digest) ||
      !g_str_equal (digest.realm, WC_RTSP_REALM) ||
      !g_str_equal (digest.nonce, nonce))
    return FALSE;

  g_autofree char *expected = gst_rtsp_generate_digest_auth_response (
      NULL, gst_rtsp_method_as_text (method), digest.realm, digest.user, token,
      digest.uri, nonce);
  return expected != NULL && wc_id_equal_secret (expected, digest.response);
}

/* --- Basic and the query --------------------------------------------------
 */

static gboolean
match_basic (const char *text, const char *token)
{
  gsize size;
  g_autofree guchar *decoded = g_base64_decode (text, &size);
  g_autofree char *pair = g_strndup ((const char *)decoded, size);
  const char *colon = strchr (pair, ':');

  return colon != NULL && wc_id_equal_secret (colon + 1, token);
}

/* The first Authorization field counts. */
static gboolean
match_header (GstRTSPMessage *request, const char *token, const char *nonce)
{
  GstRTSPMethod method = GST_RTSP_INVALID;
  char *text;

  if (gst_rtsp_message_parse_request (request, &method, NULL, NULL) !=
          GST_RTSP_OK ||
      gst_rtsp_message_get_header (request, GST_RTSP_HDR_AUTHORIZATION, &text,
                                   0) != GST_RTSP_OK)
    return FALSE;
  if (g_ascii_strncasecmp (text, "digest ", 7) == 0)
    return match_digest (text + 7, method, token, nonce);
  if (g_ascii_strncasecmp (text, "basic ", 6) == 0)
    return match_basic (text + 6 + strspn (text + 6, " "), token);
  return FALSE;
}

static gboolean
match_query (const char *query, const char *token)
{
  g_auto (GStrv) parts = g_strsplit (query, "&", 16);

  for (guint i = 0; parts[i] != NULL; i++) {
    if (!g_str_has_prefix (parts[i], "token="))
      continue;
    g_autofree char *value =
        g_uri_unescape_string (parts[i] + strlen ("token="), NULL);
    return value != NULL && wc_id_equal_secret (value, token);
  }
  return FALSE;
}

gboolean
wc_rtsp_credentials_match (GstRTSPMessage *request, const char *query,
                           const char *token, const char *nonce)
{
  return (query != NULL && match_query (query, token)) ||
         match_header (request, token, nonce);
}
