/* SPDX-License-Identifier: MIT */
#include "config/suggest.h"

#include <string.h>

#define MAX_LENGTH 64

static char
fold (char c)
{
  return c == '_' ? '-' : g_ascii_tolower (c);
}

/* Insertions, deletions, replacements and swaps of neighbours between the two,
 * each at most MAX_LENGTH long. */
static guint
distance (const char *a, const char *b)
{
  guint length_a = strlen (a), length_b = strlen (b);
  guint row[3][MAX_LENGTH + 1];
  guint *before = row[0], *last = row[1], *now = row[2];

  for (guint j = 0; j <= length_b; j++)
    last[j] = j;
  for (guint i = 1; i <= length_a; i++) {
    now[0] = i;
    for (guint j = 1; j <= length_b; j++) {
      char x = fold (a[i - 1]), y = fold (b[j - 1]);
      now[j] = MIN (last[j - 1] + (x != y), MIN (last[j], now[j - 1]) + 1);
      if (i > 1 && j > 1 && x == fold (b[j - 2]) && fold (a[i - 2]) == y)
        now[j] = MIN (now[j], before[j - 2] + 1);
    }
    guint *free_row = before;
    before = last;
    last = now;
    now = free_row;
  }
  return last[length_b];
}

const char *
wc_suggest (const char *word, const char *const *known)
{
  gsize length = strlen (word);
  guint best = MAX ((gsize)2, length / 3) + 1;
  const char *nearest = NULL;

  if (length > MAX_LENGTH)
    return NULL;
  for (guint i = 0; known[i] != NULL; i++) {
    guint d =
        strlen (known[i]) > MAX_LENGTH ? G_MAXUINT : distance (word, known[i]);
    if (d < best && d < length) {
      best = d;
      nearest = known[i];
    }
  }
  return nearest;
}
