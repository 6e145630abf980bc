/* SPDX-License-Identifier: MIT */
#include "common/ice.h"

#include "common/stun.h"

#include "base/clock.h"
#include "base/id.h"

#include <string.h>

#define PACE_US 20000
#define FIRST_RTO_US 100000
#define MAX_RTO_US 1600000
#define MAX_TRIES 10
/* RFC 7675 section 5.1: 5 s, randomised down; 30 s until it is lost. */
#define CONSENT_MIN_US 4000000
#define CONSENT_SPREAD_US 1000000
#define CONSENT_LOST_US 30000000
/* Type preference of a peer-reflexive candidate (RFC 8445 section 5.1.2.1),
 * highest local preference, component 1. */
#define PRIORITY ((110u << 24) | (65535u << 8) | 255u)
#define N_IDS 4

typedef struct {
  WcAddress address;
  guint8 ids[N_IDS][TC_STUN_ID_SIZE]; /* of the last checks */
  guint tries;
  gint64 due_us;
  gboolean succeeded;
  gboolean nominated; /* by the other side */
} Pair;

struct _TcIce {
  TcIceCallbacks callbacks;
  TcTimer *timer;
  char *ufrag, *pwd;
  char *remote_pwd;
  char *username; /* of our checks */
  guint64 tie_breaker;
  gboolean controlling;
  gboolean running;
  gboolean bare;
  GArray *pairs;
  int selected; /* index, -1: none */
  gint64 consent_us;
  WcAddress mapped;
  gboolean has_mapped;
  TcIceStats stats;
};

static void on_timer (gpointer data);

TcIce *
tc_ice_new (TcLoop *loop, const TcIceCallbacks *callbacks)
{
  TcIce *ice = g_new0 (TcIce, 1);

  ice->callbacks = *callbacks;
  ice->timer = tc_timer_new (loop, on_timer, ice);
  ice->ufrag = wc_id_random_hex (4);
  ice->pwd = wc_id_random_hex (12);
  ice->pairs = g_array_new (FALSE, TRUE, sizeof (Pair));
  ice->selected = -1;
  wc_id_random_bytes (&ice->tie_breaker, sizeof ice->tie_breaker);
  return ice;
}

void
tc_ice_set_bare (TcIce *ice, gboolean bare)
{
  ice->bare = bare;
}

void
tc_ice_free (TcIce *ice)
{
  tc_timer_free (ice->timer);
  g_free (ice->ufrag);
  g_free (ice->pwd);
  g_free (ice->remote_pwd);
  g_free (ice->username);
  g_array_unref (ice->pairs);
  g_free (ice);
}

static Pair *
pair_at (TcIce *ice, guint index)
{
  return &g_array_index (ice->pairs, Pair, index);
}

static void
send_check (TcIce *ice, Pair *pair)
{
  TcStunWriter writer;
  guint8 *id = pair->ids[pair->tries % N_IDS];

  wc_id_random_bytes (id, TC_STUN_ID_SIZE);
  pair->tries++;
  tc_stun_begin (&writer, TC_STUN_BINDING_REQUEST, id);
  tc_stun_add (&writer, TC_STUN_USERNAME, ice->username,
               strlen (ice->username));
  if (!ice->bare)
    tc_stun_add_u64 (&writer,
                     ice->controlling ? TC_STUN_ICE_CONTROLLING
                                      : TC_STUN_ICE_CONTROLLED,
                     ice->tie_breaker);
  if (ice->controlling)
    tc_stun_add (&writer, TC_STUN_USE_CANDIDATE, "", 0);
  if (!ice->bare)
    tc_stun_add_u32 (&writer, TC_STUN_PRIORITY, PRIORITY);
  tc_stun_finish (&writer, ice->remote_pwd);
  ice->stats.checks_sent++;
  ice->callbacks.send (&pair->address, writer.data, writer.size,
                       ice->callbacks.data);
}

