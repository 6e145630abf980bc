/* SPDX-License-Identifier: MIT */
/* The HTTP side: libsoup's server, our gate before it and the table of routes
 * behind it. Main thread. */
#pragma once

#include "http/context.h"

typedef struct WcHttpServer WcHttpServer;

/** @context: borrowed, outlives it. Does not listen yet. */
WcHttpServer *wc_http_server_new (const WcHttpContext *context);

/** Listens on `[http] listen`. The error names address and port. */
gboolean wc_http_server_start (WcHttpServer *server, GError **error);

/** Reads the certificate again. */
void wc_http_server_reload (WcHttpServer *server);

/** The address and port it listens on, also when port 0 was asked for. */
void wc_http_server_address (WcHttpServer *server, WcAddress *address);

/** How many requests wait for an answer. */
guint wc_http_server_n_waiting (WcHttpServer *server);

/** Answers whatever still waits with 503, closes every connection and stops
 * listening. Idempotent. */
void wc_http_server_stop (WcHttpServer *server);
void wc_http_server_free (WcHttpServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcHttpServer, wc_http_server_free)
