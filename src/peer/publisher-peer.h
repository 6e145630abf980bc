/* SPDX-License-Identifier: MIT */
/* One publisher's peer connection: the engine's publisher takes its media.
 * Threads: see WcPeer; but the sink's functions are called on the engine's
 * worker. */
#pragma once

#include "engine/publisher.h"
#include "peer/peer.h"

/** Where its media goes: a static table; see WcPublisherEvents. */
typedef struct {
  void (*rtp) (WcMedia media, guint layer, const guint8 *data, gsize size,
               gint64 now_us, gpointer sink);
  void (*report) (WcMedia media, guint layer, guint64 ntp,
                  guint32 rtp_timestamp, gint64 now_us, gpointer sink);
} WcPublisherSink;

#define WC_TYPE_PUBLISHER_PEER (wc_publisher_peer_get_type ())
G_DECLARE_FINAL_TYPE (WcPublisherPeer, wc_publisher_peer, WC, PUBLISHER_PEER,
                      WcPeer)

/** @plan: (transfer full), of wc_sdp_publish_plan_new (). @sink_data: (transfer
 * full), freed by @free_sink when nothing calls @sink any more. @label: short
 * public id for the log. */
WcPublisherPeer *wc_publisher_peer_new (WcPeerFactory *factory, WcSdpPlan *plan,
                                        const WcPublisherSink *sink,
                                        gpointer sink_data,
                                        GDestroyNotify free_sink,
                                        const char *label);

void wc_publisher_peer_get_stats (WcPublisherPeer *peer,
                                  WcPublisherStats *stats);
/** Any thread. */
void wc_publisher_peer_request_key_frame (WcPublisherPeer *peer, WcMedia media,
                                          guint layer);
