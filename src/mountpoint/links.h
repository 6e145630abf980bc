/* SPDX-License-Identifier: MIT */
/* How the sources of one mountpoint find those of others: kind=failover refers
 * to mountpoints, which are above the sources. Main thread. */
#pragma once

#include "mountpoint/registry.h"

/** For WcIngestContext, whose `registry` is a WcRegistry. Static. */
const WcIngestLinks *wc_registry_links (void);
