/* SPDX-License-Identifier: MIT */
/* A viewer's TCP connection to a passive candidate (RFC 6544): datagrams in
 * frames of two bytes of length (RFC 4571). On its loop's thread. */
#pragma once

#include "common/loop.h"

#include "base/address.h"

#include <glib.h>

typedef struct _TcTcpLink TcTcpLink;

typedef struct {
  void (*datagram) (const WcAddress *from, const guint8 *data, gsize size,
                    gpointer data_pointer);
  /** After one or more of them. */
  void (*received) (gpointer data_pointer);
  /** The other side closed it, or it could not be opened. */
  void (*closed) (gpointer data_pointer);
  gpointer data;
} TcTcpLinkCallbacks;

/** Begins to connect. What is sent before it is open waits. @local: numeric,
 * nullable. */
TcTcpLink *tc_tcp_link_new (TcLoop *loop, const char *local,
                            const WcAddress *to,
                            const TcTcpLinkCallbacks *callbacks);
/** Not from its own callbacks. */
void tc_tcp_link_free (TcTcpLink *link);

void tc_tcp_link_send (TcTcpLink *link, const guint8 *data, gsize size);
/** FALSE: leaves what comes to the kernel, as a viewer on a link that is too
 * slow. */
void tc_tcp_link_set_reading (TcTcpLink *link, gboolean reading);
