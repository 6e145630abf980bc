/* SPDX-License-Identifier: MIT */
#include "ingest/rtsp-input.h"

#include "engine/rtp.h"
#include "ingest/source-rtcp.h"

#include <pthread.h>
#include <stdatomic.h>

/* A source that began anew (another SSRC, another port) within the session is
 * listened to when the one of before is silent for so long. */
#define LATCH_US (300 * 1000)

struct WcRtspInput {
  atomic_uint refs;
  WcSourceTrack *track; /* constant */
  GInetAddress *host;   /* constant */

  pthread_mutex_t lock; /* guards what follows */
  gboolean latched;
  GSocketAddress *sender; /* NULL: it comes on the connection */
  guint32 ssrc;
  guint8 payload_type;
  gint64 last_us; /* of its newest packet */
  guint64 n_foreign;
};

WcRtspInput *
wc_rtsp_input_new (WcSourceTrack *track, GInetAddress *host)
{
  WcRtspInput *self = g_new0 (WcRtspInput, 1);

  atomic_init (&self->refs, 1);
  self->track = wc_source_track_ref (track);
  self->host = host != NULL ? g_object_ref (host) : NULL;
  pthread_mutex_init (&self->lock, NULL);
  return self;
}

WcRtspInput *
wc_rtsp_input_ref (WcRtspInput *self)
{
  atomic_fetch_add_explicit (&self->refs, 1, memory_order_relaxed);
  return self;
}

void
wc_rtsp_input_unref (gpointer data)
{
  WcRtspInput *self = data;

  if (atomic_fetch_sub_explicit (&self->refs, 1, memory_order_acq_rel) != 1)
    return;
  wc_source_track_unref (self->track);
  g_clear_object (&self->host);
  g_clear_object (&self->sender);
  pthread_mutex_destroy (&self->lock);
  g_free (self);
}

/* --- who is listened to, with the lock held ------------------------------- */

static gboolean
is_from_server (WcRtspInput *self, GSocketAddress *from)
{
  if (from == NULL || self->host == NULL)
    return TRUE;
  return G_IS_INET_SOCKET_ADDRESS (from) &&
         g_inet_address_equal (self->host, g_inet_socket_address_get_address (
                                               G_INET_SOCKET_ADDRESS (from)));
}

static gboolean
same_sender (GSocketAddress *a, GSocketAddress *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (a)) ==
             g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (b)) &&
         g_inet_address_equal (
             g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (a)),
             g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (b)));
}

/* The connection is the server's alone: what comes on it needs no latch. */
static gboolean
may_latch (WcRtspInput *self, GSocketAddress *from, const WcRtp *rtp,
           gint64 now_us)
{
  if (!self->latched || from == NULL)
    return TRUE;
  if (self->ssrc == rtp->ssrc && same_sender (self->sender, from))
    return TRUE;
  return now_us - self->last_us > LATCH_US;
}

static gboolean
take_sender (WcRtspInput *self, GSocketAddress *from, const WcRtp *rtp,
             gint64 now_us)
{
  if (!is_from_server (self, from)) {
    self->n_foreign++;
    return FALSE;
  }
  if (!may_latch (self, from, rtp, now_us))
    return FALSE;
  self->latched = TRUE;
  g_set_object (&self->sender, from);
  self->ssrc = rtp->ssrc;
  self->payload_type = rtp->payload_type;
  self->last_us = now_us;
  return TRUE;
}

/* --- streaming threads ---------------------------------------------------- */

void
wc_rtsp_input_push_rtp (WcRtspInput *self, const guint8 *data, gsize size,
                        GSocketAddress *from, gint64 now_us)
{
  WcRtp rtp;

  if (!wc_rtp_read (&rtp, data, size))
    return;
  pthread_mutex_lock (&self->lock);
  if (take_sender (self, from, &rtp, now_us))
    wc_source_track_push_rtp (self->track, data, size, now_us);
  pthread_mutex_unlock (&self->lock);
}

/* RTCP comes from a port of its own: of its sender only the host is compared.
 */
void
wc_rtsp_input_push_rtcp (WcRtspInput *self, const guint8 *data, gsize size,
                         GSocketAddress *from, gint64 now_us)
{
  WcSourceRtcp rtcp;

  pthread_mutex_lock (&self->lock);
  if (self->latched && is_from_server (self, from) &&
      wc_source_rtcp_parse (data, size, self->ssrc, &rtcp)) {
    if (rtcp.has_report)
      wc_source_track_push_report (self->track, rtcp.ntp, rtcp.rtp_timestamp,
                                   now_us);
    if (rtcp.bye)
      self->latched = FALSE;
  }
  pthread_mutex_unlock (&self->lock);
}

/* --- any thread ----------------------------------------------------------- */

gboolean
wc_rtsp_input_get_source (WcRtspInput *self, guint32 *ssrc,
                          guint8 *payload_type)
{
  gboolean latched;

  pthread_mutex_lock (&self->lock);
  latched = self->latched;
  *ssrc = self->ssrc;
  *payload_type = self->payload_type;
  pthread_mutex_unlock (&self->lock);
  return latched;
}

guint64
wc_rtsp_input_n_foreign (WcRtspInput *self)
{
  guint64 n;

  pthread_mutex_lock (&self->lock);
  n = self->n_foreign;
  pthread_mutex_unlock (&self->lock);
  return n;
}
