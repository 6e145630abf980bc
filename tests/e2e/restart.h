/* SPDX-License-Identifier: MIT */
/* ICE restarts of a session, viewer or publisher, as HTTP and on the wire. */
#pragma once

#include "common/loop.h"
#include "common/peer.h"

#include <glib.h>

/** PATCHes @fragment with @if_match (nullable). Returns the status. @etag,
 * @answer: optional, nullable, transfer full. */
guint te_patch (TcLoop *loop, const char *session_url, const char *if_match,
                const char *fragment, char **etag, char **answer);

/** Restarts the ICE of @peer, whose session is @session_url and has the ETag
 * @old_etag; ends the test unless the answer is what it must be, and a check
 * with the new credentials is answered. */
void te_restart_ice (TcLoop *loop, const char *session_url,
                     const char *old_etag, TcPeer *peer);

/** A correct check of the credentials in @remote and of @peer, from another
 * socket. TRUE if anything comes back within half a second. */
gboolean te_is_stun_answered (TcPeer *peer, const TcDescription *remote);
/** Such checks until one is answered; FALSE after five seconds of them. */
gboolean te_wait_stun_answered (TcPeer *peer, const TcDescription *remote);
