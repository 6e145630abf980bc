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

/** @config: borrowed, outlives it. Reads what it names; makes the admin token
 * if there is none. */
WcAccess *wc_access_new (const WcConfig *config, GError **error);
void wc_access_free (WcAccess *access);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcAccess, wc_access_free)

/** What a configuration that was read again makes of it. */
typedef struct WcAccessReload WcAccessReload;

/** Reads what @wanted names (keys, the admin token); the error says what
 * cannot be used. Nothing has changed yet. */
WcAccessReload *wc_access_reload_new (WcAccess *access, const WcConfig *wanted,
                                      GError **error);
void wc_access_reload_free (WcAccessReload *reload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcAccessReload, wc_access_reload_free)
/** Goes by it from now on, after the configuration has changed. Who waits for
 * the answer of a hook that is no more is refused. Adds to @changes (WcChange)
 * the files that have another content. */
void wc_access_reload_commit (WcAccessReload *reload, GPtrArray *changes);
/** Where the admin token is; NULL: in the configuration itself. */
const char *wc_access_admin_token_path (const WcAccess *access);

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
