/* SPDX-License-Identifier: MIT */
#include "peer/host-names.h"

#include <gio/gio.h>
#include <string.h>

typedef struct {
  WcHostNames *owner;
  char *name;
  char *error;           /* nullable: of the last look-up */
  GCancellable *looking; /* nullable */
} Name;

struct WcHostNames {
  GPtrArray *list;   /* of Name */
  GHashTable *known; /* name -> GArray of WcAddress */
  WcHostNamesFunc changed;
  gpointer user_data;
  guint n_looking;
  gboolean waiting;
};

static void
name_free (gpointer data)
{
  Name *name = data;

  if (name->looking != NULL)
    g_cancellable_cancel (name->looking);
  g_clear_object (&name->looking);
  g_free (name->error);
  g_free (name->name);
  g_free (name);
}

WcHostNames *
wc_host_names_new (char *const *list, WcHostNamesFunc changed,
                   gpointer user_data)
{
  WcHostNames *names = g_new0 (WcHostNames, 1);
  WcAddress numeric;

  names->list = g_ptr_array_new_with_free_func (name_free);
  names->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify)g_array_unref);
  names->changed = changed;
  names->user_data = user_data;
  for (guint i = 0; list[i] != NULL; i++) {
    if (strcmp (list[i], "auto") == 0 ||
        wc_address_parse (&numeric, list[i], 0))
      continue;
    Name *name = g_new0 (Name, 1);
    name->owner = names;
    name->name = g_strdup (list[i]);
    g_ptr_array_add (names->list, name);
  }
  return names;
}

void
wc_host_names_free (WcHostNames *names)
{
  g_ptr_array_unref (names->list);
  g_hash_table_unref (names->known);
  g_free (names);
}

/* --- answers -------------------------------------------------------------- */

static int
compare (gconstpointer a, gconstpointer b)
{
  const WcAddress *one = a, *other = b;

  if (one->sa.sa_family != other->sa.sa_family)
    return one->sa.sa_family == AF_INET ? -1 : 1;
  if (one->sa.sa_family == AF_INET)
    return memcmp (&one->in.sin_addr, &other->in.sin_addr, 4);
  return memcmp (&one->in6.sin6_addr, &other->in6.sin6_addr, 16);
}

/* IPv4 first, and in an order of their own: servers of names turn theirs. */
static GArray *
addresses_of (GList *answer)
{
  GArray *addresses = g_array_new (FALSE, FALSE, sizeof (WcAddress));

  for (GList *each = answer; each != NULL; each = each->next) {
    g_autofree char *text = g_inet_address_to_string (each->data);
    WcAddress address;
    if (wc_address_parse (&address, text, 0) && !wc_address_is_any (&address) &&
        !wc_address_is_multicast (&address))
      g_array_append_val (addresses, address);
  }
  g_array_sort (addresses, compare);
  return addresses;
}

static gboolean
is_same (const GArray *a, const GArray *b)
{
  gboolean same = a != NULL && a->len == b->len;

  for (guint i = 0; same && i < a->len; i++)
    same = wc_address_equal (&g_array_index (a, WcAddress, i),
                             &g_array_index (b, WcAddress, i));
  return same;
}

/* Of these two: TRUE if there is something new. */

static gboolean
note_failure (Name *name, const char *why)
{
  gboolean is_new = name->error == NULL;

  g_free (name->error);
  name->error = g_strdup (why);
  return is_new;
}

static gboolean
take (Name *name, GList *answer)
{
  WcHostNames *names = name->owner;
  g_autoptr (GArray) addresses = addresses_of (answer);
  gboolean failed = name->error != NULL;

  if (addresses->len == 0)
    return note_failure (name, "it has no address that can be told");
  g_clear_pointer (&name->error, g_free);
  if (is_same (g_hash_table_lookup (names->known, name->name), addresses))
    return failed;
  g_hash_table_replace (names->known, g_strdup (name->name),
                        g_steal_pointer (&addresses));
  return TRUE;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GList *answer =
      g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* by its end, or by that of waiting: @user_data may be gone */

  Name *name = user_data;
  WcHostNames *names = name->owner;
  g_clear_object (&name->looking);
  names->n_looking--;
  gboolean changed = answer != NULL ? take (name, answer)
                                    : note_failure (name, error->message);
  g_resolver_free_addresses (answer);
  if (changed && !names->waiting)
    names->changed (names->user_data);
}

/* --- looking up ----------------------------------------------------------- */

void
wc_host_names_refresh (WcHostNames *names)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();

  for (guint i = 0; i < names->list->len; i++) {
    Name *name = names->list->pdata[i];
    if (name->looking != NULL)
      continue;
    name->looking = g_cancellable_new ();
    names->n_looking++;
    g_resolver_lookup_by_name_async (resolver, name->name, name->looking,
                                     on_answer, name);
  }
}

static gboolean
on_late (gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* What has not answered by now is asked again by the next refresh. */
static void
give_up (WcHostNames *names)
{
  for (guint i = 0; i < names->list->len; i++) {
    Name *name = names->list->pdata[i];
    if (name->looking == NULL)
      continue;
    g_cancellable_cancel (name->looking);
    g_clear_object (&name->looking);
    names->n_looking--;
    note_failure (name, "no answer in time");
  }
}

void
wc_host_names_wait (WcHostNames *names, guint timeout_ms)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) timeout = g_timeout_source_new (timeout_ms);
  gboolean late = FALSE;

  g_main_context_push_thread_default (context);
  g_source_set_callback (timeout, on_late, &late, NULL);
  g_source_attach (timeout, context);
  names->waiting = TRUE;
  wc_host_names_refresh (names);
  while (names->n_looking > 0 && !late)
    g_main_context_iteration (context, TRUE);
  give_up (names);
  while (g_main_context_iteration (context, FALSE))
    continue;
  names->waiting = FALSE;
  g_source_destroy (timeout);
  g_main_context_pop_thread_default (context);
}

/* --- looking at them ------------------------------------------------------ */

guint
wc_host_names_n (const WcHostNames *names)
{
  return names->list->len;
}

const char *
wc_host_names_name (const WcHostNames *names, guint index)
{
  return ((const Name *)names->list->pdata[index])->name;
}

const char *
wc_host_names_error (const WcHostNames *names, guint index)
{
  return ((const Name *)names->list->pdata[index])->error;
}

GHashTable *
wc_host_names_known (const WcHostNames *names)
{
  return names->known;
}
