/* SPDX-License-Identifier: MIT */
/* What the API says of a mountpoint's publisher. Main thread. */
#pragma once

#include "http/request.h"

/** NULL when there is none. (transfer full) */
JsonObject *wc_publisher_json_new (WcMountpoint *mountpoint);

/** An ffmpeg 8 line that publishes to @url. @with_token: one is needed.
 * (transfer full) */
char *wc_publish_line_new (const char *url, gboolean with_token);
