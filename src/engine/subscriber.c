/* SPDX-License-Identifier: MIT */
#include "engine/subscriber.h"

#include "base/clock.h"
#include "engine/engine-private.h"
#include "engine/subscriber-private.h"

#include <string.h>

/* What a viewer is sent of the past in one turn of 5 ms: 30 Mbit/s with full
 * packets, which a browser's receive buffer (64 KiB) takes; more only for
 * tracks that are faster than a third of that. */
#define PACE_PACKETS 16
#define PACE_TURNS_PER_S 200
#define PACE_INTERVAL_US (G_USEC_PER_SEC / PACE_TURNS_PER_S)
/* What it is sent at once of what is new. */
#define BURST_TURNS 2
#define PACE_VALID_US (200 * 1000)

/* A key frame is not repeated more often than this for one viewer; twice as
 * rarely with every time that did not help, until it asks for none for long. */
#define REPEAT_INTERVAL_US (2 * G_USEC_PER_SEC)
#define MAX_REPEAT_DOUBLINGS 4
#define REPEAT_FORGOTTEN_US (60 * G_USEC_PER_SEC)
/* How often a viewer without a start point asks for one. */
#define WANT_INTERVAL_US (G_USEC_PER_SEC / 2)

#define RATE_INTERVAL_US (G_USEC_PER_SEC / 2)

/* --- any thread: posts to the worker -------------------------------------- */

void
wc_subscriber_start (WcSubscriber *subscriber)
{
  wc_endpoint_start (&subscriber->endpoint);
}

void
wc_subscriber_restart_ice (WcSubscriber *subscriber, WcIceCredentials *fresh)
{
  wc_endpoint_restart_ice (&subscriber->endpoint, fresh);
}

/* While it waits for a start point; asked again until one comes. */
static void
maybe_want_key_frame (WcSubscriber *subscriber, WcMedia media, gint64 now_us)
{
  if (now_us - subscriber->wanted_us[media] < WANT_INTERVAL_US)
    return;
  subscriber->wanted_us[media] = now_us;
  subscriber->events->key_frame_wanted (subscriber->user_data, media);
}

static void
begin (WcSubscriber *subscriber, WcMedia media, gboolean from_ring)
{
  WcDelivery *delivery = &subscriber->deliveries[media];

  wc_delivery_begin (delivery, subscriber->feeds[media]->seq, from_ring);
  if (delivery->state == WC_DELIVERY_CATCHING_UP)
    wc_worker_want_turn (subscriber->endpoint.worker, &subscriber->endpoint,
                         wc_clock_now_us ());
  else if (delivery->state == WC_DELIVERY_WAITING)
    maybe_want_key_frame (subscriber, media, wc_clock_now_us ());
}

static void
on_secured (WcEndpoint *endpoint)
{
  WcSubscriber *subscriber = (WcSubscriber *)endpoint;

  subscriber->rate_us = wc_clock_now_us ();
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    WcTrack *track = subscriber->deliveries[i].track;
    if (track == NULL)
      continue;
    subscriber->feeds[i] = wc_feed_join (endpoint->worker, track, subscriber);
    begin (subscriber, i, endpoint->engine->fast_start);
  }
}

void
wc_subscriber_secured (WcSubscriber *subscriber)
{
  wc_endpoint_secured (&subscriber->endpoint);
}

static gboolean
may_repeat (WcSubscriber *subscriber, WcMedia media, gint64 now_us)
{
  gint64 since_us = now_us - subscriber->repeated_us[media];
  guint *repeats = &subscriber->repeats[media];

  if (since_us > REPEAT_FORGOTTEN_US)
    *repeats = 0;
  return now_us - subscriber->deliveries[media].start_sent_us >=
             REPEAT_INTERVAL_US &&
         (*repeats == 0 || since_us >= REPEAT_INTERVAL_US << MIN (
                                           *repeats, MAX_REPEAT_DOUBLINGS));
}

