/* SPDX-License-Identifier: MIT */
/* What the tests of the engine share: subscribers with a lane that remembers,
 * and the viewer's side of ICE on a UDP socket. */
#pragma once

#include "engine/subscriber.h"
#include "stun-client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define WAIT_US (5 * G_USEC_PER_SEC)

typedef struct {
  atomic_uint connected, packets, dtls, srtcp, playing, expired, wanted;
  atomic_uint stopped;
} Viewer;

static inline gboolean
on_send (gpointer lane, WcMedia media, const WcOutgoing *packets, guint n)
{
  atomic_fetch_add (&((Viewer *)lane)->packets, n);
  return TRUE;
}

static inline void
on_connected (gpointer lane)
{
  atomic_fetch_add (&((Viewer *)lane)->connected, 1);
}

static inline void
on_dtls (gpointer lane, const guint8 *data, gsize size)
{
  atomic_fetch_add (&((Viewer *)lane)->dtls, 1);
}

static inline void
on_srtcp (gpointer lane, const guint8 *data, gsize size)
{
  atomic_fetch_add (&((Viewer *)lane)->srtcp, 1);
}

static const WcLane lane = {on_send, on_connected, on_dtls, on_srtcp};

static inline void
on_playing (gpointer viewer)
{
  atomic_fetch_add (&((Viewer *)viewer)->playing, 1);
}

static inline void
on_expired (gpointer viewer, WcSubscriberExpiry why)
{
  atomic_fetch_add (&((Viewer *)viewer)->expired, 1u << why);
}

static inline void
on_wanted (gpointer viewer, WcMedia media)
{
  atomic_fetch_add (&((Viewer *)viewer)->wanted, 1);
}

static inline void
on_stopped (gpointer viewer)
{
  atomic_fetch_add (&((Viewer *)viewer)->stopped, 1);
}

static const WcSubscriberEvents events = {on_playing, on_expired, on_wanted};

static inline gboolean
wait_for (atomic_uint *counter, guint value)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_US;

  while (atomic_load (counter) < value && g_get_monotonic_time () < deadline)
    g_usleep (1000);
  return atomic_load (counter) >= value;
}

static inline WcEngine *
make_engine (guint workers, guint connect_timeout_ms, guint consent_timeout_ms)
{
  WcEngineConfig config = {.workers = workers,
                           .ipv6 = TRUE,
                           .connect_timeout_ms = connect_timeout_ms,
                           .consent_timeout_ms = consent_timeout_ms,
                           .fast_start = TRUE};
  g_autoptr (GError) error = NULL;
  WcEngine *engine = wc_engine_new (&config, &error);

  g_assert_no_error (error);
  return engine;
}

static inline WcTrack *
make_track (void)
{
  WcTrackLimits limits = {2000, 1 << 20};

  return wc_track_new (WC_CODEC_VP8, 90000, &limits);
}

static inline void
append (WcTrack *track, guint64 seq, gboolean start)
{
  WcPacket *packet = wc_packet_new (100);

  packet->seq = seq;
  packet->frame = (guint32)seq;
  packet->timestamp = (gint64)seq * 3000;
  packet->flags = WC_PACKET_MARKER | (start ? WC_PACKET_START : 0);
  wc_track_append (track, &packet, 1);
}

static inline WcSubscriber *
subscribe (WcEngine *engine, WcTrack *track, Viewer *viewer)
{
  WcSubscriberTrack tracks[WC_N_MEDIA] = {
      [WC_MEDIA_VIDEO] = {track, 96, 1},
  };

  return wc_subscriber_new (engine, tracks, &lane, viewer, &events, viewer);
}

static inline void
stop (WcSubscriber *subscriber, Viewer *viewer)
{
  wc_subscriber_stop (subscriber, on_stopped, viewer);
  g_assert_true (wait_for (&viewer->stopped, 1));
  wc_subscriber_unref (subscriber);
}

/* A viewer's socket, of which the kernel knows where it sends. */
static inline int
connect_to (WcEngine *engine)
{
  WcAddress server;
  struct timeval timeout = {5, 0};
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  wc_address_parse (&server, "127.0.0.1", wc_engine_udp_port (engine));
  g_assert_cmpint (connect (fd, &server.sa, sizeof server.in), ==, 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  return fd;
}

static inline gboolean
check_with (int fd, const char *ufrag, const char *pwd, gboolean use_candidate)
{
  guint8 data[512], request[512];
  gsize size = stun_client_write (request, ufrag, pwd, use_candidate, 100);

  for (guint n = 0; n == 0 || data[0] != 1; n++) {
    if (n % STUN_CLIENT_ASKS_AGAIN == 0)
      g_assert_cmpint (send (fd, request, size, 0), ==, (gssize)size);
    if (recv (fd, data, sizeof data, 0) <= 0)
      return FALSE;
  }
  return data[1] == 1;
}

static inline gboolean
check (int fd, WcSubscriber *subscriber, gboolean use_candidate)
{
  return check_with (fd, wc_subscriber_ufrag (subscriber),
                     wc_subscriber_pwd (subscriber), use_candidate);
}
