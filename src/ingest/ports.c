/* SPDX-License-Identifier: MIT */
#include "ingest/ports.h"

#include <string.h>

/* A socket of the pool, shared by the leases of one owner. */
typedef struct {
  guint refs;
  WcPortPool *pool;
  char *key; /* "port address interface source"; multicast groups have one each
              */
  char *owner;
  char *heir; /* nullable: who is to have it when the handover is done */
  guint16 port;
  GSocket *socket;
} Entry;

struct WcPortPool {
  guint16 min, max;
  guint16 next;        /* where the search for a free port goes on */
  GHashTable *entries; /* "owner key" -> Entry; not owned */
  GHashTable *leaving; /* NULL but during a handover; borrowed */
};

struct WcPortLease {
  Entry *rtp, *rtcp;
};

/* --- entries --------------------------------------------------------------
 */

static char *
make_key (const char *owner, const WcUdpBinding *binding, guint16 port)
{
  return g_strdup_printf ("%s %u %s %s %s", owner, port, binding->address,
                          binding->interface != NULL ? binding->interface : "",
                          binding->source != NULL ? binding->source : "");
}

static void
entry_unref (Entry *entry)
{
  if (--entry->refs > 0)
    return;
  g_hash_table_remove (entry->pool->entries, entry->key);
  wc_udp_socket_release (entry->socket);
  g_object_unref (entry->socket);
  g_free (entry->key);
  g_free (entry->owner);
  g_free (entry->heir);
  g_free (entry);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Entry, entry_unref)

static const char *
find_owner (WcPortPool *pool, guint16 port)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, pool->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Entry *entry = value;
    if (entry->port == port)
      return entry->owner;
  }
  return NULL;
}

/* The kernel only knows that the port is taken; we know by whom. */
static void
name_owner (WcPortPool *pool, guint16 port, GError **error)
{
  const char *owner = find_owner (pool, port);

  if (error == NULL || owner == NULL ||
      !g_error_matches (*error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE))
    return;
  g_clear_error (error);
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE,
               "UDP port %u is taken by mountpoint \"%s\"; choose another, or "
               "leave `port` out to have one chosen",
               port, owner);
}

/* What one of those who leave has, on the same address. */
static Entry *
find_left (WcPortPool *pool, const WcUdpBinding *binding, guint16 port)
{
  GHashTableIter iter;
  gpointer owner;

  g_hash_table_iter_init (&iter, pool->leaving);
  while (g_hash_table_iter_next (&iter, &owner, NULL)) {
    g_autofree char *key = make_key (owner, binding, port);
    Entry *entry = g_hash_table_lookup (pool->entries, key);
    if (entry != NULL)
      return entry;
  }
  return NULL;
}

/* One that there is and that @owner may share. In a handover each has one heir,
 * which may be who had it. */
static Entry *
find_to_share (WcPortPool *pool, const char *owner, const char *key,
               const WcUdpBinding *binding, guint16 port)
{
  Entry *entry = g_hash_table_lookup (pool->entries, key);

  if (pool->leaving == NULL)
    return entry;
  if (entry == NULL)
    entry = find_left (pool, binding, port);
  if (entry == NULL ||
      (entry->heir != NULL && !g_str_equal (entry->heir, owner)))
    return NULL;
  g_free (entry->heir);
  entry->heir = g_strdup (owner);
  return entry;
}

static Entry *
take_port (WcPortPool *pool, const char *owner, const WcUdpBinding *binding,
           guint16 port, GError **error)
{
  g_autofree char *key = make_key (owner, binding, port);
  Entry *entry = find_to_share (pool, owner, key, binding, port);

  if (entry != NULL) {
    entry->refs++;
    return entry;
  }

  GSocket *socket = wc_udp_socket_open (binding, port, error);
  if (socket == NULL) {
    name_owner (pool, port, error);
    return NULL;
  }
  entry = g_new0 (Entry, 1);
  entry->refs = 1;
  entry->pool = pool;
  entry->key = g_steal_pointer (&key);
  entry->owner = g_strdup (owner);
  entry->port = port;
  entry->socket = socket;
  g_hash_table_insert (pool->entries, entry->key, entry);
  return entry;
}

/* --- leases ---------------------------------------------------------------
 */

static WcPortLease *
take_pair (WcPortPool *pool, const char *owner, const WcUdpBinding *binding,
           guint16 rtp_port, guint16 rtcp_port, GError **error)
{
  if (rtcp_port == 0 && rtp_port == G_MAXUINT16) {
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                 "port 65535 leaves no port after it for RTCP; set "
                 "`rtcp_port`, or a lower port");
    return NULL;
  }
  if (rtcp_port == 0)
    rtcp_port = (guint16)(rtp_port + 1);

  g_autoptr (Entry) rtp = take_port (pool, owner, binding, rtp_port, error);
  if (rtp == NULL)
    return NULL;
  Entry *rtcp = take_port (pool, owner, binding, rtcp_port, error);
  if (rtcp == NULL) {
    g_prefix_error (error, "RTCP of port %u: ", rtp_port);
    return NULL;
  }

  WcPortLease *lease = g_new0 (WcPortLease, 1);
  lease->rtp = g_steal_pointer (&rtp);
  lease->rtcp = rtcp;
  return lease;
}