static void
repeat_key_frame (WcSubscriber *subscriber, WcMedia media)
{
  WcDelivery *delivery = &subscriber->deliveries[media];
  gint64 now_us = wc_clock_now_us ();

  if (subscriber->endpoint.state != WC_ENDPOINT_SECURED ||
      delivery->track == NULL)
    return;
  if (delivery->state != WC_DELIVERY_LIVE) {
    maybe_want_key_frame (subscriber, media, now_us);
    return;
  }
  if (!may_repeat (subscriber, media, now_us))
    return;
  subscriber->repeated_us[media] = now_us;
  subscriber->repeats[media]++;
  /* Both: the ring heals this viewer now, a new key frame keeps it short. */
  maybe_want_key_frame (subscriber, media, now_us);
  begin (subscriber, media, TRUE);
}

static void
on_repeat_audio (WcWorker *worker, gpointer data)
{
  g_autoptr (WcSubscriber) subscriber = data;
  repeat_key_frame (subscriber, WC_MEDIA_AUDIO);
}

static void
on_repeat_video (WcWorker *worker, gpointer data)
{
  g_autoptr (WcSubscriber) subscriber = data;
  repeat_key_frame (subscriber, WC_MEDIA_VIDEO);
}

void
wc_subscriber_repeat_key_frame (WcSubscriber *subscriber, WcMedia media)
{
  wc_worker_post (subscriber->endpoint.worker,
                  media == WC_MEDIA_AUDIO ? on_repeat_audio : on_repeat_video,
                  wc_subscriber_ref (subscriber));
}

typedef struct {
  WcSubscriber *subscriber;
  WcTrack *track;
  gint layer;
} Selection;

static void
drop_change (WcSubscriber *subscriber)
{
  WcFeed *next = subscriber->change.next;

  subscriber->change = (WcLayerChange){0};
  if (next != NULL)
    wc_feed_leave (next, subscriber);
}

/* Nothing was sent that would have to be carried on. */
static void
change_at_once (WcSubscriber *subscriber, WcTrack *track, gint layer)
{
  WcDelivery *delivery = &subscriber->deliveries[WC_MEDIA_VIDEO];
  WcFeed **feed = &subscriber->feeds[WC_MEDIA_VIDEO];
  WcWorker *worker = subscriber->endpoint.worker;

  atomic_store (&subscriber->layer, layer);
  wc_track_ref (track);
  wc_track_unref (delivery->track);
  delivery->track = track;
  if (*feed == NULL)
    return; /* not secured yet */
  wc_feed_leave (*feed, subscriber);
  *feed = wc_feed_join (worker, track, subscriber);
  begin (subscriber, WC_MEDIA_VIDEO, TRUE);
}

static void
select_layer (WcSubscriber *subscriber, WcTrack *track, gint layer)
{
  WcDelivery *delivery = &subscriber->deliveries[WC_MEDIA_VIDEO];
  WcLayerChange *change = &subscriber->change;

  if (subscriber->endpoint.state == WC_ENDPOINT_ENDED ||
      delivery->track == NULL)
    return;
  if (change->next != NULL && change->next->track == track) {
    change->layer = layer;
    return;
  }
  drop_change (subscriber);
  if (delivery->track == track) {
    atomic_store (&subscriber->layer, layer);
  } else if (!delivery->began) {
    change_at_once (subscriber, track, layer);
  } else {
    change->next =
        wc_feed_join (subscriber->endpoint.worker, track, subscriber);
    change->layer = layer;
    subscriber->events->key_frame_wanted (subscriber->user_data,
                                          WC_MEDIA_VIDEO);
  }
}

static void
on_selection (WcWorker *worker, gpointer data)
{
  Selection *selection = data;

  select_layer (selection->subscriber, selection->track, selection->layer);
  wc_subscriber_unref (selection->subscriber);
  wc_track_unref (selection->track);
  g_free (selection);
}

void
wc_subscriber_select_layer (WcSubscriber *subscriber, WcTrack *track,
                            gint layer)
{
  Selection *selection = g_new (Selection, 1);

  *selection =
      (Selection){wc_subscriber_ref (subscriber), wc_track_ref (track), layer};
  wc_worker_post (subscriber->endpoint.worker, on_selection, selection);
}

void
wc_subscriber_note_alive (WcSubscriber *subscriber)
{
  wc_endpoint_note_alive (&subscriber->endpoint);
}

