/* SPDX-License-Identifier: MIT */
/* How long a connection may take for what it does: libsoup itself waits for
 * ever. A deadline that passes shuts the connection down. Main thread. */
#pragma once

#include <gio/gio.h>

/** From the first byte of a request to the last of its body, seconds. */
#define WC_DEADLINE_READ_S 20
/** From there to the last byte of the answer. */
#define WC_DEADLINE_ANSWER_S 60
/** Without a request. */
#define WC_DEADLINE_IDLE_S 60

/** Sets, or moves, the deadline of the connection of @socket (nullable). It
 * ends with the socket. */
void wc_deadline_set (GSocket *socket, guint seconds);

/** How many connections there are: each has one. */
guint wc_deadline_count (void);
