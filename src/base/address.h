/* SPDX-License-Identifier: MIT */
/* A UDP or TCP transport address: an IP address and a port. A plain value.
 * IPv4-mapped IPv6 addresses are always folded to IPv4, so that equal
 * addresses compare equal however a dual-stack socket reports them. */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <sys/socket.h>

typedef struct {
  union {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
  };
} WcAddress;

/** Room for "[v6]:65535" with a zone and the final NUL. */
#define WC_ADDRESS_STRLEN 80

/** Parses a numeric IPv4 or IPv6 address without brackets. Returns FALSE, and
 * leaves @address alone, if @ip is none. @port in host order. */
gboolean wc_address_parse (WcAddress *address, const char *ip, guint16 port);

/** From what recvmsg(2) and friends give; unknown families give all zero. */
WcAddress wc_address_from_sockaddr (const struct sockaddr *sa);

/** The address as a socket of @family can use it: with AF_INET6, IPv4 comes
 * out v4-mapped. Returns the length for sendmsg(2). */
socklen_t wc_address_to_sockaddr (const WcAddress *address, int family,
                                  struct sockaddr_storage *out);

guint16 wc_address_port (const WcAddress *address);
void wc_address_set_port (WcAddress *address, guint16 port);
/** The same IP address; ports are not looked at. */
gboolean wc_address_same_ip (const WcAddress *a, const WcAddress *b);
gboolean wc_address_equal (const WcAddress *a, const WcAddress *b);
gboolean wc_address_is_any (const WcAddress *address);
gboolean wc_address_is_multicast (const WcAddress *address);
gboolean wc_address_is_loopback (const WcAddress *address);
/** Of one link only: 169.254.0.0/16 (RFC 3927), fe80::/10. */
gboolean wc_address_is_link_local (const WcAddress *address);
/** Not from everywhere: RFC 1918, RFC 6598 (of a provider's NAT), unique local
 * IPv6 (RFC 4193), loopback and link-local. */
gboolean wc_address_is_private (const WcAddress *address);
guint wc_address_hash (const WcAddress *address);

/** GHashTable forms of the two above. */
guint wc_address_hash_func (gconstpointer address);
gboolean wc_address_equal_func (gconstpointer a, gconstpointer b);

/** "1.2.3.4" or "2001:db8::1". @buffer is returned. */
const char *wc_address_ip (const WcAddress *address,
                           char buffer[WC_ADDRESS_STRLEN]);
/** "1.2.3.4:80" or "[2001:db8::1]:80". @buffer is returned. */
const char *wc_address_format (const WcAddress *address,
                               char buffer[WC_ADDRESS_STRLEN]);
