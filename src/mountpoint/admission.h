/* SPDX-License-Identifier: MIT */
/* How fast viewers may come, and whether there is bandwidth for another:
 * `[limits] joins-per-second` and `max-egress-bps`. Owned by the registry; main
 * thread.
 */
#pragma once

#include "config/config.h"
#include "engine/engine.h"

typedef struct WcAdmission WcAdmission;

/** @engine: nullable (bandwidth is not limited then); both are borrowed. */
WcAdmission *wc_admission_new (const WcConfig *config, WcEngine *engine);
void wc_admission_free (WcAdmission *admission);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcAdmission, wc_admission_free)

/** TRUE if it goes by the limits of @config. */
gboolean wc_admission_is_of (const WcAdmission *admission,
                             const WcConfig *config);

/** TRUE if fewer than `joins-per-second` viewers were taken in the second
 * before @now_us. */
gboolean wc_admission_may_join (WcAdmission *admission, gint64 now_us);

/** TRUE if less than `max-egress-bps` is being sent. Who came since that was
 * last measured (twice a second) is taken to need as much as the others, of
 * whom there are @n_viewers. */
gboolean wc_admission_has_bandwidth (WcAdmission *admission, guint n_viewers);

/** A viewer was taken. */
void wc_admission_join (WcAdmission *admission, gint64 now_us);

/** What was sent in the last half second, for tests. */
void wc_admission_measured (WcAdmission *admission, guint64 bitrate_bps);
