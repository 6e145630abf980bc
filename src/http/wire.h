/* SPDX-License-Identifier: MIT */
/* A TCP connection, with or without TLS, as bytes in and out. It never blocks.
 * A plain struct inside WcHttpConnection. Main thread. */
#pragma once

#include "http/tls.h"

typedef enum {
  WC_WIRE_OK,
  WC_WIRE_WANTS_READ,  /* again when bytes have come */
  WC_WIRE_WANTS_WRITE, /* again when there is room */
  WC_WIRE_END,         /* the peer sends no more */
  WC_WIRE_ERROR,       /* the connection is broken */
} WcWireResult;

typedef struct {
  int fd;   /* owned */
  SSL *ssl; /* nullable */
} WcWire;

/** Takes @fd, in any case. @tls: nullable. FALSE when there is no memory for
 * TLS. */
gboolean wc_wire_init (WcWire *wire, int fd, WcTls *tls);
/** Closes at once. Idempotent. */
void wc_wire_clear (WcWire *wire);

/** Until it is WC_WIRE_OK; at once without TLS. */
WcWireResult wc_wire_handshake (WcWire *wire);
/** *@n is how many bytes came, with WC_WIRE_OK at least one. */
WcWireResult wc_wire_read (WcWire *wire, char *buffer, gsize size, gsize *n);
/** *@n is how many bytes went, with WC_WIRE_OK at least one. */
WcWireResult wc_wire_write (WcWire *wire, const char *data, gsize size,
                            gsize *n);
/** Says that nothing more will be sent: close_notify if there is room, and
 * FIN. */
void wc_wire_finish (WcWire *wire);
/** Throws away what has come, undecrypted. WC_WIRE_OK: there may be more. */
WcWireResult wc_wire_discard (WcWire *wire, gsize *n);
