/* SPDX-License-Identifier: MIT */
/* Media that browsers do not play, through a WcSourceTrack: every text of
 * pipelines/convert-*, what sets a conversion off and ends it, and that sound
 * stays where it was in time. */
#include "media-support.h"

#include "base/clock.h"
#include "ingest/converter.h"
#include "ingest/pipeline.h"
#include "ingest/source-track.h"

#include <glib/gstdio.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

static const WcTrackLimits limits = {2000, 16 << 20};

typedef struct {
  WcSourceClock *clock;
  WcSourceTrack *track;
  GstElement *sender;
  gboolean watched;
  guint64 at_least; /* what is waited for */
} Fixture;

static GstFlowReturn
on_sample (GstAppSink *sink, gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  g_autoptr (WcTrack) track = wc_source_track_dup_track (f->track);

  if (track == NULL) {
    WcSourceFormat format;
    g_autoptr (GError) error = NULL;
    g_assert_true (
        wc_source_format_from_caps (&format, gst_sample_get_caps (sample)));
    wc_source_track_set_format (f->track, &format, &error);
    g_assert_no_error (error);
    wc_source_format_clear (&format);
  }
  wc_source_track_take_sample (sample, f->track);
  return GST_FLOW_OK;
}

static void
begin (Fixture *f, WcMedia media, WcBFrames bframes)
{
  *f = (Fixture){.clock = wc_source_clock_new ()};
  f->track = wc_source_track_new (media, f->clock, &limits);
  wc_source_track_set_policy (f->track, "test", bframes);
  wc_source_track_open (f->track);
}

static void
send_media (Fixture *f, const char *text)
{
  GstAppSinkCallbacks callbacks = {.new_sample = on_sample};
  g_autofree char *whole =
      g_strconcat (text, " ! appsink name=end sync=false", NULL);

  f->sender = gst_parse_launch (whole, NULL);
  g_assert_nonnull (f->sender);
  gst_object_ref_sink (f->sender);
  g_autoptr (GstElement) end = gst_bin_get_by_name (GST_BIN (f->sender), "end");
  gst_app_sink_set_callbacks (GST_APP_SINK (end), &callbacks, f, NULL);
  gst_element_set_state (f->sender, GST_STATE_PLAYING);
}

static void
finish (Fixture *f)
{
  if (f->sender != NULL)
    stop_sender (f->sender);
  wc_source_track_supervise (f->track, FALSE, wc_clock_now_us ());
  wc_source_track_close (f->track);
  wc_source_track_unref (f->track);
  wc_source_clock_unref (f->clock);
  g_assert_cmpuint (wc_converter_running (), ==, 0);
}

static WcConversionStatus
status_of (Fixture *f)
{
  g_autoptr (WcTrackFeed) feed = wc_source_track_dup_feed (f->track);
  WcConversionStatus status = {0};

  if (feed != NULL)
    wc_track_feed_get_conversion (feed, &status);
  return status;
}

static guint64
track_frames (Fixture *f)
{
  g_autoptr (WcTrack) track = wc_source_track_dup_track (f->track);
  WcTrackStats stats = {0};

  if (track != NULL)
    wc_track_get_stats (track, &stats);
  return stats.frames;
}

static void
tick (Fixture *f)
{
  wc_source_track_flush (f->track, wc_clock_now_us ());
  wc_source_track_supervise (f->track, f->watched, wc_clock_now_us ());
}

static gboolean
has_frames (gpointer user_data)
{
  Fixture *f = user_data;

  tick (f);
  return track_frames (f) >= f->at_least;
}

static gboolean
is_ready (gpointer user_data)
{
  tick (user_data);
  return wc_source_track_is_ready (((Fixture *)user_data)->track);
}

static void
wait_frames (Fixture *f, guint n)
{
  f->at_least = track_frames (f) + n;
  g_assert_true (wait_until (has_frames, f, 15000));
}