static guint
first_even (const WcPortPool *pool)
{
  return pool->min + (pool->min & 1u);
}

static WcPortLease *
take_any (WcPortPool *pool, const char *owner, const WcUdpBinding *binding,
          guint16 rtcp_port, GError **error)
{
  guint tries = (pool->max - first_even (pool) + 1u) / 2;
  g_autoptr (Entry) rtcp = NULL; /* kept through the search */

  if (rtcp_port != 0) {
    rtcp = take_port (pool, owner, binding, rtcp_port, error);
    if (rtcp == NULL)
      return NULL;
  }
  for (guint i = 0; i < tries; i++) {
    g_autoptr (GError) cause = NULL;
    guint16 port = pool->next;

    pool->next =
        (guint16)(port + 3u > pool->max ? first_even (pool) : port + 2u);
    if (find_owner (pool, port) != NULL)
      continue;

    WcPortLease *lease =
        take_pair (pool, owner, binding, port, rtcp_port, &cause);
    if (lease != NULL)
      return lease;
    if (!g_error_matches (cause, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE)) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }
  }
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE,
               "every port of [rtp] port-range %u-%u is taken; widen it, or "
               "destroy mountpoints",
               pool->min, pool->max);
  return NULL;
}

WcPortLease *
wc_port_pool_take (WcPortPool *pool, const char *owner,
                   const WcUdpBinding *binding, guint16 rtp_port,
                   guint16 rtcp_port, GError **error)
{
  GError *cause = NULL; /* name_owner () looks at it */
  WcPortLease *lease =
      rtp_port != 0
          ? take_pair (pool, owner, binding, rtp_port, rtcp_port, &cause)
          : take_any (pool, owner, binding, rtcp_port, &cause);

  if (lease == NULL)
    g_propagate_error (error, cause);
  return lease;
}

void
wc_port_lease_free (WcPortLease *lease)
{
  entry_unref (lease->rtcp);
  entry_unref (lease->rtp);
  g_free (lease);
}

guint16
wc_port_lease_rtp_port (const WcPortLease *lease)
{
  return lease->rtp->port;
}

guint16
wc_port_lease_rtcp_port (const WcPortLease *lease)
{
  return lease->rtcp->port;
}

GSocket *
wc_port_lease_rtp_socket (const WcPortLease *lease)
{
  return lease->rtp->socket;
}

GSocket *
wc_port_lease_rtcp_socket (const WcPortLease *lease)
{
  return lease->rtcp->socket;
}

/* --- the pool -------------------------------------------------------------
 */

WcPortPool *
wc_port_pool_new (guint16 port_min, guint16 port_max)
{
  WcPortPool *pool = g_new0 (WcPortPool, 1);

  pool->min = port_min;
  pool->max = port_max;
  pool->next = (guint16)first_even (pool);
  pool->entries = g_hash_table_new (g_str_hash, g_str_equal);
  return pool;
}

void
wc_port_pool_free (WcPortPool *pool)
{
  g_assert (g_hash_table_size (pool->entries) == 0);
  g_hash_table_unref (pool->entries);
  g_free (pool);
}

void
wc_port_pool_begin_handover (WcPortPool *pool, GHashTable *owners)
{
  pool->leaving = owners;
}

static void
inherit (WcPortPool *pool, Entry *entry)
{
  char *key =
      g_strconcat (entry->heir, entry->key + strlen (entry->owner), NULL);

  g_hash_table_remove (pool->entries, entry->key);
  g_free (entry->key);
  g_free (entry->owner);
  entry->key = key;
  entry->owner = g_steal_pointer (&entry->heir);
  g_hash_table_insert (pool->entries, entry->key, entry);
}

void
wc_port_pool_end_handover (WcPortPool *pool, gboolean done)
{
  g_autoptr (GList) entries = g_hash_table_get_values (pool->entries);

  pool->leaving = NULL;
  for (GList *each = entries; each != NULL; each = each->next) {
    Entry *entry = each->data;
    if (done && entry->heir != NULL && !g_str_equal (entry->heir, entry->owner))
      inherit (pool, entry);
    g_clear_pointer (&entry->heir, g_free);
  }
}

guint
wc_port_pool_taken (WcPortPool *pool)
{
  return g_hash_table_size (pool->entries);
}
