/* SPDX-License-Identifier: MIT */
/* A camera that is pulled from by RTSP and starts again and again: numbers go
 * on for the viewer, and lips stay in sync. The camera is a metronome
 * (camera/feed.h): picture and sound of one tick have one time, and the picture
 * comes 300 ms after the sound. */
#include "stage.h"

#include "base/clock.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 30000
#define TICK_MS 20
#define PICTURE_SIZE 400
#define N_RESTARTS 10
#define MAX_DIFFERENCE_US 40000
/* Reports that say so one after another, until it is believed. */
#define N_REPORTS 3

/* --- the camera ------------------------------------------------------------
 */

static TeChild *
start_camera (TcLoop *loop, guint *port)
{
  g_autofree char *port_word = g_strdup_printf ("port=%u", *port);
  const char *argv[] = {g_getenv ("WHEPCAST_CAMERA"), "sync=1", "stdin=none",
                        port_word, NULL};
  g_autofree char *line = NULL;
  TeChild *camera;

  g_assert_nonnull (argv[0]);
  camera = te_child_spawn (loop, argv);
  line = te_child_read_line (camera, "camera: listening ", WAIT_MS);
  g_assert_nonnull (line);
  *port = (guint)atoi (line + strlen ("camera: listening "));
  return camera;
}

static void
pull (TeServer *server, guint port)
{
  g_autofree char *body =
      g_strdup_printf ("{\"id\":\"cam\",\"kind\":\"rtsp\",\"on_demand\":false,"
                       "\"url\":\"rtsp://127.0.0.1:%u/live\"}",
                       port);

  g_assert_cmpuint (
      te_server_request (server, "POST", "/api/v1/mountpoints", body, NULL), ==,
      201);
  te_server_wait_live (server, "cam");
}

/* --- what the viewer knows -------------------------------------------------
 */

typedef struct {
  TcWhepClient *client;
  guint32 tick[WC_N_MEDIA], timestamp[WC_N_MEDIA]; /* of the newest unit */
  guint64 pictures, keys;
  guint good; /* reports in a row after which both agreed */
  gint64 last_sr_us;
} Seen;

static guint32
read_tick (const guint8 *unit)
{
  guint32 tick = 0;

  for (guint i = 4; i < 8; i++)
    tick = tick << 7 | (unit[i] & 0x7f);
  return tick;
}

static void
on_packet (TcPeer *peer, TcTrack *track, const TcRtpPacket *packet,
           gpointer data)
{
  Seen *seen = data;
  WcMedia media = strcmp (tc_track_section (track)->kind, "video") == 0
                      ? WC_MEDIA_VIDEO
                      : WC_MEDIA_AUDIO;

  if (media == WC_MEDIA_VIDEO && packet->payload_size != PICTURE_SIZE)
    return; /* parameter sets */
  seen->tick[media] = read_tick (packet->payload);
  seen->timestamp[media] = packet->timestamp;
  seen->pictures += media == WC_MEDIA_VIDEO;
  seen->keys += media == WC_MEDIA_VIDEO && (packet->payload[0] & 0x1f) == 5;
}

/* By how much the viewer's clock, as the reports tell it, is ahead of the
 * camera's ticks. */
static gint64
clock_offset_us (const Seen *seen, WcMedia media)
{
  const TcTrackStats *stats = te_stats (seen->client, media);
  gint64 rate = media == WC_MEDIA_VIDEO ? 90000 : 48000;
  gint64 ticks = (gint32)(seen->timestamp[media] - stats->last_sr.rtp);

  return wc_clock_ntp_to_us (stats->last_sr.ntp) +
         ticks * G_USEC_PER_SEC / rate -
         (gint64)seen->tick[media] * TICK_MS * 1000;
}

static gint64
difference_us (const Seen *seen)
{
  return clock_offset_us (seen, WC_MEDIA_VIDEO) -
         clock_offset_us (seen, WC_MEDIA_AUDIO);
}

/* Looks once at each report; the camera's own have to come first. */
static gboolean
is_in_sync (gpointer data)
{
  Seen *seen = data;
  gint64 newest_us = MAX (te_stats (seen->client, WC_MEDIA_VIDEO)->last_sr_us,
                          te_stats (seen->client, WC_MEDIA_AUDIO)->last_sr_us);

  if (newest_us != seen->last_sr_us) {
    seen->last_sr_us = newest_us;
    seen->good =
        ABS (difference_us (seen)) < MAX_DIFFERENCE_US ? seen->good + 1 : 0;
  }
  return seen->good >= N_REPORTS;
}

static void
assert_in_sync (TcLoop *loop, Seen *seen, const char *when)
{
  gint64 since_us = wc_clock_now_us ();
  gboolean in_sync;

  seen->good = 0;
  in_sync = tc_loop_run (loop, WAIT_MS, is_in_sync, seen);
  g_test_message ("%s: picture against sound %+d us, after %d ms", when,
                  (int)difference_us (seen),
                  (int)((wc_clock_now_us () - since_us) / 1000));
  g_assert_true (in_sync);
}

typedef struct {
  Seen *seen;
  guint64 keys, pictures;
} Progress;

static gboolean
has_gone_on (gpointer data)
{
  Progress *progress = data;

  return progress->seen->keys > progress->keys &&
         progress->seen->pictures > progress->pictures + 10;
}

/* --- ten restarts ----------------------------------------------------------
 */

static void
restart (TcLoop *loop, TeChild **camera, guint *port, Seen *seen)
{
  Progress progress = {seen, 0, 0};
  int status;

  te_child_signal (*camera, SIGKILL);
  g_assert_true (te_child_wait (*camera, WAIT_MS, &status));
  te_child_free (*camera);
  progress.keys = seen->keys;
  progress.pictures = seen->pictures;
  *camera = start_camera (loop, port);
  g_assert_true (tc_loop_run (loop, WAIT_MS, has_gone_on, &progress));
}

static void
test_restarts (void)
{
  g_autoptr (TcLoop) loop = tc_loop_new ();
  TeServer *server = te_server_start (loop, NULL, NULL);
  g_autofree char *url = te_server_whep_url (server, "cam");
  Seen seen = {0};
  TcWhepOptions options = {
      .url = url, .peer.packet = on_packet, .peer.data = &seen};
  TcWhepClient *client = tc_whep_client_new (loop, &options);
  guint port = 0;
  TeChild *camera = start_camera (loop, &port);

  seen.client = client;
  pull (server, port);
  tc_whep_client_start (client);
  g_assert_true (tc_whep_client_wait_key_frame (client, WAIT_MS));
  g_assert_true (
      tc_whep_client_wait_packets (client, WC_MEDIA_AUDIO, 10, WAIT_MS));
  assert_in_sync (loop, &seen, "at first");
  for (guint i = 0; i < N_RESTARTS; i++)
    restart (loop, &camera, &port, &seen);
  assert_in_sync (loop, &seen, "after ten restarts");
  te_assert_clean (client);
  tc_whep_client_free (client);
  te_child_free (camera);
  te_server_free (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/viewer/rtsp/restarts", test_restarts);
  return g_test_run ();
}
