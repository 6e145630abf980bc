/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-publisher.h"

#include "base/bytes.h"
#include "engine/rtp.h"
#include "ingest/source-rtcp.h"
#include "sdp/announce.h"

#include <pthread.h>
#include <stdatomic.h>

#define RTCP_SR 200
#define RTCP_RR 201
#define RTCP_SDES 202

typedef struct {
  gboolean has_format;
  WcSourceFormat format;
  WcSourceTrack *track; /* NULL: its packets are dropped */
  gboolean heard;
  guint32 ssrc;          /* of the newest packet, if heard */
  guint32 reported_ssrc; /* of the first: the one the RTP session knows */
} Stream;

struct WcRtspPublisher {
  atomic_uint refs;
  /* constant */
  WcAddress address;
  const WcRtspPublisherFuncs *funcs;
  gpointer connection;
  guint n_streams;

  pthread_mutex_t lock; /* guards what follows */
  Stream streams[WC_SDP_ANNOUNCE_MAX_STREAMS];
  gint64 last_packet_us;
};

/* --- life ----------------------------------------------------------------- */

static void
init_stream (Stream *stream, const WcSdpAnnounceStream *announced)
{
  g_autofree char *encoding = g_ascii_strup (announced->encoding, -1);

  stream->format = (WcSourceFormat){
      .media = announced->media,
      .payload_type = announced->payload_type,
      .clock_rate = announced->clock_rate,
      .channels = announced->media == WC_MEDIA_AUDIO ? announced->channels : 0,
      .fmtp = g_strdup (announced->fmtp),
  };
  g_strlcpy (stream->format.encoding, encoding, sizeof stream->format.encoding);
  stream->has_format = announced->is_media && announced->encoding[0] != '\0';
}

WcRtspPublisher *
wc_rtsp_publisher_new (const GPtrArray *streams, const WcAddress *address,
                       const WcRtspPublisherFuncs *funcs, gpointer connection)
{
  WcRtspPublisher *self = g_new0 (WcRtspPublisher, 1);

  atomic_init (&self->refs, 1);
  self->address = *address;
  self->funcs = funcs;
  self->connection = connection;
  self->n_streams = MIN (streams->len, WC_SDP_ANNOUNCE_MAX_STREAMS);
  pthread_mutex_init (&self->lock, NULL);
  for (guint i = 0; i < self->n_streams; i++)
    init_stream (&self->streams[i], streams->pdata[i]);
  return self;
}

WcRtspPublisher *
wc_rtsp_publisher_ref (WcRtspPublisher *self)
{
  atomic_fetch_add_explicit (&self->refs, 1, memory_order_relaxed);
  return self;
}

void
wc_rtsp_publisher_unref (WcRtspPublisher *self)
{
  if (atomic_fetch_sub_explicit (&self->refs, 1, memory_order_acq_rel) != 1)
    return;
  for (guint i = 0; i < self->n_streams; i++) {
    wc_source_format_clear (&self->streams[i].format);
    g_clear_pointer (&self->streams[i].track, wc_source_track_unref);
  }
  pthread_mutex_destroy (&self->lock);
  self->funcs->free (self->connection);
  g_free (self);
}

/* --- any thread ----------------------------------------------------------- */

guint
wc_rtsp_publisher_n_streams (const WcRtspPublisher *self)
{
  return self->n_streams;
}

const WcAddress *
wc_rtsp_publisher_address (const WcRtspPublisher *self)
{
  return &self->address;
}

gint64
wc_rtsp_publisher_last_packet_us (WcRtspPublisher *self)
{
  gint64 last_packet_us;

  pthread_mutex_lock (&self->lock);
  last_packet_us = self->last_packet_us;
  pthread_mutex_unlock (&self->lock);
  return last_packet_us;
}

/* --- streaming threads ---------------------------------------------------- */

/* With UDP anybody could send. */
static gboolean
is_from_publisher (const WcRtspPublisher *self, const WcAddress *from)
{
  return from == NULL || wc_address_same_ip (from, &self->address);
}

/* Only one SSRC of a stream is let through: the RTP session keeps a jitter
 * buffer and a table entry of each that it hears of. */
