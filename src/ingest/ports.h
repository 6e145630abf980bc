/* SPDX-License-Identifier: MIT */
/* The UDP ports that sources send to: which mountpoint has which, with the open
 * sockets. To take a port is to bind it, so nobody can come in between. Main
 * thread only; WcPortPool itself is declared in ingest.h. */
#pragma once

#include "ingest/ingest.h"
#include "ingest/udp-socket.h"

/** What one track holds: the port of its RTP and the port of its RTCP, which
 * may be one and the same (RFC 5761). */
typedef struct WcPortLease WcPortLease;

/** Takes the ports of a track for the mountpoint @owner. @rtp_port 0: the next
 * free even one of the range. @rtcp_port 0: the port after it.
 *
 * What @owner holds already, on the same address, is shared and given back when
 * the last lease goes: so a mountpoint can be edited without losing its ports.
 * The error says which port, who has it, and what to do. */
WcPortLease *wc_port_pool_take (WcPortPool *pool, const char *owner,
                                const WcUdpBinding *binding, guint16 rtp_port,
                                guint16 rtcp_port, GError **error);

/** Gives the ports back; when this returns they can be bound again. */
void wc_port_lease_free (WcPortLease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcPortLease, wc_port_lease_free)

/** From now on what the mountpoints @owners (a set of ids, borrowed) hold is
 * shared with others who take it, on the same address: with one each, who may
 * be the owner. For many changes at once, of which some give up what others
 * take. */
void wc_port_pool_begin_handover (WcPortPool *pool, GHashTable *owners);
/** @done: what was shared belongs to who took it last; else nothing has
 * changed, and they have given it back. */
void wc_port_pool_end_handover (WcPortPool *pool, gboolean done);

guint16 wc_port_lease_rtp_port (const WcPortLease *lease);
guint16 wc_port_lease_rtcp_port (const WcPortLease *lease);
/** (transfer none) */
GSocket *wc_port_lease_rtp_socket (const WcPortLease *lease);
/** (transfer none); the same as the above when RTCP shares the port. */
GSocket *wc_port_lease_rtcp_socket (const WcPortLease *lease);
