/* SPDX-License-Identifier: MIT */
#include "engine/nack-list.h"

#include <string.h>

/* A packet that comes a little behind its successor is late, not lost. */
#define REORDERING_US 5000
#define MAX_ASKED 10

void
wc_nack_list_reset (WcNackList *list)
{
  list->begun = FALSE;
  list->n = 0;
}

static void
remove_at (WcNackList *list, guint at)
{
  list->n--;
  memmove (&list->missing[at], &list->missing[at + 1],
           (list->n - at) * sizeof list->missing[0]);
}

static void
add_missing (WcNackList *list, guint16 from, guint n, gint64 now_us)
{
  if (list->n + n > WC_NACK_LIST_SIZE) {
    list->given_up += list->n + n;
    list->n = 0;
    return;
  }
  for (guint i = 0; i < n; i++)
    list->missing[list->n++] =
        (WcNackEntry){.seq = (guint16)(from + i), .since_us = now_us};
}

static WcNackResult
take_old (WcNackList *list, guint16 seq, gint64 *asked_us)
{
  for (guint i = 0; i < list->n; i++) {
    if (list->missing[i].seq != seq)
      continue;
    *asked_us = list->missing[i].asked_us;
    remove_at (list, i);
    return WC_NACK_REPAIRED;
  }
  return WC_NACK_OLD;
}

WcNackResult
wc_nack_list_take (WcNackList *list, guint16 seq, gint64 now_us,
                   gint64 *asked_us)
{
  *asked_us = 0;
  if (!list->begun) {
    list->begun = TRUE;
    list->highest = seq;
    return WC_NACK_NEXT;
  }
  gint16 distance = (gint16)(seq - list->highest);
  if (distance <= 0)
    return take_old (list, seq, asked_us);
  add_missing (list, (guint16)(list->highest + 1), (guint)distance - 1, now_us);
  list->highest = seq;
  return WC_NACK_NEXT;
}

static gboolean
is_due (const WcNackEntry *entry, gint64 now_us, gint64 interval_us)
{
  if (entry->asked == 0)
    return now_us - entry->since_us >= REORDERING_US;
  return entry->asked < MAX_ASKED && now_us - entry->asked_us >= interval_us;
}

guint
wc_nack_list_ask (WcNackList *list, gint64 now_us, gint64 interval_us,
                  gint64 patience_us, guint16 *seqs, guint max)
{
  guint n = 0, kept = 0;

  for (guint i = 0; i < list->n; i++) {
    WcNackEntry *entry = &list->missing[i];
    if (now_us - entry->since_us > patience_us) {
      list->given_up++;
      continue;
    }
    if (n < max && is_due (entry, now_us, interval_us)) {
      entry->asked++;
      entry->asked_us = now_us;
      seqs[n++] = entry->seq;
    }
    list->missing[kept++] = *entry;
  }
  list->n = kept;
  return n;
}
