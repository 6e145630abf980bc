/* SPDX-License-Identifier: MIT */
/* The GStreamer side of one viewer: a pipeline with a webrtcbin, our ICE agent
 * and a source element per medium. It negotiates and secures; who pushes what
 * and when is the lane's business.
 *
 * Opened and closed on the control pool. Between the two, the functions grouped
 * under "the lane" may be called by one thread at a time. The callbacks come on
 * any thread. A plain struct, owned by the lane. */
#pragma once

#include "engine/srtp.h"
#include "peer/ice-sink.h"
#include "sdp/plan.h"

#include <gst/gst.h>

typedef struct WcConnection WcConnection;

typedef struct {
  /** DTLS, SRTP or SRTCP for the viewer. */
  void (*send) (const guint8 *data, gsize size, gpointer user_data);
  /** The SRTP keys of both directions are there, and all that the viewer needs
   * to have its own was sent; called once. */
  void (*keys) (gpointer user_data);
  /** An authentic RTCP packet of the viewer, decrypted. */
  void (*rtcp) (const guint8 *data, gsize size, gpointer user_data);
  /** DTLS was closed by the viewer, or failed. */
  void (*dtls_closed) (gpointer user_data);
} WcConnectionCallbacks;

typedef struct {
  const WcSdpPlan *plan;   /* borrowed for the life of the connection */
  const char *pem;         /* our certificate; copied */
  const char *ufrag, *pwd; /* ours, for the local description */
  const char *cname;       /* of our SSRCs (RFC 3550 section 6.5.1) */
  guint32 ssrc[WC_N_MEDIA];
  guint history_ms;       /* how long packets can be sent again (RTX) */
  gboolean keys_only;     /* media and RTCP go past it: it does DTLS alone */
  WcConnection *prepared; /* nullable; transfer full; with keys_only */
} WcConnectionParams;

/** What SRTP is keyed with; whoever holds it clears it after use. */
typedef struct {
  guint8 send[WC_SRTP_MASTER_SIZE], receive[WC_SRTP_MASTER_SIZE];
} WcConnectionKeys;

/** What can be done of a connection with keys_only before there is an offer;
 * nearly half of the work. @pem: as in WcConnectionParams. */
WcConnection *wc_connection_prepare (const char *pem);

/** Whether it can be `prepared` with @plan: one that had a peer keeps its part
 * in DTLS. */
gboolean wc_connection_fits (WcConnection *connection, const WcSdpPlan *plan);

/** The one that is `prepared`, or another. */
WcConnection *wc_connection_new (const WcConnectionParams *params);
/** Negotiates; takes some milliseconds. One that fails is no good for another
 * peer either, and is to be ended like one that has served. */
gboolean wc_connection_open (WcConnection *connection,
                             const WcConnectionParams *params,
                             const WcConnectionCallbacks *callbacks,
                             gpointer user_data, GError **error);
/** Sends DTLS close_notify if DTLS is up, tears down, frees. May take long. */
void wc_connection_close (WcConnection *connection);

/** The two halves of wc_connection_close (). @kept: nullable; gets the
 * close_notify instead of the viewer. Between them wait
 * wc_connection_rests_us () after many peers: each DTLS connection that one of
 * them had is watched by elements of the webrtcbin, and lives until a timer of
 * its handshake has run out. That GStreamer's clock drops it while another
 * thread finalizes the elements is a race of GObject's
 * (g_object_watch_closure ()), which crashes. */
void wc_connection_stop (WcConnection *connection, GByteArray *kept);
void wc_connection_free (WcConnection *connection);

/** How many it had before the present one. */
guint wc_connection_n_peers (WcConnection *connection);

/** Until the last of those timers has run out, in us; 0: it has. */
gint64 wc_connection_rests_us (WcConnection *connection);

/** Says goodbye as wc_connection_stop () does, but a webrtcbin with keys_only
 * is kept for another peer, with whom it negotiates anew: TRUE. FALSE if it
 * cannot be and is to be stopped. Making and ending one costs more than all
 * else of a join. */
gboolean wc_connection_recycle (WcConnection *connection, GByteArray *kept);

/** The SSRC that webrtcbin sends retransmissions of @media with; 0: none. */
guint32 wc_connection_rtx_ssrc (WcConnection *connection, WcMedia media);

/* --- the lane --------------------------------------------------------------
 */

/** ICE has a nominated pair: DTLS begins. */
void wc_connection_ice_connected (WcConnection *connection);
/** DTLS or SRTCP of the viewer. */
void wc_connection_receive (WcConnection *connection, const guint8 *data,
                            gsize size);
/** RTP packets with headers. (transfer full) */
void wc_connection_send (WcConnection *connection, WcMedia media,
                         GstBuffer *buffer);
/** The keys that DTLS agreed on (RFC 5764 section 4.2), after the callback
 * `keys`. FALSE if there are none, or not of AES_CM_128_HMAC_SHA1_80. They are
 * not to be used before wc_connection_dup_peer_pem () was compared with the
 * offer. Any thread. */
gboolean wc_connection_get_keys (WcConnection *connection,
                                 WcConnectionKeys *keys);
/** The certificate that the viewer showed, PEM; NULL before the handshake. */
char *wc_connection_dup_peer_pem (WcConnection *connection);
