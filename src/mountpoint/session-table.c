/* SPDX-License-Identifier: MIT */
#include "mountpoint/session-table.h"

#include "base/clock.h"
#include "mountpoint/session-private.h"

/* Real clients close their connection first and DELETE afterwards. */
#define LINGER_US (10 * G_USEC_PER_SEC)

/* What a session counts as now. */
typedef enum { COUNTED_PENDING, COUNTED_PLAYING, COUNTED_NOT } Counted;

typedef struct {
  WcSession *session;
  Counted counted;
  gint64 end_us; /* when it has lingered for long enough; 0: not closing */
  GList lingers; /* its place among those */
} Entry;

struct WcSessionTable {
  GHashTable *by_secret; /* secret -> Entry; the strings are the session's */
  GHashTable *by_public; /* public id -> Entry, borrowed */
  GHashTable *addresses; /* address -> how many viewers */
  guint n_pending, n_playing;
  /* Of Entry, borrowed: those that are closing, in the order of their ends. One
   * timer for all: the main loop looks at each of its sources every time. */
  GQueue lingering;
  guint linger_source;
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_object_unref (entry->session);
  g_free (entry);
}

/* --- counting --------------------------------------------------------------
 */

static Counted
counted_as (WcSession *session)
{
  if (wc_session_publishes (session))
    return COUNTED_NOT;
  switch (wc_session_state (session)) {
  case WC_SESSION_NEGOTIATING:
  case WC_SESSION_CONNECTING:
    return COUNTED_PENDING;
  case WC_SESSION_PLAYING:
    return COUNTED_PLAYING;
  case WC_SESSION_CLOSING:
  case WC_SESSION_CLOSED:
    return COUNTED_NOT;
  }
  return COUNTED_NOT;
}

static void
count_address (WcSessionTable *table, const char *address, int change)
{
  guint n = wc_session_table_n_of_address (table, address);

  if (n + (guint)change == 0)
    g_hash_table_remove (table->addresses, address);
  else
    g_hash_table_insert (table->addresses, g_strdup (address),
                         GUINT_TO_POINTER (n + (guint)change));
}

static void
count (WcSessionTable *table, Entry *entry, Counted counted)
{
  gboolean was = entry->counted != COUNTED_NOT;
  gboolean is = counted != COUNTED_NOT;

  table->n_pending += (counted == COUNTED_PENDING ? 1u : 0u) -
                      (entry->counted == COUNTED_PENDING ? 1u : 0u);
  table->n_playing += (counted == COUNTED_PLAYING ? 1u : 0u) -
                      (entry->counted == COUNTED_PLAYING ? 1u : 0u);
  if (was != is)
    count_address (table, wc_session_address (entry->session), is ? 1 : -1);
  entry->counted = counted;
}

guint
wc_session_table_size (WcSessionTable *table)
{
  return g_hash_table_size (table->by_secret);
}

guint
wc_session_table_n_viewers (WcSessionTable *table)
{
  return table->n_pending + table->n_playing;
}

guint
wc_session_table_n_pending (WcSessionTable *table)
{
  return table->n_pending;
}

guint
wc_session_table_n_of_address (WcSessionTable *table, const char *address)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (table->addresses, address));
}

/* --- coming and going ------------------------------------------------------
 */

static void
remove_session (WcSessionTable *table, Entry *entry)
{
  WcSession *session = entry->session;

  if (entry->end_us != 0)
    g_queue_unlink (&table->lingering, &entry->lingers);
  g_signal_handlers_disconnect_by_data (session, table);
  g_hash_table_remove (table->by_public, wc_session_public_id (session));
  g_hash_table_remove (table->by_secret, wc_session_secret (session));
}

static void expect_linger_over (WcSessionTable *table);

static gboolean
on_linger_over (gpointer user_data)
{
  WcSessionTable *table = user_data;
  gint64 now_us = wc_clock_now_us ();
  const Entry *first;

  while ((first = g_queue_peek_head (&table->lingering)) != NULL &&
         first->end_us <= now_us)
    wc_session_forget (first->session, NULL);
  table->linger_source = 0;
  expect_linger_over (table);
  return G_SOURCE_REMOVE;
}

static void
expect_linger_over (WcSessionTable *table)
{
  const Entry *first = g_queue_peek_head (&table->lingering);

  if (first == NULL || table->linger_source != 0)
    return;
  gint64 wait_us = MAX (first->end_us - wc_clock_now_us (), 0);
  table->linger_source =
      g_timeout_add ((guint)(wait_us / 1000) + 1, on_linger_over, table);
}

static void
linger (WcSessionTable *table, Entry *entry)
{
  entry->end_us = wc_clock_now_us () + LINGER_US;
  entry->lingers.data = entry;
  g_queue_push_tail_link (&table->lingering, &entry->lingers);
  expect_linger_over (table);
}

static void
on_state_changed (WcSession *session, WcSessionTable *table)
{
  Entry *entry =
      g_hash_table_lookup (table->by_secret, wc_session_secret (session));

  count (table, entry, counted_as (session));
  if (wc_session_state (session) == WC_SESSION_CLOSING && entry->end_us == 0)
    linger (table, entry);
  else if (wc_session_state (session) == WC_SESSION_CLOSED)
    remove_session (table, entry);
}

void
wc_session_table_add (WcSessionTable *table, WcSession *session)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->session = g_object_ref (session);
  entry->counted = COUNTED_NOT;
  count (table, entry, counted_as (session));
  g_hash_table_insert (table->by_secret, (gpointer)wc_session_secret (session),
                       entry);
  g_hash_table_insert (table->by_public,
                       (gpointer)wc_session_public_id (session), entry);
  g_signal_connect (session, "state-changed", G_CALLBACK (on_state_changed),
                    table);
}

static WcSession *
find (GHashTable *entries, const char *key)
{
  const Entry *entry = g_hash_table_lookup (entries, key);

  return entry != NULL ? entry->session : NULL;
}

WcSession *
wc_session_table_find (WcSessionTable *table, const char *secret)
{
  return find (table->by_secret, secret);
}

WcSession *
wc_session_table_find_public (WcSessionTable *table, const char *public_id)
{
  return find (table->by_public, public_id);
}

void
wc_session_table_forget_all (WcSessionTable *table, const char *reason)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, table->by_secret);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (all, g_object_ref (((Entry *)value)->session));
  for (guint i = 0; i < all->len; i++)
    wc_session_forget (g_ptr_array_index (all, i), reason);
}

WcSessionTable *
wc_session_table_new (void)
{
  WcSessionTable *table = g_new0 (WcSessionTable, 1);

  table->by_secret =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  table->by_public = g_hash_table_new (g_str_hash, g_str_equal);
  table->addresses =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return table;
}

void
wc_session_table_free (WcSessionTable *table)
{
  wc_session_table_forget_all (table, "the table is gone");
  g_clear_handle_id (&table->linger_source, g_source_remove);
  g_hash_table_unref (table->by_public);
  g_hash_table_unref (table->by_secret);
  g_hash_table_unref (table->addresses);
  g_free (table);
}
