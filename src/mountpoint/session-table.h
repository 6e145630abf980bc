/* SPDX-License-Identifier: MIT */
/* Every WHEP and WHIP session of the server by its secret and by its public id,
 * and how many viewers there are of whom. Owns the sessions until they are
 * closed. Owned by the registry; main thread only. */
#pragma once

#include "mountpoint/session.h"

typedef struct WcSessionTable WcSessionTable;

WcSessionTable *wc_session_table_new (void);
void wc_session_table_free (WcSessionTable *table);

/** It leaves by itself when it is closed; one that is closing is closed after
 * 10 s. */
void wc_session_table_add (WcSessionTable *table, WcSession *session);

/** (transfer none) (nullable) */
WcSession *wc_session_table_find (WcSessionTable *table, const char *secret);
WcSession *wc_session_table_find_public (WcSessionTable *table,
                                         const char *public_id);

/** All of them, also those that are closing. */
guint wc_session_table_size (WcSessionTable *table);
/** Those that are not closing. */
guint wc_session_table_n_viewers (WcSessionTable *table);
/** Those of them that are not connected yet. */
guint wc_session_table_n_pending (WcSessionTable *table);
/** Those of them whose POST came from @address, textual. */
guint wc_session_table_n_of_address (WcSessionTable *table,
                                     const char *address);

/** Closes every one at once. */
void wc_session_table_forget_all (WcSessionTable *table, const char *reason);
