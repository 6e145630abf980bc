/* SPDX-License-Identifier: MIT */
/* A temporary directory of this process. A helper process waits for our end,
 * however it comes, and removes it: an assertion that fails calls abort (), and
 * no atexit () handler runs. Main thread, before other threads. */
#pragma once

#include <glib.h>

/** @name in the directory, which is made by the first call. Transfer full. */
char *te_scratch_path (const char *name);
