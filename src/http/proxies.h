/* SPDX-License-Identifier: MIT */
/* The proxies whose word about their clients is believed: `[http]
 * trusted-proxies`. Constant once made; any thread. */
#pragma once

#include <glib.h>

typedef struct WcProxies WcProxies;

/** @list: IP addresses and prefixes ("10.0.0.0/8"), checked by the
 * configuration. */
WcProxies *wc_proxies_new (char *const *list);
void wc_proxies_free (WcProxies *proxies);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcProxies, wc_proxies_free)

gboolean wc_proxies_trusts (const WcProxies *proxies, const char *ip);

/** Who is behind @peer, an IP address: the last address in @x_forwarded_for,
 * else in @forwarded (RFC 7239; both nullable), that is no trusted proxy; @peer
 * itself when it is none, or says nothing that can be understood. *@https is
 * set when a trusted peer says that its client came by TLS. (transfer full) */
char *wc_proxies_client (const WcProxies *proxies, const char *peer,
                         const char *x_forwarded_for,
                         const char *x_forwarded_proto, const char *forwarded,
                         gboolean *https);
