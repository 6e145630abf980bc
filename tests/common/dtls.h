/* SPDX-License-Identifier: MIT */
/* One DTLS 1.2 association with use_srtp (RFC 5764), fed with datagrams and
 * giving datagrams. Owned by a peer, used on its loop's thread. */
#pragma once

#include "common/identity.h"
#include "common/loop.h"
#include "common/srtp.h"

#include <glib.h>

typedef struct _TcDtls TcDtls;

typedef enum {
  TC_DTLS_HANDSHAKE,
  TC_DTLS_CONNECTED,
  TC_DTLS_CLOSED, /* close_notify came */
  TC_DTLS_FAILED,
} TcDtlsState;

typedef struct {
  void (*send) (const guint8 *data, gsize size, gpointer data_pointer);
  /** Every change of state, never from within another call's middle. */
  void (*changed) (TcDtlsState state, gpointer data_pointer);
  gpointer data;
} TcDtlsCallbacks;

/** @is_client: starts with a ClientHello as soon as tc_dtls_start (). */
TcDtls *tc_dtls_new (TcLoop *loop, TcIdentity *identity, gboolean is_client,
                     const TcDtlsCallbacks *callbacks);
void tc_dtls_free (TcDtls *dtls);

void tc_dtls_start (TcDtls *dtls);
void tc_dtls_receive (TcDtls *dtls, const guint8 *data, gsize size);
/** Sends close_notify. */
void tc_dtls_close (TcDtls *dtls);

TcDtlsState tc_dtls_state (const TcDtls *dtls);
/** "AB:CD:..." of the other side's certificate; nullable; transfer full. */
char *tc_dtls_peer_fingerprint (const TcDtls *dtls);
/** The negotiated SRTP keys; NULL when no profile was agreed on. */
TcSrtp *tc_dtls_make_srtp (TcDtls *dtls, GError **error);
/** What OpenSSL said at a failure, or "". */
const char *tc_dtls_error (const TcDtls *dtls);