static gboolean
take_rtp (WcRtspPublisher *self, Stream *stream, const guint8 *data, gsize size,
          gint64 now_us)
{
  WcRtp rtp;

  if (stream->track == NULL || !wc_rtp_read (&rtp, data, size) ||
      rtp.payload_type != stream->format.payload_type)
    return FALSE;
  self->last_packet_us = now_us;
  if (!stream->heard)
    stream->reported_ssrc = rtp.ssrc;
  stream->heard = TRUE;
  stream->ssrc = rtp.ssrc;
  wc_source_track_push_rtp (stream->track, data, size, now_us);
  return rtp.ssrc == stream->reported_ssrc;
}

gboolean
wc_rtsp_publisher_push_rtp (WcRtspPublisher *self, guint index,
                            const WcAddress *from, const guint8 *data,
                            gsize size, gint64 now_us)
{
  gboolean pass;

  if (index >= self->n_streams || !is_from_publisher (self, from))
    return FALSE;
  pthread_mutex_lock (&self->lock);
  pass = take_rtp (self, &self->streams[index], data, size, now_us);
  pthread_mutex_unlock (&self->lock);
  return pass;
}

/* TRUE if all of the compound packet are reports and descriptions of @ssrc. */
static gboolean
is_report_of (const guint8 *data, gsize size, guint32 ssrc)
{
  const guint8 bytes[] = {(guint8)(ssrc >> 24), (guint8)(ssrc >> 16),
                          (guint8)(ssrc >> 8), (guint8)ssrc};

  while (size >= 8) {
    gsize length = 4 * (((gsize)data[2] << 8 | data[3]) + 1);
    guint count = data[0] & 0x1f;

    if (length > size || length < 8 || data[0] >> 6 != 2 ||
        memcmp (data + 4, bytes, sizeof bytes) != 0)
      return FALSE;
    if (data[1] != RTCP_SR && data[1] != RTCP_RR &&
        (data[1] != RTCP_SDES || count != 1))
      return FALSE;
    data += length;
    size -= length;
  }
  return size == 0;
}

/* Senders begin with a report, and it overtakes packets on its way here: until
 * one has come, it is believed to be of them. */
static guint32
reporter_of (const Stream *stream, const guint8 *data, gsize size)
{
  if (stream->heard || size < 8)
    return stream->ssrc;
  return wc_read_u32 (data + 4);
}

static gboolean
take_rtcp (Stream *stream, const guint8 *data, gsize size, gint64 now_us)
{
  guint32 ssrc = reporter_of (stream, data, size);
  WcSourceRtcp rtcp;

  if (stream->track == NULL)
    return FALSE;
  if (wc_source_rtcp_parse (data, size, ssrc, &rtcp) && rtcp.has_report)
    wc_source_track_push_report (stream->track, rtcp.ntp, rtcp.rtp_timestamp,
                                 now_us);
  return stream->heard && is_report_of (data, size, stream->reported_ssrc);
}

gboolean
wc_rtsp_publisher_push_rtcp (WcRtspPublisher *self, guint index,
                             const WcAddress *from, const guint8 *data,
                             gsize size, gint64 now_us)
{
  gboolean pass;

  if (index >= self->n_streams || !is_from_publisher (self, from))
    return FALSE;
  pthread_mutex_lock (&self->lock);
  pass = take_rtcp (&self->streams[index], data, size, now_us);
  pthread_mutex_unlock (&self->lock);
  return pass;
}

/* --- the main thread ------------------------------------------------------ */

gboolean
wc_rtsp_publisher_get_format (const WcRtspPublisher *self, guint index,
                              WcSourceFormat *format)
{
  wc_source_format_copy (format, &self->streams[index].format);
  return self->streams[index].has_format;
}

void
wc_rtsp_publisher_take (WcRtspPublisher *self, guint index,
                        WcSourceTrack *track)
{
  pthread_mutex_lock (&self->lock);
  g_clear_pointer (&self->streams[index].track, wc_source_track_unref);
  self->streams[index].track = wc_source_track_ref (track);
  pthread_mutex_unlock (&self->lock);
}

void
wc_rtsp_publisher_revoke (WcRtspPublisher *self)
{
  pthread_mutex_lock (&self->lock);
  for (guint i = 0; i < self->n_streams; i++)
    g_clear_pointer (&self->streams[i].track, wc_source_track_unref);
  pthread_mutex_unlock (&self->lock);
}

void
wc_rtsp_publisher_close (WcRtspPublisher *self)
{
  wc_rtsp_publisher_revoke (self);
  self->funcs->close (self->connection);
}

void
wc_rtsp_publisher_ask_key_frame (WcRtspPublisher *self)
{
  self->funcs->ask_key_frame (self->connection);
}
