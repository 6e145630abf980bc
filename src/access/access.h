/* SPDX-License-Identifier: MIT */
/* Who may do what, from everything that the configuration says about it: the
 * tokens of a mountpoint, signed tokens, the hook. Owned by the server; main
 * thread.
 *
 * A mountpoint's own token or a signed one opens it; where there is neither a
 * token of its own nor `[auth] jwt-keys`, watching and publishing are open. A
 * hook is asked besides, and has the last word. */
#pragma once

#include "access/attempts.h"
#include "access/hook.h"
#include "access/verdict.h"
#include "config/config.h"

typedef struct WcAccess WcAccess;

/** @config and @admin_token: borrowed, outlive it. */
WcAccess *wc_access_new (const WcConfig *config, const char *admin_token,
                         GError **error);
void wc_access_free (WcAccess *access);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcAccess, wc_access_free)

/** What the token in @authorization (nullable) is worth for @action on @spec.
 * For managing, the admin token opens everything, and @spec may be NULL: every
 * mountpoint, and the server. The hook is not asked. */
WcAccessVerdict wc_access_check_action (WcAccess *access, WcAccessAction action,
                                        const WcMountpointSpec *spec,
                                        const char *authorization);

/** The same for a session URL, which is a capability by itself (RFC 9725
 * section 5): no token is enough unless `session-auth=strict`; a wrong one
 * never; one that has expired meanwhile still is. @spec: nullable, gone. */
WcAccessVerdict wc_access_check_capability (WcAccess *access,
                                            WcAccessAction action,
                                            const WcMountpointSpec *spec,
                                            const char *authorization);

/** The hook, or NULL when there is none. */
WcHook *wc_access_hook (WcAccess *access);
WcAttempts *wc_access_attempts (WcAccess *access);
