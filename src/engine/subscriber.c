/* SPDX-License-Identifier: MIT */
#include "engine/subscriber.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "engine/engine-private.h"
#include "engine/subscriber-private.h"

#include <string.h>

/* What a viewer is sent of the past in one turn of 5 ms: 30 Mbit/s with full
 * packets, which a browser's receive buffer (64 KiB) takes; more only for
 * tracks that are faster than a third of that. */
#define PACE_PACKETS 16
#define PACE_TURNS_PER_S 200

/* A key frame is not repeated more often than this for one viewer; twice as
 * rarely with every time that did not help, until it asks for none for long. */
#define REPEAT_INTERVAL_US (2 * G_USEC_PER_SEC)
#define MAX_REPEAT_DOUBLINGS 4
#define REPEAT_FORGOTTEN_US (60 * G_USEC_PER_SEC)
/* How often a viewer without a start point asks for one. */
#define WANT_INTERVAL_US (G_USEC_PER_SEC / 2)
/* A pair that was not nominated again for so long gives way (RFC 8445
 * section 8.1.1 leaves this to us; Chromium nominates with every check). */
#define NOMINATION_FRESH_US G_USEC_PER_SEC

#define RATE_INTERVAL_US (G_USEC_PER_SEC / 2)

/* --- life ----------------------------------------------------------------- */

WcSubscriber *
wc_subscriber_new (WcEngine *engine, const WcSubscriberTrack tracks[WC_N_MEDIA],
                   const WcLane *lane, gpointer lane_data,
                   const WcSubscriberEvents *events, gpointer user_data)
{
  WcSubscriber *subscriber = g_new0 (WcSubscriber, 1);
  g_autofree char *random = wc_id_random_hex (6);
  g_autofree char *pwd = wc_id_random_hex (16);

  atomic_init (&subscriber->refs, 1);
  subscriber->engine = engine;
  subscriber->worker = wc_engine_choose_worker (engine);
  subscriber->lane = lane;
  subscriber->lane_data = lane_data;
  subscriber->events = events;
  subscriber->user_data = user_data;
  g_snprintf (subscriber->ufrag, sizeof subscriber->ufrag, "%02x%s",
              subscriber->worker->index, random);
  g_strlcpy (subscriber->pwd, pwd, sizeof subscriber->pwd);
  pthread_mutex_init (&subscriber->path_lock, NULL);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_delivery_init (&subscriber->deliveries[i], tracks[i].track, i,
                      tracks[i].payload_type, tracks[i].ssrc, lane, lane_data);
  return subscriber;
}

WcSubscriber *
wc_subscriber_ref (WcSubscriber *subscriber)
{
  atomic_fetch_add_explicit (&subscriber->refs, 1, memory_order_relaxed);
  return subscriber;
}

void
wc_subscriber_unref (WcSubscriber *subscriber)
{
  if (atomic_fetch_sub_explicit (&subscriber->refs, 1, memory_order_acq_rel) !=
      1)
    return;
  for (guint i = 0; i < WC_N_MEDIA; i++)
    wc_delivery_clear (&subscriber->deliveries[i]);
  pthread_mutex_destroy (&subscriber->path_lock);
  g_free (subscriber);
}

const char *
wc_subscriber_ufrag (const WcSubscriber *subscriber)
{
  return subscriber->ufrag;
}

const char *
wc_subscriber_pwd (const WcSubscriber *subscriber)
{
  return subscriber->pwd;
}

/* --- any thread: posts to the worker -------------------------------------- */

static void
on_start (WcWorker *worker, gpointer data)
{
  g_autoptr (WcSubscriber) subscriber = data;

  if (subscriber->state != WC_SUBSCRIBER_NEW)
    return;
  subscriber->state = WC_SUBSCRIBER_STARTED;
  subscriber->started_us = wc_clock_now_us ();
  wc_worker_add (worker, subscriber);
}

