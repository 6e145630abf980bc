/* SPDX-License-Identifier: MIT */
/* The command line that sends a test picture to a mountpoint of kind rtp or
 * rtsp-push: what a person copies into a shell. Main thread. */
#pragma once

#include "ingest/ingest.h"

/** @tracks: what the mountpoint has (absent ones have present unset). @specs:
 * what was asked for, NULL where unknown. @host: where the mountpoint's ports
 * can be reached; a bound or multicast address of a track goes before it. NULL
 * when no track has a port. (transfer full) */
char *wc_push_line_new (const WcIngestTrackInfo tracks[WC_N_MEDIA],
                        const WcTrackSpec *const specs[WC_N_MEDIA],
                        const char *host);

/** The same of kind=rtsp-push. @port: where the RTSP server listens. When there
 * is a publish_token, the line takes it from the variable PUBLISH_TOKEN of the
 * shell. (transfer full) */
char *wc_push_line_new_rtsp (const WcMountpointSpec *spec,
                             const WcConfig *config, guint16 port,
                             const char *host);
