/* SPDX-License-Identifier: MIT */
/* Key frames to JPEGs: every text of pipelines/still-*, how large the picture
 * comes out and of what colour, and what cannot be decoded. */
#include "media-support.h"

#include "common/payload.h"
#include "engine/normaliser.h"
#include "ingest/pipeline.h"
#include "ingest/still.h"

#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#define CLOCK_RATE 90000

/* --- a track with a key frame ----------------------------------------------
 */

typedef struct {
  WcTrack *track;
  WcNormaliser *normaliser;
  guint16 seq;
  gint64 now_us;
} Source;

static void
begin (Source *source, WcCodec codec)
{
  static const WcTrackLimits limits = {2000, 16 << 20};
  WcSourceClock *clock = wc_source_clock_new ();

  *source = (Source){.now_us = 1000 * G_USEC_PER_SEC};
  source->track = wc_track_new (codec, CLOCK_RATE, &limits);
  source->normaliser = wc_normaliser_new (source->track, clock);
  wc_source_clock_unref (clock);
}

static void
finish (Source *source)
{
  wc_normaliser_free (source->normaliser);
  wc_track_unref (source->track);
}

static void
push (const guint8 *payload, gsize size, gboolean is_last, gpointer data)
{
  Source *source = data;
  guint8 packet[12 + 2000] = {0x80, is_last ? 0xe0 : 0x60};

  g_assert_cmpuint (size, <=, sizeof packet - 12);
  packet[2] = (guint8)(source->seq >> 8);
  packet[3] = (guint8)source->seq++;
  memcpy (packet + 12, payload, size);
  g_assert_true (wc_normaliser_push (source->normaliser, packet, 12 + size,
                                     source->now_us));
}

static GPtrArray *
run_to_end (const char *text)
{
  GPtrArray *buffers =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_buffer_unref);
  GstElement *pipeline =
      start_sender ("%s ! appsink name=end sync=false", text);
  g_autoptr (GstElement) end = gst_bin_get_by_name (GST_BIN (pipeline), "end");
  GstSample *sample;

  while ((sample = gst_app_sink_pull_sample (GST_APP_SINK (end))) != NULL) {
    if (gst_sample_get_buffer (sample) != NULL)
      g_ptr_array_add (buffers,
                       gst_buffer_ref (gst_sample_get_buffer (sample)));
    gst_sample_unref (sample);
  }
  stop_sender (pipeline);
  return buffers;
}

/* AV1 has no payloader here. */
static void
push_obus (Source *source, const GstMapInfo *map)
{
  g_autoptr (GPtrArray) obus = tc_payload_split_obus (map->data, map->size);

  g_assert_nonnull (obus);
  tc_payload_write (TC_PAYLOAD_AV1, obus, push, source);
}

/* One frame of what @text makes: RTP, or of AV1 a temporal unit. */
static void
send_frame (Source *source, const char *text)
{
  g_autoptr (GPtrArray) buffers = run_to_end (text);

  g_assert_cmpuint (buffers->len, >, 0);
  for (guint i = 0; i < buffers->len; i++) {
    GstMapInfo map;

    g_assert_true (gst_buffer_map (buffers->pdata[i], &map, GST_MAP_READ));
    if (wc_track_codec (source->track) == WC_CODEC_AV1)
      push_obus (source, &map);
    else
      push (map.data + 12, map.size - 12, i + 1 == buffers->len, source);
    gst_buffer_unmap (buffers->pdata[i], &map);
  }
}

/* --- what comes of it ------------------------------------------------------
 */

typedef struct {
  gboolean done;
  GBytes *jpeg;
  char *error;
} Result;

static void
on_still (GBytes *jpeg, const GError *error, gpointer user_data)
{
  Result *result = user_data;

  g_assert_false (result->done);
  g_assert_true ((jpeg != NULL) != (error != NULL));
  result->done = TRUE;
  if (jpeg != NULL)
    result->jpeg = g_bytes_ref (jpeg);
  else
    result->error = g_strdup (error->message);
}

static gboolean
is_done (gpointer user_data)
{
  return ((Result *)user_data)->done;
}

static void
result_clear (Result *result)
{
  g_clear_pointer (&result->jpeg, g_bytes_unref);
  g_clear_pointer (&result->error, g_free);
}

static void
make_still (Source *source, guint width, Result *result)
{
  g_autoptr (WcKeyFrame) frame = wc_key_frame_find (source->track);
  g_autoptr (GError) error = NULL;
  WcStill *still;

  *result = (Result){0};
  g_assert_nonnull (frame);
  still = wc_still_new (frame, width, "test", on_still, result, &error);
  if (still == NULL) {
    on_still (NULL, error, result);
    return;
  }
  g_assert_true (wait_until (is_done, result, 10000));
  wc_still_free (still);
}

typedef struct {
  gint width, height;
  GBytes *rgb; /* rows of width * 3, rounded up to 4 */
} Picture;

