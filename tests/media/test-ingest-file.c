/* SPDX-License-Identifier: MIT */
/* kind=file: what ffmpeg made is played at its pace, over and over, without a
 * seam, with lips in sync; and what cannot be played says why. */
#include "media-support.h"

#include "engine/source-clock.h"
#include "ingest/file-path.h"

#include <glib/gstdio.h>

typedef struct {
  char *directory;
  WcConfig config;
  WcIngestContext context;
  WcMountpointSpec *spec;
  WcIngest *ingest;
} Fixture;

static void
ffmpeg (Fixture *f, const char *name, const char *arguments)
{
  g_autofree char *command = g_strdup_printf (
      "ffmpeg -nostdin -v error -y "
      "-f lavfi -i testsrc=size=320x180:rate=30 "
      "-f lavfi -i sine=frequency=440:sample_rate=48000 %s %s/%s",
      arguments, f->directory, name);
  g_autoptr (GError) error = NULL;
  g_autofree char *complaint = NULL;
  int status;

  g_spawn_command_line_sync (command, NULL, &complaint, &status, &error);
  g_assert_no_error (error);
  if (status != 0)
    g_error ("%s: %s", command, complaint);
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  init_config (&f->config);
  f->directory = g_dir_make_tmp ("whepcast-XXXXXX", NULL);
  f->config.files_directory = f->directory;
  f->context.config = &f->config;
}

/* The pipeline goes on its own thread. */
static void
stop_at_once (Fixture *f)
{
  wc_ingest_stop (f->ingest);
  g_assert_cmpint (wc_ingest_state (f->ingest), ==, WC_INGEST_IDLE);
  g_assert_finalize_object (g_steal_pointer (&f->ingest));
  g_clear_pointer (&f->spec, wc_mountpoint_spec_free);
}

