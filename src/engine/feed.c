/* SPDX-License-Identifier: MIT */
#include "engine/feed.h"

#include "engine/subscriber-private.h"

/* Fewer are not worth the wait; see WC_FEED_GATHER_US. */
#define GATHER_SUBSCRIBERS 8

/* The writer of a track; must not block. */
static void
on_track_news (gpointer user_data)
{
  WcFeed *feed = user_data;
  WcWorker *worker = feed->worker;

  if (atomic_exchange (&feed->has_news, TRUE))
    return;
  pthread_mutex_lock (&worker->lock);
  g_ptr_array_add (worker->news, feed);
  pthread_mutex_unlock (&worker->lock);
  wc_worker_wake (worker);
}

void
wc_feed_free (gpointer data)
{
  WcFeed *feed = data;
  WcWorker *worker = feed->worker;

  wc_track_remove_waker (feed->track, feed->waker);
  pthread_mutex_lock (&worker->lock);
  g_ptr_array_remove (worker->news, feed);
  pthread_mutex_unlock (&worker->lock);
  g_ptr_array_remove_fast (worker->gathering, feed);
  for (guint i = 0; i < feed->n_gathered; i++)
    wc_packet_unref (feed->gathered[i]);
  wc_track_unref (feed->track);
  g_ptr_array_unref (feed->subscribers);
  g_free (feed);
}

WcFeed *
wc_feed_join (WcWorker *worker, WcTrack *track, WcSubscriber *subscriber)
{
  WcFeed *feed = g_hash_table_lookup (worker->feeds, track);

  if (feed == NULL) {
    feed = g_new0 (WcFeed, 1);
    feed->track = wc_track_ref (track);
    feed->worker = worker;
    feed->subscribers = g_ptr_array_new ();
    feed->seq = feed->read_seq = wc_track_head (track);
    g_hash_table_insert (worker->feeds, track, feed);
    feed->waker = wc_track_add_waker (track, on_track_news, feed);
    on_track_news (feed); /* what came between the two lines above */
  }
  g_ptr_array_add (feed->subscribers, subscriber);
  return feed;
}

void
wc_feed_leave (WcFeed *feed, WcSubscriber *subscriber)
{
  g_ptr_array_remove_fast (feed->subscribers, subscriber);
  if (feed->subscribers->len == 0)
    g_hash_table_remove (feed->worker->feeds, feed->track);
}

static void
serve (WcFeed *feed, gboolean lagged, gint64 now_us)
{
  WcWorker *worker = feed->worker;

  if (feed->n_gathered > 0)
    feed->seq = feed->gathered[feed->n_gathered - 1]->seq + 1;
  for (guint i = 0; i < feed->subscribers->len; i++)
    wc_subscriber_on_packets (g_ptr_array_index (feed->subscribers, i), feed,
                              feed->gathered, feed->n_gathered, lagged, now_us);
  wc_worker_flush (worker);
  for (guint i = 0; i < feed->n_gathered; i++)
    wc_packet_unref (feed->gathered[i]);
  feed->n_gathered = 0;
  feed->due_us = 0;
}

/* Waiting costs every viewer time, and saves work only where there are many. */
static gboolean
may_gather (const WcFeed *feed)
{
  return feed->n_gathered > 0 && feed->subscribers->len >= GATHER_SUBSCRIBERS &&
         wc_codec_info (wc_track_codec (feed->track))->media ==
             WC_MEDIA_VIDEO &&
         !(feed->gathered[feed->n_gathered - 1]->flags & WC_PACKET_MARKER);
}

static void
gather (WcFeed *feed, gint64 now_us)
{
  if (feed->due_us == 0) {
    feed->due_us = now_us + WC_FEED_GATHER_US;
    g_ptr_array_add (feed->worker->gathering, feed);
  } else if (now_us >= feed->due_us) {
    serve (feed, FALSE, now_us);
  }
}

static void
read_feed (WcFeed *feed, gint64 now_us)
{
  gboolean full;

  do {
    gboolean lagged = FALSE;
    feed->n_gathered += wc_track_read (
        feed->track, &feed->read_seq, feed->gathered + feed->n_gathered,
        WC_FEED_BATCH - feed->n_gathered, &lagged);
    full = feed->n_gathered == WC_FEED_BATCH;
    if (!full && !lagged && may_gather (feed))
      gather (feed, now_us);
    else if (feed->n_gathered > 0 || lagged)
      serve (feed, lagged, now_us);
  } while (full);
}

void
wc_feed_read_news (WcWorker *worker, gint64 now_us)
{
  pthread_mutex_lock (&worker->lock);
  GPtrArray *news = worker->news;
  worker->news = worker->news_spare;
  worker->news_spare = news;
  pthread_mutex_unlock (&worker->lock);

  for (guint i = 0; i < news->len; i++) {
    WcFeed *feed = g_ptr_array_index (news, i);
    atomic_store (&feed->has_news, FALSE);
    read_feed (feed, now_us);
  }
  g_ptr_array_set_size (news, 0);
}

void
wc_feed_read_gathering (WcWorker *worker, gint64 now_us)
{
  for (guint i = worker->gathering->len; i > 0; i--) {
    WcFeed *feed = g_ptr_array_index (worker->gathering, i - 1);
    if (feed->due_us != 0 && now_us >= feed->due_us)
      serve (feed, FALSE, now_us);
    if (feed->due_us == 0)
      g_ptr_array_remove_index_fast (worker->gathering, i - 1);
  }
}
