/* SPDX-License-Identifier: MIT */
/* What viewers and publishers are told about where this server is: keeps the
 * list of candidates as interfaces and names come, go and change, and says who
 * can reach them. Owned by the server, outlives every session. Main thread. */
#pragma once

#include "base/finding.h"
#include "engine/engine.h"
#include "peer/candidates.h"

typedef struct WcNetwork WcNetwork;

/** Looks at the interfaces, and waits for names, 2 s at most. @config and
 * @engine are borrowed. */
WcNetwork *wc_network_new (const WcConfig *config, WcEngine *engine);
void wc_network_free (WcNetwork *network);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcNetwork, wc_network_free)

/** `[ice] addresses`, `addresses-refresh-ms` or `interfaces` have changed.
 * Names that are new are looked up in the background; until then what viewers
 * are told is what it was. */
void wc_network_reload (WcNetwork *network);

/** What sessions are told from now on; it changes in place. */
const WcCandidateList *wc_network_candidates (const WcNetwork *network);
/** "192.0.2.1:8189 [2001:db8::1]:8189". (transfer full) */
char *wc_network_summary (const WcNetwork *network);

/** What is known of one of the candidates. */
typedef struct {
  const char *interface; /* nullable: of another machine */
  const char *name;      /* nullable: of [ice] addresses */
  char *reachable;       /* in words */
} WcReach;

void wc_network_get_reach (const WcNetwork *network, const WcAddress *candidate,
                           WcReach *reach);
void wc_reach_clear (WcReach *reach);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WcReach, wc_reach_clear)

/** An address of this machine that viewers are not told. */
typedef struct {
  char *address;
  char *interface;
  const char *reason; /* static */
} WcSkipped;

/** (transfer full) (element-type WcSkipped) */
GPtrArray *wc_network_skipped (const WcNetwork *network);
/** What the operator should know. (transfer full) (element-type WcFinding) */
GPtrArray *wc_network_findings (const WcNetwork *network);