static void
decode_jpeg (GBytes *jpeg, Picture *picture)
{
  GstElement *pipeline =
      start_sender ("appsrc name=in caps=image/jpeg ! jpegdec ! videoconvert ! "
                    "video/x-raw,format=RGB ! appsink name=out sync=false");
  g_autoptr (GstElement) in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  g_autoptr (GstElement) out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  GstSample *sample;
  GstMapInfo map;

  gst_app_src_push_buffer (GST_APP_SRC (in),
                           gst_buffer_new_wrapped_bytes (jpeg));
  gst_app_src_end_of_stream (GST_APP_SRC (in));
  sample = gst_app_sink_pull_sample (GST_APP_SINK (out));
  g_assert_nonnull (sample);
  const GstStructure *caps =
      gst_caps_get_structure (gst_sample_get_caps (sample), 0);
  g_assert_true (gst_structure_get_int (caps, "width", &picture->width));
  g_assert_true (gst_structure_get_int (caps, "height", &picture->height));
  gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ);
  picture->rgb = g_bytes_new (map.data, map.size);
  gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  gst_sample_unref (sample);
  stop_sender (pipeline);
}

/* @x and @y in percent. */
static void
assert_colour (const Picture *picture, guint x, guint y, guint32 wanted)
{
  const guint8 *rgb = g_bytes_get_data (picture->rgb, NULL);
  gsize stride = ((gsize)picture->width * 3 + 3) & ~(gsize)3;
  const guint8 *at = rgb + stride * ((gsize)picture->height * y / 100) +
                     3 * ((gsize)picture->width * x / 100);

  for (guint i = 0; i < 3; i++)
    if (ABS ((gint)at[i] - (gint)(wanted >> (16 - 8 * i) & 0xff)) > 24)
      g_error ("at %u%%, %u%%: #%02x%02x%02x, not #%06x", x, y, at[0], at[1],
               at[2], wanted);
}

/* The bars of SMPTE: white, yellow, cyan, green, magenta, red, blue. Of the
 * whole range: what video calls white, 235, is white in a JPEG as well. */
static void
assert_bars (const Picture *picture)
{
  static const guint32 bars[] = {0xffffff, 0xffff00, 0x00ffff, 0x00ff00,
                                 0xff00ff, 0xff0000, 0x0000ff};

  for (guint i = 0; i < G_N_ELEMENTS (bars); i++)
    assert_colour (picture, (100 * i + 50) / G_N_ELEMENTS (bars), 30, bars[i]);
}

/* --- every text ------------------------------------------------------------
 */

#define BARS(size)                                                             \
  "videotestsrc num-buffers=1 pattern=smpte ! video/x-raw," size
#define HD "width=1280,height=720,framerate=25/1 ! "
#define X264 "x264enc tune=zerolatency speed-preset=ultrafast ! "

typedef struct {
  const char *name;
  WcCodec codec;
  const char *sender;
  const char *encoder; /* may be missing */
} Row;

static const Row rows[] = {
    {"h264", WC_CODEC_H264,
     BARS (HD) X264 "video/x-h264,profile=constrained-baseline ! rtph264pay "
                    "config-interval=-1",
     "x264enc"},
    {"h265", WC_CODEC_H265,
     BARS (HD) "x265enc tune=zerolatency speed-preset=ultrafast "
               "option-string=log-level=none ! rtph265pay config-interval=-1",
     "x265enc"},
    {"vp8", WC_CODEC_VP8,
     BARS ("colorimetry=bt601," HD) "vp8enc deadline=1 cpu-used=8 ! rtpvp8pay",
     "vp8enc"},
    {"vp9", WC_CODEC_VP9, BARS (HD) "vp9enc deadline=1 cpu-used=8 ! rtpvp9pay",
     "vp9enc"},
    {"av1", WC_CODEC_AV1,
     BARS (HD) "av1enc cpu-used=8 usage-profile=realtime ! "
               "video/x-av1,stream-format=obu-stream,alignment=tu",
     "av1enc"},
};

static void
test_codec (gconstpointer user_data)
{
  const Row *row = user_data;
  g_autoptr (WcKeyFrame) frame = NULL;
  Picture picture;
  Source source;
  Result result;

  if (!wc_pipeline_has_element (row->encoder)) {
    g_test_skip (row->encoder);
    return;
  }
  begin (&source, row->codec);
  send_frame (&source, row->sender);
  frame = wc_key_frame_find (source.track);
  g_assert_cmpuint (frame->width, ==, 1280);
  g_assert_cmpuint (frame->height, ==, 720);
  make_still (&source, 640, &result);
  g_assert_cmpstr (result.error, ==, NULL);
  decode_jpeg (result.jpeg, &picture);
  g_assert_cmpint (picture.width, ==, 640);
  g_assert_cmpint (picture.height, ==, 360);
  assert_bars (&picture);
  g_bytes_unref (picture.rgb);
  result_clear (&result);
  finish (&source);
}

