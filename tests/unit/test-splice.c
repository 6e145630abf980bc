/* SPDX-License-Identifier: MIT */
/* Sources that run on a clock of their own, and what comes out of a splice of
 * them: as a viewer sees it. */
#include "engine/splice.h"

#include "engine/source-clock.h"

#define MS 1000
#define VIDEO_RATE 90000
#define AUDIO_RATE 48000
#define PACKETS_PER_FRAME 3
#define N_INPUTS 3

/* A source: frames every @frame_us, a key frame every @gop of them, a packet
 * of audio every 20 ms. Its time stamps have nothing to do with the others'. */
typedef struct {
  WcTrack *tracks[WC_N_MEDIA];
  gint64 frame_us, next_us[WC_N_MEDIA], origin_us;
  guint gop, n_frames;
  guint64 seq[WC_N_MEDIA];
  guint32 frame[WC_N_MEDIA];
  gint64 base[WC_N_MEDIA]; /* of timestamps */
  gboolean silent;
} Source;

typedef struct {
  Source sources[N_INPUTS];
  WcTrack *outputs[WC_N_MEDIA];
  WcSplice *splice;
  gint64 now_us;
  guint changes;
} Fixture;

static const WcTrackLimits limits = {2000, 1 << 20};
/* What came out is all looked at. */
static const WcTrackLimits output_limits = {600000, 1 << 24};

static void
source_init (Source *source, gint64 frame_us, guint gop, guint32 first_frame)
{
  *source = (Source){.frame_us = frame_us, .gop = gop};
  source->tracks[WC_MEDIA_VIDEO] =
      wc_track_new (WC_CODEC_VP8, VIDEO_RATE, &limits);
  source->tracks[WC_MEDIA_AUDIO] =
      wc_track_new (WC_CODEC_OPUS, AUDIO_RATE, &limits);
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    source->seq[media] = first_frame * 7u;
    source->frame[media] = first_frame;
    source->base[media] = (gint64)first_frame * 12345 - 77777;
  }
}

static void
append (Source *source, WcMedia media, guint8 flags, gint64 now_us)
{
  WcPacket *packet = wc_packet_new (8);
  guint32 rate = media == WC_MEDIA_VIDEO ? VIDEO_RATE : AUDIO_RATE;

  packet->seq = source->seq[media]++;
  packet->frame = source->frame[media];
  packet->capture_us = source->next_us[media];
  packet->timestamp =
      source->base[media] +
      wc_us_to_ticks (source->next_us[media] - source->origin_us, rate);
  packet->flags = flags;
  wc_track_append_at (source->tracks[media], &packet, 1, now_us);
}

static void
source_run (Source *source, gint64 now_us)
{
  gint64 *video_us = &source->next_us[WC_MEDIA_VIDEO];
  gint64 *audio_us = &source->next_us[WC_MEDIA_AUDIO];

  for (; *video_us <= now_us; *video_us += source->frame_us) {
    guint n = source->n_frames++;
    source->frame[WC_MEDIA_VIDEO]++;
    for (guint i = 0; i < PACKETS_PER_FRAME && !source->silent; i++)
      append (source, WC_MEDIA_VIDEO,
              (n % source->gop == 0 && i == 0 ? WC_PACKET_START : 0) |
                  (i == PACKETS_PER_FRAME - 1 ? WC_PACKET_MARKER : 0),
              now_us);
  }
  for (; *audio_us <= now_us; *audio_us += 20 * MS) {
    source->frame[WC_MEDIA_AUDIO]++;
    if (!source->silent)
      append (source, WC_MEDIA_AUDIO, WC_PACKET_START, now_us);
  }
}

static void
run (Fixture *f, gint64 ms)
{
  for (gint64 i = 0; i < ms; i++) {
    f->now_us += MS;
    for (guint n = 0; n < N_INPUTS; n++)
      source_run (&f->sources[n], f->now_us);
  }
}

