/* SPDX-License-Identifier: MIT */
/* A peer connection that receives from another WHEP server. Unlike those of
 * viewers it has webrtcbin's own ICE agent: the server is ICE-lite, so this end
 * is full and controlling. The server's SDP never reaches webrtcbin, only what
 * src/sdp made of it; its certificate is compared with its fingerprints before
 * anything is handed on.
 *
 * Reference-counted. Functions are for the main thread, and so come the events,
 * not after wc_whep_client_close (). Media comes on streaming threads, and may
 * do so for a moment after. Making and tearing down run on threads of its own.
 */
#pragma once

#include "sdp/pull.h"

typedef struct WcWhepClient WcWhepClient;

typedef struct {
  /* main thread */
  /** All candidates are there: this is to be sent to the server. */
  void (*offer_ready) (const char *sdp, gpointer user_data);
  /** It is over; at most once. */
  void (*failed) (const char *reason, gpointer user_data);
  /* streaming threads */
  /** An RTP packet, header and all, in order. */
  void (*rtp) (WcMedia media, const guint8 *data, gsize size,
               gpointer user_data);
  /** A compound RTCP packet of the server. */
  void (*rtcp) (const guint8 *data, gsize size, gpointer user_data);
} WcWhepClientEvents;

/** @user_data is let go with @destroy when nothing is called any more.
 * @latency_ms: how long a missing packet is waited for. */
WcWhepClient *wc_whep_client_new (const WcWhepClientEvents *events,
                                  gpointer user_data, GDestroyNotify destroy,
                                  guint latency_ms);
/** Ends it, and drops the caller's reference. */
void wc_whep_client_close (WcWhepClient *client);

/** Begins: "offer_ready" or "failed" follows. */
void wc_whep_client_start (WcWhepClient *client);
/** The server's answer: what it sends is then in @media of it. (transfer none,
 * valid as long as the client is) NULL and @error: WC_SDP_ERROR. */
const WcSdpPullAnswer *wc_whep_client_set_answer (WcWhepClient *client,
                                                  const char *text, gsize size,
                                                  GError **error);
/** Asks the server for a key frame (RTCP PLI). */
void wc_whep_client_request_key_frame (WcWhepClient *client);

/** Clients whose webrtcbin is not yet torn down. */
guint wc_whep_client_alive (void);
