/* SPDX-License-Identifier: MIT */
/* What a worker does with its subscribers. On the worker's thread only, but for
 * the fields that say otherwise. Internal to the engine. */
#pragma once

#include "engine/delivery.h"
#include "engine/endpoint.h"
#include "engine/feed.h"
#include "engine/layer-change.h"
#include "engine/subscriber.h"
#include "engine/worker.h"

struct WcSubscriber {
  WcEndpoint endpoint; /* the first field */
  const WcLane *lane;
  gpointer lane_data;
  const WcSubscriberEvents *events;
  gpointer user_data;

  gboolean playing;
  WcDelivery deliveries[WC_N_MEDIA];
  WcFeed *feeds[WC_N_MEDIA];
  gint64 wanted_us[WC_N_MEDIA];   /* when a key frame was last asked for */
  gint64 repeated_us[WC_N_MEDIA]; /* when one was last sent again */
  guint repeats[WC_N_MEDIA];
  WcLayerChange change; /* of the video */

  /* published by the worker, read by anyone */
  atomic_ullong packets, bytes, dropped;
  atomic_uint skips, bitrate_bps;
  atomic_llong first_packet_us, first_frame_us;
  atomic_int layer;
  guint64 rate_bytes; /* the worker's: bytes at rate_us */
  gint64 rate_us;
};

/** What was just read of a track for everybody. */
void wc_subscriber_on_packets (WcSubscriber *subscriber, WcFeed *feed,
                               WcPacket *const *packets, guint n,
                               gboolean lagged, gint64 now_us);
