/* SPDX-License-Identifier: MIT */
/* A request as libsoup gets it: written anew from what the gate understood, so
 * that there is nothing left to understand differently. Main thread. */
#pragma once

#include "http/head.h"
#include "http/proxies.h"

/** The field with the client's address, and the one that says "https" if it
 * came by TLS: always the gate's own words. */
#define WC_FORWARD_ADDRESS "X-Forwarded-For"
#define WC_FORWARD_SCHEME "X-Forwarded-Proto"

/** @head and @body as one request. What concerns only the connection, framing
 * and ranges (which libsoup would answer by itself) is left out. @peer: the
 * address at the other end. @tls: the connection is encrypted.
 * (transfer full) */
GString *wc_forward_write (const WcHead *head, const GByteArray *body,
                           const WcProxies *proxies, const char *peer,
                           gboolean tls);
