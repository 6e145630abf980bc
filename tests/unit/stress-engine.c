/* SPDX-License-Identifier: MIT */
/* Everything of the engine at once, for ThreadSanitizer: two writers, viewers
 * that come and go on four workers by both kinds of lane, repeated key frames,
 * reports, statistics. Bounded by rounds, not by time. */
#include "engine/direct-lane.h"
#include "engine/subscriber.h"
#include "stun-client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define ROUNDS 40
#define VIEWERS 4
#define KNOCKS 50

typedef struct {
  WcEngine *engine;
  WcTrack *tracks[WC_N_MEDIA];
  atomic_bool quit;
  atomic_uint packets, played;
} World;

typedef struct {
  World *world;
  atomic_uint packets, stopped;
} Viewer;

static gboolean
on_send (gpointer data, WcMedia media, const WcOutgoing *packets, guint n)
{
  Viewer *viewer = data;

  atomic_fetch_add (&viewer->packets, n);
  /* Now and then a queue is full. */
  return atomic_fetch_add (&viewer->world->packets, n) % 97 != 0;
}

static void
on_nothing (gpointer data)
{
}

static void
on_bytes (gpointer data, const guint8 *bytes, gsize size)
{
}

static void
on_expired (gpointer data, WcSubscriberExpiry why)
{
}

static void
on_wanted (gpointer data, WcMedia media)
{
}

static void
on_stopped (gpointer data)
{
  atomic_store (&((Viewer *)data)->stopped, 1);
}

static const WcLane lane = {on_send, on_nothing, on_bytes, on_bytes};
static const WcSubscriberEvents events = {on_nothing, on_expired, on_wanted};

static void
write_packet (WcTrack *track, guint64 seq)
{
  WcPacket *packet = wc_packet_new (100);

  packet->seq = seq;
  packet->frame = (guint32)(seq / 3);
  packet->timestamp = (gint64)(seq / 3) * 3000;
  packet->flags = seq % 60 == 0 ? WC_PACKET_START : 0;
  wc_track_append (track, &packet, 1);
}

static void *
run_writer (void *data)
{
  World *world = data;

  for (guint64 seq = 0; !atomic_load (&world->quit); seq++) {
    write_packet (world->tracks[WC_MEDIA_VIDEO], seq);
    if (seq % 4 == 0)
      write_packet (world->tracks[WC_MEDIA_AUDIO], seq);
    if (seq % 500 == 499)
      wc_track_clear (world->tracks[WC_MEDIA_VIDEO]);
    g_usleep (200);
  }
  return NULL;
}

/* Again and again, as agents do (RFC 8489 section 6.2.1): a request that comes
 * while the worker is at it may overtake the start of its subscriber. */
static void
knock (World *world, WcSubscriber *subscriber, int fd)
{
  guint8 data[512];
  gssize received = -1;

  for (guint i = 0; i < KNOCKS && received <= 0; i++) {
    gsize size = stun_client_write (data, wc_subscriber_ufrag (subscriber),
                                    wc_subscriber_pwd (subscriber), TRUE, 1);
    g_assert_cmpint (send (fd, data, size, 0), ==, (gssize)size);
    received = recv (fd, data, sizeof data, 0);
  }
  g_assert_cmpint (received, >, 0);
}

