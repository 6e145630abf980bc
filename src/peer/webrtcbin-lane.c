/* SPDX-License-Identifier: MIT */
#include "peer/webrtcbin-lane.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/rtcp.h"
#include "peer/certificate.h"
#include "peer/connection-queue.h"

#include <stdatomic.h>
#include <string.h>

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

struct WcWebrtcbinLane {
  const WcWebrtcbinLaneEvents *events;
  gpointer user_data;
  WcSubscriber *subscriber; /* borrowed */
  WcConnectionQueue *queue;
  GPtrArray *fingerprints; /* of the plan's offer, borrowed */
  guint32 ssrc[WC_N_MEDIA];

  guint32 senders[MAX_SENDERS]; /* the worker's: SSRCs of SRTCP let in */
  guint n_senders;

  gint64 key_request_us; /* RTCP's: when the last one was passed on */
  atomic_uint nacks, plis;
  atomic_int rtt_ms, loss_256; /* of the newest reports */
  WcReportMeter reports;
};

/* --- the engine's side (worker) ------------------------------------------- */

/* What is on its way to a connection that is too slow must not be more than it
 * takes: later it would be cut out of the middle. */
static gboolean
on_send (gpointer data, WcMedia media, const WcOutgoing *packets, guint n)
{
  WcWebrtcbinLane *lane = data;
  gsize bytes = (wc_connection_queue_n_media (lane->queue) + n) * PACKET_SIZE;

  return wc_subscriber_has_room (lane->subscriber, bytes) &&
         wc_connection_queue_send (lane->queue, media, packets, n);
}

static void
on_connected (gpointer data)
{
  WcWebrtcbinLane *lane = data;

  wc_connection_queue_connected (lane->queue);
}

static void
on_datagram (gpointer data, const guint8 *bytes, gsize size)
{
  WcWebrtcbinLane *lane = data;

  wc_connection_queue_receive (lane->queue, bytes, size);
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

static void
on_connection_keys (gpointer user_data)
{
  WcWebrtcbinLane *lane = user_data;

  wc_connection_queue_keys (lane->queue);
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
check_identity (gpointer user_data)
{
  WcWebrtcbinLane *lane = user_data;
  g_autofree char *pem =
      wc_connection_dup_peer_pem (wc_connection_queue_connection (lane->queue));

  if (pem != NULL && wc_certificate_matches (pem, lane->fingerprints))
    lane->events->secured (lane->user_data);
  else
    lane->events->impostor (lane->user_data);
}

static void
send_media (WcMedia media, const WcOutgoing *outgoing, gpointer user_data)
{
  WcWebrtcbinLane *lane = user_data;

  wc_connection_send (wc_connection_queue_connection (lane->queue), media,
                      make_buffer (outgoing));
}

static const WcConnectionQueueFuncs queue_funcs = {
    .keys = check_identity,
    .media = send_media,
};

/* --- life ----------------------------------------------------------------- */

WcWebrtcbinLane *
wc_webrtcbin_lane_new (GThreadPool *pool, const WcWebrtcbinLaneEvents *events,
                       gpointer user_data)
{
  WcWebrtcbinLane *lane = g_new0 (WcWebrtcbinLane, 1);

  atomic_init (&lane->rtt_ms, -1);
  lane->events = events;
  lane->user_data = user_data;
  lane->queue =
      wc_connection_queue_new (pool, MAX_DATAGRAMS, &queue_funcs, lane);
  return lane;
}

void
wc_webrtcbin_lane_free (WcWebrtcbinLane *lane)
{
  wc_connection_queue_unref (lane->queue);
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
  WcConnection *connection = wc_connection_new (params);
  wc_connection_queue_set_connection (lane->queue, connection);
  return wc_connection_open (connection, params, &connection_callbacks, lane,
                             error);
}

guint32
wc_webrtcbin_lane_rtx_ssrc (WcWebrtcbinLane *lane, WcMedia media)
{
  return wc_connection_rtx_ssrc (wc_connection_queue_connection (lane->queue),
                                 media);
}

void
wc_webrtcbin_lane_close (WcWebrtcbinLane *lane)
{
  WcConnection *connection = wc_connection_queue_close (lane->queue);

  if (connection != NULL)
    wc_connection_close (connection);
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
