/* SPDX-License-Identifier: MIT */
#include "access/attempts.h"

#define WINDOW_US (WC_ATTEMPTS_WINDOW_S * G_USEC_PER_SEC)
#define MAX_ADDRESSES 8192

struct WcAttempts {
  GHashTable *addresses; /* address -> Window */
};

typedef struct {
  gint64 begin_us;
  guint count;
} Window;

WcAttempts *
wc_attempts_new (void)
{
  WcAttempts *attempts = g_new0 (WcAttempts, 1);

  attempts->addresses =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return attempts;
}

void
wc_attempts_free (WcAttempts *attempts)
{
  g_hash_table_unref (attempts->addresses);
  g_free (attempts);
}

static gboolean
is_over (gpointer key, gpointer value, gpointer user_data)
{
  return *(gint64 *)user_data - ((Window *)value)->begin_us >= WINDOW_US;
}

/* Forgets rather than grows without end: who has so many addresses is not
 * slowed down by this. */
static void
make_room (WcAttempts *attempts, gint64 now_us)
{
  if (g_hash_table_size (attempts->addresses) < MAX_ADDRESSES)
    return;
  g_hash_table_foreach_remove (attempts->addresses, is_over, &now_us);
  if (g_hash_table_size (attempts->addresses) >= MAX_ADDRESSES)
    g_hash_table_remove_all (attempts->addresses);
}

void
wc_attempts_add (WcAttempts *attempts, const char *address, gint64 now_us)
{
  Window *window = g_hash_table_lookup (attempts->addresses, address);

  if (window == NULL) {
    make_room (attempts, now_us);
    window = g_new0 (Window, 1);
    window->begin_us = now_us;
    g_hash_table_insert (attempts->addresses, g_strdup (address), window);
  } else if (now_us - window->begin_us >= WINDOW_US) {
    *window = (Window){.begin_us = now_us};
  }
  window->count++;
}

guint
wc_attempts_wait_s (WcAttempts *attempts, const char *address, gint64 now_us)
{
  const Window *window = g_hash_table_lookup (attempts->addresses, address);

  if (window == NULL || window->count < WC_ATTEMPTS_MAX ||
      now_us - window->begin_us >= WINDOW_US)
    return 0;
  gint64 left_us = window->begin_us + WINDOW_US - now_us;
  return (guint)((left_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
}