static void
on_changed (gpointer user_data)
{
  ((Fixture *)user_data)->changes++;
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->now_us = 5000 * MS;
  source_init (&f->sources[0], 33333, 30, 0);
  source_init (&f->sources[1], 40000, 50, G_MAXUINT32 - 99);
  source_init (&f->sources[2], 16667, 600, 1000);
  for (guint i = 0; i < N_INPUTS; i++)
    for (guint media = 0; media < WC_N_MEDIA; media++)
      f->sources[i].next_us[media] = f->sources[i].origin_us =
          f->now_us + (gint64)i * 7 * MS;
  f->outputs[WC_MEDIA_VIDEO] =
      wc_track_new (WC_CODEC_VP8, VIDEO_RATE, &output_limits);
  f->outputs[WC_MEDIA_AUDIO] =
      wc_track_new (WC_CODEC_OPUS, AUDIO_RATE, &output_limits);
  f->splice = wc_splice_new (N_INPUTS, on_changed, f);
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    wc_splice_set_output (f->splice, media, f->outputs[media]);
    for (guint i = 0; i < N_INPUTS; i++)
      wc_splice_set_input (f->splice, i, media, f->sources[i].tracks[media]);
  }
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  wc_splice_free (f->splice);
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    wc_track_unref (f->outputs[media]);
    for (guint i = 0; i < N_INPUTS; i++)
      wc_track_unref (f->sources[i].tracks[media]);
  }
}

/* --- what a viewer sees ----------------------------------------------------
 */

/* (element-type WcPacket) */
static GPtrArray *
read_output (Fixture *f, WcMedia media)
{
  GPtrArray *all =
      g_ptr_array_new_with_free_func ((GDestroyNotify)wc_packet_unref);
  WcPacket *packets[64];
  guint64 seq = 0;
  gboolean skipped;
  guint n;

  while ((n = wc_track_read (f->outputs[media], &seq, packets, 64, &skipped)))
    for (guint i = 0; i < n; i++)
      g_ptr_array_add (all, packets[i]);
  return all;
}

static const WcPacket *
nth (const GPtrArray *packets, guint i)
{
  return g_ptr_array_index (packets, i);
}

/* No gap, no repetition, no step back; the marker says where frames end. */
static void
check_numbers (const GPtrArray *packets, gboolean video)
{
  for (guint i = 1; i < packets->len; i++) {
    const WcPacket *before = nth (packets, i - 1), *packet = nth (packets, i);

    g_assert_cmpuint (packet->seq, ==, before->seq + 1);
    if (packet->frame == before->frame) {
      g_assert_cmpint (packet->timestamp, ==, before->timestamp);
    } else {
      g_assert_cmpuint (packet->frame, ==, before->frame + 1);
      g_assert_cmpint (packet->timestamp, >, before->timestamp);
    }
    g_assert_true (!video || packet->frame == before->frame ||
                   before->flags & WC_PACKET_MARKER ||
                   packet->flags & WC_PACKET_START);
  }
}

/* Capture minus timestamp, as a viewer's sender reports tell. */
static gint64
lead_us (const WcPacket *packet, guint32 rate)
{
  return packet->capture_us - wc_ticks_to_us (packet->timestamp, rate);
}

/* By how much the relation of capture and timestamp moved in all. */
static gint64
drift_us (const GPtrArray *packets, guint32 rate)
{
  gint64 least = G_MAXINT64, most = G_MININT64;

  for (guint i = 0; i < packets->len; i++) {
    gint64 lead = lead_us (nth (packets, i), rate);
    least = MIN (least, lead);
    most = MAX (most, lead);
  }
  return most - least;
}

static guint
count_starts (const GPtrArray *packets)
{
  guint n = 0;

  for (guint i = 0; i < packets->len; i++)
    n += nth (packets, i)->flags & WC_PACKET_START ? 1 : 0;
  return n;
}

static gint64
longest_gap_us (const GPtrArray *packets)
{
  gint64 longest = 0;

  for (guint i = 1; i < packets->len; i++)
    longest = MAX (longest, nth (packets, i)->capture_us -
                                nth (packets, i - 1)->capture_us);
  return longest;
}

/* --- tests ------------------------------------------------------------------
 */

/* The first input comes with what it has held, at its own pace. */
static void
test_begin (Fixture *f, gconstpointer unused)
{
  run (f, 500);
  g_assert_cmpint (wc_splice_playing (f->splice), ==, -1);
  wc_splice_select (f->splice, 0, WC_SPLICE_AT_NEXT_START);
  g_assert_cmpint (wc_splice_playing (f->splice), ==, 0);
  run (f, 500);

  g_autoptr (GPtrArray) video = read_output (f, WC_MEDIA_VIDEO);
  g_autoptr (GPtrArray) audio = read_output (f, WC_MEDIA_AUDIO);
  g_assert_cmpuint (video->len, ==, 31 * PACKETS_PER_FRAME);
  g_assert_cmpuint (audio->len, ==, 51);
  check_numbers (video, TRUE);
  check_numbers (audio, FALSE);
  g_assert_cmpint (drift_us (video, VIDEO_RATE), <, MS);
  g_assert_cmpint (nth (video, 0)->capture_us, ==, nth (audio, 0)->capture_us);
}

