/* SPDX-License-Identifier: MIT */
/* A splice under ThreadSanitizer: four writers, the main thread that changes
 * inputs and tracks, and a reader that checks what comes out. */
#include "engine/splice.h"

#include <pthread.h>
#include <stdatomic.h>

#define N_INPUTS 2
#define CHANGES 400

typedef struct {
  WcTrack *track;
  guint32 frame_ticks;
  guint gop;
  atomic_bool *quit;
  pthread_t thread;
} Writer;

typedef struct {
  Writer writers[N_INPUTS][WC_N_MEDIA];
  WcTrack *outputs[WC_N_MEDIA];
  WcSplice *splice;
  atomic_bool quit;
  atomic_uint changes;
} World;

static const WcTrackLimits limits = {500, 1 << 20};

static void *
run_writer (void *data)
{
  Writer *writer = data;

  for (guint64 seq = 0; !atomic_load (writer->quit); seq++) {
    WcPacket *packet = wc_packet_new (20);
    packet->seq = seq;
    packet->frame = (guint32)seq;
    packet->timestamp = (gint64)seq * writer->frame_ticks;
    packet->capture_us = (gint64)seq * 1000;
    packet->flags = seq % writer->gop == 0 ? WC_PACKET_START : 0;
    wc_track_append (writer->track, &packet, 1);
    if (seq % 1000 == 999)
      wc_track_clear (writer->track);
    g_usleep (100);
  }
  return NULL;
}

/* Nothing that comes out goes back. */
static void
drain (WcTrack *track, guint64 *seq, gint64 *timestamp)
{
  WcPacket *packets[64];
  gboolean skipped;
  guint n;

  while ((n = wc_track_read (track, seq, packets, 64, &skipped)) > 0)
    for (guint i = 0; i < n; i++) {
      g_assert_cmpint (packets[i]->timestamp, >, *timestamp);
      *timestamp = packets[i]->timestamp;
      wc_packet_unref (packets[i]);
    }
}

static void *
run_reader (void *data)
{
  World *world = data;
  guint64 seq[WC_N_MEDIA] = {0};
  gint64 timestamp[WC_N_MEDIA] = {G_MININT64, G_MININT64};

  while (!atomic_load (&world->quit)) {
    for (guint media = 0; media < WC_N_MEDIA; media++)
      drain (world->outputs[media], &seq[media], &timestamp[media]);
    g_usleep (300);
  }
  g_assert_cmpuint (seq[WC_MEDIA_VIDEO], >, 0);
  return NULL;
}

static void
on_changed (gpointer user_data)
{
  atomic_fetch_add (&((World *)user_data)->changes, 1);
}

static WcTrack *
make_track (guint media)
{
  return media == WC_MEDIA_VIDEO ? wc_track_new (WC_CODEC_VP8, 90000, &limits)
                                 : wc_track_new (WC_CODEC_OPUS, 48000, &limits);
}

static void
set_up (World *world)
{
  world->splice = wc_splice_new (N_INPUTS, on_changed, world);
  for (guint media = 0; media < WC_N_MEDIA; media++) {
    world->outputs[media] = make_track (media);
    wc_splice_set_output (world->splice, media, world->outputs[media]);
  }
  for (guint i = 0; i < N_INPUTS; i++)
    for (guint media = 0; media < WC_N_MEDIA; media++) {
      Writer *writer = &world->writers[i][media];
      writer->track = make_track (media);
      writer->frame_ticks = media == WC_MEDIA_VIDEO ? 90 : 48;
      writer->gop = media == WC_MEDIA_VIDEO ? 20 + i * 11 : 1;
      writer->quit = &world->quit;
      wc_splice_set_input (world->splice, i, media, writer->track);
      pthread_create (&writer->thread, NULL, run_writer, writer);
    }
}

static void
change_about (World *world)
{
  for (guint i = 0; i < CHANGES; i++) {
    guint input = i % N_INPUTS;
    WcTrack *video = world->writers[input][WC_MEDIA_VIDEO].track;

    wc_splice_select (world->splice, i % 31 == 30 ? -1 : (int)input,
                      i % 3 == 0 ? WC_SPLICE_NOW : WC_SPLICE_AT_NEXT_START);
    if (i % 17 == 16) {
      wc_splice_set_input (world->splice, input, WC_MEDIA_VIDEO, NULL);
      wc_splice_set_input (world->splice, input, WC_MEDIA_VIDEO, video);
    }
    g_usleep (4000);
    g_assert_cmpint (wc_splice_playing (world->splice), <, N_INPUTS);
  }
}

static void
test_stress (void)
{
  World world = {0};
  pthread_t reader;

  set_up (&world);
  pthread_create (&reader, NULL, run_reader, &world);
  change_about (&world);
  wc_splice_free (world.splice); /* while they write */
  atomic_store (&world.quit, TRUE);
  pthread_join (reader, NULL);
  g_assert_cmpuint (atomic_load (&world.changes), >, CHANGES / 4);

  for (guint i = 0; i < N_INPUTS; i++)
    for (guint media = 0; media < WC_N_MEDIA; media++) {
      pthread_join (world.writers[i][media].thread, NULL);
      wc_track_unref (world.writers[i][media].track);
    }
  for (guint media = 0; media < WC_N_MEDIA; media++)
    wc_track_unref (world.outputs[media]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/splice/stress", test_stress);
  return g_test_run ();
}