void
wc_subscriber_start (WcSubscriber *subscriber)
{
  wc_worker_post (subscriber->worker, on_start, wc_subscriber_ref (subscriber));
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
    subscriber->worker->n_catching_up++;
  else if (delivery->state == WC_DELIVERY_WAITING)
    maybe_want_key_frame (subscriber, media, wc_clock_now_us ());
}

static void
on_secured (WcWorker *worker, gpointer data)
{
  g_autoptr (WcSubscriber) subscriber = data;

  if (subscriber->state != WC_SUBSCRIBER_CONNECTED)
    return;
  subscriber->state = WC_SUBSCRIBER_SECURED;
  subscriber->rate_us = wc_clock_now_us ();
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    WcTrack *track = subscriber->deliveries[i].track;
    if (track == NULL)
      continue;
    subscriber->feeds[i] = wc_worker_join_feed (worker, track, subscriber);
    begin (subscriber, i, subscriber->engine->config.fast_start);
  }
}

void
wc_subscriber_secured (WcSubscriber *subscriber)
{
  wc_worker_post (subscriber->worker, on_secured,
                  wc_subscriber_ref (subscriber));
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

  if (subscriber->state != WC_SUBSCRIBER_SECURED || delivery->track == NULL)
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
  wc_worker_post (subscriber->worker,
                  media == WC_MEDIA_AUDIO ? on_repeat_audio : on_repeat_video,
                  wc_subscriber_ref (subscriber));
}

void
wc_subscriber_note_alive (WcSubscriber *subscriber)
{
  atomic_store_explicit (&subscriber->alive_us, wc_clock_now_us (),
                         memory_order_relaxed);
}

gboolean
wc_subscriber_send (WcSubscriber *subscriber, const void *data, gsize size)
{
  pthread_mutex_lock (&subscriber->path_lock);
  gboolean open = subscriber->has_path && !subscriber->muted;
  WcAddress remote = subscriber->remote;
  WcAddress local = subscriber->local;
  pthread_mutex_unlock (&subscriber->path_lock);

  return open &&
         wc_worker_send (subscriber->worker, &remote, &local, data, size);
}

void
wc_subscriber_mute (WcSubscriber *subscriber)
{
  pthread_mutex_lock (&subscriber->path_lock);
  subscriber->muted = TRUE;
  pthread_mutex_unlock (&subscriber->path_lock);
}

typedef struct {
  WcSubscriber *subscriber;
  void (*done) (gpointer);
  gpointer user_data;
} Stop;

static void
end (WcSubscriber *subscriber)
{
  WcWorker *worker = subscriber->worker;

  for (guint i = 0; i < WC_N_MEDIA; i++) {
    if (subscriber->feeds[i] != NULL)
      wc_worker_leave_feed (worker, subscriber->feeds[i], subscriber);
    subscriber->feeds[i] = NULL;
    subscriber->deliveries[i].state = WC_DELIVERY_OFF;
  }
  for (guint i = 0; i < subscriber->n_addresses; i++)
    wc_worker_forget_address (worker, &subscriber->addresses[i], subscriber);
  subscriber->n_addresses = 0;
  subscriber->state = WC_SUBSCRIBER_ENDED;
}

static void
on_stop (WcWorker *worker, gpointer data)
{
  Stop *stop = data;

  end (stop->subscriber);
  wc_worker_remove (worker, stop->subscriber);
  stop->done (stop->user_data);
  wc_subscriber_unref (stop->subscriber);
  g_free (stop);
}

void
wc_subscriber_stop (WcSubscriber *subscriber, void (*done) (gpointer),
                    gpointer user_data)
{
  Stop *stop = g_new (Stop, 1);

  *stop = (Stop){wc_subscriber_ref (subscriber), done, user_data};
  wc_worker_post (subscriber->worker, on_stop, stop);
}

