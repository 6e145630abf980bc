/* SPDX-License-Identifier: MIT */
#include "engine/direct-lane-private.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "engine/rtcp-writer.h"

#include <string.h>

/* For how long a viewer that has the keys may still send DTLS again. */
#define RETIRE_AFTER_US (2 * G_USEC_PER_SEC)
/* RFC 3550 section 6.2 would allow five seconds; lips find each other sooner.
 */
#define REPORT_INTERVAL_US G_USEC_PER_SEC

#define RTP_X_BIT 0x10
#define EXTENSION_SIZE 8

#define RECORD_ALERT 21
#define RECORD_HEADER_SIZE 13

/* --- sending (worker) ----------------------------------------------------- */

void
wc_direct_lane_write_header (guint8 *out, const WcOutgoing *outgoing,
                             guint32 ssrc, guint8 payload_type, guint64 index)
{
  gboolean marker = (outgoing->packet->flags & WC_PACKET_MARKER) != 0;

  out[0] = 0x80;
  out[1] = payload_type | (marker ? 0x80 : 0);
  out[2] = (guint8)(index >> 8);
  out[3] = (guint8)index;
  wc_write_u32 (out + 4, outgoing->timestamp);
  wc_write_u32 (out + 8, ssrc);
}

/* Only this thread writes what the lock guards. */
WcSendPath *
wc_direct_lane_path (WcDirectLane *lane)
{
  const WcEndpoint *endpoint = &lane->subscriber->endpoint;

  if (!endpoint->has_path)
    return NULL;
  if (!wc_address_equal (&lane->path.remote, &endpoint->path.remote))
    lane->path.apart = FALSE;
  lane->path.remote = endpoint->path.remote;
  lane->path.local = endpoint->path.local;
  lane->path.tcp = endpoint->path.tcp;
  return &lane->path;
}

static void
add_packet (WcDirectLane *lane, WcSendBatch *batch, const WcOutgoing *outgoing)
{
  const WcPacket *packet = outgoing->packet;
  WcSrtpJob *job = wc_send_batch_add (
      batch, WC_RTP_FIXED_HEADER + packet->size + WC_SRTP_TAG_SIZE);

  wc_direct_lane_write_header (job->packet, outgoing, outgoing->ssrc,
                               outgoing->payload_type, outgoing->index);
  job->srtp = lane->out;
  job->header_size = WC_RTP_FIXED_HEADER;
  job->payload = packet->payload;
  job->payload_size = packet->size;
  job->index = outgoing->index;
}

const guint8 *
wc_direct_lane_payload (const WcOutgoing *outgoing, guint8 *room)
{
  const WcPacket *packet = outgoing->packet;

  if (wc_picture_shift_is_none (outgoing->pictures))
    return packet->payload;
  memcpy (room, packet->payload, packet->size);
  wc_picture_shift_apply (outgoing->pictures, room, packet->size);
  return room;
}

/* A header extension alone in a block of one-byte ones (RFC 8285 section 4.2).
 * @data: up to three bytes in the lower bits, the first one highest. */
static void
write_extension (guint8 *out, guint8 id, guint size, guint32 data)
{
  wc_write_u32 (out, 0xbede0001);
  wc_write_u32 (out + 4, (guint32)id << 28 | (size - 1) << 24 |
                             data << (8 * (3 - size)));
}

/* By which the viewer's link is estimated: by the viewer, with the time at
 * which a packet was sent, 24 bits of seconds in 6.18
 * (draft-alvestrand-rmcat-remb-03 section 2, "abs-send-time"); or by us. */
static void
write_estimation (WcDirectLane *lane, const WcDirectTrack *track, guint8 *out,
                  gsize size, gint64 now_us)
{
  if (track->twcc_extension != 0)
    write_extension (out, track->twcc_extension, 2,
                     wc_link_estimate_send (lane->link, size, now_us));
  else
    write_extension (out, track->send_time_extension, 3,
                     wc_clock_to_ntp (now_us) >> 14 & 0xffffff);
}

static gboolean
has_extension (const WcDirectTrack *track)
{
  return track->send_time_extension != 0 || track->twcc_extension != 0;
}

