/* SPDX-License-Identifier: MIT */
/* One UDP socket for all viewers, each with an IP address of its own out of a
 * range that is local to this machine (127.0.0.0/8, or a range given to it with
 * `ip route add local 10.64.0.0/16 dev lo`). Datagrams come in batches
 * (recvmmsg, UDP_GRO) and are told apart by their destination. IPv4. Used on
 * its loop's thread; viewers do not outlive it. */
#pragma once

#include "common/peer.h"

#include <glib.h>

typedef struct _TbSocket TbSocket;

typedef struct {
  guint64 datagrams, batches; /* batch: one recvmmsg */
  guint64 unknown;            /* to an address that is nobody's */
  guint64 overflows;          /* the kernel threw away: our buffer was full */
} TbSocketStats;

/** @range: "10.64.0.0/16", 8 to 24 bits. */
TbSocket *tb_socket_new (TcLoop *loop, const char *range, GError **error);
void tb_socket_free (TbSocket *socket);

/** How many addresses there are. */
guint tb_socket_size (const TbSocket *socket);
/** For the options of the viewer @index; the ip stays as long as the link is
 * not released. */
TcPeerLink tb_socket_link (TbSocket *socket, guint index);
/** From now on what comes for @index is @peer's; NULL: nobody's. */
void tb_socket_set_peer (TbSocket *socket, guint index, TcPeer *peer);
void tb_socket_release (TbSocket *socket, guint index);

TbSocketStats tb_socket_stats (TbSocket *socket);

/** Cuts @size bytes of one read into datagrams: calls @func for each.
 * @segment: the size that UDP_GRO reported, 0 for a single datagram (which may
 * be empty). Returns how many. */
typedef void (*TbSegmentFunc) (const guint8 *data, gsize size,
                               gpointer data_pointer);
guint tb_split_segments (const guint8 *data, gsize size, gsize segment,
                         TbSegmentFunc func, gpointer data_pointer);
/** "10.64.0.0/16": the first address and the number of them; FALSE when it is
 * none or not of 8 to 24 bits. Host order. */
gboolean tb_parse_range (const char *range, guint32 *first, guint32 *n);
