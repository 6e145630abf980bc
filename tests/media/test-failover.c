/* SPDX-License-Identifier: MIT */
/* kind=failover with real streams: one dies, another takes over, the first
 * comes back; what comes out goes on without a seam. */
#include "media-support.h"

#include "engine/source-clock.h"
#include "ingest/ingest-failover.h"

#include <glib/gstdio.h>

#define N_SOURCES 2

typedef struct {
  WcConfig config;
  WcPortPool *ports;
  WcIngestContext context;
  WcMountpointSpec *spec;
  WcIngest *ingest;
  GstElement *senders[N_SOURCES];
  int wanted;
  guint64 video_head, audio_head; /* of the output, to be passed */
} Fixture;

static void
add_rtp_source (Fixture *f)
{
  WcMountpointSpec *source = wc_mountpoint_spec_new ();
  guint16 port = find_free_port ();

  source->id = g_strdup_printf ("main/%u", f->spec->sources->len + 1);
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    WcTrackSpec *track = wc_track_spec_new ();
    const WcCodecInfo *codec =
        wc_codec_info (media == WC_MEDIA_VIDEO ? WC_CODEC_H264 : WC_CODEC_OPUS);
    track->media = media;
    track->codec = codec->codec;
    track->clock_rate = codec->clock_rate;
    track->channels = codec->channels;
    track->port = media == WC_MEDIA_VIDEO ? port : find_free_port ();
    g_ptr_array_add (source->tracks, track);
  }
  source->source_timeout_ms = 500;
  g_ptr_array_add (f->spec->sources, source);
}

static void
send_to (Fixture *f, guint index)
{
  const WcMountpointSpec *source = g_ptr_array_index (f->spec->sources, index);

  f->senders[index] = start_sender (
      "rtpbin name=b " H264_RTP "! b.send_rtp_sink_0 b.send_rtp_src_0 "
      "! udpsink host=127.0.0.1 port=%u "
      "b.send_rtcp_src_0 ! udpsink host=127.0.0.1 port=%u sync=false "
      "async=false " OPUS_RTP "! b.send_rtp_sink_1 b.send_rtp_src_1 "
      "! udpsink host=127.0.0.1 port=%u "
      "b.send_rtcp_src_1 ! udpsink host=127.0.0.1 port=%u sync=false "
      "async=false",
      wc_mountpoint_spec_track (source, WC_MEDIA_VIDEO)->port,
      wc_mountpoint_spec_track (source, WC_MEDIA_VIDEO)->port + 1,
      wc_mountpoint_spec_track (source, WC_MEDIA_AUDIO)->port,
      wc_mountpoint_spec_track (source, WC_MEDIA_AUDIO)->port + 1);
}

static void
kill_sender (Fixture *f, guint index)
{
  if (f->senders[index] != NULL)
    stop_sender (g_steal_pointer (&f->senders[index]));
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  init_config (&f->config);
  f->config.history_ms = 600000; /* what came out is all looked at */
  f->ports = wc_port_pool_new (49000, 49999);
  f->context = (WcIngestContext){.config = &f->config, .ports = f->ports};
  f->spec = wc_mountpoint_spec_new ();
  f->spec->id = g_strdup ("main");
  f->spec->kind = WC_KIND_FAILOVER;
  f->spec->source_timeout_ms = 500;
  f->spec->return_after_ms = 700;
  add_rtp_source (f);
  add_rtp_source (f);
}

static void
start (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->ingest = wc_ingest_new (f->spec, &f->context, &error);
  g_assert_no_error (error);
  wc_ingest_start (f->ingest);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  for (guint i = 0; i < N_SOURCES; i++)
    kill_sender (f, i);
  wc_ingest_stop (f->ingest);
  g_assert_cmpint (wc_ingest_state (f->ingest), ==, WC_INGEST_IDLE);
  g_assert_finalize_object (f->ingest);
  wc_mountpoint_spec_free (f->spec);
  g_assert_cmpuint (wc_port_pool_taken (f->ports), ==, 0);
  wc_port_pool_free (f->ports);
  run_for (300); /* for the leak check: pipelines go on their own threads */
}

static gboolean
plays (gpointer data)
{
  Fixture *f = data;
  int playing = wc_ingest_failover_playing (WC_INGEST_FAILOVER (f->ingest));
  WcTrack *video = wc_ingest_track (f->ingest, WC_MEDIA_VIDEO);
  WcTrack *audio = wc_ingest_track (f->ingest, WC_MEDIA_AUDIO);

  return playing == f->wanted &&
         (playing < 0 || (wc_track_head (video) > f->video_head &&
                          wc_track_head (audio) > f->audio_head));
}

/* And packets come, of both. */
static void
wait_for (Fixture *f, int index)
{
  f->wanted = index;
  f->video_head =
      wc_track_head (wc_ingest_track (f->ingest, WC_MEDIA_VIDEO)) + 40;
  f->audio_head =
      wc_track_head (wc_ingest_track (f->ingest, WC_MEDIA_AUDIO)) + 5;
  g_assert_true (wait_until (plays, f, 20000));
  g_assert_cmpint (wc_ingest_state (f->ingest), ==,
                   index >= 0 ? WC_INGEST_LIVE : WC_INGEST_LOST);
}

