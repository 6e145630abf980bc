/* SPDX-License-Identifier: MIT */
#include "peer/webrtcbin-lane.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/rtcp.h"
#include "peer/certificate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* About half a second of 10 Mbit/s; beyond it the viewer skips. */
#define MAX_MEDIA 600
#define MAX_DATAGRAMS 128
#define RTP_HEADER_SIZE 12
/* With headers, RTX, tag and frame. */
#define PACKET_SIZE (WC_MAX_PAYLOAD + (gsize)64)
/* A viewer sends its reports as one or two SSRCs. srtpdec keeps 30 KiB for
 * every one that it meets, before it looks at the authentication tag. */
#define MAX_SENDERS 32
/* A viewer in trouble asks for a key frame a few times a second; one that asks
 * more often is heard no more often than this. */
#define KEY_REQUEST_INTERVAL_US (100 * 1000)

typedef enum { ITEM_CONNECTED, ITEM_DATAGRAM, ITEM_KEYS, ITEM_MEDIA } ItemType;

typedef struct {
  ItemType type;
  WcMedia media;
  WcOutgoing outgoing; /* with a reference to its packet */
  gsize size;
  guint8 *data; /* of a datagram */
} Item;

struct WcWebrtcbinLane {
  atomic_uint refs;
  GThreadPool *pool;
  const WcWebrtcbinLaneEvents *events;
  gpointer user_data;
  WcSubscriber *subscriber; /* borrowed */
  WcConnection *connection;
  GPtrArray *fingerprints; /* of the plan's offer, borrowed */
  guint32 ssrc[WC_N_MEDIA];

  pthread_mutex_t lock; /* guards the next seven */
  pthread_cond_t idle;
  GArray *queue; /* of Item */
  guint n_media, n_datagrams;
  guint n_running;    /* media of the run that goes on */
  gboolean scheduled; /* queued in the pool or running */
  gboolean closed;

  guint32 senders[MAX_SENDERS]; /* the worker's: SSRCs of SRTCP let in */
  guint n_senders;

  GArray *running;       /* the runner's: swapped with queue */
  gint64 key_request_us; /* RTCP's: when the last one was passed on */
  atomic_uint nacks, plis;
  atomic_int rtt_ms, loss_256; /* of the newest reports */
  WcReportMeter reports;
};

/* --- queue ---------------------------------------------------------------- */

static void
clear_item (Item *item)
{
  if (item->type == ITEM_MEDIA)
    wc_packet_unref (item->outgoing.packet);
  g_free (item->data);
}

/* With the lock held. TRUE: the caller must push the lane to the pool. */
static gboolean
schedule (WcWebrtcbinLane *lane)
{
  if (lane->scheduled)
    return FALSE;
  lane->scheduled = TRUE;
  atomic_fetch_add (&lane->refs, 1);
  return TRUE;
}

static void
enqueue (WcWebrtcbinLane *lane, Item item)
{
  pthread_mutex_lock (&lane->lock);
  gboolean room = !lane->closed && (item.type != ITEM_DATAGRAM ||
                                    lane->n_datagrams < MAX_DATAGRAMS);
  if (room) {
    lane->n_datagrams += item.type == ITEM_DATAGRAM;
    g_array_append_val (lane->queue, item);
  }
  gboolean push = room && schedule (lane);
  pthread_mutex_unlock (&lane->lock);

  if (!room)
    clear_item (&item);
  if (push)
    g_thread_pool_push (lane->pool, lane, NULL);
}

/* --- the engine's side (worker) ------------------------------------------- */

/* With the lock held. What is on its way to a connection that is too slow must
 * not be more than it takes: later it would be cut out of the middle. */
static gboolean
has_room (WcWebrtcbinLane *lane, guint n)
{
  gsize bytes = (lane->n_media + lane->n_running + n) * PACKET_SIZE;

  return !lane->closed && lane->n_media + n <= MAX_MEDIA &&
         wc_subscriber_has_room (lane->subscriber, bytes);
}