static void
stop (Fixture *f)
{
  if (f->ingest == NULL)
    return;
  stop_at_once (f);
  run_for (300); /* for the leak check */
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  g_autoptr (GDir) folder = g_dir_open (f->directory, 0, NULL);
  const char *name;

  stop (f);
  while ((name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *path = g_build_filename (f->directory, name, NULL);
    g_remove (path);
  }
  g_rmdir (f->directory);
  g_free (f->directory);
}

static void
start (Fixture *f, const char *path)
{
  g_autoptr (GError) error = NULL;

  f->spec = wc_mountpoint_spec_new ();
  f->spec->id = g_strdup ("slate");
  f->spec->kind = WC_KIND_FILE;
  f->spec->path = g_strdup (path);
  f->spec->source_timeout_ms = 20000; /* where all is slow, nothing is lost */
  f->ingest = wc_ingest_new (f->spec, &f->context, &error);
  g_assert_no_error (error);
  wc_ingest_start (f->ingest);
}

static gboolean
is_live (gpointer data)
{
  return wc_ingest_state (((Fixture *)data)->ingest) == WC_INGEST_LIVE;
}

static gboolean
has_reason (gpointer data)
{
  return wc_ingest_reason (((Fixture *)data)->ingest) != NULL;
}

/* --- what is played ---------------------------------------------------------
 */

typedef struct {
  const char *name, *arguments;
  WcCodec video, audio;
} Sample;

#define H264 "-c:v libx264 -bf 0 -g 15 -preset ultrafast "

static const Sample samples[] = {
    {"a.mkv", "-t 1 " H264 "-c:a libopus", WC_CODEC_H264, WC_CODEC_OPUS},
    {"b.webm", "-t 1 -c:v libvpx -g 15 -deadline realtime -c:a libopus",
     WC_CODEC_VP8, WC_CODEC_OPUS},
    {"c.webm", "-t 1 -c:v libvpx-vp9 -g 15 -deadline realtime -c:a libopus",
     WC_CODEC_VP9, WC_CODEC_OPUS},
    {"d.mp4", "-t 1 " H264 "-c:a libopus -strict -2", WC_CODEC_H264,
     WC_CODEC_OPUS},
    {"e.ts", "-t 1 " H264 "-c:a libopus", WC_CODEC_H264, WC_CODEC_OPUS},
    {"f.mkv",
     "-t 1 -c:v libx265 -x265-params bframes=0:keyint=15:log-level=none "
     "-preset ultrafast -c:a pcm_alaw -ar 8000 -ac 1",
     WC_CODEC_H265, WC_CODEC_PCMA},
    {"g.mov", "-t 1 " H264 "-c:a pcm_mulaw -ar 8000 -ac 1", WC_CODEC_H264,
     WC_CODEC_PCMU},
    /* These are converted while somebody watches. */
    {"h.mp4", "-t 1 " H264 "-c:a aac", WC_CODEC_H264, WC_CODEC_OPUS},
    {"i.mkv", "-t 1 -c:v libx264 -bf 2 -g 15 -preset veryfast -c:a libopus",
     WC_CODEC_H264, WC_CODEC_OPUS},
};

/* A source is live as soon as one of its tracks is: the picture may come yet.
 */
static guint64
starts_of (Fixture *f)
{
  WcTrack *track = wc_ingest_track (f->ingest, WC_MEDIA_VIDEO);
  WcTrackStats stats = {0};

  if (track != NULL)
    wc_track_get_stats (track, &stats);
  return stats.start_points;
}

static gboolean
has_begun (gpointer data)
{
  Fixture *f = data;

  return starts_of (f) > 0 &&
         wc_ingest_track (f->ingest, WC_MEDIA_AUDIO) != NULL;
}

static gboolean
has_looped (gpointer data)
{
  return starts_of (data) >= 6; /* two in a second of file */
}

static void
check_input (Fixture *f, WcMedia media)
{
  WcIngestTrackInfo info;

  wc_ingest_get_track_info (f->ingest, media, &info);
  g_assert_true (info.present);
  g_assert_cmpuint (info.input.packets, >, 20);
  g_assert_cmpuint (info.input.malformed, ==, 0);
  g_assert_cmpuint (info.input.lost, ==, 0);
  g_assert_cmpuint (info.input.late, ==, 0);
  g_assert_cmpuint (info.input.restarts, ==, 0);
  wc_ingest_track_info_clear (&info);
}

static void
play_sample (Fixture *f, const Sample *sample)
{
  g_test_message ("%s", sample->name);
  ffmpeg (f, sample->name, sample->arguments);
  start (f, sample->name);
  wc_ingest_set_watched (f->ingest, TRUE);
  g_assert_true (wait_until (is_live, f, 20000));
  g_assert_true (wait_until (has_looped, f, 20000));
  g_assert_true (wait_until (has_begun, f, 20000));
  g_assert_cmpint (wc_track_codec (wc_ingest_track (f->ingest, WC_MEDIA_VIDEO)),
                   ==, sample->video);
  g_assert_cmpint (wc_track_codec (wc_ingest_track (f->ingest, WC_MEDIA_AUDIO)),
                   ==, sample->audio);
  for (guint media = 0; media < WC_N_MEDIA; media++)
    check_input (f, media);
  stop (f);
}

static void
test_formats (Fixture *f, gconstpointer unused)
{
  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    play_sample (f, &samples[i]);
}

/* --- sync -------------------------------------------------------------------
 */

/* Where capture minus timestamp is: must not move, or lips drift. */
static gint64
lead_us (Fixture *f, WcMedia media)
{
  WcTrack *track = wc_ingest_track (f->ingest, media);
  gint64 timestamp, capture_us;
  guint32 frame;

  g_assert_true (wc_track_newest (track, &timestamp, &capture_us, &frame));
  return capture_us - wc_ticks_to_us (timestamp, wc_track_clock_rate (track));
}

static gboolean
has_looped_ten_times (gpointer data)
{
  return starts_of (data) >= 22;
}

/* Its sound is longer than its picture, so that a seam would show. */
static void
test_ten_loops (Fixture *f, gconstpointer unused)
{
  gint64 before_us, after_us;

  ffmpeg (f, "a.mkv",
          "-filter:v trim=duration=0.98 -filter:a atrim=duration=1.13 " H264
          "-c:a libopus");
  start (f, "a.mkv");
  g_assert_true (wait_until (has_begun, f, 20000));
  run_for (500);
  before_us = lead_us (f, WC_MEDIA_VIDEO) - lead_us (f, WC_MEDIA_AUDIO);
  g_assert_true (wait_until (has_looped_ten_times, f, 30000));
  after_us = lead_us (f, WC_MEDIA_VIDEO) - lead_us (f, WC_MEDIA_AUDIO);
  g_test_message ("picture against sound moved by %" G_GINT64_FORMAT " us",
                  after_us - before_us);
  g_assert_cmpint (ABS (after_us - before_us), <, 40000);
  for (guint media = 0; media < WC_N_MEDIA; media++)
    check_input (f, media);
}

/* The demuxer shows its pads while the pipeline is stopped already. */
static void
test_stop_any_time (Fixture *f, gconstpointer unused)
{
  ffmpeg (f, "a.mkv", "-t 0.3 " H264 "-c:a libopus");
  for (guint i = 0; i < 40; i++) {
    start (f, "a.mkv");
    run_for ((guint)g_test_rand_int_range (0, 60));
    stop_at_once (f);
  }
  run_for (300); /* for the leak check */
}

/* --- what cannot be played --------------------------------------------------
 */

static void
refuse (Fixture *f, const char *path, WcIngestState state, const char *words)
{
  start (f, path);
  g_assert_true (wait_until (has_reason, f, 20000));
  g_test_message ("%s", wc_ingest_reason (f->ingest));
  g_assert_nonnull (strstr (wc_ingest_reason (f->ingest), words));
  g_assert_cmpint (wc_ingest_state (f->ingest), ==, state);
  stop (f);
}

static void
write_file (Fixture *f, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (f->directory, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_errors (Fixture *f, gconstpointer unused)
{
  refuse (f, "none.mkv", WC_INGEST_STARTING, "No such file");
  write_file (f, "text.mkv", "WEBVTT\n\nThis is not the file it says it is.\n");
  refuse (f, "text.mkv", WC_INGEST_FAILED, "none of the containers");
  ffmpeg (f, "m.mkv", "-t 1 -c:v mpeg4 -c:a libopus");
  refuse (f, "m.mkv", WC_INGEST_FAILED, "video/mpeg, which cannot be played");
  ffmpeg (f, "s.mkv", "-t 0.1 -map 0:v " H264);
  refuse (f, "s.mkv", WC_INGEST_FAILED, "less than 200 ms");
}

static void
test_no_way_out (Fixture *f, gconstpointer unused)
{
  g_autofree char *link = g_build_filename (f->directory, "link.mkv", NULL);
  g_autofree char *inside = g_build_filename (f->directory, "in.mkv", NULL);
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (symlink ("/etc/passwd", link), ==, 0);
  refuse (f, "link.mkv", WC_INGEST_FAILED, "leads out of the directory");
  refuse (f, "../../../../../../etc/passwd", WC_INGEST_FAILED, "leads out");
  refuse (f, ".", WC_INGEST_FAILED, "leads out");

  write_file (f, "a.mkv", "x");
  g_assert_cmpint (symlink ("a.mkv", inside), ==, 0);
  path = wc_file_path_resolve (f->directory, "in.mkv", &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (path, "/a.mkv"));
}

/* The file comes later: then it is played. */
static void
test_comes_later (Fixture *f, gconstpointer unused)
{
  start (f, "a.mkv");
  g_assert_true (wait_until (has_reason, f, 20000));
  ffmpeg (f, "a.mkv", "-t 1 " H264 "-c:a libopus");
  g_assert_true (wait_until (is_live, f, 20000));
}

static void
test_no_directory (void)
{
  WcConfig config;
  WcIngestContext context = {.config = &config};
  g_autoptr (WcMountpointSpec) spec = wc_mountpoint_spec_new ();
  g_autoptr (GError) error = NULL;

  init_config (&config);
  spec->id = g_strdup ("slate");
  spec->kind = WC_KIND_FILE;
  spec->path = g_strdup ("a.mkv");
  g_assert_null (wc_ingest_new (spec, &context, &error));
  g_assert_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "[files]"));
}

#define ADD(name, func)                                                        \
  g_test_add ("/ingest-file/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  ADD ("formats", test_formats);
  ADD ("ten-loops", test_ten_loops);
  ADD ("stop-any-time", test_stop_any_time);
  ADD ("errors", test_errors);
  ADD ("no-way-out", test_no_way_out);
  ADD ("comes-later", test_comes_later);
  g_test_add_func ("/ingest-file/no-directory", test_no_directory);
  return g_test_run ();
}
