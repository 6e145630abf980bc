/* SPDX-License-Identifier: MIT */
/* Accepts HTTP connections and hands them to libsoup. libsoup 3.2 could listen
 * by itself, but then it leaks every accepted socket, stops listening for good
 * when descriptors run out once, and knows neither deadlines nor a limit. Main
 * thread.
 */
#pragma once

#include <libsoup/soup.h>

/** More connections than this are told 503 and closed. */
#define WC_ACCEPTOR_MAX_CONNECTIONS 4096

typedef struct WcAcceptor WcAcceptor;

/** Listens on @ip and @port (0: any) for @soup, which is borrowed. */
WcAcceptor *wc_acceptor_new (SoupServer *soup, const char *ip, guint16 port,
                             GError **error);
/** After libsoup's soup_server_disconnect (). */
void wc_acceptor_free (WcAcceptor *acceptor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WcAcceptor, wc_acceptor_free)

/** The address it listens on. (transfer full) (nullable) */
GSocketAddress *wc_acceptor_address (WcAcceptor *acceptor);

/** The socket of the connection that @message came by, or NULL. */
GSocket *wc_acceptor_socket (SoupServerMessage *message);
