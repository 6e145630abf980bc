/* SPDX-License-Identifier: MIT */
/* The composition root: builds every part from the configuration, in order, and
 * takes them down in reverse. Made and used by main () on the main thread. */
#pragma once

#include "config/change.h"

typedef struct WcServer WcServer;

/** Called once when everything has stopped. */
typedef void (*WcServerStoppedFunc) (gpointer user_data);

/** What it is started with besides the configuration. */
typedef struct {
  gboolean with_demo; /* adds the test mountpoint */
  /** Loads the configuration again, as it was for the start. (transfer full) */
  WcConfig *(*load) (gpointer user_data, GError **error);
  gpointer user_data;
} WcServerSetup;

/** Makes and starts everything. @config: borrowed, outlives it, and changes
 * when it is read again. @setup is copied. */
WcServer *wc_server_start (WcConfig *config, const WcServerSetup *setup,
                           GError **error);

/** Where HTTP listens, as "ADDR:PORT". (transfer full) */
char *wc_server_http_address (WcServer *server);
/** "http" or "https". */
const char *wc_server_http_scheme (WcServer *server);
guint16 wc_server_udp_port (WcServer *server);
/** Logs the addresses to open and where the admin token is. */
void wc_server_log_ready (WcServer *server);

/** Reads the configuration and every file that it names again, applies what can
 * be applied while it runs, and says in the log and in the result what became
 * of each change. Viewers of mountpoints that have not changed do not notice.
 * When anything in it cannot be used, nothing changes. (transfer full) */
WcReloadReport *wc_server_reload (WcServer *server);

/** Ends every session, so that each viewer is told, and calls @stopped when
 * that is done or after 2 s. @drain: first gives viewers `[server] drain-ms` to
 * leave by themselves, if there is such a time; a second call does not wait for
 * that. Returns TRUE if it waits for viewers to leave. */
gboolean wc_server_stop (WcServer *server, gboolean drain,
                         WcServerStoppedFunc stopped, gpointer user_data);
/** Frees a server that has stopped, or was never stopped. */
void wc_server_free (WcServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcServer, wc_server_free)
