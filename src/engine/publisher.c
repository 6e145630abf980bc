/* SPDX-License-Identifier: MIT */
#include "engine/publisher.h"

#include "base/clock.h"
#include "base/id.h"
#include "engine/endpoint.h"
#include "engine/intake.h"
#include "engine/rtcp.h"
#include "engine/rtp-extension.h"
#include "engine/rtx.h"
#include "engine/twcc.h"

#include <openssl/crypto.h>
#include <string.h>

#define TURN_INTERVAL_US (25 * 1000)
#define WAITING_TURN_INTERVAL_US (5 * 1000)
#define TWCC_INTERVAL_US (50 * 1000)
#define REPORT_INTERVAL_US G_USEC_PER_SEC
#define MAX_ASKED 64
#define MAX_SENDERS 8

struct WcPublisher {
  WcEndpoint endpoint; /* the first field */
  const WcPublisherEvents *events;
  gpointer user_data;
  WcPublisherMedia media[WC_N_MEDIA];
  guint32 ssrc; /* of our reports */
  char cname[17];

  WcSrtp *send, *receive; /* from the keys on */
  WcDemux demux;
  WcIntake intakes[WC_N_MEDIA][WC_DEMUX_MAX_LAYERS];
  WcTwcc twcc;
  guint32 twcc_ssrc; /* of the newest packet with a number */
  gint64 twcc_us, report_us;

  pthread_mutex_t stats_lock; /* guards the next */
  WcPublisherStats stats;
  guint64 unauthentic, unknown; /* the worker's */
};

/* --- any thread ------------------------------------------------------------
 */

const char *
wc_publisher_ufrag (const WcPublisher *publisher)
{
  return publisher->endpoint.ufrag;
}

const char *
wc_publisher_pwd (const WcPublisher *publisher)
{
  return publisher->endpoint.pwd;
}

void
wc_publisher_restart_ice (WcPublisher *publisher, WcIceCredentials *fresh)
{
  wc_endpoint_restart_ice (&publisher->endpoint, fresh);
}

WcPublisher *
wc_publisher_ref (WcPublisher *publisher)
{
  wc_endpoint_ref (&publisher->endpoint);
  return publisher;
}

void
wc_publisher_unref (WcPublisher *publisher)
{
  wc_endpoint_unref (&publisher->endpoint);
}

void
wc_publisher_start (WcPublisher *publisher)
{
  wc_endpoint_start (&publisher->endpoint);
}

gboolean
wc_publisher_send (WcPublisher *publisher, const void *data, gsize size)
{
  return wc_endpoint_send (&publisher->endpoint, data, size);
}

void
wc_publisher_mute (WcPublisher *publisher)
{
  wc_endpoint_mute (&publisher->endpoint);
}

void
wc_publisher_stop (WcPublisher *publisher, void (*done) (gpointer),
                   gpointer user_data)
{
  wc_endpoint_stop (&publisher->endpoint, done, user_data);
}

typedef struct {
  WcPublisher *publisher;
  guint8 send[WC_SRTP_MASTER_SIZE], receive[WC_SRTP_MASTER_SIZE];
} Keys;

static void
on_keys (WcWorker *worker, gpointer data)
{
  Keys *keys = data;
  WcPublisher *publisher = keys->publisher;

  if (publisher->receive == NULL) {
    publisher->send = wc_srtp_new (keys->send);
    publisher->receive = wc_srtp_new (keys->receive);
  }
  wc_endpoint_secured (&publisher->endpoint);
  wc_publisher_unref (publisher);
  OPENSSL_cleanse (keys, sizeof *keys);
  g_free (keys);
}

void
wc_publisher_secured (WcPublisher *publisher,
                      const guint8 send[WC_SRTP_MASTER_SIZE],
                      const guint8 receive[WC_SRTP_MASTER_SIZE])
{
  Keys *keys = g_new (Keys, 1);

  keys->publisher = wc_publisher_ref (publisher);
  memcpy (keys->send, send, sizeof keys->send);
  memcpy (keys->receive, receive, sizeof keys->receive);
  wc_worker_post (publisher->endpoint.worker, on_keys, keys);
}

