/* SPDX-License-Identifier: MIT */
/* Answers now and closes the connection, without reading the rest of the body:
 * libsoup would read all of it first. Main thread. */
#pragma once

#include <libsoup/soup.h>

/** Sends the status, fields and body that @message has, takes its connection
 * away from libsoup and closes it. What still comes is read and thrown away for
 * a moment, because a reset would take the answer with it. */
void wc_hang_up (SoupServerMessage *message);
