/* SPDX-License-Identifier: MIT */
/* /api/v1/mountpoints: list, create, read, edit, destroy, enable, disable,
 * kick. Main thread. */
#pragma once

#include "http/request.h"

void wc_api_mountpoints_list (WcRequest *request);
void wc_api_mountpoints_create (WcRequest *request);
void wc_api_mountpoint_get (WcRequest *request);
void wc_api_mountpoint_edit (WcRequest *request);
void wc_api_mountpoint_destroy (WcRequest *request);
void wc_api_mountpoint_enable (WcRequest *request);
void wc_api_mountpoint_disable (WcRequest *request);
void wc_api_mountpoint_kick (WcRequest *request);

/** The mountpoint of the path, or NULL after a 404. (transfer none) */
WcMountpoint *wc_api_require_mountpoint (WcRequest *request);
