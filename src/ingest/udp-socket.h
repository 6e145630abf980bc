/* SPDX-License-Identifier: MIT */
/* Opens the UDP sockets that sources send to. No state; any thread. */
#pragma once

#include "base/address.h"

#include <gio/gio.h>

typedef struct {
  const char *address;   /* to bind, or the multicast group to join */
  const char *interface; /* nullable: where to join a group, by name */
  const char *source;    /* nullable: the only sender of a group (RFC 4607) */
} WcUdpBinding;

/** TRUE if @binding makes sense: numeric addresses of one family. The error is
 * WC_INGEST_ERROR_INVALID. */
gboolean wc_udp_binding_check (const WcUdpBinding *binding, GError **error);

/** A socket bound to @port, 1 to 65535. A unicast port is bound alone: when
 * anybody has it the error is WC_INGEST_ERROR_IN_USE. A multicast group is
 * shared with others on this host, and joined. */
GSocket *wc_udp_socket_open (const WcUdpBinding *binding, guint16 port,
                             GError **error);

/** Gives the port back at once, even while other threads still use @released:
 * it stays valid and never receives anything again. */
void wc_udp_socket_release (GSocket *released);

/** Sends without waiting; a datagram that the kernel does not take is lost. */
void wc_udp_socket_send (GSocket *socket, const WcAddress *to,
                         gconstpointer data, gsize size);
