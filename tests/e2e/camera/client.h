/* SPDX-License-Identifier: MIT */
/* One connection to the camera: says on stdout what it asks for, and answers
 * as the settings want: with a redirect or an error, with UDP that is dropped.
 */
#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#define CAM_TYPE_CLIENT (cam_client_get_type ())
G_DECLARE_FINAL_TYPE (CamClient, cam_client, CAM, CLIENT, GstRTSPClient)

/** One line on stdout: "camera: " and the rest. Any thread. */
void cam_say (const char *format, ...) G_GNUC_PRINTF (1, 2);