/* The old one goes on until the new one's next key frame, and not longer. */
static void
test_next_start (Fixture *f, gconstpointer unused)
{
  wc_splice_select (f->splice, 0, WC_SPLICE_AT_NEXT_START);
  run (f, 2300);
  wc_splice_select (f->splice, 1, WC_SPLICE_AT_NEXT_START);
  run (f, 1690); /* its key frames are at 7, 2007, 4007 ms */
  g_assert_cmpint (wc_splice_playing (f->splice), ==, 0);
  run (f, 30);
  g_assert_cmpint (wc_splice_playing (f->splice), ==, 1);
  run (f, 1000);
  g_assert_cmpuint (f->changes, ==, 2);

  g_autoptr (GPtrArray) video = read_output (f, WC_MEDIA_VIDEO);
  g_autoptr (GPtrArray) audio = read_output (f, WC_MEDIA_AUDIO);
  check_numbers (video, TRUE);
  check_numbers (audio, FALSE);
  g_assert_cmpint (longest_gap_us (video), <=, 41 * MS);
  g_assert_cmpint (longest_gap_us (audio), <, 40 * MS);
  g_assert_cmpint (drift_us (video, VIDEO_RATE), <, 2 * MS);
  g_assert_cmpint (drift_us (audio, AUDIO_RATE), <, 2 * MS);
  /* at 0, 1, 2, 3 and 4 s those of the first, then the second's */
  g_assert_cmpuint (count_starts (video), ==, 6);
}

static guint
index_of_last_start (const GPtrArray *packets)
{
  guint i = packets->len - 1;

  while (!(nth (packets, i)->flags & WC_PACKET_START))
    i--;
  return i;
}

/* The old one is gone: the new one's group of pictures is passed over. */
static void
test_now (Fixture *f, gconstpointer unused)
{
  wc_splice_select (f->splice, 0, WC_SPLICE_NOW);
  run (f, 1000);
  f->sources[0].silent = TRUE;
  run (f, 2500);
  wc_splice_select (f->splice, 1, WC_SPLICE_NOW);
  g_assert_cmpint (wc_splice_playing (f->splice), ==, 1);
  run (f, 400);

  g_autoptr (GPtrArray) video = read_output (f, WC_MEDIA_VIDEO);
  g_autoptr (GPtrArray) audio = read_output (f, WC_MEDIA_AUDIO);
  check_numbers (video, TRUE);
  check_numbers (audio, FALSE);

  /* Its key frame was of 2007 ms, and 38 frames of the past follow. */
  guint start = index_of_last_start (video);
  const WcPacket *first = nth (video, start);
  const WcPacket *newest = nth (video, start + 37 * PACKETS_PER_FRAME);
  g_assert_cmpint (newest->capture_us, ==, 5000 * MS + (2007 + 37 * 40) * MS);
  g_assert_cmpint (newest->capture_us - first->capture_us, ==, 37 * MS);
  g_assert_cmpint (newest->timestamp - first->timestamp, ==,
                   37 * VIDEO_RATE / 1000);
  g_assert_cmpint (nth (video, start + 38 * PACKETS_PER_FRAME)->capture_us, ==,
                   newest->capture_us + 40 * MS);
  g_assert_cmpint (drift_us (video, VIDEO_RATE), <, MS);
  g_assert_cmpint (drift_us (audio, AUDIO_RATE), <, MS);
  /* Sound goes on from there, not from the past. */
  for (guint i = 0; i < audio->len; i++)
    g_assert_true (nth (audio, i)->capture_us <= 6000 * MS ||
                   nth (audio, i)->capture_us >= newest->capture_us);
}

