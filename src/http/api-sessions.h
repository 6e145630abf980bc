/* SPDX-License-Identifier: MIT */
/* Who is watching: /api/v1/mountpoints/{id}/sessions and /api/v1/sessions/{id}.
 * Main thread. */
#pragma once

#include "http/request.h"

void wc_api_sessions_list (WcRequest *request);
void wc_api_session_end (WcRequest *request);