/* Of a viewer whose link is estimated, or who can choose among layers: with
 * numbers of pictures that go on from layer to layer. */
static void
add_extended (WcDirectLane *lane, const WcDirectTrack *track,
              WcSendBatch *batch, const WcOutgoing *outgoing, gint64 now_us)
{
  const WcPacket *packet = outgoing->packet;
  gsize header_size =
      WC_RTP_FIXED_HEADER + (has_extension (track) ? EXTENSION_SIZE : 0);
  gsize size = header_size + packet->size + WC_SRTP_TAG_SIZE;
  WcSrtpJob *job = wc_send_batch_add (batch, size);

  wc_direct_lane_write_header (job->packet, outgoing, outgoing->ssrc,
                               outgoing->payload_type, outgoing->index);
  if (has_extension (track)) {
    job->packet[0] |= RTP_X_BIT;
    write_estimation (lane, track, job->packet + WC_RTP_FIXED_HEADER, size,
                      now_us);
  }
  job->srtp = lane->out;
  job->header_size = (guint16)header_size;
  job->payload = wc_direct_lane_payload (outgoing, job->packet + header_size);
  job->payload_size = packet->size;
  job->index = outgoing->index;
}

static void
add_all (WcDirectLane *lane, WcDirectStream *stream, WcSendBatch *batch,
         const WcOutgoing *packets, guint n)
{
  for (guint i = 0; i < n; i++) {
    add_packet (lane, batch, &packets[i]);
    stream->octets += packets[i].packet->size;
  }
}

static void
add_all_extended (WcDirectLane *lane, WcDirectStream *stream,
                  WcSendBatch *batch, const WcOutgoing *packets, guint n)
{
  gint64 now_us = has_extension (&stream->track) ? wc_clock_now_us () : 0;

  for (guint i = 0; i < n; i++) {
    add_extended (lane, &stream->track, batch, &packets[i], now_us);
    stream->octets += packets[i].packet->size;
  }
}

static gboolean
on_send (gpointer data, WcMedia media, const WcOutgoing *packets, guint n)
{
  WcDirectLane *lane = data;
  WcDirectStream *stream = &lane->streams[media];
  WcSendBatch *batch = lane->subscriber->endpoint.worker->batch;

  WcSendPath *path = wc_direct_lane_path (lane);

  if (lane->out == NULL || path == NULL ||
      !wc_send_batch_begin (batch, path, n))
    return FALSE;
  if (has_extension (&stream->track) ||
      !wc_picture_shift_is_none (packets[0].pictures))
    add_all_extended (lane, stream, batch, packets, n);
  else
    add_all (lane, stream, batch, packets, n);
  stream->packets += n;
  stream->timestamp = packets[n - 1].timestamp;
  stream->capture_us = packets[n - 1].capture_us;
  stream->began = TRUE;
  return TRUE;
}

/* --- reports (worker) ----------------------------------------------------- */

static void
send_rtcp (WcDirectLane *lane, WcRtcpWriter *writer)
{
  gsize size = wc_srtp_protect_rtcp (lane->out, writer->data, writer->size,
                                     sizeof writer->data);

  if (size > 0)
    wc_subscriber_send (lane->subscriber, writer->data, size);
}

/* The RTP time of now, by the time line of the last packet: what sender and
 * receiver call now is the same moment, and the round trip comes out right. */
static void
write_report (const WcDirectStream *stream, WcRtcpWriter *writer, gint64 now_us)
{
  gint64 since_us = now_us - stream->capture_us;
  gint64 ticks = since_us * stream->track.clock_rate / G_USEC_PER_SEC;
  WcRtcpSender sender = {
      .ssrc = stream->track.ssrc,
      .ntp = wc_clock_to_ntp (now_us),
      .timestamp = stream->timestamp + (guint32)ticks,
      .packets = stream->packets,
      .octets = stream->octets,
  };

  wc_rtcp_write_sr (writer, &sender);
}

