/* SPDX-License-Identifier: MIT */
/* The gate before libsoup, which is not made for clients that cannot be
 * trusted: it accepts connections, reads their requests strictly and within
 * limits of size and time, and hands over to libsoup what it understood.
 * However many connections there are, the main loop sees one descriptor. Main
 * thread.
 */
#pragma once

#include "config/config.h"
#include "http/http-connection.h"

/** With so many, the oldest that has not sent its request gives way to a new
 * one; if all have, the new one is told 503. */
#define WC_GATE_MAX_CONNECTIONS 4096

typedef struct WcGate WcGate;

/** How long the body of a request may be, bytes. */
typedef gsize (*WcGateBodyLimit) (const char *method, const char *path);

/** Listens on `[http] listen` for @soup; both are borrowed. */
WcGate *wc_gate_new (SoupServer *soup, const WcConfig *config,
                     WcGateBodyLimit body_limit, GError **error);
/** Closes everything. After libsoup's soup_server_disconnect (). */
void wc_gate_free (WcGate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcGate, wc_gate_free)

/** The address it listens on. */
void wc_gate_address (WcGate *gate, WcAddress *address);

/** The certificate of the gate, which reads it again by itself when the files
 * change. (transfer none) (nullable) */
WcTls *wc_gate_tls (WcGate *gate);
/** The configuration has changed. @tls: (transfer full) what connections that
 * come from now on are encrypted with; NULL: not at all. */
void wc_gate_reload (WcGate *gate, const WcConfig *config, WcTls *tls);