/* What is past comes at a bounded pace. */
static void
test_paced (Fixture *f, gconstpointer unused)
{
  guint64 head;

  wc_splice_select (f->splice, 0, WC_SPLICE_NOW);
  run (f, 8000);
  f->sources[0].silent = TRUE;
  head = wc_track_head (f->outputs[WC_MEDIA_VIDEO]);
  wc_splice_select (f->splice, 2, WC_SPLICE_NOW);
  run (f, 17);
  g_assert_cmpuint (wc_track_head (f->outputs[WC_MEDIA_VIDEO]) - head, <=,
                    8 * (1 + 2 * PACKETS_PER_FRAME + 2)); /* wakes */
  run (f, 3000);

  g_autoptr (GPtrArray) video = read_output (f, WC_MEDIA_VIDEO);
  check_numbers (video, TRUE);
  g_assert_cmpint (nth (video, video->len - 1)->capture_us, >,
                   f->now_us - 20 * MS);
}

/* Without a start point there is nothing to show. */
static void
test_no_start (Fixture *f, gconstpointer unused)
{
  run (f, 500);
  wc_track_clear (f->sources[1].tracks[WC_MEDIA_VIDEO]);
  run (f, 500);
  wc_splice_select (f->splice, 1, WC_SPLICE_NOW);
  g_assert_cmpint (wc_splice_playing (f->splice), ==, -1);
  run (f, 1100);
  g_assert_cmpint (wc_splice_playing (f->splice), ==, 1);

  g_autoptr (GPtrArray) video = read_output (f, WC_MEDIA_VIDEO);
  g_autoptr (GPtrArray) audio = read_output (f, WC_MEDIA_AUDIO);
  g_assert_true (nth (video, 0)->flags & WC_PACKET_START);
  g_assert_cmpint (nth (video, 0)->capture_us, ==, 5000 * MS + 2007 * MS);
  g_assert_cmpint (nth (audio, 0)->capture_us, >=, 5000 * MS + 2007 * MS);
}

static void
test_ten_changes (Fixture *f, gconstpointer unused)
{
  wc_splice_select (f->splice, 0, WC_SPLICE_NOW);
  run (f, 1500);
  for (guint i = 1; i <= 10; i++) {
    gboolean crash = i % 3 == 0;
    Source *old = &f->sources[(i - 1) % 2];

    old->silent = crash;
    run (f, crash ? 2000 : 0);
    wc_splice_select (f->splice, (int)(i % 2),
                      crash ? WC_SPLICE_NOW : WC_SPLICE_AT_NEXT_START);
    run (f, 2100);
    g_assert_cmpint (wc_splice_playing (f->splice), ==, (int)(i % 2));
    old->silent = FALSE;
    run (f, 777);
  }
  g_assert_cmpuint (f->changes, ==, 11);

  g_autoptr (GPtrArray) video = read_output (f, WC_MEDIA_VIDEO);
  g_autoptr (GPtrArray) audio = read_output (f, WC_MEDIA_AUDIO);
  check_numbers (video, TRUE);
  check_numbers (audio, FALSE);
  /* A viewer's reports map both to one clock; that the mapping hardly moved
   * shows that errors do not add up. */
  g_assert_cmpint (drift_us (video, VIDEO_RATE), <, 15 * MS);
  g_assert_cmpint (drift_us (audio, AUDIO_RATE), <, MS);
}

/* What was lost on the way to us stays a gap. */
static void
test_loss (Fixture *f, gconstpointer unused)
{
  wc_splice_select (f->splice, 0, WC_SPLICE_NOW);
  run (f, 500);
  f->sources[0].seq[WC_MEDIA_VIDEO] += 5;
  run (f, 500);

  g_autoptr (GPtrArray) video = read_output (f, WC_MEDIA_VIDEO);
  const WcPacket *first = nth (video, 0), *last = nth (video, video->len - 1);
  g_assert_cmpuint (last->seq - first->seq, ==, video->len - 1 + 5);
}

static void
test_stop_and_go (Fixture *f, gconstpointer unused)
{
  guint64 head;

  wc_splice_select (f->splice, 0, WC_SPLICE_NOW);
  run (f, 1500);
  wc_splice_select (f->splice, -1, WC_SPLICE_NOW);
  g_assert_cmpint (wc_splice_playing (f->splice), ==, -1);
  head = wc_track_head (f->outputs[WC_MEDIA_VIDEO]);
  wc_track_clear (f->sources[0].tracks[WC_MEDIA_VIDEO]);
  run (f, 200);
  wc_splice_select (f->splice, 0, WC_SPLICE_AT_NEXT_START);
  run (f, 200);
  g_assert_cmpuint (wc_track_head (f->outputs[WC_MEDIA_VIDEO]), ==, head);
  run (f, 1000);

  g_autoptr (GPtrArray) video = read_output (f, WC_MEDIA_VIDEO);
  check_numbers (video, TRUE);
  g_assert_cmpuint (f->changes, ==, 3);
}