gboolean
wc_subscriber_send (WcSubscriber *subscriber, const void *data, gsize size)
{
  return wc_endpoint_send (&subscriber->endpoint, data, size);
}

gboolean
wc_subscriber_has_room (WcSubscriber *subscriber, gsize size)
{
  return wc_endpoint_has_room (&subscriber->endpoint, size);
}

void
wc_subscriber_mute (WcSubscriber *subscriber)
{
  wc_endpoint_mute (&subscriber->endpoint);
}

void
wc_subscriber_stop (WcSubscriber *subscriber, void (*done) (gpointer),
                    gpointer user_data)
{
  wc_endpoint_stop (&subscriber->endpoint, done, user_data);
}

void
wc_subscriber_get_counts (WcSubscriber *subscriber, WcSubscriberStats *stats)
{
  *stats = (WcSubscriberStats){
      .packets_sent = atomic_load (&subscriber->packets),
      .bytes_sent = atomic_load (&subscriber->bytes),
      .packets_dropped = atomic_load (&subscriber->dropped),
      .skips = atomic_load (&subscriber->skips),
      .first_packet_us = atomic_load (&subscriber->first_packet_us),
      .first_frame_us = atomic_load (&subscriber->first_frame_us),
      .bitrate_bps = atomic_load (&subscriber->bitrate_bps),
      .layer = atomic_load (&subscriber->layer),
  };
}

void
wc_subscriber_get_stats (WcSubscriber *subscriber, WcSubscriberStats *stats)
{
  wc_subscriber_get_counts (subscriber, stats);
  stats->has_address = wc_endpoint_get_address (
      &subscriber->endpoint, &stats->address, &stats->is_tcp);
}

/* --- the worker: what comes ---------------------------------------------- */

/* RFC 7983 section 7, RFC 5761 section 4. A viewer has no RTP for us. */
static void
on_datagram (WcEndpoint *endpoint, const WcDatagram *datagram)
{
  WcSubscriber *subscriber = (WcSubscriber *)endpoint;
  guint8 first = datagram->data[0];

  if (first >= 20 && first <= 63)
    subscriber->lane->receive_dtls (subscriber->lane_data, datagram->data,
                                    datagram->size);
  else if (first >= 128 && first <= 191 && datagram->size >= 8 &&
           datagram->data[1] >= 192 && datagram->data[1] <= 223)
    subscriber->lane->receive_srtcp (subscriber->lane_data, datagram->data,
                                     datagram->size);
}

/* --- the worker: media ---------------------------------------------------- */

static void
publish (WcSubscriber *subscriber, gint64 now_us)
{
  guint64 packets = 0, bytes = 0, dropped = 0;
  guint skips = 0;

  for (guint i = 0; i < WC_N_MEDIA; i++) {
    packets += subscriber->deliveries[i].packets;
    bytes += subscriber->deliveries[i].bytes;
    dropped += subscriber->deliveries[i].dropped;
    skips += subscriber->deliveries[i].skips;
  }
  atomic_store_explicit (&subscriber->packets, packets, memory_order_relaxed);
  atomic_store_explicit (&subscriber->bytes, bytes, memory_order_relaxed);
  atomic_store_explicit (&subscriber->dropped, dropped, memory_order_relaxed);
  atomic_store_explicit (&subscriber->skips, skips, memory_order_relaxed);
  if (packets > 0 && !subscriber->playing) {
    subscriber->playing = TRUE;
    atomic_store (&subscriber->first_packet_us, now_us);
    subscriber->events->playing (subscriber->user_data);
  }
  atomic_store_explicit (&subscriber->first_frame_us,
                         subscriber->deliveries[WC_MEDIA_VIDEO].frame_sent_us,
                         memory_order_relaxed);
}

/* The same for all of the feed, and worked out now and then. */
static guint
pace_budget (WcFeed *feed, gint64 now_us)
{
  WcTrackStats stats;

  if (feed->pace_packets == 0 || now_us - feed->paced_us > PACE_VALID_US) {
    wc_track_get_stats (feed->track, &stats);
    guint live = stats.bitrate_bps / 8 / WC_MAX_PAYLOAD / PACE_TURNS_PER_S;
    feed->pace_packets = MAX (PACE_PACKETS, 3 * (live + 1));
    feed->paced_us = now_us;
  }
  return feed->pace_packets;
}