static void
arm_timer (TcIce *ice)
{
  gint64 due_us = G_MAXINT64;

  for (guint i = 0; i < ice->pairs->len; i++)
    due_us = MIN (due_us, pair_at (ice, i)->due_us);
  tc_timer_unset (ice->timer);
  if (ice->running && due_us != G_MAXINT64)
    tc_timer_set (ice->timer, due_us);
}

static void
fail (TcIce *ice, const char *reason)
{
  tc_ice_stop (ice);
  ice->callbacks.failed (reason, ice->callbacks.data);
}

static gint64
next_consent_us (gint64 now_us)
{
  return now_us + CONSENT_MIN_US + g_random_int_range (0, CONSENT_SPREAD_US);
}

static void
check_pair (TcIce *ice, guint index, gint64 now_us)
{
  Pair *pair = pair_at (ice, index);

  if (pair->due_us > now_us)
    return;
  if (ice->selected == (int)index && ice->bare) {
    pair->due_us = G_MAXINT64;
  } else if (ice->selected == (int)index) {
    send_check (ice, pair);
    pair->due_us = next_consent_us (now_us);
  } else if (ice->selected >= 0 || pair->succeeded ||
             pair->tries >= MAX_TRIES) {
    pair->due_us = G_MAXINT64;
  } else {
    gint64 rto_us = FIRST_RTO_US << MIN (pair->tries, 8);

    send_check (ice, pair);
    pair->due_us = now_us + MIN (rto_us, MAX_RTO_US);
  }
}

static gboolean
is_exhausted (TcIce *ice)
{
  for (guint i = 0; i < ice->pairs->len; i++)
    if (pair_at (ice, i)->due_us != G_MAXINT64 || pair_at (ice, i)->succeeded)
      return FALSE;
  return ice->selected < 0;
}

static void
on_timer (gpointer data)
{
  TcIce *ice = data;
  gint64 now_us = wc_clock_now_us ();

  for (guint i = 0; i < ice->pairs->len; i++)
    check_pair (ice, i, now_us);
  if (is_exhausted (ice)) {
    fail (ice, "no candidate answered");
    return;
  }
  if (!ice->bare && ice->selected >= 0 &&
      now_us - ice->consent_us > CONSENT_LOST_US) {
    fail (ice, "consent expired");
    return;
  }
  arm_timer (ice);
}

static guint
add_pair (TcIce *ice, const WcAddress *address, gint64 due_us)
{
  Pair pair = {.address = *address, .due_us = due_us};

  for (guint i = 0; i < ice->pairs->len; i++)
    if (wc_address_equal (&pair_at (ice, i)->address, address))
      return i;
  g_array_append_val (ice->pairs, pair);
  return ice->pairs->len - 1;
}

void
tc_ice_start (TcIce *ice, const char *remote_ufrag, const char *remote_pwd,
              const WcAddress *candidates, guint n_candidates,
              gboolean controlling)
{
  gint64 now_us = wc_clock_now_us ();

  ice->running = TRUE;
  ice->controlling = controlling;
  ice->selected = -1;
  g_array_set_size (ice->pairs, 0);
  g_free (ice->remote_pwd);
  g_free (ice->username);
  ice->remote_pwd = g_strdup (remote_pwd);
  ice->username = g_strdup_printf ("%s:%s", remote_ufrag, ice->ufrag);
  for (guint i = 0; i < n_candidates; i++)
    add_pair (ice, &candidates[i], now_us + i * PACE_US);
  on_timer (ice);
}

void
tc_ice_renew (TcIce *ice)
{
  g_free (ice->ufrag);
  g_free (ice->pwd);
  ice->ufrag = wc_id_random_hex (4);
  ice->pwd = wc_id_random_hex (12);
}

static void
select_pair (TcIce *ice, guint index)
{
  gboolean changed = ice->selected != (int)index;

  ice->selected = (int)index;
  if (!changed)
    return;
  pair_at (ice, index)->due_us = next_consent_us (wc_clock_now_us ());
  ice->callbacks.selected (&pair_at (ice, index)->address, ice->callbacks.data);
}

