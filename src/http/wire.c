/* SPDX-License-Identifier: MIT */
#include "http/wire.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

gboolean
wc_wire_init (WcWire *wire, int fd, WcTls *tls)
{
  wire->fd = fd;
  wire->ssl = tls != NULL ? wc_tls_accept (tls, fd) : NULL;
  return tls == NULL || wire->ssl != NULL;
}

void
wc_wire_clear (WcWire *wire)
{
  g_clear_pointer (&wire->ssl, SSL_free);
  if (wire->fd >= 0)
    close (wire->fd);
  wire->fd = -1;
}

/* After a call of OpenSSL that did not succeed. Its error queue is the
 * thread's, and what is left there would be taken for the next call's. */
static WcWireResult
tls_result (WcWire *wire, int result)
{
  int reason = SSL_get_error (wire->ssl, result);

  ERR_clear_error ();
  switch (reason) {
  case SSL_ERROR_WANT_READ:
    return WC_WIRE_WANTS_READ;
  case SSL_ERROR_WANT_WRITE:
    return WC_WIRE_WANTS_WRITE;
  case SSL_ERROR_ZERO_RETURN:
    return WC_WIRE_END;
  default:
    return WC_WIRE_ERROR;
  }
}

static WcWireResult
socket_result (gssize n, WcWireResult if_not_now)
{
  if (n > 0)
    return WC_WIRE_OK;
  if (n == 0)
    return WC_WIRE_END;
  return errno == EAGAIN || errno == EINTR ? if_not_now : WC_WIRE_ERROR;
}

WcWireResult
wc_wire_handshake (WcWire *wire)
{
  if (wire->ssl == NULL)
    return WC_WIRE_OK;
  ERR_clear_error ();
  int result = SSL_do_handshake (wire->ssl);
  return result == 1 ? WC_WIRE_OK : tls_result (wire, result);
}

WcWireResult
wc_wire_read (WcWire *wire, char *buffer, gsize size, gsize *n)
{
  *n = 0;
  if (wire->ssl != NULL) {
    ERR_clear_error ();
    int result = SSL_read_ex (wire->ssl, buffer, size, n);
    return result == 1 ? WC_WIRE_OK : tls_result (wire, result);
  }

  gssize got = recv (wire->fd, buffer, size, MSG_DONTWAIT);
  *n = got > 0 ? (gsize)got : 0;
  return socket_result (got, WC_WIRE_WANTS_READ);
}

WcWireResult
wc_wire_write (WcWire *wire, const char *data, gsize size, gsize *n)
{
  *n = 0;
  if (wire->ssl != NULL) {
    ERR_clear_error ();
    int result = SSL_write_ex (wire->ssl, data, size, n);
    return result == 1 ? WC_WIRE_OK : tls_result (wire, result);
  }

  gssize sent = send (wire->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  *n = sent > 0 ? (gsize)sent : 0;
  return socket_result (sent, WC_WIRE_WANTS_WRITE);
}

void
wc_wire_finish (WcWire *wire)
{
  if (wire->ssl != NULL && SSL_is_init_finished (wire->ssl)) {
    SSL_shutdown (wire->ssl);
    ERR_clear_error ();
  }
  shutdown (wire->fd, SHUT_WR);
}

WcWireResult
wc_wire_discard (WcWire *wire, gsize *n)
{
  char buffer[16384];
  gssize got = recv (wire->fd, buffer, sizeof buffer, MSG_DONTWAIT);

  *n = got > 0 ? (gsize)got : 0;
  return socket_result (got, WC_WIRE_WANTS_READ);
}
