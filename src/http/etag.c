/* SPDX-License-Identifier: MIT */
#include "http/etag.h"

#include <string.h>

typedef struct {
  const char *text; /* with its quotes */
  gsize length;
  gboolean weak;
} Tag;

static const char *
skip_separators (const char *c)
{
  while (*c == ' ' || *c == '\t' || *c == ',')
    c++;
  return c;
}

/* Takes the next entity tag off *@cursor (RFC 9110 section 8.8.3). Returns
 * FALSE at the end, and at what is no entity tag, which ends the list. */
static gboolean
take_tag (const char **cursor, Tag *tag)
{
  const char *c = skip_separators (*cursor);

  tag->weak = g_str_has_prefix (c, "W/");
  if (tag->weak)
    c += 2;
  if (*c != '"')
    return FALSE;

  const char *end = strchr (c + 1, '"');
  if (end == NULL)
    return FALSE;
  tag->text = c;
  tag->length = (gsize)(end - c) + 1;
  *cursor = end + 1;
  return TRUE;
}

static gboolean
tag_is (const Tag *tag, const char *text)
{
  return tag->length == strlen (text) &&
         memcmp (tag->text, text, tag->length) == 0;
}

static gboolean
is_asterisk (const char *field)
{
  g_autofree char *text = g_strstrip (g_strdup (field));

  return strcmp (text, "*") == 0 || strcmp (text, "\"*\"") == 0;
}

static gboolean
list_has (const char *field, const char *etag, gboolean allow_weak)
{
  Tag tag;

  while (take_tag (&field, &tag))
    if ((allow_weak || !tag.weak) && tag_is (&tag, etag))
      return TRUE;
  return FALSE;
}

WcIfMatch
wc_etag_if_match (const char *field, const char *etag)
{
  if (field == NULL)
    return WC_IF_MATCH_MISSING;
  if (is_asterisk (field))
    return WC_IF_MATCH_ANY;
  return list_has (field, etag, FALSE) ? WC_IF_MATCH_SAME : WC_IF_MATCH_OTHER;
}

gboolean
wc_etag_if_none_match (const char *field, const char *etag)
{
  return field != NULL && (is_asterisk (field) || list_has (field, etag, TRUE));
}
