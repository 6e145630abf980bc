/* SPDX-License-Identifier: MIT */
/* The addresses that this machine's network interfaces have. Any thread. */
#pragma once

#include "base/address.h"

#include <net/if.h>

typedef struct {
  WcAddress address; /* without a port */
  char interface[IF_NAMESIZE];
  gboolean is_default; /* the default route leaves by this interface */
  gboolean is_down;    /* switched off, or nothing is plugged in */
  gboolean is_passing; /* of IPv6: tentative, or deprecated (RFC 4862) */
} WcInterfaceAddress;

/** In the kernel's order. (transfer full) (element-type WcInterfaceAddress) */
GArray *wc_interfaces_list (void);

/** The one of @n that has @address, or NULL. */
const WcInterfaceAddress *wc_interfaces_find (const WcInterfaceAddress *machine,
                                              guint n,
                                              const WcAddress *address);