/* The codec of the source that plays changed back and forth, say. */
static void
test_other_track (Fixture *f, gconstpointer unused)
{
  Source *source = &f->sources[0];

  wc_splice_select (f->splice, 0, WC_SPLICE_NOW);
  run (f, 1500);
  wc_track_unref (source->tracks[WC_MEDIA_VIDEO]);
  source->tracks[WC_MEDIA_VIDEO] =
      wc_track_new (WC_CODEC_VP8, VIDEO_RATE, &limits);
  wc_splice_set_input (f->splice, 0, WC_MEDIA_VIDEO,
                       source->tracks[WC_MEDIA_VIDEO]);
  g_assert_cmpint (wc_splice_playing (f->splice), ==, -1);
  run (f, 1500);
  g_assert_cmpint (wc_splice_playing (f->splice), ==, 0);
  wc_splice_set_input (f->splice, 0, WC_MEDIA_VIDEO, NULL);

  g_autoptr (GPtrArray) video = read_output (f, WC_MEDIA_VIDEO);
  check_numbers (video, TRUE);
  g_assert_cmpint (nth (video, video->len - 1)->capture_us, >,
                   f->now_us - 40 * MS);
}

static void
test_audio_alone (Fixture *f, gconstpointer unused)
{
  for (guint i = 0; i < N_INPUTS; i++)
    wc_splice_set_input (f->splice, i, WC_MEDIA_VIDEO, NULL);
  run (f, 500);
  wc_splice_select (f->splice, 0, WC_SPLICE_AT_NEXT_START);
  run (f, 500);
  wc_splice_select (f->splice, 1, WC_SPLICE_AT_NEXT_START);
  g_assert_cmpint (wc_splice_playing (f->splice), ==, 1);
  run (f, 500);

  g_autoptr (GPtrArray) audio = read_output (f, WC_MEDIA_AUDIO);
  check_numbers (audio, FALSE);
  g_assert_cmpuint (audio->len, >, 48);
  g_assert_cmpint (longest_gap_us (audio), <, 40 * MS);
}

/* An output that has been written before goes on. */
static void
test_resume (Fixture *f, gconstpointer unused)
{
  WcTrack *video = f->outputs[WC_MEDIA_VIDEO];

  wc_splice_select (f->splice, 0, WC_SPLICE_NOW);
  run (f, 700);
  wc_splice_free (f->splice);
  f->splice = wc_splice_new (1, NULL, NULL);
  wc_splice_set_input (f->splice, 0, WC_MEDIA_VIDEO,
                       f->sources[1].tracks[WC_MEDIA_VIDEO]);
  wc_splice_set_output (f->splice, WC_MEDIA_VIDEO, video);
  wc_splice_select (f->splice, 0, WC_SPLICE_NOW);
  run (f, 700);

  g_autoptr (GPtrArray) packets = read_output (f, WC_MEDIA_VIDEO);
  g_autofree char *profile = NULL;
  check_numbers (packets, TRUE);
  g_assert_cmpint (nth (packets, packets->len - 1)->capture_us, >,
                   f->now_us - 41 * MS);
  wc_track_set_profile (f->sources[1].tracks[WC_MEDIA_VIDEO], "1");
  wc_splice_select (f->splice, -1, WC_SPLICE_NOW);
  wc_splice_select (f->splice, 0, WC_SPLICE_NOW);
  profile = wc_track_dup_profile (video);
  g_assert_cmpstr (profile, ==, "1");
}

#define ADD(name, func)                                                        \
  g_test_add ("/splice/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("begin", test_begin);
  ADD ("next-start", test_next_start);
  ADD ("now", test_now);
  ADD ("paced", test_paced);
  ADD ("no-start", test_no_start);
  ADD ("ten-changes", test_ten_changes);
  ADD ("loss", test_loss);
  ADD ("stop-and-go", test_stop_and_go);
  ADD ("other-track", test_other_track);
  ADD ("audio-alone", test_audio_alone);
  ADD ("resume", test_resume);
  return g_test_run ();
}
