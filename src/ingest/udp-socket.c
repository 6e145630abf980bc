/* SPDX-License-Identifier: MIT */
#include "ingest/udp-socket.h"

#include "ingest/ingest.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <unistd.h>

/* Key frames come in bursts; the kernel's default holds a third of a large one
 * at most. */
#define RECEIVE_BUFFER_BYTES (4 * 1024 * 1024)

static gboolean
parse_source (const WcUdpBinding *binding, WcAddress *source, GError **error)
{
  if (wc_address_parse (source, binding->source, 0))
    return TRUE;
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
               "source \"%s\" is not a numeric IPv4 or IPv6 address",
               binding->source);
  return FALSE;
}

gboolean
wc_udp_binding_check (const WcUdpBinding *binding, GError **error)
{
  WcAddress address, source;

  if (!wc_address_parse (&address, binding->address, 0)) {
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                 "address \"%s\" is not a numeric IPv4 or IPv6 address",
                 binding->address);
    return FALSE;
  }
  if (binding->source == NULL)
    return TRUE;
  if (!parse_source (binding, &source, error))
    return FALSE;
  if (source.sa.sa_family == address.sa.sa_family ||
      (address.sa.sa_family == AF_INET6 && wc_address_is_any (&address)))
    return TRUE;
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
               "source \"%s\" can never send to address \"%s\": one is IPv4, "
               "the other IPv6",
               binding->source, binding->address);
  return FALSE;
}

static void
set_int_option (int fd, int level, int option, int value)
{
  setsockopt (fd, level, option, &value, sizeof value);
}

static void
set_receive_buffer (int fd)
{
  int size = RECEIVE_BUFFER_BYTES;

  if (setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static void
set_options (int fd, const WcAddress *address)
{
  gboolean is_ipv6 = address->sa.sa_family == AF_INET6;

  set_receive_buffer (fd);
  if (is_ipv6)
    set_int_option (fd, IPPROTO_IPV6, IPV6_V6ONLY,
                    !wc_address_is_any (address));
  if (!wc_address_is_multicast (address))
    return;
  set_int_option (fd, SOL_SOCKET, SO_REUSEADDR, 1);
  /* Only the group joined here, not what others on this host have joined. */
  if (is_ipv6)
    set_int_option (fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
  else
    set_int_option (fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
}

static gboolean
find_interface (const char *name, guint *index, GError **error)
{
  *index = name != NULL ? if_nametoindex (name) : 0;
  if (name == NULL || *index != 0)
    return TRUE;
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
               "interface \"%s\" does not exist (ip -br link lists them)",
               name);
  return FALSE;
}

/* RFC 3678: one form for both families, with and without a source. */
static int
request_join (int fd, int level, guint index, const WcAddress *group,
              const WcAddress *source)
{
  if (source != NULL) {
    struct group_source_req join = {.gsr_interface = index};
    wc_address_to_sockaddr (group, group->sa.sa_family, &join.gsr_group);
    wc_address_to_sockaddr (source, group->sa.sa_family, &join.gsr_source);
    return setsockopt (fd, level, MCAST_JOIN_SOURCE_GROUP, &join, sizeof join);
  }

  struct group_req join = {.gr_interface = index};
  wc_address_to_sockaddr (group, group->sa.sa_family, &join.gr_group);
  return setsockopt (fd, level, MCAST_JOIN_GROUP, &join, sizeof join);
}

static gboolean
join_group (int fd, const WcUdpBinding *binding, const WcAddress *group,
            guint index, GError **error)
{
  int level = group->sa.sa_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
  WcAddress source;

  if (binding->source != NULL && !parse_source (binding, &source, error))
    return FALSE;
  if (request_join (fd, level, index, group,
                    binding->source != NULL ? &source : NULL) == 0)
    return TRUE;
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
               "cannot join the multicast group %s%s%s: %s%s", binding->address,
               index != 0 ? " on " : "", index != 0 ? binding->interface : "",
               g_strerror (errno), index == 0 ? "; name an `interface`" : "");
  return FALSE;
}

static gboolean
bind_port (int fd, const WcAddress *address, guint interface, GError **error)
{
  struct sockaddr_storage name;
  socklen_t size =
      wc_address_to_sockaddr (address, address->sa.sa_family, &name);
  char text[WC_ADDRESS_STRLEN];

  /* A group of link-local scope is one only together with its link. */
  if (name.ss_family == AF_INET6 && interface != 0)
    ((struct sockaddr_in6 *)&name)->sin6_scope_id = interface;
  if (bind (fd, (struct sockaddr *)&name, size) == 0)
    return TRUE;

  int code = errno;
  wc_address_format (address, text);
  if (code == EADDRINUSE)
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_IN_USE,
                 "UDP port %u is taken (%s): another program has it; "
                 "`ss -lunp sport = :%u` shows which",
                 wc_address_port (address), text, wc_address_port (address));
  else if (code == EADDRNOTAVAIL)
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
                 "this host has no address %s; 0.0.0.0 listens on all", text);
  else
    g_set_error (error, WC_INGEST_ERROR,
                 code == EACCES ? WC_INGEST_ERROR_INVALID
                                : WC_INGEST_ERROR_INTERNAL,
                 "cannot bind %s: %s", text, g_strerror (code));
  return FALSE;
}

GSocket *
wc_udp_socket_open (const WcUdpBinding *binding, guint16 port, GError **error)
{
  WcAddress address;
  guint interface = 0;

  if (!wc_udp_binding_check (binding, error))
    return NULL;
  wc_address_parse (&address, binding->address, port);
  if (wc_address_is_multicast (&address) &&
      !find_interface (binding->interface, &interface, error))
    return NULL;

  g_autoptr (GError) cause = NULL;
  g_autoptr (GSocket) socket =
      g_socket_new (address.sa.sa_family == AF_INET6 ? G_SOCKET_FAMILY_IPV6
                                                     : G_SOCKET_FAMILY_IPV4,
                    G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &cause);
  if (socket == NULL) {
    g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INTERNAL,
                 "cannot make a socket: %s", cause->message);
    return NULL;
  }

  int fd = g_socket_get_fd (socket);
  set_options (fd, &address);
  if (!bind_port (fd, &address, interface, error) ||
      (wc_address_is_multicast (&address) &&
       !join_group (fd, binding, &address, interface, error)))
    return NULL;
  return g_steal_pointer (&socket);
}

/* A descriptor that is closed while another thread polls it may be reused under
 * that thread. So another socket is put into its place: shutdown (2) wakes who
 * waits on the old one, and the kernel drops that with the last of them. */
void
wc_udp_socket_release (GSocket *released)
{
  int fd = g_socket_get_fd (released);
  int other = fd >= 0 ? socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

  if (fd < 0)
    return;
  shutdown (fd, SHUT_RDWR);
  if (other < 0 || dup3 (other, fd, O_CLOEXEC) < 0)
    g_socket_close (released, NULL);
  if (other >= 0)
    close (other);
}

void
wc_udp_socket_send (GSocket *socket, const WcAddress *to, gconstpointer data,
                    gsize size)
{
  int family =
      g_socket_get_family (socket) == G_SOCKET_FAMILY_IPV6 ? AF_INET6 : AF_INET;
  struct sockaddr_storage name;
  socklen_t name_size = wc_address_to_sockaddr (to, family, &name);
  gssize sent =
      sendto (g_socket_get_fd (socket), data, size, MSG_DONTWAIT | MSG_NOSIGNAL,
              (struct sockaddr *)&name, name_size);

  (void)sent; /* like any datagram it may be lost */
}
