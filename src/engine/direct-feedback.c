/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "engine/direct-lane-private.h"
#include "engine/rtcp.h"
#include "engine/twcc-reader.h"

#include <string.h>

/* A viewer reports a few times a second; one in trouble, or with transport-wide
 * feedback, some hundred. What is above is not worth a hash. */
#define MAX_RECEIVED_PER_S 1000
/* Viewers send transport-wide feedback every 50 to 250 ms, or with each frame.
 * A few bytes of it can speak of a thousand packets. */
#define MAX_FEEDBACK_PER_S 100
/* What a viewer may have sent again, some 10 Mbit/s: one viewer's NACKs must
 * not keep a core and the uplink busy. */
#define MAX_RESENT_PER_S 1000
/* A viewer in trouble asks for a key frame a few times a second; one that asks
 * more often is heard no more often than this. */
#define KEY_REQUEST_INTERVAL_US (100 * 1000)
/* The original sequence number (RFC 4588 section 4). */
#define OSN_SIZE 2

/* A bucket that fills with @per_s tokens a second and holds as many. */
static gboolean
take_token (guint *tokens, gint64 *filled_us, guint per_s, gint64 now_us)
{
  gint64 more = (now_us - *filled_us) * per_s / G_USEC_PER_SEC;

  if (more > 0) {
    *tokens = (guint)MIN (*tokens + more, per_s);
    *filled_us = now_us;
  }
  if (*tokens == 0)
    return FALSE;
  (*tokens)--;
  return TRUE;
}

/* --- again ---------------------------------------------------------------- */

/* RFC 4588 section 4: a packet of another stream, with its own numbers. */
static void
add_rtx (WcDirectLane *lane, WcDirectStream *stream, WcSendBatch *batch,
         const WcOutgoing *outgoing)
{
  const WcPacket *packet = outgoing->packet;
  gsize payload_size = (gsize)packet->size + OSN_SIZE;
  WcSrtpJob *job = wc_send_batch_add (
      batch, WC_RTP_FIXED_HEADER + payload_size + WC_SRTP_TAG_SIZE);
  guint8 *payload = job->packet + WC_RTP_FIXED_HEADER;

  job->srtp = lane->out;
  job->index = stream->rtx_index++;
  wc_direct_lane_write_header (job->packet, outgoing, stream->track.rtx_ssrc,
                               stream->track.rtx_payload_type, job->index);
  payload[0] = (guint8)(outgoing->index >> 8);
  payload[1] = (guint8)outgoing->index;
  memcpy (payload + OSN_SIZE, packet->payload, packet->size);
  wc_picture_shift_apply (outgoing->pictures, payload + OSN_SIZE, packet->size);
  job->header_size = WC_RTP_FIXED_HEADER;
  job->payload = payload;
  job->payload_size = (guint16)payload_size;
}

/* The very packet once more: RFC 3711 section 9.1 forbids another payload under
 * the same index, not the same. */
static void
add_again (WcDirectLane *lane, WcSendBatch *batch, const WcOutgoing *outgoing)
{
  const WcPacket *packet = outgoing->packet;
  WcSrtpJob *job = wc_send_batch_add (
      batch, WC_RTP_FIXED_HEADER + packet->size + WC_SRTP_TAG_SIZE);

  wc_direct_lane_write_header (job->packet, outgoing, outgoing->ssrc,
                               outgoing->payload_type, outgoing->index);
  job->srtp = lane->out;
  job->index = outgoing->index;
  job->header_size = WC_RTP_FIXED_HEADER;
  job->payload =
      wc_direct_lane_payload (outgoing, job->packet + WC_RTP_FIXED_HEADER);
  job->payload_size = packet->size;
}

static void
resend (WcDirectLane *lane, WcMedia media, guint16 seq, gint64 now_us)
{
  WcDirectStream *stream = &lane->streams[media];
  WcWorker *worker = lane->subscriber->endpoint.worker;
  WcOutgoing outgoing;

  if (!take_token (&lane->resend_tokens, &lane->resend_us, MAX_RESENT_PER_S,
                   now_us))
    return;
  WcPacket *packet =
      wc_delivery_find (&lane->subscriber->deliveries[media], seq, &outgoing);
  if (packet == NULL)
    return;
  g_ptr_array_add (worker->held, packet);
  WcSendPath *path = wc_direct_lane_path (lane);
  if (path == NULL || !wc_send_batch_begin (worker->batch, path, 1))
    return;
  if (stream->track.rtx_ssrc != 0)
    add_rtx (lane, stream, worker->batch, &outgoing);
  else
    add_again (lane, worker->batch, &outgoing);
  atomic_fetch_add_explicit (&lane->resent, 1, memory_order_relaxed);
}

