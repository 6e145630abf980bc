/* SPDX-License-Identifier: MIT */
#include "engine/packet.h"

#include <string.h>

WcPacket *
wc_packet_new (gsize size)
{
  WcPacket *packet;

  g_assert (size <= G_MAXUINT16);
  packet = g_malloc (sizeof *packet + size);
  memset (packet, 0, sizeof *packet);
  atomic_init (&packet->refs, 1);
  packet->size = (guint16)size;
  return packet;
}

WcPacket *
wc_packet_ref (WcPacket *packet)
{
  atomic_fetch_add_explicit (&packet->refs, 1, memory_order_relaxed);
  return packet;
}

void
wc_packet_unref (WcPacket *packet)
{
  /* Acquire and release in one, not a fence: TSan does not see fences. */
  if (atomic_fetch_sub_explicit (&packet->refs, 1, memory_order_acq_rel) == 1)
    g_free (packet);
}