static gboolean
on_send (gpointer data, WcMedia media, const WcOutgoing *packets, guint n)
{
  WcWebrtcbinLane *lane = data;

  pthread_mutex_lock (&lane->lock);
  gboolean room = has_room (lane, n);
  for (guint i = 0; room && i < n; i++) {
    Item item = {ITEM_MEDIA, media, packets[i], 0, NULL};
    wc_packet_ref (packets[i].packet);
    g_array_append_val (lane->queue, item);
  }
  lane->n_media += room ? n : 0;
  gboolean push = room && schedule (lane);
  pthread_mutex_unlock (&lane->lock);

  if (push)
    g_thread_pool_push (lane->pool, lane, NULL);
  return room;
}

static void
on_connected (gpointer data)
{
  enqueue (data, (Item){.type = ITEM_CONNECTED});
}

static void
on_datagram (gpointer data, const guint8 *bytes, gsize size)
{
  enqueue (data, (Item){.type = ITEM_DATAGRAM,
                        .size = size,
                        .data = g_memdup2 (bytes, size)});
}

static gboolean
admit_sender (WcWebrtcbinLane *lane, guint32 ssrc)
{
  for (guint i = 0; i < lane->n_senders; i++)
    if (lane->senders[i] == ssrc)
      return TRUE;
  if (lane->n_senders == MAX_SENDERS)
    return FALSE;
  lane->senders[lane->n_senders++] = ssrc;
  return TRUE;
}

/* The SSRC is not encrypted (RFC 3711 section 3.4). */
static void
on_srtcp (gpointer data, const guint8 *bytes, gsize size)
{
  guint32 ssrc;

  if (size < 4 + sizeof ssrc)
    return;
  memcpy (&ssrc, bytes + 4, sizeof ssrc);
  if (admit_sender (data, ssrc))
    on_datagram (data, bytes, size);
}

const WcLane wc_webrtcbin_lane = {
    .send = on_send,
    .connected = on_connected,
    .receive_dtls = on_datagram,
    .receive_srtcp = on_srtcp,
};

/* --- the connection's side (any thread) ----------------------------------- */

static void
on_connection_send (const guint8 *data, gsize size, gpointer user_data)
{
  WcWebrtcbinLane *lane = user_data;

  wc_subscriber_send (lane->subscriber, data, size);
}

/* Not in place: the handshake is still in webrtcbin's hands here. */
static void
on_connection_keys (gpointer user_data)
{
  enqueue (user_data, (Item){.type = ITEM_KEYS});
}

static void
on_connection_closed (gpointer user_data)
{
  WcWebrtcbinLane *lane = user_data;

  lane->events->left (lane->user_data);
}

static void
note_reports (WcWebrtcbinLane *lane, const WcRtcpSummary *summary)
{
  guint64 now_ntp = wc_clock_now_ntp ();
  int loss = -1, rtt_ms = -1;

  for (guint i = 0; i < summary->n_reports; i++) {
    const WcRtcpReport *report = &summary->reports[i];
    rtt_ms = MAX (rtt_ms, wc_rtcp_round_trip_ms (report, now_ntp));
    loss = MAX (loss, report->fraction_lost);
  }
  wc_report_meter_add (&lane->reports, rtt_ms, loss);
  if (rtt_ms >= 0)
    atomic_store (&lane->rtt_ms, rtt_ms);
  if (loss >= 0)
    atomic_store (&lane->loss_256, loss);
}

static void
pass_key_request (WcWebrtcbinLane *lane)
{
  gint64 now_us = wc_clock_now_us ();

  if (now_us - lane->key_request_us < KEY_REQUEST_INTERVAL_US)
    return;
  lane->key_request_us = now_us;
  wc_subscriber_repeat_key_frame (lane->subscriber, WC_MEDIA_VIDEO);
  lane->events->key_frame_wanted (lane->user_data, WC_MEDIA_VIDEO);
}