/* --- sizes -----------------------------------------------------------------
 */

typedef struct {
  const char *name, *sender;
  guint width; /* asked for */
  gint expected_width, expected_height;
} Size;

#define SIZED(size) BARS (size) " ! " X264 "rtph264pay config-interval=-1"

static const Size sizes[] = {
    {"not-larger", SIZED ("width=320,height=240"), 640, 320, 240},
    {"upright", SIZED ("width=360,height=640"), 180, 180, 320},
    {"square-pixels", SIZED ("width=720,height=576,pixel-aspect-ratio=16/15"),
     640, 640, 480},
    {"odd", SIZED ("width=642,height=358"), 321, 321, 179},
    {"narrow", SIZED ("width=32,height=1024"), 64, 8, 256},
};

static void
test_size (gconstpointer user_data)
{
  const Size *size = user_data;
  Picture picture;
  Source source;
  Result result;

  begin (&source, WC_CODEC_H264);
  send_frame (&source, size->sender);
  make_still (&source, size->width, &result);
  g_assert_cmpstr (result.error, ==, NULL);
  decode_jpeg (result.jpeg, &picture);
  g_assert_cmpint (picture.width, ==, size->expected_width);
  g_assert_cmpint (picture.height, ==, size->expected_height);
  g_bytes_unref (picture.rgb);
  result_clear (&result);
  finish (&source);
}

/* --- what cannot be --------------------------------------------------------
 */

static void
assert_refused (Source *source, const char *pattern)
{
  Result result;

  make_still (source, 640, &result);
  g_assert_null (result.jpeg);
  if (!g_regex_match_simple (pattern, result.error, 0, 0))
    g_error ("\"%s\" does not match /%s/", result.error, pattern);
  result_clear (&result);
}

/* A good header, as of one that is encrypted behind it. */
static void
test_damaged (void)
{
  guint8 payload[1000] = {0x10, 0x10, 0x02, 0x00, 0x9d, 0x01,
                          0x2a, 0xb0, 0x00, 0x90, 0x00};
  Source source;

  begin (&source, WC_CODEC_VP8);
  /* The first partition is said to be longer than the frame. */
  payload[2] = 0xff;
  payload[3] = 0x7f;
  push (payload, sizeof payload, TRUE, &source);
  assert_refused (&source, "cannot be decoded .*encrypted");
  finish (&source);
}

static void
test_too_large (void)
{
  static const guint8 payload[] = {0x10, 0x10, 0x02, 0x00, 0x9d, 0x01,
                                   0x2a, 0xff, 0x3f, 0xff, 0x3f};
  Source source;

  begin (&source, WC_CODEC_VP8);
  push (payload, sizeof payload, TRUE, &source);
  assert_refused (&source, "16383x16383 is larger than .*37748736 pixels");
  finish (&source);
}

/* An operator's text in which nothing comes to an end. */
static void
test_stuck (void)
{
  g_autofree char *directory = g_dir_make_tmp ("whepcast-XXXXXX", NULL);
  g_autofree char *path =
      g_build_filename (directory, "still-vp8.pipeline", NULL);
  Source source;

  g_assert_true (g_file_set_contents (
      path,
      "appsrc name=in format=time ! valve drop=true ! appsink name=out "
      "videotestsrc num-buffers=1 ! capsfilter name=size ! fakesink",
      -1, NULL));
  begin (&source, WC_CODEC_VP8);
  send_frame (&source, rows[2].sender);
  wc_pipeline_set_directory (directory);
  assert_refused (&source, "does not come to an end");
  wc_pipeline_set_directory (NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
  finish (&source);
}

/* Nobody is told of what was given up. */
static void
test_given_up (void)
{
  g_autoptr (WcKeyFrame) frame = NULL;
  Result result = {0};
  Source source;

  begin (&source, WC_CODEC_VP8);
  send_frame (&source, rows[2].sender);
  frame = wc_key_frame_find (source.track);
  for (guint i = 0; i < 20; i++) {
    WcStill *still = wc_still_new (frame, 64, "test", on_still, &result, NULL);
    g_assert_nonnull (still);
    run_for (i);
    wc_still_free (still);
    result.done = FALSE;
    result_clear (&result);
  }
  run_for (200);
  g_assert_false (result.done);
  finish (&source);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/still/", rows[i].name, NULL);
    g_test_add_data_func (path, &rows[i], test_codec);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree char *path = g_strconcat ("/still/size/", sizes[i].name, NULL);
    g_test_add_data_func (path, &sizes[i], test_size);
  }
  g_test_add_func ("/still/damaged", test_damaged);
  g_test_add_func ("/still/too-large", test_too_large);
  g_test_add_func ("/still/given-up", test_given_up);
  g_test_add_func ("/still/stuck", test_stuck);
  return g_test_run ();
}
