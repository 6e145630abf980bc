/* SPDX-License-Identifier: MIT */
/* A track on its way to all of a worker's subscribers that get it: read once,
 * gathered to whole frames where that saves work, handed to each. Made by the
 * first who joins, freed when the last leaves.
 *
 * Worker's thread only. Internal to the engine. */
#pragma once

#include "engine/subscriber.h"
#include "engine/track.h"
#include "engine/worker.h"

#define WC_FEED_BATCH 64

/** How long the packets of a frame that is not complete may wait for the
 * others, so that a viewer gets them in one message, if there are enough
 * viewers for that to count. */
#define WC_FEED_GATHER_US 2000

struct WcFeed {
  WcTrack *track;
  WcWorker *worker;
  guint waker;
  atomic_bool has_news;
  guint64 seq;            /* up to where the subscribers were served */
  guint64 read_seq;       /* up to where the track was read */
  GPtrArray *subscribers; /* of WcSubscriber, borrowed */

  WcPacket *gathered[WC_FEED_BATCH]; /* read and not yet served */
  guint n_gathered;
  gint64 due_us;      /* when they are, complete frame or not; 0: none */
  guint pace_packets; /* what a subscriber may catch up with in a turn */
  gint64 paced_us;    /* when that was last worked out */
};

/** The feed of @track, made if there is none, with @subscriber in it. */
WcFeed *wc_feed_join (WcWorker *worker, WcTrack *track,
                      WcSubscriber *subscriber);
void wc_feed_leave (WcFeed *feed, WcSubscriber *subscriber);

/** Reads the tracks that have news. */
void wc_feed_read_news (WcWorker *worker, gint64 now_us);
/** Serves the feeds that have waited long enough for the rest of a frame. */
void wc_feed_read_gathering (WcWorker *worker, gint64 now_us);

/** For the worker's table. */
void wc_feed_free (gpointer feed);