static void
on_connection_rtcp (const guint8 *data, gsize size, gpointer user_data)
{
  WcWebrtcbinLane *lane = user_data;
  WcRtcpSummary summary;

  if (!wc_rtcp_parse (data, size, &summary))
    return;
  wc_subscriber_note_alive (lane->subscriber);
  note_reports (lane, &summary);
  atomic_fetch_add (&lane->nacks, summary.nacked);
  for (guint i = 0; i < summary.n_key_requests; i++) {
    if (summary.key_requests[i] != lane->ssrc[WC_MEDIA_VIDEO])
      continue;
    atomic_fetch_add (&lane->plis, 1);
    pass_key_request (lane);
  }
}

static const WcConnectionCallbacks connection_callbacks = {
    .send = on_connection_send,
    .keys = on_connection_keys,
    .rtcp = on_connection_rtcp,
    .dtls_closed = on_connection_closed,
};

/* --- running (lane pool) -------------------------------------------------- */

/* The payload that all viewers share, without a copy; or one with the viewer's
 * own numbers of pictures. */
static GstMemory *
wrap_payload (const WcOutgoing *outgoing)
{
  WcPacket *packet = outgoing->packet;
  guint8 *copy;

  if (wc_picture_shift_is_none (outgoing->pictures))
    return gst_memory_new_wrapped (
        GST_MEMORY_FLAG_READONLY, packet->payload, packet->size, 0,
        packet->size, wc_packet_ref (packet), (GDestroyNotify)wc_packet_unref);
  copy = g_memdup2 (packet->payload, packet->size);
  wc_picture_shift_apply (outgoing->pictures, copy, packet->size);
  return gst_memory_new_wrapped (0, copy, packet->size, 0, packet->size, copy,
                                 g_free);
}

/* A header of the viewer's own, and the payload: no copy is made before
 * srtpenc's. */
static GstBuffer *
make_buffer (const WcOutgoing *outgoing)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, RTP_HEADER_SIZE, NULL);
  const WcPacket *packet = outgoing->packet;
  guint8 header[RTP_HEADER_SIZE];

  header[0] = 0x80;
  header[1] =
      outgoing->payload_type | (packet->flags & WC_PACKET_MARKER ? 0x80 : 0);
  header[2] = (guint8)(outgoing->index >> 8);
  header[3] = (guint8)outgoing->index;
  wc_write_u32 (header + 4, outgoing->timestamp);
  wc_write_u32 (header + 8, outgoing->ssrc);
  gst_buffer_fill (buffer, 0, header, sizeof header);
  gst_buffer_append_memory (buffer, wrap_payload (outgoing));
  GST_BUFFER_PTS (buffer) =
      (GstClockTime)MAX (outgoing->capture_us, 0) * GST_USECOND;
  return buffer;
}

/* RFC 8827 section 6.5: who has the keys must be who wrote the offer. */
static void
check_identity (WcWebrtcbinLane *lane)
{
  g_autofree char *pem = wc_connection_dup_peer_pem (lane->connection);

  if (pem != NULL && wc_certificate_matches (pem, lane->fingerprints))
    lane->events->secured (lane->user_data);
  else
    lane->events->impostor (lane->user_data);
}

static void
run_item (WcWebrtcbinLane *lane, const Item *item)
{
  switch (item->type) {
  case ITEM_CONNECTED:
    wc_connection_ice_connected (lane->connection);
    break;
  case ITEM_DATAGRAM:
    wc_connection_receive (lane->connection, item->data, item->size);
    break;
  case ITEM_KEYS:
    check_identity (lane);
    break;
  case ITEM_MEDIA:
    wc_connection_send (lane->connection, item->media,
                        make_buffer (&item->outgoing));
    break;
  }
}

static void
take_queue (WcWebrtcbinLane *lane)
{
  pthread_mutex_lock (&lane->lock);
  if (!lane->closed) {
    GArray *queue = lane->queue;
    lane->queue = lane->running;
    lane->running = queue;
    lane->n_running = lane->n_media;
    lane->n_media = 0;
    lane->n_datagrams = 0;
  }
  pthread_mutex_unlock (&lane->lock);
}

