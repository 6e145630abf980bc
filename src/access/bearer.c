/* SPDX-License-Identifier: MIT */
#include "access/bearer.h"

#include "base/id.h"

#include <string.h>

#define SCHEME "bearer"

/* Wider than b64token: an operator may choose any visible ASCII. Two header
 * fields arrive here joined by ", ", and the space gives them away. */
static gboolean
is_token (const char *text)
{
  gsize length = strlen (text);

  if (length == 0 || length > WC_BEARER_MAX_LENGTH)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (text[i]))
      return FALSE;
  return TRUE;
}

gboolean
wc_bearer_parse (const char *authorization, char **token)
{
  gsize length = strlen (SCHEME);

  *token = NULL;
  if (authorization == NULL)
    return FALSE;

  while (*authorization == ' ' || *authorization == '\t')
    authorization++;
  if (g_ascii_strncasecmp (authorization, SCHEME, length) != 0)
    return FALSE;
  authorization += length;
  if (*authorization != ' ' && *authorization != '\0')
    return FALSE;

  g_autofree char *rest = g_strstrip (g_strdup (authorization));
  if (is_token (rest))
    *token = g_steal_pointer (&rest);
  return TRUE;
}

WcAccessVerdict
wc_access_check (const char *expected, const char *authorization)
{
  g_autofree char *token = NULL;

  if (expected == NULL)
    return WC_ACCESS_GRANTED;
  if (!wc_bearer_parse (authorization, &token))
    return WC_ACCESS_MISSING;
  if (token == NULL || !wc_id_equal_secret (token, expected))
    return WC_ACCESS_INVALID;
  return WC_ACCESS_GRANTED;
}
