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

/** What a configuration that was read again makes of it. */
typedef struct WcHttpReload WcHttpReload;

/** Reads the certificate of @wanted; the error says what is wrong with it.
 * Nothing has changed yet. */
WcHttpReload *wc_http_reload_new (WcHttpServer *server, const WcConfig *wanted,
                                  GError **error);
void wc_http_reload_free (WcHttpReload *reload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcHttpReload, wc_http_reload_free)
/** Goes by it from now on, after the configuration has changed; connections
 * that are there go on as they are. Adds to @changes (WcChange) the files that
 * have another content. */
void wc_http_reload_commit (WcHttpReload *reload, GPtrArray *changes);

/** The address and port it listens on, also when port 0 was asked for. */
void wc_http_server_address (WcHttpServer *server, WcAddress *address);

/** How many requests wait for an answer. */
guint wc_http_server_n_waiting (WcHttpServer *server);

/** Answers whatever still waits with 503, closes every connection and stops
 * listening. Idempotent. */
void wc_http_server_stop (WcHttpServer *server);
void wc_http_server_free (WcHttpServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcHttpServer, wc_http_server_free)
