/* SPDX-License-Identifier: MIT */
/* How a mountpoint reads in the API. Main thread. */
#pragma once

#include "http/request.h"

/** The whole object; URLs and the push line are as the client of @request can
 * use them. Tokens come out as "***". (transfer full) */
JsonObject *wc_mountpoint_json_new (WcMountpoint *mountpoint,
                                    WcRequest *request);