void
wc_publisher_get_stats (WcPublisher *publisher, WcPublisherStats *stats)
{
  pthread_mutex_lock (&publisher->stats_lock);
  *stats = publisher->stats;
  pthread_mutex_unlock (&publisher->stats_lock);
  stats->has_address = wc_endpoint_get_address (
      &publisher->endpoint, &stats->address, &stats->is_tcp);
}

/* --- the worker: what goes out ---------------------------------------------
 */

static WcIntake *
intake_of (WcPublisher *publisher, guint i)
{
  return &publisher->intakes[0][0] + i;
}

#define N_INTAKES (WC_N_MEDIA * WC_DEMUX_MAX_LAYERS)

/* RFC 3550 section 6.1: RTCP begins with a report and has a CNAME, unless the
 * publisher takes it without (RFC 5506). */
static void
begin_rtcp (WcPublisher *publisher, const WcPublisherMedia *media,
            WcRtcpWriter *writer)
{
  writer->size = 0;
  if (media->rtcp_rsize)
    return;
  wc_rtcp_write_rr (writer, publisher->ssrc, NULL, 0);
  wc_rtcp_write_cname (writer, publisher->ssrc, publisher->cname);
}

static void
send_rtcp (WcPublisher *publisher, WcRtcpWriter *writer)
{
  gsize size = wc_srtp_protect_rtcp (publisher->send, writer->data,
                                     writer->size, sizeof writer->data);

  if (size > 0)
    wc_endpoint_send (&publisher->endpoint, writer->data, size);
}

static void
send_reports (WcPublisher *publisher, gint64 now_us)
{
  WcRtcpBlock blocks[N_INTAKES];
  WcRtcpWriter writer = {0};
  guint n = 0;

  for (guint i = 0; i < N_INTAKES; i++)
    if (intake_of (publisher, i)->has_ssrc)
      wc_intake_report (intake_of (publisher, i), now_us, &blocks[n++]);
  wc_rtcp_write_rr (&writer, publisher->ssrc, blocks, n);
  wc_rtcp_write_cname (&writer, publisher->ssrc, publisher->cname);
  send_rtcp (publisher, &writer);
}

static void
write_key_request (WcPublisher *publisher, const WcPublisherMedia *media,
                   const WcIntake *intake, WcRtcpWriter *writer)
{
  if (media->pli)
    wc_rtcp_write_pli (writer, publisher->ssrc, intake->ssrc);
  else
    wc_rtcp_write_fir (writer, publisher->ssrc, intake->ssrc,
                       intake->fir_number);
}

static void
send_requests (WcPublisher *publisher, const WcPublisherMedia *media,
               WcIntake *intake, gint64 now_us)
{
  guint16 seqs[MAX_ASKED];
  WcRtcpWriter writer;
  guint n = wc_intake_ask (intake, now_us, seqs, MAX_ASKED);
  gboolean key =
      (media->pli || media->fir) && wc_intake_take_key_request (intake, now_us);

  if (n == 0 && !key)
    return;
  begin_rtcp (publisher, media, &writer);
  if (n > 0)
    wc_rtcp_write_nack (&writer, publisher->ssrc, intake->ssrc, seqs, n);
  if (key)
    write_key_request (publisher, media, intake, &writer);
  send_rtcp (publisher, &writer);
}

static void
send_twcc (WcPublisher *publisher)
{
  const WcPublisherMedia *media =
      &publisher->media[publisher->media[WC_MEDIA_VIDEO].demux.present
                            ? WC_MEDIA_VIDEO
                            : WC_MEDIA_AUDIO];

  while (wc_twcc_has_news (&publisher->twcc)) {
    guint8 feedback[WC_TWCC_MAX_SIZE];
    WcRtcpWriter writer;
    gsize size = wc_twcc_write (&publisher->twcc, publisher->ssrc,
                                publisher->twcc_ssrc, feedback);
    begin_rtcp (publisher, media, &writer);
    wc_rtcp_write_raw (&writer, feedback, size);
    send_rtcp (publisher, &writer);
  }
}

