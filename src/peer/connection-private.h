/* SPDX-License-Identifier: MIT */
/* What a connection is made of (connection.c, connection-sdp.c,
 * connection-dtls.c). Internal to the three. */
#pragma once

#include "peer/connection.h"
#include "peer/ice-agent.h"
#include "peer/push-src.h"
#include "sdp/answer.h"

#include <stdatomic.h>

#define WC_CONNECTION_MAX_GOODBYE 128

struct WcConnection {
  WcConnectionCallbacks callbacks;
  gpointer user_data;
  char *pem;
  guint history_ms;

  gboolean keys_only;
  gboolean negotiated;                /* with the present peer */
  guint n_peers;                      /* that it had before */
  gboolean ice_connected, dtls_began; /* with any of them; with the present */

  GstElement *pipeline;
  GstElement *webrtcbin; /* of the pipeline */
  WcPushSrc *sources[WC_N_MEDIA];
  WcIceAgent *agent;
  WcSdpSetup setup;                /* ours, once it has negotiated */
  GstElement *dtls_enc, *dtls_dec; /* of the transport */
  GstElement *dtls_queue;          /* before them, webrtcbin's; not owned */
  guint32 rtx_ssrc[WC_N_MEDIA];
  guint resend_budget; /* of the thread that RTCP comes on, as the next */
  gint64 resend_us;    /* when it was last filled up */
  atomic_uint n_ready; /* see note_ready () */
  atomic_bool sent_finished;
  atomic_bool dtls_up;
  atomic_llong handshake_us; /* when a flight of a handshake last left; or 0 */
  atomic_bool closing;       /* callbacks stop */
  atomic_bool keeps_goodbye; /* an alert is kept instead of sent */
  atomic_bool said_goodbye;  /* an alert went out, or is in `goodbye` */
  guint8 goodbye[WC_CONNECTION_MAX_GOODBYE];
  gsize goodbye_size;
};

/** What it is to be able to send: one for each medium of the plan, with a
 * source in the pipeline; or the one of wc_sdp_keys_offer_write (). */
void wc_connection_add_transceivers (WcConnection *connection,
                                     const WcConnectionParams *params);
void wc_connection_add_keys_transceiver (WcConnection *connection);
/** Offer and answer between us and its webrtcbin. Control pool. */
gboolean wc_connection_negotiate (WcConnection *connection,
                                  const WcConnectionParams *params,
                                  GError **error);
/** Sets @error: what webrtcbin would not do, and why if @reply (nullable) says
 * so. FALSE. */
gboolean wc_connection_fail (GError **error, const char *step,
                             const GstStructure *reply);

/** What its webrtcbin sends, DTLS and all: on any thread, to the callback
 * `send`. @connection: a WcConnection. */
void wc_connection_on_send (const guint8 *data, gsize size,
                            gpointer connection);
/** The two elements of its DTLS, which webrtcbin has made. */
void wc_connection_set_dtls_dec (WcConnection *connection, GstElement *element);
void wc_connection_set_dtls_enc (WcConnection *connection, GstElement *element);
/** Whoever else still holds them calls us no more. */
void wc_connection_release_dtls (WcConnection *connection);
/** Callbacks stop. @kept: see wc_connection_recycle (). Idempotent. */
void wc_connection_say_goodbye (WcConnection *connection, GByteArray *kept);
/** DTLS is as it was before there was a peer. FALSE: it is not. */
gboolean wc_connection_renew_dtls (WcConnection *connection);