void
wc_subscriber_get_stats (WcSubscriber *subscriber, WcSubscriberStats *stats)
{
  *stats = (WcSubscriberStats){
      .packets_sent = atomic_load (&subscriber->packets),
      .bytes_sent = atomic_load (&subscriber->bytes),
      .packets_dropped = atomic_load (&subscriber->dropped),
      .skips = atomic_load (&subscriber->skips),
      .bitrate_bps = atomic_load (&subscriber->bitrate_bps),
  };
  pthread_mutex_lock (&subscriber->path_lock);
  stats->has_address = subscriber->has_path;
  stats->address = subscriber->remote;
  pthread_mutex_unlock (&subscriber->path_lock);
}

/* --- the worker: ICE ------------------------------------------------------ */

static gboolean
knows_address (const WcSubscriber *subscriber, const WcAddress *address)
{
  for (guint i = 0; i < subscriber->n_addresses; i++)
    if (wc_address_equal (&subscriber->addresses[i], address))
      return TRUE;
  return FALSE;
}

static gboolean
is_path (const WcSubscriber *subscriber, const WcAddress *address)
{
  return subscriber->has_path &&
         wc_address_equal (&subscriber->remote, address);
}

/* A ring of a few: the nominated one is never pushed out. */
static void
learn_address (WcSubscriber *subscriber, const WcAddress *address)
{
  /* Also one that is known: it may have been somebody else's meanwhile. */
  wc_worker_learn_address (subscriber->worker, address, subscriber);
  if (knows_address (subscriber, address))
    return;
  guint at = subscriber->n_addresses;
  if (at == WC_SUBSCRIBER_ADDRESSES) {
    at = subscriber->next_address;
    if (is_path (subscriber, &subscriber->addresses[at]))
      at = (at + 1) % WC_SUBSCRIBER_ADDRESSES;
    subscriber->next_address = (at + 1) % WC_SUBSCRIBER_ADDRESSES;
    wc_worker_forget_address (subscriber->worker, &subscriber->addresses[at],
                              subscriber);
  } else {
    subscriber->n_addresses++;
  }
  subscriber->addresses[at] = *address;
}

static void
take_path (WcSubscriber *subscriber, const WcDatagram *datagram)
{
  pthread_mutex_lock (&subscriber->path_lock);
  subscriber->has_path = TRUE;
  subscriber->remote = datagram->from;
  subscriber->local = datagram->local;
  pthread_mutex_unlock (&subscriber->path_lock);

  if (subscriber->state == WC_SUBSCRIBER_STARTED) {
    subscriber->state = WC_SUBSCRIBER_CONNECTED;
    subscriber->lane->connected (subscriber->lane_data);
  }
}

/* Chromium nominates only the pair it uses, again and again; libnice may
 * nominate several at once, and then the highest priority counts. */
static void
nominate (WcSubscriber *subscriber, const WcDatagram *datagram,
          guint32 priority, gint64 now_us)
{
  gboolean same = is_path (subscriber, &datagram->from);
  gboolean fresh = now_us - subscriber->nominated_us < NOMINATION_FRESH_US;

  if (!same && fresh && priority < subscriber->nominated_priority)
    return;
  subscriber->nominated_priority = priority;
  subscriber->nominated_us = now_us;
  take_path (subscriber, datagram);
}

void
wc_subscriber_on_stun (WcSubscriber *subscriber, const WcDatagram *datagram)
{
  guint8 answer[WC_STUN_ANSWER_SIZE];
  WcStunRequest request;
  WcWorker *worker = subscriber->worker;

  if (subscriber->state == WC_SUBSCRIBER_ENDED ||
      !wc_stun_answer (worker->stun, datagram->data, datagram->size,
                       subscriber->pwd, &datagram->from, answer, &request)) {
    atomic_fetch_add_explicit (&worker->stun_rejected, 1, memory_order_relaxed);
    return;
  }
  wc_subscriber_note_alive (subscriber);
  /* Before the answer: what follows it may come to another worker's socket. */
  learn_address (subscriber, &datagram->from);
  wc_worker_send (worker, &datagram->from, &datagram->local, answer,
                  request.answer_size);
  if (request.use_candidate)
    nominate (subscriber, datagram, request.priority, wc_clock_now_us ());
  else if (!subscriber->has_path)
    take_path (subscriber, datagram); /* RFC 8445 section 12.1: any valid pair;
                                         DTLS gains a round trip */
}

