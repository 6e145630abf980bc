/* SPDX-License-Identifier: MIT */
#include "engine/splice.h"

#include "engine/splice-output.h"

#include <pthread.h>

#define BATCH 32
/* What is past is sent at so many times the pace at which packets come. */
#define PAST_PER_WAKE 8

typedef struct {
  WcSplice *splice;
  WcTrack *track; /* NULL: the input does not have the medium */
  guint waker;
} Input;

typedef Input InputTracks[WC_N_MEDIA];

struct WcSplice {
  WcSpliceChangedFunc changed;
  gpointer user_data;
  guint n_inputs;
  InputTracks *inputs; /* their wakers: the main thread's */

  pthread_mutex_t lock; /* guards what follows, and the inputs' tracks */
  WcSpliceOutput outputs[WC_N_MEDIA];
  int playing, wanted;          /* -1: none */
  gboolean at_once;             /* a start point that is held will do */
  guint64 wanted_from;          /* else one at or after this seq */
  guint64 cursors[WC_N_MEDIA];  /* the next seq of the input that plays */
  guint64 past_end[WC_N_MEDIA]; /* below it there is no hurry */
};

/* --- packets, with the lock held ------------------------------------------ */

static void
forward (WcSplice *splice, WcMedia media, WcPacket *const *packets, guint n)
{
  WcSpliceOutput *output = &splice->outputs[media];
  WcPacket *copies[BATCH];
  guint n_copies = 0;

  for (guint i = 0; i < n; i++) {
    WcPacket *copy = wc_splice_output_take (output, packets[i]);
    if (copy != NULL)
      copies[n_copies++] = copy;
  }
  wc_track_append (output->track, copies, n_copies);
}

/* Returns FALSE when there is nothing to do for now. */
static gboolean
read_some (WcSplice *splice, WcMedia media)
{
  const Input *input = &splice->inputs[splice->playing][media];
  gboolean past = splice->cursors[media] < splice->past_end[media];
  guint max = past ? PAST_PER_WAKE : BATCH;
  WcPacket *packets[BATCH];
  gboolean skipped;
  guint n;

  if (input->track == NULL || splice->outputs[media].track == NULL)
    return FALSE;
  n = wc_track_read (input->track, &splice->cursors[media], packets, max,
                     &skipped);
  forward (splice, media, packets, n);
  for (guint i = 0; i < n; i++)
    wc_packet_unref (packets[i]);
  return n == max && !past;
}

static void
read_playing (WcSplice *splice)
{
  if (splice->playing < 0)
    return;
  for (guint media = 0; media < WC_N_MEDIA; media++)
    while (read_some (splice, media))
      ;
}

/* --- changing over, with the lock held ------------------------------------ */

static void
copy_profile (WcSplice *splice, WcMedia media)
{
  const Input *input = &splice->inputs[splice->playing][media];

  if (input->track == NULL || splice->outputs[media].track == NULL)
    return;
  g_autofree char *profile = wc_track_dup_profile (input->track);
  wc_track_set_profile (splice->outputs[media].track, profile);
}

/* Video goes on at @start. If that is of the past, so is what follows, up to
 * the newest frame. @from_us: the capture time from which on all is natural.
 * Returns FALSE if the track was cleared just now. */
static gboolean
begin_video (WcSplice *splice, WcTrack *track, guint64 start, gint64 *from_us)
{
  WcSpliceOutput *output = &splice->outputs[WC_MEDIA_VIDEO];
  g_autoptr (WcPacket) first = NULL;
  gint64 timestamp, capture_us;
  guint64 seq = start;
  guint32 frame;
  gboolean skipped;

  if (wc_track_read (track, &seq, &first, 1, &skipped) == 0 ||
      first->seq != start)
    return FALSE;
  *from_us = first->capture_us;
  wc_splice_output_begin (output, G_MININT64);
  splice->cursors[WC_MEDIA_VIDEO] = start;
  splice->past_end[WC_MEDIA_VIDEO] = start;
  if (wc_track_newest (track, &timestamp, &capture_us, &frame) &&
      frame != first->frame &&
      wc_splice_output_squeeze (output, first, timestamp, capture_us, frame)) {
    splice->past_end[WC_MEDIA_VIDEO] = wc_track_head (track);
    *from_us = capture_us;
  }
  return TRUE;
}

/* Audio of the past may be wanted for video that was captured a little ago:
 * what is older is left out as it is read. */
static void
begin_audio (WcSplice *splice, WcTrack *track, gint64 from_us)
{
  gint64 timestamp, capture_us;
  guint32 frame;

  if (from_us == G_MININT64 &&
      wc_track_newest (track, &timestamp, &capture_us, &frame))
    from_us = capture_us;
  wc_splice_output_begin (&splice->outputs[WC_MEDIA_AUDIO], from_us);
  splice->cursors[WC_MEDIA_AUDIO] = 0;
  splice->past_end[WC_MEDIA_AUDIO] = 0;
}

static gboolean
find_start (WcSplice *splice, WcTrack *track, guint64 *start)
{
  if (splice->at_once)
    return wc_track_find_start (track, start);
  return wc_track_find_start_after (track, splice->wanted_from, start);
}

