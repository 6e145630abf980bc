/* SPDX-License-Identifier: MIT */
/* Who can reach the addresses that viewers are told, in words; only what can be
 * seen from here: nobody outside is asked. Pure; any thread. */
#pragma once

#include "base/finding.h"
#include "peer/candidates.h"
#include "peer/host-names.h"

/** What is looked at besides the candidates. */
typedef struct {
  const WcCandidateSource *source;
  const WcCandidateList *list;
  gboolean in_container;
  guint receive_bytes, send_bytes; /* that the UDP sockets were granted */
  guint wanted_bytes;
  const WcHostNames *names; /* nullable */
} WcReachInput;

/** "only viewers in this network can reach it ...". @address: one of those that
 * viewers are told. (transfer full) */
char *wc_reach_describe (const WcCandidateSource *source,
                         const WcAddress *address);

/** What the operator should know. (transfer full) (element-type WcFinding) */
GPtrArray *wc_reach_findings (const WcReachInput *input);
