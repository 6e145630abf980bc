/* SPDX-License-Identifier: MIT */
/* What the service manager is told, by the protocol of sd_notify(3): a datagram
 * to the socket that $NOTIFY_SOCKET names. Without that variable everything
 * here does nothing. Made and used by main () on the main thread. */
#pragma once

#include <glib.h>

typedef struct WcNotify WcNotify;

/** From $NOTIFY_SOCKET (a path, or @NAME for an abstract socket), and
 * $WATCHDOG_USEC and $WATCHDOG_PID as in sd_watchdog_enabled(3). A value that
 * cannot be used is warned of and counts as none. (transfer full) */
WcNotify *wc_notify_new (void);

/** The server serves, and @status says where, in one line. From now on the
 * watchdog is answered, twice in its time, as long as the default main context
 * runs. */
void wc_notify_ready (WcNotify *notify, const char *status);
/** The configuration is being read again, as `systemctl reload` asks of a
 * service of Type=notify-reload; wc_notify_ready () follows. */
void wc_notify_reloading (WcNotify *notify);
/** The server begins to stop, and may wait up to @wait_ms before that: the
 * service manager has that much more patience than it would. The watchdog is
 * answered until the end. */
void wc_notify_stopping (WcNotify *notify, guint64 wait_ms);

void wc_notify_free (WcNotify *notify);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcNotify, wc_notify_free)