/* RFC 7983 section 7, RFC 5761 section 4. A viewer has no RTP for us. */
void
wc_subscriber_on_datagram (WcSubscriber *subscriber, const WcDatagram *datagram)
{
  guint8 first = datagram->data[0];

  if (subscriber->state < WC_SUBSCRIBER_CONNECTED ||
      subscriber->state == WC_SUBSCRIBER_ENDED)
    return;
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
publish (WcSubscriber *subscriber)
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
    subscriber->events->playing (subscriber->user_data);
  }
}

void
wc_subscriber_on_packets (WcSubscriber *subscriber, const WcFeed *feed,
                          WcPacket *const *packets, guint n, gboolean lagged,
                          gint64 now_us)
{
  WcMedia media = feed == subscriber->feeds[WC_MEDIA_AUDIO] ? WC_MEDIA_AUDIO
                                                            : WC_MEDIA_VIDEO;
  WcDelivery *delivery = &subscriber->deliveries[media];

  if (lagged)
    wc_delivery_lagged (delivery);
  wc_delivery_live (delivery, packets, n, now_us);
  if (delivery->state == WC_DELIVERY_WAITING)
    maybe_want_key_frame (subscriber, media, now_us);
  publish (subscriber);
}

static guint
pace_budget (WcSubscriber *subscriber, WcMedia media)
{
  WcTrackStats stats;

  wc_track_get_stats (subscriber->deliveries[media].track, &stats);
  guint live = stats.bitrate_bps / 8 / WC_MAX_PAYLOAD / PACE_TURNS_PER_S;
  return MAX (PACE_PACKETS, 3 * (live + 1));
}

gboolean
wc_subscriber_catch_up (WcSubscriber *subscriber, gint64 now_us)
{
  gboolean more = FALSE;

  for (guint i = 0; i < WC_N_MEDIA; i++) {
    WcDelivery *delivery = &subscriber->deliveries[i];
    if (delivery->state != WC_DELIVERY_CATCHING_UP)
      continue;
    wc_delivery_catch_up (delivery, subscriber->feeds[i]->seq,
                          pace_budget (subscriber, i), now_us);
    publish (subscriber);
    more |= delivery->state == WC_DELIVERY_CATCHING_UP;
  }
  return more;
}

static void
measure_rate (WcSubscriber *subscriber, gint64 now_us)
{
  gint64 elapsed_us = now_us - subscriber->rate_us;
  guint64 bytes = atomic_load (&subscriber->bytes);

  if (subscriber->rate_us == 0 || elapsed_us < RATE_INTERVAL_US)
    return;
  guint64 bits = (bytes - subscriber->rate_bytes) * 8;
  atomic_store (&subscriber->bitrate_bps,
                (guint)(bits * G_USEC_PER_SEC / (guint64)elapsed_us));
  subscriber->rate_bytes = bytes;
  subscriber->rate_us = now_us;
}

static void
expire (WcSubscriber *subscriber, WcSubscriberExpiry why)
{
  end (subscriber);
  subscriber->events->expired (subscriber->user_data, why);
}

void
wc_subscriber_check (WcSubscriber *subscriber, gint64 now_us)
{
  const WcEngineConfig *config = &subscriber->engine->config;
  gint64 alive_us = atomic_load (&subscriber->alive_us);

  if (subscriber->state == WC_SUBSCRIBER_ENDED)
    return;
  if (subscriber->state != WC_SUBSCRIBER_SECURED &&
      now_us - subscriber->started_us > config->connect_timeout_ms * 1000LL)
    expire (subscriber, WC_SUBSCRIBER_CONNECT_TIMEOUT);
  else if (subscriber->state == WC_SUBSCRIBER_SECURED &&
           now_us - alive_us > config->consent_timeout_ms * 1000LL)
    expire (subscriber, WC_SUBSCRIBER_CONSENT_EXPIRED);
  else
    measure_rate (subscriber, now_us);
}