static void
send_reports (WcDirectLane *lane, gint64 now_us)
{
  WcRtcpWriter writer = {0};

  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (lane->streams[i].began)
      write_report (&lane->streams[i], &writer, now_us);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (lane->streams[i].began)
      wc_rtcp_write_cname (&writer, lane->streams[i].track.ssrc, lane->cname);
  send_rtcp (lane, &writer);
}

static gboolean
has_begun (const WcDirectLane *lane)
{
  gboolean began = FALSE;

  for (guint i = 0; i < WC_N_MEDIA; i++)
    began |= lane->streams[i].began;
  return began;
}

static void
maybe_report (WcDirectLane *lane, gint64 now_us)
{
  guint8 random;

  if (now_us < lane->report_us || !has_begun (lane))
    return;
  send_reports (lane, now_us);
  /* Viewers that joined together do not report together (RFC 3550
   * section 6.2). */
  wc_id_random_bytes (&random, sizeof random);
  lane->report_us = now_us + REPORT_INTERVAL_US / 2 +
                    REPORT_INTERVAL_US * random / G_MAXUINT8;
}

static void
say_bye (WcDirectLane *lane)
{
  WcRtcpWriter writer = {0};
  guint32 ssrcs[WC_N_MEDIA];
  guint n = 0;

  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (lane->streams[i].began)
      ssrcs[n++] = lane->streams[i].track.ssrc;
  if (n == 0)
    return;
  wc_rtcp_write_rr (&writer, ssrcs[0], NULL, 0);
  wc_rtcp_write_cname (&writer, ssrcs[0], lane->cname);
  wc_rtcp_write_bye (&writer, ssrcs, n);
  send_rtcp (lane, &writer);
}

/* --- the handshake (worker) ----------------------------------------------- */

static void
on_connected (gpointer data)
{
  WcDirectLane *lane = data;

  lane->handshake->connected (lane->handshake_data);
}

/* Encrypted (RFC 6347 section 4.1), with keys that are gone: most likely the
 * viewer's close_notify. */
static gboolean
is_alert (const guint8 *data, gsize size)
{
  return size > RECORD_HEADER_SIZE && data[0] == RECORD_ALERT &&
         (data[3] != 0 || data[4] != 0);
}

static void
on_dtls (gpointer data, const guint8 *bytes, gsize size)
{
  WcDirectLane *lane = data;

  if (lane->handshake != NULL)
    lane->handshake->receive_dtls (lane->handshake_data, bytes, size);
  else if (is_alert (bytes, size))
    wc_endpoint_hint_gone (&lane->subscriber->endpoint);
}

static void
maybe_retire (WcDirectLane *lane, gint64 now_us)
{
  if (lane->handshake == NULL || lane->known_us == 0 ||
      now_us - lane->known_us < RETIRE_AFTER_US)
    return;
  lane->handshake = NULL;
  lane->events->retire (lane->user_data);
}

static void
on_tick (gpointer data, gint64 now_us)
{
  WcDirectLane *lane = data;

  if (lane->out == NULL)
    return;
  maybe_report (lane, now_us);
  maybe_retire (lane, now_us);
}

static void
on_ended (gpointer data)
{
  WcDirectLane *lane = data;

  wc_send_batch_forget (lane->subscriber->endpoint.worker->batch, &lane->path);
  lane->handshake = NULL;
  if (lane->out == NULL)
    return;
  say_bye (lane);
  if (lane->goodbye_size > 0)
    wc_subscriber_send (lane->subscriber, lane->goodbye, lane->goodbye_size);
}

const WcLane wc_direct_lane = {
    .send = on_send,
    .connected = on_connected,
    .receive_dtls = on_dtls,
    .receive_srtcp = wc_direct_lane_on_srtcp,
    .tick = on_tick,
    .ended = on_ended,
};

/* --- any thread: posts to the worker -------------------------------------- */

typedef struct {
  WcDirectLane *lane;
  WcSrtp *out, *in;
} Keys;

static void
on_keys (WcWorker *worker, gpointer data)
{
  Keys *keys = data;
  WcDirectLane *lane = keys->lane;

  lane->out = keys->out;
  lane->in = keys->in;
  if (lane->is_client)
    lane->known_us = wc_clock_now_us ();
  wc_direct_lane_unref (lane);
  g_free (keys);
}