/* --- every text ------------------------------------------------------------
 */

#define TONE "audiotestsrc is-live=true samplesperbuffer=441 ! audioconvert ! "

/* G.711 at another rate than browsers know, and than its payloaders. */
#define G711(law)                                                              \
  TONE "audio/x-raw,rate=16000,channels=1 ! " law "enc ! capssetter "          \
       "caps=audio/x-" law ",rate=8000 ! "
#define G711_END " pt=97 ! capssetter caps=application/x-rtp,clock-rate=16000"

typedef struct {
  const char *name;
  const char *sender;
  WcCodec source;
} Row;

static const Row rows[] = {
    {"aac",
     TONE "audio/x-raw,rate=44100,channels=2 ! avenc_aac ! rtpmp4gpay pt=97",
     WC_CODEC_AAC},
    {"mp3",
     TONE "audio/x-raw,rate=48000,channels=2 ! lamemp3enc ! mpegaudioparse ! "
          "rtpmpapay pt=97",
     WC_CODEC_MPA},
    {"g726",
     TONE "audio/x-raw,rate=8000,channels=1 ! avenc_g726 bitrate=32000 ! "
          "rtpg726pay pt=97",
     WC_CODEC_G726_32},
    {"l16", TONE "audio/x-raw,rate=44100,channels=1 ! rtpL16pay pt=97 mtu=1400",
     WC_CODEC_L16},
    {"l8", TONE "audio/x-raw,format=U8,rate=16000,channels=1 ! rtpL8pay pt=97",
     WC_CODEC_L8},
    {"multiopus",
     "audiotestsrc is-live=true samplesperbuffer=960 ! "
     "audio/x-raw,rate=48000,channels=6,channel-mask=(bitmask)0x3f ! opusenc ! "
     "rtpopuspay pt=97",
     WC_CODEC_MULTIOPUS},
    {"pcmu", G711 ("mulaw") "rtppcmupay" G711_END, WC_CODEC_PCMU},
    {"pcma", G711 ("alaw") "rtppcmapay" G711_END, WC_CODEC_PCMA},
};

static void
test_sound (gconstpointer user_data)
{
  const Row *row = user_data;
  WcConversionStatus status;
  Fixture f;

  begin (&f, WC_MEDIA_AUDIO, WC_BFRAMES_AUTO);
  send_media (&f, row->sender);
  g_assert_true (wait_until (is_ready, &f, 10000));
  status = status_of (&f);
  g_assert_cmpint (status.state, ==, WC_CONVERSION_SLEEPING);
  g_assert_cmpint (status.source, ==, row->source);
  g_assert_cmpint (status.target, ==, WC_CODEC_OPUS);
  g_assert_cmpuint (track_frames (&f), ==, 0);
  wc_conversion_status_clear (&status);

  f.watched = TRUE;
  wait_frames (&f, 20);
  g_assert_cmpuint (wc_converter_running (), ==, 1);
  finish (&f);
}

