/* SPDX-License-Identifier: MIT */
/* What a worker does with its subscribers. On the worker's thread only, but for
 * the fields that say otherwise. Internal to the engine. */
#pragma once

#include "engine/delivery.h"
#include "engine/subscriber.h"
#include "engine/worker.h"

/* A viewer that checks several pairs has a few addresses; more are an abuse. */
#define WC_SUBSCRIBER_ADDRESSES 8

typedef enum {
  WC_SUBSCRIBER_NEW,
  WC_SUBSCRIBER_STARTED,
  WC_SUBSCRIBER_CONNECTED, /* there is a valid pair */
  WC_SUBSCRIBER_SECURED,
  WC_SUBSCRIBER_ENDED, /* expired or stopped */
} WcSubscriberState;

struct WcSubscriber {
  atomic_uint refs;
  WcEngine *engine;
  WcWorker *worker;
  char ufrag[16];
  char pwd[33];
  const WcLane *lane;
  gpointer lane_data;
  const WcSubscriberEvents *events;
  gpointer user_data;

  WcSubscriberState state;
  gboolean playing;
  gint64 started_us;
  WcDelivery deliveries[WC_N_MEDIA];
  WcFeed *feeds[WC_N_MEDIA];
  gint64 wanted_us[WC_N_MEDIA];   /* when a key frame was last asked for */
  gint64 repeated_us[WC_N_MEDIA]; /* when one was last sent again */
  guint repeats[WC_N_MEDIA];
  WcAddress addresses[WC_SUBSCRIBER_ADDRESSES];
  guint n_addresses, next_address;
  guint32 nominated_priority;
  gint64 nominated_us; /* when the pair was last nominated */

  atomic_llong alive_us; /* any thread: last authentic STUN or SRTCP */

  pthread_mutex_t path_lock; /* guards the next four; senders are many */
  gboolean has_path;
  gboolean muted;
  WcAddress remote, local;

  /* published by the worker, read by anyone */
  atomic_ullong packets, bytes, dropped;
  atomic_uint skips, bitrate_bps;
  guint64 rate_bytes; /* the worker's: bytes at rate_us */
  gint64 rate_us;
};

/** A datagram with its STUN request, its DTLS or its SRTCP. */
void wc_subscriber_on_stun (WcSubscriber *subscriber,
                            const WcDatagram *datagram);
void wc_subscriber_on_datagram (WcSubscriber *subscriber,
                                const WcDatagram *datagram);
/** What was just read of a track for everybody. */
void wc_subscriber_on_packets (WcSubscriber *subscriber, const WcFeed *feed,
                               WcPacket *const *packets, guint n,
                               gboolean lagged, gint64 now_us);
/** Paces what it has to catch up with; TRUE while there is more. */
gboolean wc_subscriber_catch_up (WcSubscriber *subscriber, gint64 now_us);
/** Deadlines and rates. */
void wc_subscriber_check (WcSubscriber *subscriber, gint64 now_us);
