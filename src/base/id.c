/* SPDX-License-Identifier: MIT */
#include "base/id.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

void
wc_id_random_bytes (gpointer buffer, gsize size)
{
  gsize filled = 0;

  while (filled < size) {
    gssize n = getrandom ((guint8 *)buffer + filled, size - filled, 0);
    if (n > 0)
      filled += (gsize)n;
    else if (errno != EINTR)
      g_error ("getrandom: %s", g_strerror (errno));
  }
}

char *
wc_id_random_hex (guint n_bytes)
{
  guint8 bytes[64];
  char *hex = g_malloc (2 * n_bytes + 1);

  g_assert (n_bytes > 0 && n_bytes <= sizeof bytes);
  wc_id_random_bytes (bytes, n_bytes);
  for (guint i = 0; i < n_bytes; i++)
    g_snprintf (hex + 2 * i, 3, "%02x", bytes[i]);
  return hex;
}

gboolean
wc_id_is_valid (const char *id)
{
  gsize length = strlen (id);

  if (length < 1 || length > 64 || !g_ascii_isalnum (id[0]))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (id[i]) && strchr ("._-", id[i]) == NULL)
      return FALSE;
  return TRUE;
}

gboolean
wc_id_equal_secret (const char *a, const char *b)
{
  gsize length_a = strlen (a), length_b = strlen (b);
  guint difference = length_a != length_b;

  /* Walks all of @a, whatever @b is; b[length_b] is its NUL. */
  for (gsize i = 0; i < length_a; i++)
    difference |= (guint)(a[i] ^ b[MIN (i, length_b)]);
  return difference == 0;
}