/* What is taken where there is no libav, in the place of that. */
static void
test_faad (void)
{
  g_autofree char *directory = g_dir_make_tmp ("whepcast-XXXXXX", NULL);
  g_autofree char *path =
      g_build_filename (directory, "convert-aac.pipeline", NULL);
  g_autofree char *text = wc_pipeline_load_text ("convert-aac-faad", NULL);

  if (!wc_pipeline_has_element ("faad")) {
    g_test_skip ("faad");
    return;
  }
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  wc_pipeline_set_directory (directory);
  test_sound (&rows[0]);
  wc_pipeline_set_directory (NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

#define B_FRAMES(bframes, more)                                                 \
  "videotestsrc is-live=true pattern=ball ! "                                   \
  "video/x-raw,width=320,height=240,framerate=25/1 ! "                          \
  "x264enc key-int-max=25 speed-preset=veryfast b-adapt=false bframes=" bframes \
  " " more " threads=1 rc-lookahead=5 ! "                                       \
  "video/x-h264,profile=main ! rtph264pay pt=96 config-interval=-1"

/* Decoded, encoded anew, and shown in the order in which it comes. */
static void
assert_rising (Fixture *f)
{
  g_autoptr (WcTrack) track = wc_source_track_dup_track (f->track);
  WcPacket *packets[64];
  gint64 newest = G_MININT64;
  gboolean skipped;
  guint64 seq;
  guint n;

  g_assert_true (wc_track_find_start (track, &seq));
  while ((n = wc_track_read (track, &seq, packets, G_N_ELEMENTS (packets),
                             &skipped)) > 0)
    for (guint i = 0; i < n; i++) {
      g_assert_cmpint (packets[i]->timestamp, >=, newest);
      newest = packets[i]->timestamp;
      wc_packet_unref (packets[i]);
    }
}

static gboolean
is_transcoding (gpointer user_data)
{
  Fixture *f = user_data;
  WcConversionStatus status;

  tick (f);
  status = status_of (f);
  wc_conversion_status_clear (&status);
  return status.bframes == WC_BFRAMES_TRANSCODE &&
         status.state == WC_CONVERSION_RUNNING;
}

static gboolean
is_dropping (gpointer user_data)
{
  Fixture *f = user_data;
  WcConversionStatus status;

  tick (f);
  status = status_of (f);
  wc_conversion_status_clear (&status);
  return status.bframes == WC_BFRAMES_DROP;
}

static void
test_auto_transcodes (void)
{
  Fixture f;

  begin (&f, WC_MEDIA_VIDEO, WC_BFRAMES_AUTO);
  f.watched = TRUE;
  send_media (&f, B_FRAMES ("3", "b-pyramid=true"));
  g_assert_true (wait_until (is_transcoding, &f, 15000));
  wait_frames (&f, 30);
  assert_rising (&f);
  finish (&f);
}

static void
test_auto_drops (void)
{
  Fixture f;

  begin (&f, WC_MEDIA_VIDEO, WC_BFRAMES_AUTO);
  f.watched = TRUE;
  send_media (&f, B_FRAMES ("1", ""));
  g_assert_true (wait_until (is_dropping, &f, 15000));
  wait_frames (&f, 30);
  assert_rising (&f);
  g_assert_cmpuint (wc_converter_running (), ==, 0);
  finish (&f);
}

static void
test_plain_is_not_touched (void)
{
  WcConversionStatus status;
  Fixture f;

  begin (&f, WC_MEDIA_VIDEO, WC_BFRAMES_AUTO);
  f.watched = TRUE;
  send_media (&f, H264_RTP);
  wait_frames (&f, 50);
  status = status_of (&f);
  g_assert_cmpint (status.bframes, ==, WC_BFRAMES_PASS);
  g_assert_cmpint (status.state, ==, WC_CONVERSION_NONE);
  g_assert_null (status.reason);
  finish (&f);
}

static void
test_h265 (void)
{
  Fixture f;

  begin (&f, WC_MEDIA_VIDEO, WC_BFRAMES_TRANSCODE);
  f.watched = TRUE;
  send_media (&f, "videotestsrc is-live=true ! "
                  "video/x-raw,width=320,height=240,framerate=15/1 ! x265enc "
                  "key-int-max=15 speed-preset=ultrafast "
                  "option-string=log-level=none:bframes=2 ! "
                  "rtph265pay pt=96 config-interval=-1");
  wait_frames (&f, 20);
  assert_rising (&f);
  finish (&f);
}

/* --- when it runs ----------------------------------------------------------
 */

static void
test_only_while_watched (void)
{
  Fixture f;

  begin (&f, WC_MEDIA_AUDIO, WC_BFRAMES_AUTO);
  send_media (&f, rows[3].sender);
  g_assert_true (wait_until (is_ready, &f, 10000));
  for (guint i = 1; i <= 3; i++) {
    WcConversionStatus status;

    f.watched = TRUE;
    wait_frames (&f, 10);
    g_assert_cmpuint (wc_converter_running (), ==, 1);
    f.watched = FALSE;
    tick (&f);
    g_assert_cmpuint (wc_converter_running (), ==, 0);
    status = status_of (&f);
    g_assert_cmpint (status.state, ==, WC_CONVERSION_SLEEPING);
    g_assert_cmpuint (status.starts, ==, i);
    g_assert_cmpuint (status.failures, ==, 0);
    /* Who comes later is not given the sound of before. */
    g_autoptr (WcTrack) track = wc_source_track_dup_track (f.track);
    guint64 seq;
    g_assert_false (wc_track_find_start (track, &seq));
    g_assert_true (wc_source_track_is_ready (f.track));
  }
  finish (&f);
}

static gboolean
has_failed (gpointer user_data)
{
  WcConversionStatus status;

  tick (user_data);
  status = status_of (user_data);
  wc_conversion_status_clear (&status);
  return status.failures > 0;
}

/* A decoder that swallows everything, and then a good one. */
static void
test_stuck (void)
{
  g_autofree char *directory = g_dir_make_tmp ("whepcast-XXXXXX", NULL);
  g_autofree char *path =
      g_build_filename (directory, "convert-pcm.pipeline", NULL);
  Fixture f;

  g_assert_true (g_file_set_contents (
      path, "appsrc name=in format=time ! valve drop=true ! appsink name=out",
      -1, NULL));
  wc_pipeline_set_directory (directory);
  begin (&f, WC_MEDIA_AUDIO, WC_BFRAMES_AUTO);
  f.watched = TRUE;
  send_media (&f, rows[3].sender);
  g_assert_true (wait_until (has_failed, &f, 15000));
  wc_pipeline_set_directory (NULL);
  wait_frames (&f, 20);
  finish (&f);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

/* --- in time ---------------------------------------------------------------
 */

#define RATE 48000
#define PACKET 480
#define N_PACKETS 300
#define BURST 150 /* the packet that is loud */
#define START_US (1000 * G_USEC_PER_SEC)

static void
push_pcm (Fixture *f, guint i, gint64 now_us)
{
  guint8 packet[12 + 2 * PACKET] = {0x80, 97};
  guint32 timestamp = i * PACKET;

  packet[2] = (guint8)(i >> 8);
  packet[3] = (guint8)i;
  for (guint k = 0; k < 4; k++)
    packet[4 + k] = (guint8)(timestamp >> (24 - 8 * k));
  for (guint k = 0; i == BURST && k < PACKET; k++)
    packet[12 + 2 * k] = k / 24 % 2 ? 0x40 : 0xc0;
  wc_source_track_push_rtp (f->track, packet, sizeof packet, now_us);
}

/* The sample of the decoded stream where it becomes loud. */
static guint
find_burst (const GPtrArray *payloads)
{
  g_autoptr (GstElement) decoder = gst_parse_launch (
      "appsrc name=in format=time "
      "caps=audio/x-opus,channel-mapping-family=0,channels=2,rate=48000 ! "
      "opusdec ! audio/x-raw,format=S16LE,rate=48000,channels=2 ! "
      "appsink name=out sync=false",
      NULL);
  g_autoptr (GstElement) in = NULL, out = NULL;
  GstSample *sample;
  guint at = 0, found = 0;

  gst_object_ref_sink (decoder);
  in = gst_bin_get_by_name (GST_BIN (decoder), "in");
  out = gst_bin_get_by_name (GST_BIN (decoder), "out");
  gst_element_set_state (decoder, GST_STATE_PLAYING);
  for (guint i = 0; i < payloads->len; i++) {
    const WcPacket *packet = payloads->pdata[i];
    GstBuffer *buffer = gst_buffer_new_memdup (packet->payload, packet->size);
    GST_BUFFER_PTS (buffer) = i * 20 * GST_MSECOND;
    gst_app_src_push_buffer (GST_APP_SRC (in), buffer);
  }
  gst_app_src_end_of_stream (GST_APP_SRC (in));
  while ((sample = gst_app_sink_pull_sample (GST_APP_SINK (out))) != NULL) {
    GstMapInfo map;
    gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ);
    const gint16 *samples = (const gint16 *)map.data;
    for (gsize i = 0; i < map.size / 4; i++, at++)
      if (found == 0 && ABS (samples[2 * i]) > 4000)
        found = at;
    gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
    gst_sample_unref (sample);
  }
  gst_element_set_state (decoder, GST_STATE_NULL);
  return found;
}

/* When the burst was captured is told of it after the conversion as it was
 * before: by how much the two differ, sound is late or early against pictures,
 * which are not converted. */
static void
test_in_time (void)
{
  g_autoptr (GPtrArray) packets =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_packet_unref);
  WcSourceFormat format = {.media = WC_MEDIA_AUDIO,
                           .encoding = "L16",
                           .payload_type = 97,
                           .clock_rate = RATE,
                           .channels = 1};
  g_autoptr (WcTrack) track = NULL;
  gint64 start_us = wc_clock_now_us (), wanted_us, found_us;
  WcPacket *read[64];
  gboolean skipped;
  guint64 seq = 0;
  Fixture f;
  guint n, at;

  begin (&f, WC_MEDIA_AUDIO, WC_BFRAMES_AUTO);
  f.watched = TRUE;
  g_assert_true (wc_source_track_set_format (f.track, &format, NULL));
  tick (&f);
  g_assert_cmpuint (wc_converter_running (), ==, 1);
  for (guint i = 0; i < N_PACKETS; i++) {
    gint64 now_us = start_us + i * 10000;
    push_pcm (&f, i, now_us);
    run_for (2); /* five times as fast as it says */
  }
  f.at_least = N_PACKETS / 2 - 5;
  g_assert_true (wait_until (has_frames, &f, 10000));

  track = wc_source_track_dup_track (f.track);
  g_assert_true (wc_track_find_start_after (track, 0, &seq));
  while ((n = wc_track_read (track, &seq, read, G_N_ELEMENTS (read),
                             &skipped)) > 0)
    for (guint i = 0; i < n; i++)
      g_ptr_array_add (packets, read[i]);
  for (guint i = 1; i < packets->len; i++) {
    const WcPacket *packet = packets->pdata[i], *before = packets->pdata[i - 1];
    g_assert_cmpint (packet->timestamp - before->timestamp, ==, 960);
    g_assert_cmpuint (packet->seq - before->seq, ==, 1);
  }
  at = find_burst (packets);
  g_assert_cmpuint (at, >, 0);
  const WcPacket *first = packets->pdata[0];
  found_us = first->capture_us + (gint64)at * G_USEC_PER_SEC / RATE;
  wanted_us = start_us + BURST * 10000;
  g_test_message ("the burst is %" G_GINT64_FORMAT " us late",
                  found_us - wanted_us);
  g_assert_cmpint (ABS (found_us - wanted_us), <, 15000);
  finish (&f);
}

/* --- in time with a picture, across restarts -------------------------------
 */

#define RESTARTS 10
#define SLOT_US 20000   /* a packet of sound; every second one, a picture */
#define ROUND_SLOTS 125 /* 2.5 s */
#define BURST_SLOT 100  /* loud, and a picture that is marked */
#define SOUND_LATE_US 40000
#define NTP_OFFSET_US (3900000000ll * G_USEC_PER_SEC)

typedef struct {
  Fixture sound, picture;
  gint64 now_us; /* of the source: it goes on faster than ours */
  guint32 sound_ssrc, picture_ssrc;
  guint32 sound_base, picture_base;
  guint16 seq;
  guint64 sound_seq, picture_seq; /* of the tracks: read so far */
} Lips;

static void
write_header (guint8 *packet, guint8 type, guint16 seq, guint32 timestamp,
              guint32 ssrc)
{
  packet[0] = 0x80;
  packet[1] = type;
  packet[2] = (guint8)(seq >> 8);
  packet[3] = (guint8)seq;
  for (guint i = 0; i < 4; i++) {
    packet[4 + i] = (guint8)(timestamp >> (24 - 8 * i));
    packet[8 + i] = (guint8)(ssrc >> (24 - 8 * i));
  }
}

static void
push_sound (Lips *lips, guint slot)
{
  guint8 packet[12 + 2 * 960] = {0};

  write_header (packet, 97, (guint16)(lips->seq + slot),
                lips->sound_base + slot * 960, lips->sound_ssrc);
  for (guint k = 0; slot == BURST_SLOT && k < 960; k++)
    packet[12 + 2 * k] = k / 24 % 2 ? 0x40 : 0xc0;
  wc_source_track_push_rtp (lips->sound.track, packet, sizeof packet,
                            lips->now_us + SOUND_LATE_US +
                                g_test_rand_int_range (0, 8000));
}

/* A key frame in a STAP-A each; the last byte marks the one. */
static void
push_picture (Lips *lips, guint slot)
{
  guint8 packet[] = {
      0,    0,    0,    0,    0,    0,    0,
      0,    0,    0,    0,    0,    0x78, 0x00,
      0x08, 0x67, 0x42, 0xe0, 0x1f, 0x95, 0xa0,
      0x14, 0x01, 0x00, 0x04, 0x68, 0xce, 0x3c,
      0x80, 0x00, 0x04, 0x65, 0x88, 0x84, slot == BURST_SLOT ? 0xee : 0x11};

  write_header (packet, 0x80 | 96, (guint16)(lips->seq + slot / 2),
                lips->picture_base + slot * 1800, lips->picture_ssrc);
  wc_source_track_push_rtp (lips->picture.track, packet, sizeof packet,
                            lips->now_us + g_test_rand_int_range (0, 8000));
}

static void
report (Lips *lips, guint slot)
{
  gint64 ntp_us = lips->now_us + NTP_OFFSET_US;
  guint64 ntp = (guint64)(ntp_us / G_USEC_PER_SEC) << 32 |
                ((guint64)(ntp_us % G_USEC_PER_SEC) << 32) / G_USEC_PER_SEC;

  wc_source_track_push_report (lips->sound.track, ntp,
                               lips->sound_base + slot * 960, lips->now_us);
  wc_source_track_push_report (lips->picture.track, ntp,
                               lips->picture_base + slot * 1800, lips->now_us);
}

static void
set_formats (Lips *lips)
{
  WcSourceFormat sound = {.media = WC_MEDIA_AUDIO,
                          .encoding = "L16",
                          .payload_type = 97,
                          .clock_rate = RATE,
                          .channels = 1};
  WcSourceFormat picture = {.media = WC_MEDIA_VIDEO,
                            .encoding = "H264",
                            .payload_type = 96,
                            .clock_rate = 90000};

  wc_source_track_open (lips->sound.track);
  wc_source_track_open (lips->picture.track);
  g_assert_true (wc_source_track_set_format (lips->sound.track, &sound, NULL));
  g_assert_true (
      wc_source_track_set_format (lips->picture.track, &picture, NULL));
}

static GPtrArray *
read_all (Fixture *f, guint64 *from)
{
  GPtrArray *all =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_packet_unref);
  g_autoptr (WcTrack) track = wc_source_track_dup_track (f->track);
  WcPacket *packets[64];
  gboolean skipped;
  guint n;

  while ((n = wc_track_read (track, from, packets, G_N_ELEMENTS (packets),
                             &skipped)) > 0)
    for (guint i = 0; i < n; i++)
      g_ptr_array_add (all, packets[i]);
  return all;
}