static void
on_nack (WcDirectLane *lane, const WcRtcpNack *nack, gint64 now_us)
{
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    const WcDirectTrack *track = &lane->streams[i].track;
    if (track->ssrc == 0 || track->ssrc != nack->ssrc || !track->nack)
      continue;
    resend (lane, i, nack->seq, now_us);
    for (guint bit = 0; bit < 16; bit++)
      if (nack->mask & 1u << bit)
        resend (lane, i, (guint16)(nack->seq + bit + 1), now_us);
  }
}

/* --- reports and key frames ----------------------------------------------- */

static const WcDirectStream *
stream_of (const WcDirectLane *lane, guint32 ssrc)
{
  for (guint i = 0; i < WC_N_MEDIA; i++)
    if (lane->streams[i].track.ssrc == ssrc && ssrc != 0)
      return &lane->streams[i];
  return NULL;
}

static void
note_reports (WcDirectLane *lane, const WcRtcpSummary *summary, gint64 now_us)
{
  guint64 now_ntp = wc_clock_to_ntp (now_us);
  guint jitter_ms = 0;
  int loss = -1, rtt_ms = -1;

  for (guint i = 0; i < summary->n_reports; i++) {
    const WcRtcpReport *report = &summary->reports[i];
    const WcDirectStream *stream = stream_of (lane, report->ssrc);
    if (stream == NULL)
      continue;
    rtt_ms = MAX (rtt_ms, wc_rtcp_round_trip_ms (report, now_ntp));
    loss = MAX (loss, report->fraction_lost);
    jitter_ms = MAX (jitter_ms, (guint)((guint64)report->jitter * 1000 /
                                        stream->track.clock_rate));
  }
  wc_report_meter_add (&lane->reports, rtt_ms, loss);
  if (loss >= 0) {
    atomic_store (&lane->loss_256, loss);
    atomic_store (&lane->jitter_ms, jitter_ms);
  }
  if (rtt_ms >= 0)
    atomic_store (&lane->rtt_ms, rtt_ms);
  if (summary->remb_bps > 0)
    atomic_store (&lane->estimated_bps, summary->remb_bps);
}

static void
note_feedback (WcDirectLane *lane, const guint8 *data, gsize size,
               gint64 now_us)
{
  WcTwccArrival arrivals[WC_TWCC_MAX_ARRIVALS];

  if (!take_token (&lane->feedback_tokens, &lane->feedback_us,
                   MAX_FEEDBACK_PER_S, now_us))
    return;
  guint n = wc_twcc_read (data, size, arrivals);
  wc_link_estimate_take (lane->link, arrivals, n, now_us);
  atomic_store (&lane->estimated_bps, wc_link_estimate_bps (lane->link));
}

static void
pass_key_request (WcDirectLane *lane, gint64 now_us)
{
  atomic_fetch_add (&lane->plis, 1);
  if (now_us - lane->key_request_us < KEY_REQUEST_INTERVAL_US)
    return;
  lane->key_request_us = now_us;
  wc_subscriber_repeat_key_frame (lane->subscriber, WC_MEDIA_VIDEO);
  lane->events->key_frame_wanted (lane->user_data, WC_MEDIA_VIDEO);
}

static void
on_rtcp (WcDirectLane *lane, const guint8 *data, gsize size, gint64 now_us)
{
  WcRtcpSummary summary;

  if (!wc_rtcp_parse (data, size, &summary))
    return;
  note_reports (lane, &summary, now_us);
  for (guint i = 0; lane->link != NULL && i < summary.n_twcc; i++)
    note_feedback (lane, summary.twcc[i].data, summary.twcc[i].size, now_us);
  atomic_fetch_add (&lane->nacks, summary.nacked);
  for (guint i = 0; i < summary.n_nacks; i++)
    on_nack (lane, &summary.nacks[i], now_us);
  for (guint i = 0; i < summary.n_key_requests; i++)
    if (summary.key_requests[i] == lane->streams[WC_MEDIA_VIDEO].track.ssrc)
      pass_key_request (lane, now_us);
}

/* --- receiving ------------------------------------------------------------ */

void
wc_direct_lane_on_srtcp (gpointer data, const guint8 *bytes, gsize size)
{
  WcDirectLane *lane = data;
  guint8 copy[WC_UDP_DATAGRAM_SIZE];
  gint64 now_us = wc_clock_now_us ();

  if (lane->in == NULL || size > sizeof copy)
    return;
  if (!take_token (&lane->receive_tokens, &lane->receive_us, MAX_RECEIVED_PER_S,
                   now_us)) {
    atomic_fetch_add_explicit (&lane->rejected, 1, memory_order_relaxed);
    return;
  }
  memcpy (copy, bytes, size);
  if (wc_srtp_unprotect_rtcp (lane->in, copy, &size) != WC_SRTP_OK) {
    atomic_fetch_add_explicit (&lane->rejected, 1, memory_order_relaxed);
    return;
  }
  wc_subscriber_note_alive (lane->subscriber);
  if (lane->known_us == 0)
    lane->known_us = now_us;
  on_rtcp (lane, copy, size, now_us);
}
