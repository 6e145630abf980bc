/* SPDX-License-Identifier: MIT */
/* The UDP sockets of the workers: all on one port, dual stack where there is
 * IPv6, with the local address of every datagram kept, because an answer must
 * leave by the address it was asked on (or ICE fails on a host that has two).
 */
#pragma once

#include "base/address.h"

#include <gio/gio.h>
#include <sys/socket.h>

typedef struct {
  int fd;
  int family; /* AF_INET6 is dual stack */
} WcUdp;

#define WC_UDP_DATAGRAM_SIZE 2048

typedef struct WcTcp WcTcp;

typedef struct {
  WcAddress from;
  WcAddress local; /* the port is not set */
  WcTcp *tcp;      /* borrowed; NULL: it came by UDP */
  guint size;
  guint8 data[WC_UDP_DATAGRAM_SIZE];
} WcDatagram;

/** Opens @n sockets that share *@port (SO_REUSEPORT); 0 is any free port and is
 * replaced by the one found. A port that somebody else has is
 * WC_ENGINE_ERROR_IN_USE. */
gboolean wc_udp_open_shared (WcUdp *sockets, guint n, guint16 *port,
                             gboolean ipv6, GError **error);
/** Marks whatever leaves by @fd, a UDP or TCP socket of @family, with code
 * point
 * @dscp (RFC 2474 section 3, 0 to 63), IPv4 too where it is dual stack. Best
 * effort: the kernel may want a privilege for some. */
void wc_udp_mark (int fd, int family, guint dscp);
/** The bytes that may wait, as the kernel granted them, and as was asked. */
void wc_udp_get_buffers (const WcUdp *udp, guint *receive, guint *send,
                         guint *wanted);
void wc_udp_close (WcUdp *udp);

/** Takes up to @max waiting datagrams without blocking; larger ones than fit
 * are dropped. Returns how many. */
guint wc_udp_receive (const WcUdp *udp, WcDatagram *datagrams, guint max);

/** Room for what a message says besides its data. */
typedef struct {
  union {
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
  } to;
  union {
    struct cmsghdr header; /* for its alignment */
    guint8 bytes[CMSG_SPACE (sizeof (struct in6_pktinfo)) +
                 CMSG_SPACE (sizeof (guint16))];
  } control;
} WcUdpEnvelope;

/** Fills name and control of @header, which point into @envelope; its data is
 * not touched. */
void wc_udp_address (const WcUdp *udp, const WcAddress *to,
                     const WcAddress *local, WcUdpEnvelope *envelope,
                     struct msghdr *header);
/** The data is @size bytes again and again, each a datagram of its own
 * (UDP_SEGMENT); the last may be shorter. After wc_udp_address (). */
void wc_udp_segment (struct msghdr *header, WcUdpEnvelope *envelope,
                     guint16 size);
/** Takes that back. */
void wc_udp_no_segment (struct msghdr *header);

/** Sends without blocking, from the IP address @local. Any thread. */
gboolean wc_udp_send (const WcUdp *udp, const WcAddress *to,
                      const WcAddress *local, const void *data, gsize size);