/* When the burst of the round was captured, as told of the converted sound. */
static gint64
sound_captured_us (Lips *lips)
{
  g_autoptr (GPtrArray) packets = NULL;
  guint at;

  lips->sound.at_least = track_frames (&lips->sound);
  run_for (300); /* what the encoder still has */
  packets = read_all (&lips->sound, &lips->sound_seq);
  at = find_burst (packets);
  g_assert_cmpuint (at, >, 0);
  g_assert_cmpuint (at / 960, <, packets->len);
  const WcPacket *packet = packets->pdata[at / 960];
  return packet->capture_us + (gint64)(at % 960) * G_USEC_PER_SEC / RATE;
}

static gint64
picture_captured_us (Lips *lips)
{
  g_autoptr (GPtrArray) packets = read_all (&lips->picture, &lips->picture_seq);

  for (guint i = 0; i < packets->len; i++) {
    const WcPacket *packet = packets->pdata[i];
    if (packet->payload[packet->size - 1] == 0xee)
      return packet->capture_us;
  }
  g_assert_not_reached ();
}

static gint64
play_round (Lips *lips)
{
  set_formats (lips);
  tick (&lips->sound);
  lips->sound_ssrc = g_test_rand_int ();
  lips->picture_ssrc = g_test_rand_int ();
  lips->sound_base = g_test_rand_int ();
  lips->picture_base = g_test_rand_int ();
  lips->seq = (guint16)g_test_rand_int ();
  for (guint slot = 0; slot < ROUND_SLOTS; slot++) {
    if (slot % 50 == 5)
      report (lips, slot);
    push_sound (lips, slot);
    if (slot % 2 == 0)
      push_picture (lips, slot);
    lips->now_us += SLOT_US;
    run_for (2);
  }
  return sound_captured_us (lips) - picture_captured_us (lips);
}

