/* SPDX-License-Identifier: MIT */
/* Absolute URLs: of `[http] public-url`, else of the Host that the client used.
 * Main thread. */
#pragma once

#include "http/request.h"

/** The URL of @path (beginning with a slash). (transfer full) */
char *wc_url_absolute (WcRequest *request, const char *path);

/** The host by which the client reached us, without a port, an IPv6 address
 * without brackets. (transfer full) */
char *wc_url_host (WcRequest *request);
