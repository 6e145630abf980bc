/* SPDX-License-Identifier: MIT */
#include "base/address.h"

#include <arpa/inet.h>
#include <string.h>

gboolean
wc_address_parse (WcAddress *address, const char *ip, guint16 port)
{
  WcAddress parsed = {0};

  if (inet_pton (AF_INET, ip, &parsed.in.sin_addr) == 1) {
    parsed.in.sin_family = AF_INET;
    parsed.in.sin_port = htons (port);
  } else if (inet_pton (AF_INET6, ip, &parsed.in6.sin6_addr) == 1) {
    parsed.in6.sin6_family = AF_INET6;
    parsed.in6.sin6_port = htons (port);
  } else {
    return FALSE;
  }
  *address = wc_address_from_sockaddr (&parsed.sa);
  return TRUE;
}

WcAddress
wc_address_from_sockaddr (const struct sockaddr *sa)
{
  WcAddress address = {0};

  if (sa->sa_family == AF_INET) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
    address.in.sin_family = AF_INET;
    address.in.sin_addr = in->sin_addr;
    address.in.sin_port = in->sin_port;
  } else if (sa->sa_family == AF_INET6) {
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
    if (IN6_IS_ADDR_V4MAPPED (&in6->sin6_addr)) {
      address.in.sin_family = AF_INET;
      memcpy (&address.in.sin_addr, &in6->sin6_addr.s6_addr[12], 4);
      address.in.sin_port = in6->sin6_port;
    } else {
      address.in6.sin6_family = AF_INET6;
      address.in6.sin6_addr = in6->sin6_addr;
      address.in6.sin6_port = in6->sin6_port;
      /* Only a link-local address needs its zone to be reached. */
      if (IN6_IS_ADDR_LINKLOCAL (&in6->sin6_addr))
        address.in6.sin6_scope_id = in6->sin6_scope_id;
    }
  }
  return address;
}

socklen_t
wc_address_to_sockaddr (const WcAddress *address, int family,
                        struct sockaddr_storage *out)
{
  memset (out, 0, sizeof *out);
  if (address->sa.sa_family == AF_INET && family == AF_INET6) {
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = address->in.sin_port;
    in6->sin6_addr.s6_addr[10] = in6->sin6_addr.s6_addr[11] = 0xff;
    memcpy (&in6->sin6_addr.s6_addr[12], &address->in.sin_addr, 4);
    return sizeof *in6;
  }
  if (address->sa.sa_family == AF_INET) {
    memcpy (out, &address->in, sizeof address->in);
    return sizeof address->in;
  }
  memcpy (out, &address->in6, sizeof address->in6);
  return sizeof address->in6;
}

guint16
wc_address_port (const WcAddress *address)
{
  return ntohs (address->sa.sa_family == AF_INET ? address->in.sin_port
                                                 : address->in6.sin6_port);
}

void
wc_address_set_port (WcAddress *address, guint16 port)
{
  if (address->sa.sa_family == AF_INET)
    address->in.sin_port = htons (port);
  else
    address->in6.sin6_port = htons (port);
}

gboolean
wc_address_same_ip (const WcAddress *a, const WcAddress *b)
{
  if (a->sa.sa_family != b->sa.sa_family)
    return FALSE;
  if (a->sa.sa_family == AF_INET)
    return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
  return IN6_ARE_ADDR_EQUAL (&a->in6.sin6_addr, &b->in6.sin6_addr);
}

gboolean
wc_address_equal (const WcAddress *a, const WcAddress *b)
{
  return wc_address_same_ip (a, b) &&
         wc_address_port (a) == wc_address_port (b);
}

gboolean
wc_address_is_any (const WcAddress *address)
{
  if (address->sa.sa_family == AF_INET)
    return address->in.sin_addr.s_addr == INADDR_ANY;
  return IN6_IS_ADDR_UNSPECIFIED (&address->in6.sin6_addr);
}

gboolean
wc_address_is_multicast (const WcAddress *address)
{
  if (address->sa.sa_family == AF_INET)
    return IN_MULTICAST (ntohl (address->in.sin_addr.s_addr));
  return IN6_IS_ADDR_MULTICAST (&address->in6.sin6_addr);
}

static gboolean
is_in (const WcAddress *address, guint32 prefix, guint bits)
{
  return address->sa.sa_family == AF_INET &&
         (ntohl (address->in.sin_addr.s_addr) ^ prefix) >> (32 - bits) == 0;
}

gboolean
wc_address_is_loopback (const WcAddress *address)
{
  if (address->sa.sa_family == AF_INET)
    return is_in (address, 0x7f000000, 8);
  return IN6_IS_ADDR_LOOPBACK (&address->in6.sin6_addr);
}

gboolean
wc_address_is_link_local (const WcAddress *address)
{
  if (address->sa.sa_family == AF_INET)
    return is_in (address, 0xa9fe0000, 16);
  return IN6_IS_ADDR_LINKLOCAL (&address->in6.sin6_addr);
}

gboolean
wc_address_is_private (const WcAddress *address)
{
  if (wc_address_is_loopback (address) || wc_address_is_link_local (address))
    return TRUE;
  if (address->sa.sa_family == AF_INET6)
    return (address->in6.sin6_addr.s6_addr[0] & 0xfe) == 0xfc;
  return is_in (address, 0x0a000000, 8) || is_in (address, 0xac100000, 12) ||
         is_in (address, 0xc0a80000, 16) || is_in (address, 0x64400000, 10);
}

/* 32-bit FNV-1a: short keys, no attacker can make it matter (the tables that
 * use it hold only authenticated addresses). */
guint
wc_address_hash (const WcAddress *address)
{
  const guint8 *bytes = (const guint8 *)&address->in.sin_addr;
  gsize size = sizeof address->in.sin_addr;
  guint hash = 2166136261u;

  if (address->sa.sa_family == AF_INET6) {
    bytes = address->in6.sin6_addr.s6_addr;
    size = sizeof address->in6.sin6_addr;
  }
  for (gsize i = 0; i < size; i++)
    hash = (hash ^ bytes[i]) * 16777619u;
  hash = (hash ^ (wc_address_port (address) & 0xff)) * 16777619u;
  return (hash ^ (wc_address_port (address) >> 8)) * 16777619u;
}

guint
wc_address_hash_func (gconstpointer address)
{
  return wc_address_hash (address);
}

gboolean
wc_address_equal_func (gconstpointer a, gconstpointer b)
{
  return wc_address_equal (a, b);
}

const char *
wc_address_ip (const WcAddress *address, char buffer[WC_ADDRESS_STRLEN])
{
  if (address->sa.sa_family == AF_INET)
    inet_ntop (AF_INET, &address->in.sin_addr, buffer, WC_ADDRESS_STRLEN);
  else if (address->sa.sa_family == AF_INET6)
    inet_ntop (AF_INET6, &address->in6.sin6_addr, buffer, WC_ADDRESS_STRLEN);
  else
    g_strlcpy (buffer, "(none)", WC_ADDRESS_STRLEN);
  return buffer;
}

const char *
wc_address_format (const WcAddress *address, char buffer[WC_ADDRESS_STRLEN])
{
  char ip[WC_ADDRESS_STRLEN];

  wc_address_ip (address, ip);
  g_snprintf (buffer, WC_ADDRESS_STRLEN,
              address->sa.sa_family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip,
              wc_address_port (address));
  return buffer;
}
