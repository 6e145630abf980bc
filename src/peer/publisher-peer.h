/* SPDX-License-Identifier: MIT */
/* One publisher's peer connection: a webrtcbin that negotiates and secures it,
 * and the engine's publisher that takes its media. Belongs to one publisher
 * session. GObject; all functions are for the main thread, and what it has to
 * say arrives there too, as the signal "state-changed". Only the sink's
 * functions are called elsewhere, on the engine's worker. */
#pragma once

#include "engine/publisher.h"
#include "peer/peer.h"

/* new -> negotiating -> connecting -> publishing -> closed; any -> closed */
typedef enum {
  WC_PUBLISHER_PEER_NEW,
  WC_PUBLISHER_PEER_NEGOTIATING,
  WC_PUBLISHER_PEER_CONNECTING, /* the answer may be given */
  WC_PUBLISHER_PEER_PUBLISHING, /* it has the keys: media may come */
  WC_PUBLISHER_PEER_CLOSED,     /* wc_publisher_peer_reason () says why */
} WcPublisherPeerState;

/** Where its media goes: a static table; see WcPublisherEvents. */
typedef struct {
  void (*rtp) (WcMedia media, guint layer, const guint8 *data, gsize size,
               gint64 now_us, gpointer sink);
  void (*report) (WcMedia media, guint layer, guint64 ntp,
                  guint32 rtp_timestamp, gint64 now_us, gpointer sink);
} WcPublisherSink;

#define WC_TYPE_PUBLISHER_PEER (wc_publisher_peer_get_type ())
G_DECLARE_FINAL_TYPE (WcPublisherPeer, wc_publisher_peer, WC, PUBLISHER_PEER,
                      GObject)

/** @plan: (transfer full), of wc_sdp_publish_plan_new (). @sink_data: (transfer
 * full), freed by @free_sink when nothing calls @sink any more. @label: short
 * public id for the log. */
WcPublisherPeer *wc_publisher_peer_new (WcPeerFactory *factory, WcSdpPlan *plan,
                                        const WcPublisherSink *sink,
                                        gpointer sink_data,
                                        GDestroyNotify free_sink,
                                        const char *label);

/** Makes and negotiates the webrtcbin, registers with the engine. */
void wc_publisher_peer_negotiate_async (WcPublisherPeer *peer,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
/** The SDP answer (transfer full), or NULL and @error. */
char *wc_publisher_peer_negotiate_finish (WcPublisherPeer *peer,
                                          GAsyncResult *result,
                                          const WcAddress *candidates,
                                          guint n_candidates, GError **error);

/** Takes no media any more, sends DTLS close_notify, tears the webrtcbin down
 * on the control pool. "state-changed" comes before this returns. Idempotent.
 * Must come before the last reference is dropped. */
void wc_publisher_peer_close (WcPublisherPeer *peer, const char *reason);

WcPublisherPeerState wc_publisher_peer_state (WcPublisherPeer *peer);
/** Why it is closed. (transfer none) */
const char *wc_publisher_peer_reason (WcPublisherPeer *peer);
void wc_publisher_peer_get_stats (WcPublisherPeer *peer,
                                  WcPublisherStats *stats);
/** Any thread. */
void wc_publisher_peer_request_key_frame (WcPublisherPeer *peer, WcMedia media,
                                          guint layer);

/** What was agreed on. (transfer none) */
const WcSdpPlan *wc_publisher_peer_plan (WcPublisherPeer *peer);
