/* SPDX-License-Identifier: MIT */
/* Who has tried in vain, and too often: guessing tokens is slowed down, for the
 * address that guesses alone. Main thread. */
#pragma once

#include <glib.h>

/** So many refusals of one address in so many seconds; then it waits. */
#define WC_ATTEMPTS_MAX 100
#define WC_ATTEMPTS_WINDOW_S 10

typedef struct WcAttempts WcAttempts;

WcAttempts *wc_attempts_new (void);
void wc_attempts_free (WcAttempts *attempts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcAttempts, wc_attempts_free)

/** @address was refused. */
void wc_attempts_add (WcAttempts *attempts, const char *address, gint64 now_us);

/** How many seconds @address has to wait; 0: none. */
guint wc_attempts_wait_s (WcAttempts *attempts, const char *address,
                          gint64 now_us);
