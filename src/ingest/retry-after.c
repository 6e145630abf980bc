/* SPDX-License-Identifier: MIT */
#include "ingest/retry-after.h"

#include <libsoup/soup.h>
#include <string.h>

static gboolean
is_number (const char *text)
{
  return text[0] != '\0' && text[strspn (text, "0123456789")] == '\0';
}

guint
wc_retry_after_parse (const char *text, gint64 now_s, guint max_s)
{
  if (text == NULL)
    return 0;
  if (is_number (text))
    return (guint)MIN (g_ascii_strtoull (text, NULL, 10), max_s);

  g_autoptr (GDateTime) date = soup_date_time_new_from_http_string (text);
  return date != NULL
             ? (guint)CLAMP (g_date_time_to_unix (date) - now_s, 0, max_s)
             : 0;
}
