/* SPDX-License-Identifier: MIT */
/* The composition root: builds every part from the configuration, in order, and
 * takes them down in reverse. Made and used by main () on the main thread. */
#pragma once

#include "config/config.h"

typedef struct WcServer WcServer;

/** Called once when everything has stopped. */
typedef void (*WcServerStoppedFunc) (gpointer user_data);

/** Makes and starts everything. @config: borrowed, outlives it. @with_demo adds
 * the test mountpoint. */
WcServer *wc_server_start (const WcConfig *config, gboolean with_demo,
                           GError **error);

/** Where HTTP listens, as "ADDR:PORT". (transfer full) */
char *wc_server_http_address (WcServer *server);
/** "http" or "https". */
const char *wc_server_http_scheme (WcServer *server);
guint16 wc_server_udp_port (WcServer *server);
/** Logs the addresses to open and where the admin token is. */
void wc_server_log_ready (WcServer *server);

/** Reads again what can change while it runs: the certificate. */
void wc_server_reload (WcServer *server);

/** Ends every session, so that each viewer is told, and calls @stopped when
 * that is done or after 2 s. Idempotent: later calls do nothing. */
void wc_server_stop (WcServer *server, WcServerStoppedFunc stopped,
                     gpointer user_data);
/** Frees a server that has stopped, or was never stopped. */
void wc_server_free (WcServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcServer, wc_server_free)