static void
change (WcSplice *splice)
{
  splice->playing = splice->wanted;
  for (guint media = 0; media < WC_N_MEDIA; media++)
    copy_profile (splice, media);
  if (splice->changed != NULL)
    splice->changed (splice->user_data);
}

static void
maybe_change (WcSplice *splice)
{
  gint64 from_us = G_MININT64;
  guint64 start;

  if (splice->wanted == splice->playing || splice->wanted < 0)
    return;
  const Input *inputs = splice->inputs[splice->wanted];
  WcTrack *video = inputs[WC_MEDIA_VIDEO].track;
  WcTrack *audio = inputs[WC_MEDIA_AUDIO].track;

  if (splice->outputs[WC_MEDIA_VIDEO].track != NULL && video != NULL &&
      (!find_start (splice, video, &start) ||
       !begin_video (splice, video, start, &from_us)))
    return;
  if (audio != NULL)
    begin_audio (splice, audio, from_us);
  change (splice);
}

static void
go_on (WcSplice *splice)
{
  maybe_change (splice);
  read_playing (splice);
}

/* --- the writers' threads ------------------------------------------------- */

static void
on_packets (gpointer user_data)
{
  const Input *input = user_data;
  WcSplice *splice = input->splice;

  pthread_mutex_lock (&splice->lock);
  go_on (splice);
  pthread_mutex_unlock (&splice->lock);
}

/* --- the main thread ------------------------------------------------------ */

static void
stop_playing (WcSplice *splice)
{
  if (splice->playing < 0)
    return;
  splice->playing = -1;
  splice->at_once = TRUE;
  if (splice->changed != NULL)
    splice->changed (splice->user_data);
}

static void
want (WcSplice *splice, int input)
{
  WcTrack *video = splice->inputs[input][WC_MEDIA_VIDEO].track;

  splice->wanted = input;
  splice->wanted_from = video != NULL ? wc_track_head (video) : 0;
}

void
wc_splice_select (WcSplice *splice, int input, WcSpliceWhen when)
{
  g_assert (input < (int)splice->n_inputs);
  pthread_mutex_lock (&splice->lock);
  splice->at_once = when == WC_SPLICE_NOW || splice->playing < 0;
  if (input < 0) {
    splice->wanted = -1;
    stop_playing (splice);
  } else if (input != splice->wanted) {
    want (splice, input);
  }
  go_on (splice);
  pthread_mutex_unlock (&splice->lock);
}

int
wc_splice_playing (WcSplice *splice)
{
  int playing;

  pthread_mutex_lock (&splice->lock);
  playing = splice->playing;
  pthread_mutex_unlock (&splice->lock);
  return playing;
}

void
wc_splice_set_output (WcSplice *splice, WcMedia media, WcTrack *track)
{
  g_assert (splice->outputs[media].track == NULL);
  pthread_mutex_lock (&splice->lock);
  wc_splice_output_init (&splice->outputs[media], track);
  stop_playing (splice);
  go_on (splice);
  pthread_mutex_unlock (&splice->lock);
}

/* The waker goes and comes without the lock: the writer holds its own when it
 * takes ours. */
void
wc_splice_set_input (WcSplice *splice, guint input, WcMedia media,
                     WcTrack *track)
{
  Input *slot = &splice->inputs[input][media];
  Input old = *slot;

  if (old.track == track)
    return;
  pthread_mutex_lock (&splice->lock);
  if (splice->playing == (int)input)
    stop_playing (splice);
  slot->track = track != NULL ? wc_track_ref (track) : NULL;
  pthread_mutex_unlock (&splice->lock);

  if (old.track != NULL) {
    wc_track_remove_waker (old.track, old.waker);
    wc_track_unref (old.track);
  }
  if (track != NULL)
    slot->waker = wc_track_add_waker (track, on_packets, slot);
}

WcSplice *
wc_splice_new (guint n_inputs, WcSpliceChangedFunc changed, gpointer user_data)
{
  WcSplice *splice = g_new0 (WcSplice, 1);

  splice->changed = changed;
  splice->user_data = user_data;
  splice->n_inputs = n_inputs;
  splice->inputs = g_new0 (InputTracks, n_inputs);
  splice->playing = splice->wanted = -1;
  for (guint i = 0; i < n_inputs; i++)
    for (guint media = 0; media < WC_N_MEDIA; media++)
      splice->inputs[i][media].splice = splice;
  pthread_mutex_init (&splice->lock, NULL);
  return splice;
}

void
wc_splice_free (WcSplice *splice)
{
  for (guint i = 0; i < splice->n_inputs; i++)
    for (guint media = 0; media < WC_N_MEDIA; media++)
      wc_splice_set_input (splice, i, media, NULL);
  for (guint media = 0; media < WC_N_MEDIA; media++)
    wc_splice_output_clear (&splice->outputs[media]);
  pthread_mutex_destroy (&splice->lock);
  g_free (splice->inputs);
  g_free (splice);
}
