/* SPDX-License-Identifier: MIT */
/* Where the keys of signed tokens come from: `[auth] jwt-keys`, a file that is
 * read again when it changes, or a URL that is asked again from time to time,
 * and when a token names a key that is not there. Keys that cannot be had anew
 * stay as they are. Main thread. */
#pragma once

#include "access/jwt.h"

typedef struct WcJwtSource WcJwtSource;

/** @where: a file name, or http(s)://... A file that cannot be used is an
 * error; a URL is asked in the background. */
WcJwtSource *wc_jwt_source_new (const char *where, GError **error);
void wc_jwt_source_free (WcJwtSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcJwtSource, wc_jwt_source_free)

/** Where they come from, as it was given. */
const char *wc_jwt_source_where (const WcJwtSource *source);
/** TRUE if both were read from a file, and it was not the same one, or is
 * another since. */
gboolean wc_jwt_source_differs (const WcJwtSource *source,
                                const WcJwtSource *other);
/** Asks a URL again, in the background; nothing for a file. */
void wc_jwt_source_refresh (WcJwtSource *source);

/** The keys there are now; NULL until a URL has answered. (transfer none) */
const WcJwtKeys *wc_jwt_source_keys (WcJwtSource *source);

/** A token named a key that is not there: asks again, but not too often. */
void wc_jwt_source_miss (WcJwtSource *source);
