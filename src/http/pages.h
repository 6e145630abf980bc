/* SPDX-License-Identifier: MIT */
/* The pages of web/, compiled into the program. Main thread. */
#pragma once

#include "http/request.h"

/** TRUE if web/ has a file of that name. */
gboolean wc_pages_has (const char *name);

/** Answers with @data, which stays the same as long as the program runs: with
 * an ETag, and 304 to who has it. */
void wc_pages_answer (WcRequest *request, GBytes *data, const char *type);

/** The dashboard. */
void wc_pages_index (WcRequest *request);
/** The player: the same page for every mountpoint, which it reads off its URL.
 */
void wc_pages_watch (WcRequest *request);
/** The publisher page /publish/{id}: it finds out which id. */
void wc_pages_publish (WcRequest *request);
/** Any other file. */
void wc_pages_file (WcRequest *request);