/* While a change of layers is under way. FALSE: there is nothing to be sent of
 * these packets, else *@n is how many. */
static gboolean
take_change (WcSubscriber *subscriber, const WcFeed *feed,
             WcPacket *const *packets, guint *n, gint64 now_us)
{
  WcLayerChange *change = &subscriber->change;

  if (feed != change->next) {
    *n = wc_layer_change_limit (change, &subscriber->deliveries[WC_MEDIA_VIDEO],
                                packets, *n);
    return *n > 0;
  }
  /* In a turn, as this feed's and the other's subscribers are being gone
   * through now. */
  if (wc_layer_change_note_next (change, packets, *n, now_us))
    wc_worker_want_turn (subscriber->endpoint.worker, &subscriber->endpoint,
                         now_us);
  else
    maybe_want_key_frame (subscriber, WC_MEDIA_VIDEO, now_us);
  return FALSE;
}

/* TRUE: it is to be tried again. */
static gboolean
maybe_change_over (WcSubscriber *subscriber, gint64 now_us)
{
  WcLayerChange *change = &subscriber->change;
  WcFeed **feed = &subscriber->feeds[WC_MEDIA_VIDEO];

  if (!wc_layer_change_try (change, &subscriber->deliveries[WC_MEDIA_VIDEO],
                            now_us))
    return change->began_us != 0;
  atomic_store (&subscriber->layer, change->layer);
  wc_feed_leave (*feed, subscriber);
  *feed = change->next;
  *change = (WcLayerChange){0};
  return FALSE;
}

void
wc_subscriber_on_packets (WcSubscriber *subscriber, WcFeed *feed,
                          WcPacket *const *packets, guint n, gboolean lagged,
                          gint64 now_us)
{
  WcMedia media = feed == subscriber->feeds[WC_MEDIA_AUDIO] ? WC_MEDIA_AUDIO
                                                            : WC_MEDIA_VIDEO;
  WcDelivery *delivery = &subscriber->deliveries[media];

  if (subscriber->change.next != NULL && media == WC_MEDIA_VIDEO &&
      !take_change (subscriber, feed, packets, &n, now_us))
    return;
  if (lagged)
    wc_delivery_lagged (delivery);
  wc_delivery_live (delivery, packets, n,
                    BURST_TURNS * pace_budget (feed, now_us), now_us);
  if (delivery->state == WC_DELIVERY_CATCHING_UP)
    wc_worker_want_turn (subscriber->endpoint.worker, &subscriber->endpoint,
                         now_us + PACE_INTERVAL_US);
  if (delivery->state == WC_DELIVERY_WAITING)
    maybe_want_key_frame (subscriber, media, now_us);
  publish (subscriber, now_us);
}

/* Catches up with what everybody has. */
static void
on_turn (WcEndpoint *endpoint, gint64 now_us)
{
  WcSubscriber *subscriber = (WcSubscriber *)endpoint;
  gboolean more = FALSE;

  if (subscriber->change.next != NULL)
    more = maybe_change_over (subscriber, now_us);
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    WcDelivery *delivery = &subscriber->deliveries[i];
    if (delivery->state != WC_DELIVERY_CATCHING_UP)
      continue;
    wc_delivery_catch_up (delivery, subscriber->feeds[i]->seq,
                          pace_budget (subscriber->feeds[i], now_us), now_us,
                          endpoint->worker->held);
    publish (subscriber, now_us);
    more |= delivery->state == WC_DELIVERY_CATCHING_UP;
  }
  if (more)
    wc_worker_want_turn (endpoint->worker, endpoint, now_us + PACE_INTERVAL_US);
}

static void
measure_rate (WcSubscriber *subscriber, gint64 now_us)
{
  gint64 elapsed_us = now_us - subscriber->rate_us;
  guint64 bytes = atomic_load (&subscriber->bytes);

  if (elapsed_us < RATE_INTERVAL_US)
    return;
  guint64 bits = (bytes - subscriber->rate_bytes) * 8;
  atomic_store (&subscriber->bitrate_bps,
                (guint)(bits * G_USEC_PER_SEC / (guint64)elapsed_us));
  subscriber->rate_bytes = bytes;
  subscriber->rate_us = now_us;
}