/* --- the worker: media -----------------------------------------------------
 */

static void
note_transport_seq (WcPublisher *publisher, const WcRtp *rtp,
                    const guint8 *data, gsize size, guint8 wanted,
                    gint64 now_us)
{
  WcRtpExtensions extensions;
  const guint8 *value;
  gsize length;
  guint8 id;

  if (wanted == 0 || !wc_rtp_extensions_init (&extensions, data, size))
    return;
  while (wc_rtp_extensions_next (&extensions, &id, &value, &length)) {
    if (id != wanted || length < 2)
      continue;
    publisher->twcc_ssrc = rtp->ssrc;
    wc_twcc_take (&publisher->twcc, (guint16)(value[0] << 8 | value[1]),
                  now_us);
    return;
  }
}

/* Retransmissions of a stream that was not heard yet repair nothing. */
static gboolean
unwrap (const WcPublisherMedia *media, const WcIntake *intake, guint8 *data,
        gsize *size, WcRtp *rtp)
{
  return intake->has_ssrc &&
         wc_rtx_unwrap (data, size, intake->ssrc, media->demux.payload_type) &&
         wc_rtp_read (rtp, data, *size);
}

static void
take_rtp (WcPublisher *publisher, guint8 *data, gsize size, gint64 now_us)
{
  WcDemuxStream stream;
  WcRtp rtp;

  if (!wc_rtp_read (&rtp, data, size) ||
      !wc_demux_find (&publisher->demux, &rtp, data, size, &stream)) {
    publisher->unknown++;
    return;
  }
  const WcPublisherMedia *media = &publisher->media[stream.media];
  WcIntake *intake = &publisher->intakes[stream.media][stream.layer];
  note_transport_seq (publisher, &rtp, data, size, media->twcc_extension,
                      now_us);
  if (stream.is_rtx && !unwrap (media, intake, data, &size, &rtp))
    return;
  wc_intake_take (intake, &rtp, stream.is_rtx, now_us);
  if (wc_intake_is_waiting (intake))
    wc_worker_want_turn (publisher->endpoint.worker, &publisher->endpoint,
                         now_us + WAITING_TURN_INTERVAL_US);
  publisher->events->rtp (stream.media, stream.layer, data, size, now_us,
                          publisher->user_data);
}

static void
take_sender_report (WcPublisher *publisher, const WcRtcpSenderReport *sender,
                    gint64 now_us)
{
  for (guint i = 0; i < N_INTAKES; i++) {
    WcIntake *intake = intake_of (publisher, i);
    if (!intake->has_ssrc || intake->ssrc != sender->ssrc)
      continue;
    wc_reception_sender_report (&intake->reception, sender->ntp, now_us);
    publisher->events->report (i / WC_DEMUX_MAX_LAYERS, i % WC_DEMUX_MAX_LAYERS,
                               sender->ntp, sender->rtp_timestamp, now_us,
                               publisher->user_data);
  }
}

static void
take_rtcp (WcPublisher *publisher, const guint8 *data, gsize size,
           gint64 now_us)
{
  WcRtcpSenderReport senders[MAX_SENDERS];
  guint n = wc_rtcp_read_senders (data, size, senders, MAX_SENDERS);

  for (guint i = 0; i < n; i++)
    take_sender_report (publisher, &senders[i], now_us);
}

