/* SPDX-License-Identifier: MIT */
/* What the camera is to be: words NAME=VALUE of the command line and of stdin.
 * Written by the main thread, read by those of clients: under a lock. */
#pragma once

#include <glib.h>

/** Takes one NAME=VALUE. FALSE with a sentence: no such name. Values are
 * checked where they are used. */
gboolean cam_settings_set (const char *word, GError **error);

/** (transfer full): the value, or the default. */
char *cam_settings_get (const char *name);
guint cam_settings_number (const char *name);
/** TRUE: the value is @value. */
gboolean cam_settings_is (const char *name, const char *value);

/** All names with their defaults and meaning, for --help. */
void cam_settings_print_help (void);