void
wc_direct_lane_set_keys (WcDirectLane *lane,
                         const guint8 send[WC_SRTP_MASTER_SIZE],
                         const guint8 receive[WC_SRTP_MASTER_SIZE])
{
  Keys *keys = g_new (Keys, 1);

  /* Here: the arithmetic is not the worker's. */
  *keys = (Keys){wc_direct_lane_ref (lane), wc_srtp_new (send),
                 wc_srtp_new (receive)};
  wc_worker_post (lane->subscriber->endpoint.worker, on_keys, keys);
}

typedef struct {
  WcDirectLane *lane;
  guint8 data[WC_DIRECT_GOODBYE_SIZE];
  guint8 size;
} Goodbye;

static void
on_goodbye (WcWorker *worker, gpointer data)
{
  Goodbye *goodbye = data;

  memcpy (goodbye->lane->goodbye, goodbye->data, goodbye->size);
  goodbye->lane->goodbye_size = goodbye->size;
  wc_direct_lane_unref (goodbye->lane);
  g_free (goodbye);
}

void
wc_direct_lane_set_goodbye (WcDirectLane *lane, const guint8 *data, gsize size)
{
  if (size == 0 || size > WC_DIRECT_GOODBYE_SIZE)
    return;
  Goodbye *goodbye = g_new0 (Goodbye, 1);
  goodbye->lane = wc_direct_lane_ref (lane);
  memcpy (goodbye->data, data, size);
  goodbye->size = (guint8)size;
  wc_worker_post (lane->subscriber->endpoint.worker, on_goodbye, goodbye);
}

/* --- life ----------------------------------------------------------------- */

WcDirectLane *
wc_direct_lane_new (const WcDirectLaneParams *params,
                    const WcDirectLaneEvents *events, gpointer user_data)
{
  WcDirectLane *lane = g_new0 (WcDirectLane, 1);
  guint16 seq;

  atomic_init (&lane->refs, 1);
  atomic_init (&lane->rtt_ms, -1);
  lane->events = events;
  lane->user_data = user_data;
  lane->handshake = params->handshake;
  lane->handshake_data = params->handshake_data;
  lane->is_client = params->is_client;
  lane->cname = g_strdup (params->cname);
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    wc_id_random_bytes (&seq, sizeof seq);
    lane->streams[i].track = params->tracks[i];
    lane->streams[i].rtx_index = seq & 0x7fff;
    if (params->tracks[i].twcc_extension != 0 && lane->link == NULL)
      lane->link = wc_link_estimate_new ();
  }
  return lane;
}

WcDirectLane *
wc_direct_lane_ref (WcDirectLane *lane)
{
  atomic_fetch_add_explicit (&lane->refs, 1, memory_order_relaxed);
  return lane;
}

void
wc_direct_lane_unref (WcDirectLane *lane)
{
  if (atomic_fetch_sub_explicit (&lane->refs, 1, memory_order_acq_rel) != 1)
    return;
  g_clear_pointer (&lane->out, wc_srtp_free);
  g_clear_pointer (&lane->in, wc_srtp_free);
  g_clear_pointer (&lane->link, wc_link_estimate_free);
  g_free (lane->cname);
  g_free (lane);
}

void
wc_direct_lane_set_subscriber (WcDirectLane *lane, WcSubscriber *subscriber)
{
  lane->subscriber = subscriber;
}

void
wc_direct_lane_get_stats (WcDirectLane *lane, WcDirectLaneStats *stats)
{
  *stats = (WcDirectLaneStats){
      .nacks = atomic_load (&lane->nacks),
      .resent = atomic_load (&lane->resent),
      .plis = atomic_load (&lane->plis),
      .rtt_ms = atomic_load (&lane->rtt_ms),
      .loss = atomic_load (&lane->loss_256) / 256.0,
      .jitter_ms = atomic_load (&lane->jitter_ms),
      .estimated_bps = atomic_load (&lane->estimated_bps),
      .rejected = atomic_load (&lane->rejected),
  };
  wc_report_meter_get (&lane->reports, &stats->reports);
}