static void
take_srtp (WcPublisher *publisher, const WcDatagram *datagram)
{
  guint8 data[WC_UDP_DATAGRAM_SIZE];
  gsize size = datagram->size;
  gboolean is_rtcp = datagram->data[1] >= 192 && datagram->data[1] <= 223;
  gint64 now_us = wc_clock_now_us ();

  memcpy (data, datagram->data, size);
  WcSrtpResult result =
      is_rtcp ? wc_srtp_unprotect_rtcp (publisher->receive, data, &size)
              : wc_srtp_unprotect_rtp (publisher->receive, data, &size, NULL);
  if (result != WC_SRTP_OK) {
    publisher->unauthentic += result != WC_SRTP_REPLAYED;
    return;
  }
  wc_endpoint_note_alive (&publisher->endpoint);
  if (is_rtcp)
    take_rtcp (publisher, data, size, now_us);
  else
    take_rtp (publisher, data, size, now_us);
}

/* RFC 7983 section 7, RFC 5761 section 4. */
static void
on_datagram (WcEndpoint *endpoint, const WcDatagram *datagram)
{
  WcPublisher *publisher = (WcPublisher *)endpoint;
  guint8 first = datagram->data[0];

  if (first >= 20 && first <= 63)
    publisher->events->dtls (datagram->data, datagram->size,
                             publisher->user_data);
  else if (first >= 128 && first <= 191 && datagram->size >= 8 &&
           publisher->receive != NULL)
    take_srtp (publisher, datagram);
}

/* --- the worker: turns and deadlines ---------------------------------------
 */

static void
publish_stats (WcPublisher *publisher)
{
  pthread_mutex_lock (&publisher->stats_lock);
  for (guint i = 0; i < N_INTAKES; i++)
    (&publisher->stats.streams[0][0])[i] = intake_of (publisher, i)->stats;
  publisher->stats.unauthentic = publisher->unauthentic;
  publisher->stats.unknown = publisher->unknown;
  pthread_mutex_unlock (&publisher->stats_lock);
}

static void
on_turn (WcEndpoint *endpoint, gint64 now_us)
{
  WcPublisher *publisher = (WcPublisher *)endpoint;
  gboolean waiting = FALSE;

  if (endpoint->state != WC_ENDPOINT_SECURED)
    return;
  for (guint i = 0; i < N_INTAKES; i++) {
    WcIntake *intake = intake_of (publisher, i);
    send_requests (publisher, &publisher->media[i / WC_DEMUX_MAX_LAYERS],
                   intake, now_us);
    waiting |= wc_intake_is_waiting (intake);
  }
  if (now_us - publisher->twcc_us >= TWCC_INTERVAL_US) {
    publisher->twcc_us = now_us;
    send_twcc (publisher);
  }
  if (now_us - publisher->report_us >= REPORT_INTERVAL_US) {
    publisher->report_us = now_us;
    send_reports (publisher, now_us);
  }
  wc_worker_want_turn (
      endpoint->worker, endpoint,
      now_us + (waiting ? WAITING_TURN_INTERVAL_US : TURN_INTERVAL_US));
}

static void
on_check (WcEndpoint *endpoint, gint64 now_us)
{
  publish_stats ((WcPublisher *)endpoint);
}

typedef struct {
  WcPublisher *publisher;
  WcMedia media;
  guint layer;
} KeyRequest;

static void
on_key_request (WcWorker *worker, gpointer data)
{
  KeyRequest *request = data;
  WcPublisher *publisher = request->publisher;
  WcIntake *intake = &publisher->intakes[request->media][request->layer];

  intake->key_wanted = TRUE;
  if (publisher->endpoint.state == WC_ENDPOINT_SECURED)
    wc_worker_want_turn (worker, &publisher->endpoint, wc_clock_now_us ());
  wc_publisher_unref (publisher);
  g_free (request);
}

void
wc_publisher_request_key_frame (WcPublisher *publisher, WcMedia media,
                                guint layer)
{
  KeyRequest *request = g_new (KeyRequest, 1);

  g_return_if_fail (media < WC_N_MEDIA && layer < WC_DEMUX_MAX_LAYERS);
  *request = (KeyRequest){wc_publisher_ref (publisher), media, layer};
  wc_worker_post (publisher->endpoint.worker, on_key_request, request);
}

