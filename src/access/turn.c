/* SPDX-License-Identifier: MIT */
#include "access/turn.h"

#include "access/admin-token.h"

#include <string.h>

#define SHA1_BYTES 20
#define MIN_SECRET 1
#define MAX_SECRET 256

struct WcTurn {
  const WcConfig *config;
  char *secret; /* nullable */
};

static gboolean
is_secret (const char *text)
{
  gsize length = strlen (text);

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (text[i]))
      return FALSE;
  return length >= MIN_SECRET && length <= MAX_SECRET;
}

static char *
read_secret (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) reason = NULL;

  if (!g_file_get_contents (path, &text, NULL, &reason)) {
    g_set_error (error, WC_ACCESS_ERROR, WC_ACCESS_ERROR_READ,
                 "[ice] turn-secret-file cannot be read: %s", reason->message);
    return NULL;
  }
  g_strstrip (text);
  if (!is_secret (text)) {
    g_set_error (error, WC_ACCESS_ERROR, WC_ACCESS_ERROR_VALUE,
                 "[ice] turn-secret-file %s: a secret is %d to %d visible "
                 "ASCII characters",
                 path, MIN_SECRET, MAX_SECRET);
    return NULL;
  }
  return g_steal_pointer (&text);
}

char *
wc_turn_load_secret (const WcConfig *config, GError **error)
{
  if (config->turn_secret_file != NULL)
    return read_secret (config->turn_secret_file, error);
  return g_strdup (config->turn_secret);
}

gboolean
wc_turn_take_secret (WcTurn *turn, char *secret)
{
  gboolean other = g_strcmp0 (turn->secret, secret) != 0;

  g_free (turn->secret);
  turn->secret = secret;
  return other;
}

WcTurn *
wc_turn_new (const WcConfig *config, GError **error)
{
  g_autoptr (WcTurn) turn = g_new0 (WcTurn, 1);

  turn->config = config;
  turn->secret = wc_turn_load_secret (config, error);
  if (turn->secret == NULL && config->turn_secret_file != NULL)
    return NULL;
  return g_steal_pointer (&turn);
}

void
wc_turn_free (WcTurn *turn)
{
  g_free (turn->secret);
  g_free (turn);
}

guint
wc_turn_n_servers (const WcTurn *turn)
{
  return g_strv_length (turn->config->ice_servers);
}

/* base64 (HMAC-SHA1 (secret, username)). */
static char *
make_password (const char *secret, const char *username)
{
  g_autoptr (GHmac) hmac =
      g_hmac_new (G_CHECKSUM_SHA1, (const guchar *)secret, strlen (secret));
  guint8 digest[SHA1_BYTES];
  gsize size = sizeof digest;

  g_hmac_update (hmac, (const guchar *)username, (gssize)strlen (username));
  g_hmac_get_digest (hmac, digest, &size);
  return g_base64_encode (digest, size);
}

/* A quoted-string (RFC 9110 section 5.6.4). */
static void
append_quoted (GString *link, const char *name, const char *value)
{
  g_string_append_printf (link, "; %s=\"", name);
  for (const char *c = value; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_c (link, '\\');
    g_string_append_c (link, *c);
  }
  g_string_append_c (link, '"');
}

char **
wc_turn_links (const WcTurn *turn, const char *user, gint64 now_us)
{
  const WcConfig *config = turn->config;
  gint64 expiry_s =
      now_us / G_USEC_PER_SEC + (gint64)(config->turn_ttl_ms / 1000);
  g_autofree char *limited =
      g_strdup_printf ("%" G_GINT64_FORMAT ":%s", expiry_s, user);
  const char *username = turn->secret != NULL ? limited : config->turn_username;
  g_autofree char *password = turn->secret != NULL
                                  ? make_password (turn->secret, limited)
                                  : g_strdup (config->turn_password);
  guint n = wc_turn_n_servers (turn);
  char **links = g_new0 (char *, n + 1);

  for (guint i = 0; i < n; i++) {
    GString *link = g_string_new (NULL);
    g_string_append_printf (link, "<%s>; rel=\"ice-server\"",
                            config->ice_servers[i]);
    if (g_str_has_prefix (config->ice_servers[i], "turn")) {
      append_quoted (link, "username", username);
      append_quoted (link, "credential", password);
      append_quoted (link, "credential-type", "password");
    }
    links[i] = g_string_free (link, FALSE);
  }
  return links;
}
