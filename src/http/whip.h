/* SPDX-License-Identifier: MIT */
/* The WHIP endpoint /whip/{id} (RFC 9725 section 4.2): one POST with an offer
 * makes the mountpoint's publisher. The session URL, and what GET and OPTIONS
 * answer, are as WHEP's. Main thread. */
#pragma once

#include "http/request.h"

/** 404 when there is no such mountpoint, or it is of another kind. */
gboolean wc_whip_check (WcRequest *request);
/** The same, and 401 without its publish token. */
gboolean wc_whip_check_publish (WcRequest *request);
/** The 404, but not to a browser's preflight. */
gboolean wc_whip_check_options (WcRequest *request);

void wc_whip_publish (WcRequest *request);