/* --- the endpoint's class, and life ----------------------------------------
 */

static void
on_connected (WcEndpoint *endpoint)
{
  WcPublisher *publisher = (WcPublisher *)endpoint;

  publisher->events->connected (publisher->user_data);
}

static void
on_secured (WcEndpoint *endpoint)
{
  gint64 now_us = wc_clock_now_us ();

  /* FFmpeg sends no checks any more: its media says that it lives. */
  wc_endpoint_note_alive (endpoint);
  wc_worker_want_turn (endpoint->worker, endpoint, now_us);
}

static void
on_ended (WcEndpoint *endpoint)
{
  publish_stats ((WcPublisher *)endpoint);
}

static void
on_expired (WcEndpoint *endpoint, WcEndpointExpiry why)
{
  WcPublisher *publisher = (WcPublisher *)endpoint;

  publisher->events->expired (why == WC_ENDPOINT_CONNECT_TIMEOUT
                                  ? WC_PUBLISHER_CONNECT_TIMEOUT
                                  : WC_PUBLISHER_CONSENT_EXPIRED,
                              publisher->user_data);
}

static void
on_free (WcEndpoint *endpoint)
{
  WcPublisher *publisher = (WcPublisher *)endpoint;

  g_clear_pointer (&publisher->send, wc_srtp_free);
  g_clear_pointer (&publisher->receive, wc_srtp_free);
  pthread_mutex_destroy (&publisher->stats_lock);
  wc_endpoint_clear (endpoint);
  g_free (publisher);
}

static const WcEndpointClass endpoint_class = {
    .publishes = TRUE,
    .connected = on_connected,
    .secured = on_secured,
    .datagram = on_datagram,
    .check = on_check,
    .turn = on_turn,
    .ended = on_ended,
    .expired = on_expired,
    .free = on_free,
};

static void
init_demux (WcPublisher *publisher)
{
  WcDemuxMedia media[WC_N_MEDIA];

  for (guint i = 0; i < WC_N_MEDIA; i++)
    media[i] = publisher->media[i].demux;
  wc_demux_init (&publisher->demux, media);
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    const WcPublisherMedia *from = &publisher->media[i];
    /* With layers only their RIDs tell which SSRC is which. */
    for (guint k = 0; from->demux.n_layers == 0 && k < from->n_ssrcs; k++) {
      wc_demux_add (&publisher->demux, from->ssrcs[k].ssrc,
                    (WcDemuxStream){i, 0, FALSE});
      if (from->ssrcs[k].rtx_ssrc != 0)
        wc_demux_add (&publisher->demux, from->ssrcs[k].rtx_ssrc,
                      (WcDemuxStream){i, 0, TRUE});
    }
  }
}

WcPublisher *
wc_publisher_new (WcEngine *engine, const WcPublisherMedia media[WC_N_MEDIA],
                  const WcPublisherEvents *events, gpointer user_data)
{
  WcPublisher *publisher = g_new0 (WcPublisher, 1);
  g_autofree char *cname = wc_id_random_hex (8);

  wc_endpoint_init (&publisher->endpoint, &endpoint_class, engine);
  publisher->events = events;
  publisher->user_data = user_data;
  memcpy (publisher->media, media, sizeof publisher->media);
  g_strlcpy (publisher->cname, cname, sizeof publisher->cname);
  wc_id_random_bytes (&publisher->ssrc, sizeof publisher->ssrc);
  pthread_mutex_init (&publisher->stats_lock, NULL);
  init_demux (publisher);
  for (guint i = 0; i < WC_N_MEDIA; i++)
    for (guint k = 0; k < WC_DEMUX_MAX_LAYERS; k++)
      wc_intake_init (&publisher->intakes[i][k], media[i].clock_rate,
                      media[i].nack);
  return publisher;
}
