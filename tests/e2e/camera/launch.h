/* SPDX-License-Identifier: MIT */
/* The camera's pipeline as text. */
#pragma once

#include <glib.h>

/** Of the settings as they are now: payloaders pay0, pay1, ...; before each a
 * valve valve0, ...; `format` has the caps of the picture. (transfer full);
 * NULL with a sentence when a value is none of those allowed. */
char *cam_launch_text (GError **error);

/** The caps of the element `format`. (transfer full) */
char *cam_launch_format (void);
