/* SPDX-License-Identifier: MIT */
/* The camera's only stream: a factory that makes its pipeline of the settings
 * as they are when a client comes, shared by all clients, and what can be done
 * to it while it plays. */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#define CAM_TYPE_FACTORY (cam_factory_get_type ())
G_DECLARE_FINAL_TYPE (CamFactory, cam_factory, CAM, FACTORY,
                      GstRTSPMediaFactory)

/* What follows is for the main thread, and does nothing while nobody plays. */

/** Keeps the connections and sends nothing, until cam_media_go (). RTCP goes
 * on. */
void cam_media_stall (void);
void cam_media_go (void);
/** The picture gets the size of the settings. */
void cam_media_resize (void);
/** Other SSRCs, sequence numbers and timestamps, within the same session. */
void cam_media_jump (void);
