/* SPDX-License-Identifier: MIT */
/* Finds what somebody probably meant. No state; any thread. */
#pragma once

#include <glib.h>

/** The one of @known (NULL-terminated) nearest to @word, if it is near enough
 * to be a slip; case and - against _ count for nothing. (transfer none,
 * nullable) */
const char *wc_suggest (const char *word, const char *const *known);