/* TRUE: nothing is left, and the lane is not scheduled any more. */
static gboolean
finish_run (WcWebrtcbinLane *lane)
{
  pthread_mutex_lock (&lane->lock);
  gboolean finished = lane->queue->len == 0 || lane->closed;
  lane->n_running = 0;
  if (finished) {
    lane->scheduled = FALSE;
    pthread_cond_broadcast (&lane->idle);
  }
  pthread_mutex_unlock (&lane->lock);
  return finished;
}

/* What came meanwhile waits behind the other viewers' turns: one who sends
 * without end must not keep a thread of the pool. */
void
wc_webrtcbin_lane_run (gpointer data, gpointer unused)
{
  WcWebrtcbinLane *lane = data;

  take_queue (lane);
  for (guint i = 0; i < lane->running->len; i++)
    run_item (lane, &g_array_index (lane->running, Item, i));
  g_array_set_size (lane->running, 0);
  if (finish_run (lane))
    wc_webrtcbin_lane_unref (lane);
  else
    g_thread_pool_push (lane->pool, lane, NULL);
}

/* --- life ----------------------------------------------------------------- */

WcWebrtcbinLane *
wc_webrtcbin_lane_new (GThreadPool *pool, const WcWebrtcbinLaneEvents *events,
                       gpointer user_data)
{
  WcWebrtcbinLane *lane = g_new0 (WcWebrtcbinLane, 1);

  atomic_init (&lane->refs, 1);
  atomic_init (&lane->rtt_ms, -1);
  lane->pool = pool;
  lane->events = events;
  lane->user_data = user_data;
  pthread_mutex_init (&lane->lock, NULL);
  pthread_cond_init (&lane->idle, NULL);
  lane->queue = g_array_new (FALSE, FALSE, sizeof (Item));
  lane->running = g_array_new (FALSE, FALSE, sizeof (Item));
  g_array_set_clear_func (lane->queue, (GDestroyNotify)clear_item);
  g_array_set_clear_func (lane->running, (GDestroyNotify)clear_item);
  return lane;
}

void
wc_webrtcbin_lane_unref (WcWebrtcbinLane *lane)
{
  if (atomic_fetch_sub (&lane->refs, 1) != 1)
    return;
  g_array_unref (lane->queue);
  g_array_unref (lane->running);
  pthread_cond_destroy (&lane->idle);
  pthread_mutex_destroy (&lane->lock);
  g_free (lane);
}

void
wc_webrtcbin_lane_set_subscriber (WcWebrtcbinLane *lane,
                                  WcSubscriber *subscriber)
{
  lane->subscriber = subscriber;
}

gboolean
wc_webrtcbin_lane_open (WcWebrtcbinLane *lane, const WcConnectionParams *params,
                        GError **error)
{
  lane->fingerprints = params->plan->offer->fingerprints;
  memcpy (lane->ssrc, params->ssrc, sizeof lane->ssrc);
  lane->connection =
      wc_connection_open (params, &connection_callbacks, lane, error);
  return lane->connection != NULL;
}

guint32
wc_webrtcbin_lane_rtx_ssrc (WcWebrtcbinLane *lane, WcMedia media)
{
  return wc_connection_rtx_ssrc (lane->connection, media);
}

void
wc_webrtcbin_lane_close (WcWebrtcbinLane *lane)
{
  pthread_mutex_lock (&lane->lock);
  lane->closed = TRUE;
  while (lane->scheduled)
    pthread_cond_wait (&lane->idle, &lane->lock);
  g_array_set_size (lane->queue, 0);
  pthread_mutex_unlock (&lane->lock);
  if (lane->connection != NULL)
    wc_connection_close (g_steal_pointer (&lane->connection));
}

void
wc_webrtcbin_lane_get_stats (WcWebrtcbinLane *lane, WcWebrtcbinLaneStats *stats)
{
  *stats = (WcWebrtcbinLaneStats){
      .nacks = atomic_load (&lane->nacks),
      .plis = atomic_load (&lane->plis),
      .rtt_ms = atomic_load (&lane->rtt_ms),
      .loss = atomic_load (&lane->loss_256) / 256.0,
  };
  wc_report_meter_get (&lane->reports, &stats->reports);
}
