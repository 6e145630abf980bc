/* SPDX-License-Identifier: MIT */
/* The addresses that viewers are told to send to: host candidates, best first
 * (some clients look at the first only). Found once, at start. */
#pragma once

#include "config/config.h"

/** An address of the machine, as getifaddrs(3) tells. */
typedef struct {
  WcAddress address;
  char interface[16];
  gboolean is_default; /* the default route leaves by this interface */
} WcInterfaceAddress;

/** What `[ice] addresses`, `interfaces` and `ipv6` make of the addresses that
 * the machine has: of `auto`, IPv4 before IPv6 and those of the default route's
 * interface first, without link-local ones; loopback comes last, and only when
 * HTTP listens there or on all addresses, so that a browser on the same machine
 * can always play. @have_ipv6: of the engine. All get @port. Pure.
 * (transfer full) (element-type WcAddress) */
GArray *wc_candidates_choose (const WcConfig *config, gboolean have_ipv6,
                              guint16 port, const WcInterfaceAddress *machine,
                              guint n_machine, GError **error);

/** The same with the addresses that this machine has now. */
GArray *wc_candidates_find (const WcConfig *config, gboolean have_ipv6,
                            guint16 port, GError **error);
