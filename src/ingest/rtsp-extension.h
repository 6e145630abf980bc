/* SPDX-License-Identifier: MIT */
/* A GstRTSPExtension: what rtspsrc asks about every message. It hands them to
 * the WcRtspGuard that was next when it was made. GStreamer makes one with
 * every rtspsrc. */
#pragma once

/** Makes it known to GStreamer, in place of the extensions for servers of
 * RealNetworks and Microsoft, which read what servers send. Before the first
 * rtspsrc; main thread. Idempotent. */
void wc_rtsp_extension_register (void);
