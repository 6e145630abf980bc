/* SPDX-License-Identifier: MIT */
/* A child process: its lines, its end. It dies with the thread that started it,
 * also when that one aborts. Used on its loop's thread. */
#pragma once

#include "common/loop.h"

#include <glib.h>
#include <sys/types.h>

typedef struct _TeChild TeChild;

/** @argv: ends with NULL; argv[0] is looked for in PATH. Its stdout is read by
 * te_child_read_line (), its stderr is ours. */
TeChild *te_child_spawn (TcLoop *loop, const char *const *argv);
/** Kills it, if it has not ended. */
void te_child_free (TeChild *child);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TeChild, te_child_free)

pid_t te_child_pid (const TeChild *child);
/** The first line that begins with @prefix, from there on. NULL: it did not
 * come in time. Transfer full. */
char *te_child_read_line (TeChild *child, const char *prefix,
                          gint64 timeout_ms);
void te_child_signal (TeChild *child, int number);
gboolean te_child_has_ended (const TeChild *child);
/** Runs the loop until it has ended; FALSE: it has not. @status as of
 * waitpid (2). */
gboolean te_child_wait (TeChild *child, gint64 timeout_ms, int *status);
