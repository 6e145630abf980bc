/* SPDX-License-Identifier: MIT */
#include "engine/udp.h"

#include "engine/engine.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

/* Linux 4.18; in the kernel's header and not in glibc's before 2.36. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define BATCH 32
#define BUFFER_BYTES (4 * 1024 * 1024)

typedef union {
  struct cmsghdr header; /* for its alignment */
  char bytes[CMSG_SPACE (sizeof (struct in6_pktinfo)) +
             CMSG_SPACE (sizeof (struct in_pktinfo))];
} Control;

static gboolean
fail (GError **error, const char *what, guint16 port)
{
  int code =
      errno == EADDRINUSE ? WC_ENGINE_ERROR_IN_USE : WC_ENGINE_ERROR_SOCKET;

  g_set_error (error, WC_ENGINE_ERROR, code, "UDP port %u: %s: %s%s", port,
               what, g_strerror (errno),
               code == WC_ENGINE_ERROR_IN_USE
                   ? "; another program has it: choose another [ice] udp-port"
                   : "");
  return FALSE;
}

static void
set_option (int fd, int level, int name, int value)
{
  /* Best effort: buffers are capped by the system, the rest is checked by
   * what it is for. */
  int unused = setsockopt (fd, level, name, &value, sizeof value);
  (void)unused;
}

static gboolean
bind_any (const WcUdp *udp, guint16 port)
{
  WcAddress any;
  struct sockaddr_storage sa;

  wc_address_parse (&any, udp->family == AF_INET6 ? "::" : "0.0.0.0", port);
  socklen_t size = wc_address_to_sockaddr (&any, udp->family, &sa);
  return bind (udp->fd, (struct sockaddr *)&sa, size) == 0;
}

static guint16
bound_port (const WcUdp *udp)
{
  struct sockaddr_storage sa;
  socklen_t size = sizeof sa;

  if (getsockname (udp->fd, (struct sockaddr *)&sa, &size) != 0)
    return 0;
  WcAddress address = wc_address_from_sockaddr ((struct sockaddr *)&sa);
  return wc_address_port (&address);
}

