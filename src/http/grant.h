/* SPDX-License-Identifier: MIT */
/* Asks access control about a request, and answers when it says no: the one
 * place where a verdict becomes 401, 403, 429 or 503. Main thread. */
#pragma once

#include "access/access.h"
#include "http/request.h"

/** Whether @request may do @action on @spec (nullable: everything). FALSE: it
 * has answered. The hook is not asked. */
gboolean wc_grant (WcRequest *request, WcAccessAction action,
                   const WcMountpointSpec *spec);

/** TRUE when anybody may: neither a token nor the hook is asked for. */
gboolean wc_grant_is_open (WcRequest *request, WcAccessAction action,
                           const WcMountpointSpec *spec);

/** The same as wc_grant () for a session URL. */
gboolean wc_grant_capability (WcRequest *request, WcAccessAction action,
                              const WcMountpointSpec *spec);

/** Goes on with a request that wc_grant () let in and the hook, if there is
 * one, lets in too; @request has then been paused. */
typedef void (*WcGrantFunc) (WcRequest *request);
void wc_grant_by_hook (WcRequest *request, WcAccessAction action,
                       const char *mountpoint, WcGrantFunc func);