/* Capture minus timestamp: by how much it moved in all. */
static gint64
check_output (Fixture *f, WcMedia media)
{
  WcTrack *track = wc_ingest_track (f->ingest, media);
  gint64 least = G_MAXINT64, most = G_MININT64, last = G_MININT64;
  guint64 seq = 0, expected = 0;
  WcPacket *packets[64];
  gboolean skipped;
  guint n;

  while ((n = wc_track_read (track, &seq, packets, 64, &skipped)) > 0)
    for (guint i = 0; i < n; i++) {
      g_autoptr (WcPacket) packet = packets[i];
      gint64 lead_us =
          packet->capture_us -
          wc_ticks_to_us (packet->timestamp, wc_track_clock_rate (track));
      g_assert_true (expected == 0 || packet->seq == expected);
      g_assert_cmpint (packet->timestamp, >=, last);
      expected = packet->seq + 1;
      last = packet->timestamp;
      least = MIN (least, lead_us);
      most = MAX (most, lead_us);
    }
  g_assert_cmpuint (expected, >, 0);
  return most - least;
}

/* What a packet is late on a busy machine counts too; to the microsecond it is
 * tests/unit/test-splice.c. */
#ifdef __SANITIZE_ADDRESS__
#define LIPS_US 250000
#else
#define LIPS_US 100000
#endif

static void
check_seams (Fixture *f)
{
  gint64 video_us = check_output (f, WC_MEDIA_VIDEO);
  gint64 audio_us = check_output (f, WC_MEDIA_AUDIO);

  g_test_message ("picture moved by %" G_GINT64_FORMAT
                  " us, sound by %" G_GINT64_FORMAT " us",
                  video_us, audio_us);
  g_assert_cmpint (ABS (video_us - audio_us), <, LIPS_US);
}

static gboolean
second_is_lost (gpointer data)
{
  const char *reason = wc_ingest_reason (((Fixture *)data)->ingest);

  return strstr (reason, "source 2 is lost") != NULL;
}

static void
test_failover (Fixture *f, gconstpointer unused)
{
  start (f);
  send_to (f, 1);
  wait_for (f, 1);
  g_assert_nonnull (strstr (wc_ingest_reason (f->ingest), "source 2 plays"));
  send_to (f, 0);
  wait_for (f, 0);
  g_assert_null (wc_ingest_reason (f->ingest));
  kill_sender (f, 0);
  wait_for (f, 1);
  check_seams (f); /* when all are lost, what came out is forgotten */
  kill_sender (f, 1);
  wait_for (f, -1);
  g_test_message ("%s", wc_ingest_reason (f->ingest));
  /* Before, one of its tracks may have been missed for a moment. */
  g_assert_true (wait_until (second_is_lost, f, 5000));
  send_to (f, 0);
  wait_for (f, 0);
  check_seams (f);
}

static void
test_by_hand (Fixture *f, gconstpointer unused)
{
  WcIngestFailover *failover;

  start (f);
  failover = WC_INGEST_FAILOVER (f->ingest);
  send_to (f, 0);
  send_to (f, 1);
  wait_for (f, 0);
  for (guint i = 0; i < 10; i++) {
    wc_ingest_failover_choose (failover, 1 - (int)(i % 2));
    wait_for (f, 1 - (int)(i % 2));
  }
  wc_ingest_failover_choose (failover, 1);
  wait_for (f, 1);
  wc_ingest_failover_choose (failover, -1);
  wait_for (f, 0);
  check_seams (f);
}

/* --- codecs -----------------------------------------------------------------
 */

static gboolean
is_passed_over (gpointer data)
{
  WcIngestFailover *failover = WC_INGEST_FAILOVER (((Fixture *)data)->ingest);
  g_autofree char *reason = wc_ingest_failover_dup_source_reason (failover, 2);

  return reason != NULL &&
         strstr (reason, "its video is VP8, and that") != NULL;
}

/* A file's codec is known only when it is played. */
static void
test_mismatch (Fixture *f, gconstpointer unused)
{
  g_autofree char *directory = g_dir_make_tmp ("whepcast-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "a.webm", NULL);
  g_autofree char *command = g_strdup_printf (
      "ffmpeg -nostdin -v error -f lavfi -i testsrc=size=320x180:rate=30 -t 1 "
      "-c:v libvpx -deadline realtime %s",
      path);
  WcMountpointSpec *file = wc_mountpoint_spec_new ();
  g_autoptr (GError) error = NULL;

  g_spawn_command_line_sync (command, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  f->config.files_directory = directory;
  file->id = g_strdup ("main/3");
  file->kind = WC_KIND_FILE;
  file->path = g_strdup ("a.webm");
  g_ptr_array_add (f->spec->sources, file);

  start (f);
  g_assert_true (wait_until (is_passed_over, f, 20000));
  g_assert_cmpint (
      wc_ingest_failover_source_state (WC_INGEST_FAILOVER (f->ingest), 2), ==,
      WC_INGEST_LIVE);
  g_assert_cmpint (wc_ingest_failover_playing (WC_INGEST_FAILOVER (f->ingest)),
                   ==, -1);
  send_to (f, 1);
  wait_for (f, 1);
  g_remove (path);
  g_rmdir (directory);
}

#define ADD(name, func)                                                        \
  g_test_add ("/failover/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  ADD ("failover", test_failover);
  ADD ("by-hand", test_by_hand);
  ADD ("mismatch", test_mismatch);
  return g_test_run ();
}
