/* SPDX-License-Identifier: MIT */
/* The addresses that viewers and publishers are told to send to: host
 * candidates (RFC 8445 section 5.1.1.1), best first, because some clients look
 * at the first only. Pure; any thread. */
#pragma once

#include "config/config.h"
#include "peer/interfaces.h"

/* FFmpeg and simple-whep-client read answers into 8192 bytes. */
#define WC_CANDIDATE_LIST_MAX 8

typedef struct {
  guint n;
  WcAddress items[WC_CANDIDATE_LIST_MAX]; /* with the UDP port */
} WcCandidateList;

/** What the choice is made from. */
typedef struct {
  const WcConfig *config;
  gboolean have_ipv6; /* of the engine */
  guint16 port;
  const WcInterfaceAddress *machine;
  guint n_machine;
  GHashTable *names; /* nullable; name -> GArray of WcAddress */
} WcCandidateSource;

/** What `[ice] addresses`, `interfaces` and `ipv6` make of it. Addresses and
 * names that were given come first, as written, since they stand for what NAT
 * hides. Then those of `auto`, which also stands in when no name resolves: IPv4
 * before IPv6, those of the default route's interface first, without
 * link-local ones, interfaces that are down, and IPv6 addresses that come or
 * go; loopback comes last, and only when HTTP listens there or on all
 * addresses, so that a browser on the same machine can always play. */
void wc_candidates_choose (const WcCandidateSource *source,
                           WcCandidateList *list);

/** Whether `auto` would take it, and why not: NULL if it does, "" if that goes
 * without saying. */
const char *wc_candidates_refusal (const WcCandidateSource *source,
                                   const WcInterfaceAddress *entry);

gboolean wc_candidate_list_equal (const WcCandidateList *a,
                                  const WcCandidateList *b);
