/* SPDX-License-Identifier: MIT */
#include "engine/reorder.h"

#include <string.h>

static guint
hold (const WcReorder *reorder)
{
  return reorder->patience_us > 0 ? WC_REORDER_PATIENT : WC_REORDER_HOLD;
}

static gint64
hold_us (const WcReorder *reorder)
{
  return reorder->patience_us > 0 ? reorder->patience_us : WC_REORDER_HOLD_US;
}

static void
begin_empty (WcReorder *reorder)
{
  *reorder = (WcReorder){.dropped = reorder->dropped,
                         .patience_us = reorder->patience_us};
}

static void
clear_suspects (WcReorder *reorder)
{
  for (guint i = 0; i < reorder->n_suspects; i++)
    wc_packet_unref (reorder->suspects[i]);
  reorder->dropped += reorder->n_suspects;
  reorder->n_suspects = 0;
}

void
wc_reorder_clear (WcReorder *reorder)
{
  clear_suspects (reorder);
  for (guint i = 0; i < reorder->n_held; i++)
    wc_packet_unref (reorder->held[i]);
  begin_empty (reorder);
}

static gboolean
drop (WcReorder *reorder, WcPacket *packet)
{
  wc_packet_unref (packet);
  reorder->dropped++;
  return FALSE;
}

/* Keeps @packet as a suspect; one that stands close behind the first proves
 * that there is a new numbering and not just a stray. */
static gboolean
suspect (WcReorder *reorder, WcPacket *packet)
{
  guint16 seq = (guint16)packet->seq;

  if (reorder->n_suspects == 1) {
    guint16 first = (guint16)reorder->suspects[0]->seq;
    guint16 distance = (guint16)(seq - first);
    if (distance > 0 && distance <= WC_REORDER_HOLD) {
      reorder->suspects[reorder->n_suspects++] = packet;
      return TRUE;
    }
  }
  clear_suspects (reorder);
  reorder->suspects[reorder->n_suspects++] = packet;
  return FALSE;
}

/* A source that begins anew a little behind where it was looks late for ever:
 * many late ones without a gap, and none on time, are taken for that. */
static gboolean
reject_late (WcReorder *reorder, WcPacket *packet)
{
  guint16 seq = (guint16)packet->seq;

  if (reorder->strays > 0 && seq == (guint16)(reorder->last_stray + 1))
    reorder->strays++;
  else
    reorder->strays = 1;
  reorder->last_stray = seq;
  if (reorder->strays >= WC_REORDER_MAX_STRAYS &&
      packet->capture_us - reorder->last_taken_us > hold_us (reorder)) {
    clear_suspects (reorder);
    reorder->suspects[reorder->n_suspects++] = packet;
    return TRUE;
  }
  return drop (reorder, packet);
}

static gboolean
insert (WcReorder *reorder, WcPacket *packet)
{
  guint at = reorder->n_held;

  while (at > 0 && reorder->held[at - 1]->seq > packet->seq)
    at--;
  if (at > 0 && reorder->held[at - 1]->seq == packet->seq)
    return drop (reorder, packet);
  g_assert (reorder->n_held < WC_REORDER_PATIENT);
  memmove (reorder->held + at + 1, reorder->held + at,
           (reorder->n_held - at) * sizeof reorder->held[0]);
  reorder->held[at] = packet;
  reorder->n_held++;
  reorder->strays = 0;
  reorder->last_taken_us = packet->capture_us;
  clear_suspects (reorder);
  return FALSE;
}

gboolean
wc_reorder_push (WcReorder *reorder, WcPacket *packet)
{
  gint distance;

  if (!reorder->begun) {
    reorder->begun = TRUE;
    /* One turn up, so that what is before it does not fall below zero. */
    reorder->next = packet->seq + (1 << 16);
  }
  distance = (gint16)(packet->seq - reorder->next);
  if (distance > WC_REORDER_MAX_JUMP || distance < -WC_REORDER_MAX_JUMP)
    return suspect (reorder, packet);
  if (distance < 0)
    return reject_late (reorder, packet);
  packet->seq = reorder->next + (guint)distance;
  return insert (reorder, packet);
}

void
wc_reorder_begin_anew (WcReorder *reorder)
{
  WcPacket *packets[2] = {reorder->suspects[0], reorder->suspects[1]};
  guint n = reorder->n_suspects;

  g_assert (reorder->n_held == 0);
  begin_empty (reorder);
  for (guint i = 0; i < n; i++)
    wc_reorder_push (reorder, packets[i]);
}

static gint64
held_since_us (const WcReorder *reorder)
{
  gint64 since_us = reorder->held[0]->capture_us;

  for (guint i = 1; i < reorder->n_held; i++)
    since_us = MIN (since_us, reorder->held[i]->capture_us);
  return since_us;
}

WcPacket *
wc_reorder_pop (WcReorder *reorder, gint64 now_us, guint *lost)
{
  WcPacket *packet;

  *lost = 0;
  if (reorder->n_held == 0)
    return NULL;
  packet = reorder->held[0];
  if (packet->seq != reorder->next && reorder->n_held < hold (reorder) &&
      now_us - held_since_us (reorder) < hold_us (reorder))
    return NULL;
  *lost = (guint)(packet->seq - reorder->next);
  reorder->next = packet->seq + 1;
  reorder->n_held--;
  memmove (reorder->held, reorder->held + 1,
           reorder->n_held * sizeof reorder->held[0]);
  return packet;
}
