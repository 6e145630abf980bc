/* SPDX-License-Identifier: MIT */
/* The STUN and TURN servers that clients are told, and their credentials: the
 * ones that were given, or coturn's time-limited ones
 * (draft-uberti-behave-turn-rest-00 section 2.2). Main
 * thread. */
#pragma once

#include "config/config.h"

typedef struct WcTurn WcTurn;

/** Reads the secret's file if there is one; the error names it. @config is
 * borrowed. */
WcTurn *wc_turn_new (const WcConfig *config, GError **error);
void wc_turn_free (WcTurn *turn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcTurn, wc_turn_free)

/** The secret of @config, its file read if there is one: NULL without an error
 * when there is none. (transfer full) */
char *wc_turn_load_secret (const WcConfig *config, GError **error);
/** Credentials are made with @secret (transfer full, nullable) from now on.
 * FALSE: they were before. */
gboolean wc_turn_take_secret (WcTurn *turn, char *secret);

guint wc_turn_n_servers (const WcTurn *turn);

/** The values of Link fields (RFC 9725 section 4.6), one per server and in this
 * very form, which some clients take apart by position:
 * <turn:h:3478?transport=udp>; rel="ice-server"; username="u"; credential="p";
 * credential-type="password". @user: whom time-limited ones are made for, a
 * public id; they expire turn-ttl-ms after @now_us, microseconds since 1970.
 * (transfer full) */
char **wc_turn_links (const WcTurn *turn, const char *user, gint64 now_us);
