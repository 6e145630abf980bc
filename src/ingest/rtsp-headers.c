/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-headers.h"

#include <string.h>

#define MAX_LENGTH 2048
#define MAX_CHALLENGES 8

/* --- challenges ------------------------------------------------------------
 */

typedef struct {
  const char *next; /* the rest of the text */
  char *scheme;     /* of the challenge being read; NULL: none yet */
  char *realm, *nonce, *opaque, *algorithm;
  gboolean is_stale;
  gboolean any_stale;
  GPtrArray *texts;
} Reader;

static gboolean
is_token (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("-_.!#$%&'*+^`|~", c));
}

static char *
read_token (Reader *reader)
{
  const char *start = reader->next;

  while (is_token (*reader->next))
    reader->next++;
  return g_strndup (start, (gsize)(reader->next - start));
}

static void
skip (Reader *reader, const char *characters)
{
  reader->next += strspn (reader->next, characters);
}

/* NULL: not closed, or with characters that would have to be escaped. */
static char *
read_quoted (Reader *reader)
{
  const char *start = ++reader->next;

  while (g_ascii_isprint (*reader->next) && *reader->next != '"' &&
         *reader->next != '\\')
    reader->next++;
  if (*reader->next != '"')
    return NULL;
  return g_strndup (start, (gsize)(reader->next++ - start));
}

static gboolean
is_supported (const Reader *reader)
{
  if (reader->scheme == NULL || reader->realm == NULL)
    return FALSE;
  if (g_ascii_strcasecmp (reader->scheme, "Basic") == 0)
    return TRUE;
  return g_ascii_strcasecmp (reader->scheme, "Digest") == 0 &&
         reader->nonce != NULL &&
         (reader->algorithm == NULL ||
          g_ascii_strcasecmp (reader->algorithm, "MD5") == 0);
}

static char *
write_challenge (const Reader *reader)
{
  GString *text = g_string_new (NULL);

  if (g_ascii_strcasecmp (reader->scheme, "Basic") == 0) {
    g_string_printf (text, "Basic realm=\"%s\"", reader->realm);
    return g_string_free (text, FALSE);
  }
  g_string_printf (text, "Digest realm=\"%s\", nonce=\"%s\"", reader->realm,
                   reader->nonce);
  if (reader->opaque != NULL)
    g_string_append_printf (text, ", opaque=\"%s\"", reader->opaque);
  if (reader->algorithm != NULL)
    g_string_append (text, ", algorithm=\"MD5\"");
  if (reader->is_stale)
    g_string_append (text, ", stale=\"true\"");
  return g_string_free (text, FALSE);
}

static void
end_challenge (Reader *reader)
{
  if (is_supported (reader) && reader->texts->len < MAX_CHALLENGES) {
    g_ptr_array_add (reader->texts, write_challenge (reader));
    reader->any_stale |= reader->is_stale;
  }
  g_clear_pointer (&reader->scheme, g_free);
  g_clear_pointer (&reader->realm, g_free);
  g_clear_pointer (&reader->nonce, g_free);
  g_clear_pointer (&reader->opaque, g_free);
  g_clear_pointer (&reader->algorithm, g_free);
  reader->is_stale = FALSE;
}

/* Takes @value. */
static void
take_parameter (Reader *reader, const char *name, char *value)
{
  struct {
    const char *name;
    char **place;
  } known[] = {{"realm", &reader->realm},
               {"nonce", &reader->nonce},
               {"opaque", &reader->opaque},
               {"algorithm", &reader->algorithm}};

  if (g_ascii_strcasecmp (name, "stale") == 0)
    reader->is_stale = g_ascii_strcasecmp (value, "true") == 0;
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_ascii_strcasecmp (name, known[i].name) == 0) {
      g_free (*known[i].place);
      *known[i].place = g_steal_pointer (&value);
    }
  g_free (value);
}

/* A word that is followed by "=" is a parameter, and else a scheme. */
static gboolean
read_next (Reader *reader)
{
  g_autofree char *word = NULL;
  char *value;

  skip (reader, " \t,");
  word = read_token (reader);
  if (word[0] == '\0')
    return FALSE;
  skip (reader, " \t");
  if (*reader->next != '=') {
    end_challenge (reader);
    reader->scheme = g_steal_pointer (&word);
    return TRUE;
  }
  reader->next++;
  skip (reader, " \t");
  value = *reader->next == '"' ? read_quoted (reader) : read_token (reader);
  if (value != NULL)
    take_parameter (reader, word, value);
  return value != NULL;
}

GPtrArray *
wc_rtsp_challenges_clean (const char *text, gboolean *stale)
{
  g_autofree char *copy = g_strndup (text, MAX_LENGTH);
  Reader reader = {.next = copy,
                   .texts = g_ptr_array_new_with_free_func (g_free)};

  while (read_next (&reader))
    ;
  end_challenge (&reader);
  *stale = reader.any_stale;
  return reader.texts;
}

/* --- others ----------------------------------------------------------------
 */

char *
wc_rtsp_methods_clean (const char *text)
{
  GString *clean = g_string_new (NULL);

  for (gsize i = 0; text[i] != '\0' && i < MAX_LENGTH; i++)
    if (g_ascii_isupper (text[i]) || text[i] == '_' || text[i] == ',')
      g_string_append_c (clean, text[i]);
  return g_string_free (clean, FALSE);
}

gboolean
wc_rtsp_base_is_good (const char *text)
{
  g_autoptr (GUri) uri = NULL;

  for (gsize i = 0; text[i] != '\0'; i++)
    if (!g_ascii_isgraph (text[i]) || i >= MAX_LENGTH)
      return FALSE;
  uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);
  return uri != NULL && g_uri_get_host (uri) != NULL &&
         (strcmp (g_uri_get_scheme (uri), "rtsp") == 0 ||
          strcmp (g_uri_get_scheme (uri), "rtsps") == 0);
}