static gboolean
open_one (WcUdp *udp, int family)
{
  udp->family = family;
  udp->fd = socket (family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (udp->fd < 0)
    return FALSE;
  if (family == AF_INET6)
    set_option (udp->fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  return TRUE;
}

static void
prepare (const WcUdp *udp)
{
  set_option (udp->fd, SOL_SOCKET, SO_REUSEPORT, 1);
  set_option (udp->fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
  set_option (udp->fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
  if (udp->family == AF_INET6)
    set_option (udp->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  set_option (udp->fd, IPPROTO_IP, IP_PKTINFO, 1);
}

/* SO_REUSEPORT would share the port with another server of the same user
 * without a word, so somebody who does not ask for it has a look first. */
static gboolean
probe (guint16 *port, int family, GError **error)
{
  WcUdp udp;

  if (!open_one (&udp, family))
    return fail (error, "socket", *port);
  gboolean ok = bind_any (&udp, *port) || fail (error, "bind", *port);
  if (ok)
    *port = bound_port (&udp);
  wc_udp_close (&udp);
  return ok;
}

static int
choose_family (gboolean ipv6)
{
  WcUdp udp;

  if (!ipv6 || !open_one (&udp, AF_INET6))
    return AF_INET;
  gboolean works = bind_any (&udp, 0);
  wc_udp_close (&udp);
  return works ? AF_INET6 : AF_INET;
}

gboolean
wc_udp_open_shared (WcUdp *sockets, guint n, guint16 *port, gboolean ipv6,
                    GError **error)
{
  int family = choose_family (ipv6);

  if (!probe (port, family, error))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    gboolean ok = open_one (&sockets[i], family);
    if (ok) {
      prepare (&sockets[i]);
      ok = bind_any (&sockets[i], *port);
    }
    if (!ok) {
      fail (error, "bind", *port);
      for (guint k = 0; k <= i; k++)
        wc_udp_close (&sockets[k]);
      return FALSE;
    }
  }
  return TRUE;
}

/* The kernel counts double what was asked for (socket(7)). */
static guint
granted (const WcUdp *udp, int name)
{
  int value = 0;
  socklen_t size = sizeof value;

  if (getsockopt (udp->fd, SOL_SOCKET, name, &value, &size) != 0)
    return 0;
  return (guint)value / 2;
}

void
wc_udp_get_buffers (const WcUdp *udp, guint *receive, guint *send,
                    guint *wanted)
{
  *receive = granted (udp, SO_RCVBUF);
  *send = granted (udp, SO_SNDBUF);
  *wanted = BUFFER_BYTES;
}

void
wc_udp_mark (int fd, int family, guint dscp)
{
  /* The two bits below are ECN's (RFC 3168 section 5). */
  set_option (fd, IPPROTO_IP, IP_TOS, (int)dscp << 2);
  if (family == AF_INET6)
    set_option (fd, IPPROTO_IPV6, IPV6_TCLASS, (int)dscp << 2);
}

void
wc_udp_close (WcUdp *udp)
{
  if (udp->fd >= 0)
    close (udp->fd);
  udp->fd = -1;
}

static WcAddress
read_local (struct msghdr *message)
{
  WcAddress local = {0};

  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c != NULL;
       c = CMSG_NXTHDR (message, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy (&info, CMSG_DATA (c), sizeof info);
      local.in.sin_family = AF_INET;
      local.in.sin_addr = info.ipi_addr;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy (&info, CMSG_DATA (c), sizeof info);
      struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                                 .sin6_addr = info.ipi6_addr,
                                 .sin6_scope_id = info.ipi6_ifindex};
      /* A dual-stack socket also says IP_PKTINFO for IPv4; both agree. */
      local = wc_address_from_sockaddr ((struct sockaddr *)&in6);
    }
  }
  return local;
}

guint
wc_udp_receive (const WcUdp *udp, WcDatagram *datagrams, guint max)
{
  struct mmsghdr messages[BATCH] = {0};
  struct iovec parts[BATCH];
  struct sockaddr_storage from[BATCH];
  Control control[BATCH];
  guint kept = 0;

  max = MIN (max, BATCH);
  for (guint i = 0; i < max; i++) {
    parts[i] = (struct iovec){datagrams[i].data, WC_UDP_DATAGRAM_SIZE};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &from[i];
    messages[i].msg_hdr.msg_namelen = sizeof from[i];
    messages[i].msg_hdr.msg_control = &control[i];
    messages[i].msg_hdr.msg_controllen = sizeof control[i];
  }

  int n = recvmmsg (udp->fd, messages, max, MSG_DONTWAIT, NULL);
  for (int i = 0; i < n; i++) {
    if (messages[i].msg_hdr.msg_flags & MSG_TRUNC || messages[i].msg_len == 0)
      continue;
    WcDatagram *datagram = &datagrams[kept];
    if (kept != (guint)i)
      memcpy (datagram->data, datagrams[i].data, messages[i].msg_len);
    datagram->size = messages[i].msg_len;
    datagram->tcp = NULL;
    datagram->from = wc_address_from_sockaddr ((struct sockaddr *)&from[i]);
    datagram->local = read_local (&messages[i].msg_hdr);
    kept++;
  }
  return kept;
}

static void
write_control (struct msghdr *header, int level, int type, const void *data,
               gsize size)
{
  struct cmsghdr *c = (struct cmsghdr *)((guint8 *)header->msg_control +
                                         header->msg_controllen);

  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN (size);
  memcpy (CMSG_DATA (c), data, size);
  header->msg_controllen += CMSG_SPACE (size);
}

static void
write_pktinfo (struct msghdr *header, int family, const WcAddress *local)
{
  struct sockaddr_storage sa;

  if (local->sa.sa_family == AF_UNSPEC)
    return;
  if (family == AF_INET6) {
    wc_address_to_sockaddr (local, family, &sa);
    const struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&sa;
    struct in6_pktinfo info = {.ipi6_addr = in6->sin6_addr,
                               .ipi6_ifindex = in6->sin6_scope_id};
    write_control (header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
  } else {
    struct in_pktinfo info = {.ipi_spec_dst = local->in.sin_addr};
    write_control (header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  }
}

void
wc_udp_address (const WcUdp *udp, const WcAddress *to, const WcAddress *local,
                WcUdpEnvelope *envelope, struct msghdr *header)
{
  struct sockaddr_storage sa;

  header->msg_namelen = wc_address_to_sockaddr (to, udp->family, &sa);
  header->msg_name = &envelope->to;
  memcpy (&envelope->to, &sa, sizeof envelope->to);
  header->msg_flags = 0;
  header->msg_control = &envelope->control;
  header->msg_controllen = 0;
  write_pktinfo (header, udp->family, local);
}

void
wc_udp_segment (struct msghdr *header, WcUdpEnvelope *envelope, guint16 size)
{
  write_control (header, SOL_UDP, UDP_SEGMENT, &size, sizeof size);
}

/* It is the last one. */
void
wc_udp_no_segment (struct msghdr *header)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (header); c != NULL;
       c = CMSG_NXTHDR (header, c))
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_SEGMENT)
      header->msg_controllen -= CMSG_SPACE (sizeof (guint16));
}

gboolean
wc_udp_send (const WcUdp *udp, const WcAddress *to, const WcAddress *local,
             const void *data, gsize size)
{
  struct iovec part = {(void *)data, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  WcUdpEnvelope envelope;

  wc_udp_address (udp, to, local, &envelope, &message);
  return sendmsg (udp->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) ==
         (gssize)size;
}