/* Sound that comes 40 ms after its picture, by another converter's clock every
 * time the source starts again. */
static void
test_lips (void)
{
  Lips lips = {.now_us = wc_clock_now_us ()};
  gint64 first_us = 0;

  begin (&lips.sound, WC_MEDIA_AUDIO, WC_BFRAMES_AUTO);
  lips.sound.watched = TRUE;
  lips.picture = (Fixture){.clock = wc_source_clock_ref (lips.sound.clock)};
  lips.picture.track =
      wc_source_track_new (WC_MEDIA_VIDEO, lips.picture.clock, &limits);
  for (guint i = 0; i <= RESTARTS; i++) {
    gint64 difference_us = play_round (&lips);
    g_test_message ("after %u restarts: sound %+d us", i, (int)difference_us);
    g_assert_cmpint (ABS (difference_us), <, 40000);
    if (i == 0)
      first_us = difference_us;
    g_assert_cmpint (ABS (difference_us - first_us), <, 40000);
    lips.now_us += 3 * G_USEC_PER_SEC;
  }
  finish (&lips.sound);
  finish (&lips.picture);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/conversion/", rows[i].name, NULL);
    g_test_add_data_func (path, &rows[i], test_sound);
  }
  g_test_add_func ("/conversion/faad", test_faad);
  g_test_add_func ("/conversion/b-frames/transcode", test_auto_transcodes);
  g_test_add_func ("/conversion/b-frames/drop", test_auto_drops);
  g_test_add_func ("/conversion/b-frames/none", test_plain_is_not_touched);
  g_test_add_func ("/conversion/b-frames/h265", test_h265);
  g_test_add_func ("/conversion/only-while-watched", test_only_while_watched);
  g_test_add_func ("/conversion/stuck", test_stuck);
  g_test_add_func ("/conversion/in-time", test_in_time);
  g_test_add_func ("/conversion/lips", test_lips);
  return g_test_run ();
}
