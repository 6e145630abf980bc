/* SPDX-License-Identifier: MIT */
/* The server's certificate and what goes with it: TLS 1.2 and 1.3, forward
 * secrecy, HTTP/1.1 only. OpenSSL by itself and not GIO's TLS, whose handshakes
 * each hold a thread of GIO's pool for as long as the client likes. Main
 * thread. */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>

typedef struct WcTls WcTls;

/** Reads the chain in @certificate and its @key, two PEM files. The error names
 * the file that cannot be used. */
WcTls *wc_tls_new (const char *certificate, const char *key, GError **error);
void wc_tls_free (WcTls *tls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcTls, wc_tls_free)

/** Reads the files again, for connections that come from now on. When they
 * cannot be used, the old certificate stays. */
gboolean wc_tls_reload (WcTls *tls, GError **error);

/** TRUE when a file is another than at the last wc_tls_new () or
 * wc_tls_reload (), whether that succeeded or not. */
gboolean wc_tls_has_changed (WcTls *tls);

/** The server's side of a connection on @fd, non-blocking and not begun.
 * (transfer full) (nullable) */
SSL *wc_tls_accept (WcTls *tls, int fd);