static int
find_transaction (TcIce *ice, const TcStunReader *reader, const WcAddress *from)
{
  for (guint i = 0; i < ice->pairs->len; i++) {
    Pair *pair = pair_at (ice, i);

    for (guint k = 0; k < MIN (pair->tries, N_IDS); k++)
      if (memcmp (pair->ids[k], reader->id, TC_STUN_ID_SIZE) == 0 &&
          wc_address_equal (&pair->address, from))
        return (int)i;
  }
  return -1;
}

static void
take_response (TcIce *ice, const TcStunReader *reader, const WcAddress *from)
{
  int index = find_transaction (ice, reader, from);
  Pair *pair;

  if (index < 0) {
    ice->stats.unknown++;
    return;
  }
  if (!tc_stun_check_integrity (reader, ice->remote_pwd)) {
    ice->stats.bad_integrity++;
    return;
  }
  if (reader->type == TC_STUN_BINDING_ERROR) {
    ice->stats.errors++;
    ice->stats.last_error = tc_stun_error_code (reader);
    return;
  }
  pair = pair_at (ice, (guint)index);
  pair->succeeded = TRUE;
  ice->stats.responses++;
  ice->consent_us = wc_clock_now_us ();
  ice->has_mapped |= tc_stun_read_address (reader, &ice->mapped);
  if (ice->selected < 0 && (ice->controlling || pair->nominated))
    select_pair (ice, (guint)index);
}

static gboolean
is_for_us (TcIce *ice, const TcStunReader *reader)
{
  gsize size;
  gsize length = strlen (ice->ufrag);
  const guint8 *name = tc_stun_find (reader, TC_STUN_USERNAME, &size);

  return name != NULL && size > length &&
         memcmp (name, ice->ufrag, length) == 0 && name[length] == ':' &&
         tc_stun_check_integrity (reader, ice->pwd);
}

static void
take_request (TcIce *ice, const TcStunReader *reader, const WcAddress *from)
{
  TcStunWriter writer;
  gsize size;
  guint index;

  if (!is_for_us (ice, reader)) {
    ice->stats.bad_requests++;
    return;
  }
  ice->stats.requests++;
  tc_stun_begin (&writer, TC_STUN_BINDING_SUCCESS, reader->id);
  tc_stun_add_address (&writer, from);
  tc_stun_finish (&writer, ice->pwd);
  ice->callbacks.send (from, writer.data, writer.size, ice->callbacks.data);
  if (ice->remote_pwd == NULL)
    return;
  index = add_pair (ice, from, wc_clock_now_us ());
  pair_at (ice, index)->nominated |=
      tc_stun_find (reader, TC_STUN_USE_CANDIDATE, &size) != NULL;
  if (!ice->controlling && pair_at (ice, index)->nominated &&
      pair_at (ice, index)->succeeded)
    select_pair (ice, index);
  arm_timer (ice);
}

void
tc_ice_receive (TcIce *ice, const WcAddress *from, const guint8 *data,
                gsize size)
{
  TcStunReader reader;

  if (!ice->running)
    return;
  if (!tc_stun_read (&reader, data, size) ||
      !tc_stun_check_fingerprint (&reader)) {
    ice->stats.bad_fingerprint++;
    return;
  }
  if (reader.type == TC_STUN_BINDING_REQUEST)
    take_request (ice, &reader, from);
  else if (reader.type != TC_STUN_BINDING_INDICATION)
    take_response (ice, &reader, from);
}

void
tc_ice_check_now (TcIce *ice)
{
  if (ice->selected >= 0 && ice->running)
    send_check (ice, pair_at (ice, (guint)ice->selected));
}

void
tc_ice_stop (TcIce *ice)
{
  ice->running = FALSE;
  tc_timer_unset (ice->timer);
}

const char *
tc_ice_ufrag (const TcIce *ice)
{
  return ice->ufrag;
}

const char *
tc_ice_pwd (const TcIce *ice)
{
  return ice->pwd;
}

const TcIceStats *
tc_ice_stats (const TcIce *ice)
{
  return &ice->stats;
}

gboolean
tc_ice_mapped (const TcIce *ice, WcAddress *address)
{
  *address = ice->mapped;
  return ice->has_mapped;
}
