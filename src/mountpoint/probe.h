/* SPDX-License-Identifier: MIT */
/* A source that is looked at apart from any mountpoint: started, watched until
 * what it sends is known or the time is up, and torn down. At most
 * WC_MAX_PROBES at once. Main thread only. */
#pragma once

#include "mountpoint/registry.h"

#define WC_MAX_PROBES 4
#define WC_PROBE_TIMEOUT_MS 10000

typedef struct {
  WcIngestState state;
  char *reason;      /* nullable */
  gboolean complete; /* all that is asked of a stream is known */
  guint elapsed_ms;
  WcIngestTrackInfo tracks[WC_N_MEDIA];
} WcProbeResult;

void wc_probe_result_free (WcProbeResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcProbeResult, wc_probe_result_free)

/** @spec is copied; its id is not looked at. Errors: WC_MOUNTPOINT_ERROR_LIMIT,
 * _STOPPING, _INVALID (a kind that waits for publishers), and those of making a
 * source. */
void wc_registry_probe_async (WcRegistry *registry,
                              const WcMountpointSpec *spec, guint timeout_ms,
                              GAsyncReadyCallback callback, gpointer user_data);
/** (transfer full) */
WcProbeResult *wc_registry_probe_finish (WcRegistry *registry,
                                         GAsyncResult *result, GError **error);

/** Ends all; their callers are told that the server is going down. */
void wc_registry_stop_probes (WcRegistry *registry);
