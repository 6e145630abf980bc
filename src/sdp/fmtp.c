/* SPDX-License-Identifier: MIT */
#include "sdp/fmtp.h"

#include <string.h>

char *
wc_sdp_fmtp_dup (const char *fmtp, const char *key)
{
  gsize key_size = strlen (key);

  for (const char *p = fmtp; p != NULL && *p != '\0';) {
    const char *end = p + strcspn (p, ";");
    const char *name = p + strspn (p, " ");
    const char *equals = memchr (p, '=', end - p);

    p = *end == ';' ? end + 1 : end;
    if (equals == NULL || name > equals)
      continue;
    if (g_ascii_strncasecmp (name, key, key_size) != 0 ||
        name + key_size + strspn (name + key_size, " ") != equals)
      continue;
    return g_strstrip (g_strndup (equals + 1, end - equals - 1));
  }
  return NULL;
}

gboolean
wc_sdp_fmtp_has (const char *fmtp, const char *key)
{
  g_autofree char *value = wc_sdp_fmtp_dup (fmtp, key);

  return value != NULL;
}

gint
wc_sdp_fmtp_get_int (const char *fmtp, const char *key, gint fallback)
{
  g_autofree char *value = wc_sdp_fmtp_dup (fmtp, key);
  guint64 number;

  if (value == NULL)
    return fallback;
  if (!g_ascii_string_to_unsigned (value, 10, 0, 65535, &number, NULL))
    return -1;
  return (gint)number;
}