static int
open_socket (World *world)
{
  WcAddress server;
  struct timeval timeout = {0, 200000};
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  wc_address_parse (&server, "127.0.0.1", wc_engine_udp_port (world->engine));
  g_assert_cmpint (connect (fd, &server.sa, sizeof server.in), ==, 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  return fd;
}

static void
watch_once (World *world)
{
  Viewer viewer = {.world = world};
  WcSubscriberTrack tracks[WC_N_MEDIA] = {
      {world->tracks[WC_MEDIA_AUDIO], 111, 1},
      {world->tracks[WC_MEDIA_VIDEO], 96, 2},
  };
  WcSubscriber *subscriber = wc_subscriber_new (world->engine, tracks, &lane,
                                                &viewer, &events, &viewer);
  WcSubscriberStats stats;
  int fd = open_socket (world);

  wc_subscriber_start (subscriber);
  knock (world, subscriber, fd);
  wc_subscriber_secured (subscriber);
  for (guint i = 0; i < 2000 && atomic_load (&viewer.packets) < 20; i++) {
    wc_subscriber_note_alive (subscriber);
    wc_subscriber_send (subscriber, "report", 6);
    wc_subscriber_repeat_key_frame (subscriber, WC_MEDIA_VIDEO);
    wc_subscriber_get_stats (subscriber, &stats);
    g_usleep (1000);
  }
  atomic_fetch_add (&world->played, atomic_load (&viewer.packets) >= 20);
  wc_subscriber_stop (subscriber, on_stopped, &viewer);
  while (!atomic_load (&viewer.stopped))
    g_usleep (200);
  wc_subscriber_mute (subscriber);
  wc_subscriber_unref (subscriber);
  close (fd);
}

static void
on_retire (gpointer data)
{
}

static const WcLane handshake = {.connected = on_nothing,
                                 .receive_dtls = on_bytes};
static const WcDirectLaneEvents direct_events = {on_retire, on_wanted};

static guint
receive_some (int fd)
{
  guint8 data[2048];
  guint n = 0;

  while (recv (fd, data, sizeof data, MSG_DONTWAIT) > 0)
    n++;
  return n;
}

static void
watch_direct_once (World *world)
{
  static const guint8 master[WC_SRTP_MASTER_SIZE], junk[60] = {0x80, 201};
  Viewer viewer = {.world = world};
  WcDirectLaneParams params = {
      .tracks = {{.ssrc = 1, .clock_rate = 48000},
                 {.ssrc = 2, .clock_rate = 90000, .nack = TRUE}},
      .cname = "stress",
      .is_client = TRUE,
      .handshake = &handshake,
      .handshake_data = &viewer,
  };
  WcSubscriberTrack tracks[WC_N_MEDIA] = {
      {world->tracks[WC_MEDIA_AUDIO], 111, 1},
      {world->tracks[WC_MEDIA_VIDEO], 96, 2},
  };
  WcDirectLane *direct = wc_direct_lane_new (&params, &direct_events, &viewer);
  WcSubscriber *subscriber = wc_subscriber_new (
      world->engine, tracks, &wc_direct_lane, direct, &events, &viewer);
  WcDirectLaneStats stats;
  guint received = 0;
  int fd = open_socket (world);

  wc_direct_lane_set_subscriber (direct, subscriber);
  wc_subscriber_start (subscriber);
  knock (world, subscriber, fd);
  wc_direct_lane_set_keys (direct, master, master);
  wc_subscriber_secured (subscriber);
  for (guint i = 0; i < 2000 && received < 20; i++) {
    wc_subscriber_note_alive (subscriber);
    wc_subscriber_repeat_key_frame (subscriber, WC_MEDIA_VIDEO);
    wc_direct_lane_get_stats (direct, &stats);
    g_assert_cmpint (send (fd, junk, sizeof junk, 0), ==, sizeof junk);
    received += receive_some (fd);
    g_usleep (1000);
  }
  wc_direct_lane_set_goodbye (direct, junk, sizeof junk);
  atomic_fetch_add (&world->played, received >= 20);
  wc_subscriber_stop (subscriber, on_stopped, &viewer);
  while (!atomic_load (&viewer.stopped))
    g_usleep (200);
  wc_subscriber_unref (subscriber);
  wc_direct_lane_unref (direct);
  close (fd);
}

static void *
run_viewer (void *data)
{
  for (guint i = 0; i < ROUNDS; i++)
    if (i % 2 == 0)
      watch_once (data);
    else
      watch_direct_once (data);
  return NULL;
}

static void
test_stress (void)
{
  WcEngineConfig config = {.workers = 4,
                           .connect_timeout_ms = 20000,
                           .consent_timeout_ms = 15000,
                           .fast_start = TRUE};
  WcTrackLimits limits = {500, 1 << 20};
  World world = {.engine = wc_engine_new (&config, NULL)};
  pthread_t writer, viewers[VIEWERS];

  g_assert_nonnull (world.engine);
  world.tracks[WC_MEDIA_AUDIO] = wc_track_new (WC_CODEC_OPUS, 48000, &limits);
  world.tracks[WC_MEDIA_VIDEO] = wc_track_new (WC_CODEC_VP8, 90000, &limits);
  pthread_create (&writer, NULL, run_writer, &world);
  for (guint i = 0; i < VIEWERS; i++)
    pthread_create (&viewers[i], NULL, run_viewer, &world);
  for (guint i = 0; i < VIEWERS; i++)
    pthread_join (viewers[i], NULL);
  atomic_store (&world.quit, TRUE);
  pthread_join (writer, NULL);

  WcEngineStats stats;
  wc_engine_get_stats (world.engine, &stats);
  g_assert_cmpuint (stats.subscribers, ==, 0);
  g_assert_cmpuint (atomic_load (&world.played), ==, ROUNDS * VIEWERS);
  wc_engine_free (world.engine);
  wc_track_unref (world.tracks[WC_MEDIA_AUDIO]);
  wc_track_unref (world.tracks[WC_MEDIA_VIDEO]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/stress", test_stress);
  return g_test_run ();
}
