/* SPDX-License-Identifier: MIT */
/* The session URLs /whep/{id}/{secret} (draft-ietf-wish-whep sections 4.4, 4.5)
 * and /whip/{id}/{secret} (RFC 9725 section 4.2): DELETE ends the session,
 * PATCH brings candidates. Main thread. */
#pragma once

#include "http/request.h"

/** The session in the path, or NULL after a 404. (transfer none) */
WcSession *wc_whep_session_require (WcRequest *request);
/** TRUE if its viewer has ended it. */
gboolean wc_whep_session_is_deleted (WcSession *session);

/** 404 when there is no such session, 401 by the mountpoint's watch token,
 * or its publish token. */
gboolean wc_whep_session_check (WcRequest *request);
/** The 404 alone. */
gboolean wc_whep_session_check_open (WcRequest *request);
/** The 404, but not to a browser's preflight. */
gboolean wc_whep_session_check_options (WcRequest *request);

void wc_whep_session_patch (WcRequest *request);
void wc_whep_session_delete (WcRequest *request);
void wc_whep_session_get (WcRequest *request);
void wc_whep_session_options (WcRequest *request);