static void
on_check (WcEndpoint *endpoint, gint64 now_us)
{
  WcSubscriber *subscriber = (WcSubscriber *)endpoint;

  if (endpoint->state != WC_ENDPOINT_SECURED)
    return;
  measure_rate (subscriber, now_us);
  if (subscriber->lane->tick != NULL)
    subscriber->lane->tick (subscriber->lane_data, now_us);
}

/* --- the endpoint's class, and life --------------------------------------- */

static void
on_connected (WcEndpoint *endpoint)
{
  WcSubscriber *subscriber = (WcSubscriber *)endpoint;

  subscriber->lane->connected (subscriber->lane_data);
}

static void
on_ended (WcEndpoint *endpoint)
{
  WcSubscriber *subscriber = (WcSubscriber *)endpoint;

  drop_change (subscriber);
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    if (subscriber->feeds[i] != NULL)
      wc_feed_leave (subscriber->feeds[i], subscriber);
    subscriber->feeds[i] = NULL;
    subscriber->deliveries[i].state = WC_DELIVERY_OFF;
  }
  /* It is told once, by expiry or by stop. */
  if (endpoint->state != WC_ENDPOINT_ENDED && subscriber->lane->ended != NULL)
    subscriber->lane->ended (subscriber->lane_data);
}

static WcSubscriberExpiry
expiry_of (WcEndpointExpiry why)
{
  switch (why) {
  case WC_ENDPOINT_CONNECT_TIMEOUT:
    return WC_SUBSCRIBER_CONNECT_TIMEOUT;
  case WC_ENDPOINT_CONSENT_EXPIRED:
    return WC_SUBSCRIBER_CONSENT_EXPIRED;
  case WC_ENDPOINT_GONE:
    break;
  }
  return WC_SUBSCRIBER_GONE;
}

static void
on_expired (WcEndpoint *endpoint, WcEndpointExpiry why)
{
  WcSubscriber *subscriber = (WcSubscriber *)endpoint;

  subscriber->events->expired (subscriber->user_data, expiry_of (why));
}

static void
on_free (WcEndpoint *endpoint)
{
  WcSubscriber *subscriber = (WcSubscriber *)endpoint;

  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_delivery_clear (&subscriber->deliveries[i]);
  wc_endpoint_clear (endpoint);
  g_free (subscriber);
}

static const WcEndpointClass endpoint_class = {
    .connected = on_connected,
    .secured = on_secured,
    .datagram = on_datagram,
    .check = on_check,
    .turn = on_turn,
    .ended = on_ended,
    .expired = on_expired,
    .free = on_free,
};

WcSubscriber *
wc_subscriber_new (WcEngine *engine, const WcSubscriberTrack tracks[WC_N_MEDIA],
                   const WcLane *lane, gpointer lane_data,
                   const WcSubscriberEvents *events, gpointer user_data)
{
  WcSubscriber *subscriber = g_new0 (WcSubscriber, 1);

  wc_endpoint_init (&subscriber->endpoint, &endpoint_class, engine);
  subscriber->lane = lane;
  subscriber->lane_data = lane_data;
  subscriber->events = events;
  subscriber->user_data = user_data;
  atomic_init (&subscriber->layer, -1);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_delivery_init (&subscriber->deliveries[i], tracks[i].track, i,
                      tracks[i].payload_type, tracks[i].ssrc, lane, lane_data);
  return subscriber;
}

WcSubscriber *
wc_subscriber_ref (WcSubscriber *subscriber)
{
  wc_endpoint_ref (&subscriber->endpoint);
  return subscriber;
}

void
wc_subscriber_unref (WcSubscriber *subscriber)
{
  wc_endpoint_unref (&subscriber->endpoint);
}

const char *
wc_subscriber_ufrag (const WcSubscriber *subscriber)
{
  return subscriber->endpoint.ufrag;
}

const char *
wc_subscriber_pwd (const WcSubscriber *subscriber)
{
  return subscriber->endpoint.pwd;
}
