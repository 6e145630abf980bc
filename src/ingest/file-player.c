/* SPDX-License-Identifier: MIT */
#include "ingest/file-player.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "engine/source-clock.h"
#include "ingest/ingest.h"

#include <pthread.h>
#include <stdatomic.h>

/* How far ahead packets are taken. When the file's own order of picture and
 * sound makes one wait for the other, farther. */
#define AHEAD_US G_USEC_PER_SEC
#define MAX_AHEAD_US (10 * G_USEC_PER_SEC)
#define MAX_BYTES_AHEAD (64 * 1024 * 1024)
/* From the first packet that was handed in to the first that is passed on. */
#define LEAD_US (100 * 1000)
/* What is later than this moves the time line, instead of coming in a burst. */
#define MAX_LATE_US (200 * 1000)
#define MIN_PASS_US (200 * 1000)
#define MAX_STEP_US (40 * 1000)
#define REPORT_INTERVAL_US (5 * G_USEC_PER_SEC)
#define RTP_HEADER_SIZE 12

typedef struct {
  gint64 at_us;           /* on the time line of all passes */
  WcSourceFormat *format; /* nullable: as before */
  gsize size;
  guint8 data[];
} Item;

typedef struct {
  WcSourceTrack *track;
  GQueue items; /* of Item */
  GstCaps *caps;
  WcSourceFormat format;
  guint32 ssrc;
  guint16 next_seq;
  gint64 newest_us, last_us; /* of this pass: the greatest time, and the last */
  gint64 step_us;            /* the least distance of two packets' times */
  gboolean begun;            /* these are of this pass */
  gboolean refused;          /* cannot be played; the other medium goes on */
  gint64 reported_us;        /* the playing thread's */
} Medium;

struct WcFilePlayer {
  atomic_uint refs;
  pthread_t thread;
  pthread_mutex_t lock; /* guards what follows */
  pthread_cond_t changed;
  gboolean closed;
  char *failure; /* nullable */
  Medium media[WC_N_MEDIA];
  gsize bytes_ahead;
  gint64 pass_us;  /* where this pass begins */
  gint64 start_us; /* when position 0 was due; 0: not begun */
};

static void
item_free (gpointer data)
{
  Item *item = data;

  if (item->format != NULL)
    wc_source_format_clear (item->format);
  g_free (item->format);
  g_free (item);
}

/* --- handing in, with the lock held --------------------------------------- */

void
wc_file_player_fail (WcFilePlayer *player, const char *reason)
{
  pthread_mutex_lock (&player->lock);
  if (player->failure == NULL)
    player->failure = g_strdup (reason);
  pthread_mutex_unlock (&player->lock);
}

static void
fail_locked (WcFilePlayer *player, const char *reason)
{
  if (player->failure == NULL)
    player->failure = g_strdup (reason);
}

/* Where playing is now, on the time line. */
static gint64
position_us (const WcFilePlayer *player)
{
  return player->start_us != 0 ? wc_clock_now_us () - player->start_us : 0;
}

/* The other medium has nothing left, and what follows in the file may be its.
 */
static gboolean
starves (const WcFilePlayer *player, const Medium *medium)
{
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    const Medium *other = &player->media[i];
    if (other != medium && other->begun && !other->refused &&
        g_queue_is_empty ((GQueue *)&other->items))
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_wanted (const WcFilePlayer *player, const Medium *medium, gint64 at_us)
{
  gint64 ahead_us = at_us - position_us (player);

  if (player->closed || player->failure != NULL)
    return TRUE; /* that it may return */
  if (ahead_us > MAX_AHEAD_US || player->bytes_ahead > MAX_BYTES_AHEAD)
    return g_queue_is_empty ((GQueue *)&medium->items);
  return ahead_us <= AHEAD_US || starves (player, medium);
}

/* In the caps of a pass the SSRC differs; the format does not. */
static WcSourceFormat *
read_format (WcFilePlayer *player, Medium *medium, GstCaps *caps)
{
  WcSourceFormat format, *copy;

  gst_caps_replace (&medium->caps, caps);
  if (!wc_source_format_from_caps (&format, caps)) {
    fail_locked (player, "its format is not known");
    return NULL;
  }
  if (wc_source_format_equal (&format, &medium->format)) {
    wc_source_format_clear (&format);
    return NULL;
  }
  wc_source_format_clear (&medium->format);
  medium->format = format;
  copy = g_new (WcSourceFormat, 1);
  wc_source_format_copy (copy, &format);
  return copy;
}

/* Frames need not come in the order in which they are shown (B-frames): the
 * file ends where the last one to be shown does. */
static void
note_time (Medium *medium, gint64 at_us)
{
  gint64 step_us = ABS (at_us - medium->last_us);

  if (medium->begun && step_us > 0 && step_us < G_USEC_PER_SEC)
    medium->step_us = MIN (medium->step_us, step_us);
  if (!medium->begun)
    medium->step_us = MAX_STEP_US;
  medium->newest_us = medium->begun ? MAX (at_us, medium->newest_us) : at_us;
  medium->last_us = at_us;
  medium->begun = TRUE;
}

static void
write_be32 (guint8 *to, guint32 value)
{
  for (guint i = 0; i < 4; i++)
    to[i] = (guint8)(value >> (24 - 8 * i));
}

/* The payloader's numbers begin anew with each pass; these do not. */
static void
renumber (Medium *medium, Item *item)
{
  guint32 timestamp =
      (guint32)wc_us_to_ticks (item->at_us, medium->format.clock_rate);

  item->data[2] = (guint8)(medium->next_seq >> 8);
  item->data[3] = (guint8)medium->next_seq++;
  write_be32 (item->data + 4, timestamp);
  write_be32 (item->data + 8, medium->ssrc);
}

static void
hand_in (WcFilePlayer *player, Medium *medium, GstSample *sample, gint64 at_us)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  gsize size = gst_buffer_get_size (buffer);
  GstCaps *caps = gst_sample_get_caps (sample);
  Item *item;

  while (!is_wanted (player, medium, at_us))
    pthread_cond_wait (&player->changed, &player->lock);
  if (player->closed || player->failure != NULL || size < RTP_HEADER_SIZE)
    return;
  note_time (medium, at_us);
  item = g_malloc (sizeof *item + size);
  *item = (Item){.at_us = at_us, .size = size};
  gst_buffer_extract (buffer, 0, item->data, size);
  if (caps != medium->caps)
    item->format = read_format (player, medium, caps);
  renumber (medium, item);
  g_queue_push_tail (&medium->items, item);
  player->bytes_ahead += size;
  pthread_cond_broadcast (&player->changed);
}

static void
take_sample (WcFilePlayer *player, WcMedia media, GstSample *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstClockTime time = buffer != NULL
                          ? gst_segment_to_running_time (
                                gst_sample_get_segment (sample),
                                GST_FORMAT_TIME, GST_BUFFER_PTS (buffer))
                          : GST_CLOCK_TIME_NONE;

  if (!GST_CLOCK_TIME_IS_VALID (time))
    return;
  pthread_mutex_lock (&player->lock);
  hand_in (player, &player->media[media], sample,
           player->pass_us + (gint64)(time / GST_USECOND));
  pthread_mutex_unlock (&player->lock);
}

void
wc_file_player_take_audio (GstSample *sample, gpointer player)
{
  take_sample (player, WC_MEDIA_AUDIO, sample);
}

void
wc_file_player_take_video (GstSample *sample, gpointer player)
{
  take_sample (player, WC_MEDIA_VIDEO, sample);
}

/* --- the thread that plays ------------------------------------------------ */

static void
set_format (WcFilePlayer *player, Medium *medium, const WcSourceFormat *format)
{
  g_autoptr (GError) error = NULL;

  if (wc_source_track_set_format (medium->track, format, &error))
    return;
  if (format->media == WC_MEDIA_VIDEO)
    wc_file_player_fail (player, error->message);
  else
    wc_warning ("a file is played without its sound: %s", error->message);
  medium->refused = TRUE;
}

/* The time line stands for the sender's clock; 0 would be "no time". */
static void
maybe_report (Medium *medium, const Item *item, gint64 now_us)
{
  guint64 seconds = (guint64)(item->at_us / G_USEC_PER_SEC) + 1;
  guint64 fraction =
      ((guint64)(item->at_us % G_USEC_PER_SEC) << 32) / G_USEC_PER_SEC;
  guint32 timestamp = 0;

  if (medium->reported_us != 0 &&
      now_us - medium->reported_us < REPORT_INTERVAL_US)
    return;
  medium->reported_us = now_us;
  for (guint i = 4; i < 8; i++)
    timestamp = timestamp << 8 | item->data[i];
  wc_source_track_push_report (medium->track, seconds << 32 | fraction,
                               timestamp, now_us);
}

static void
pass_on (WcFilePlayer *player, Medium *medium, Item *item)
{
  gint64 now_us = wc_clock_now_us ();

  if (item->format != NULL)
    set_format (player, medium, item->format);
  wc_source_track_push_rtp (medium->track, item->data, item->size, now_us);
  maybe_report (medium, item, now_us);
  item_free (item);
}

/* With the lock held: whose packet is the next. */
static Medium *
find_next (WcFilePlayer *player)
{
  Medium *next = NULL;
  gint64 next_us = 0;

  for (guint i = 0; i < WC_N_MEDIA; i++) {
    const Item *item = g_queue_peek_head (&player->media[i].items);
    if (item == NULL || (next != NULL && next_us <= item->at_us))
      continue;
    next = &player->media[i];
    next_us = item->at_us;
  }
  return next;
}

/* With the lock held. */
static void
play_next (WcFilePlayer *player)
{
  Medium *medium = find_next (player);
  gint64 now_us = wc_clock_now_us ();
  gint64 due_us;
  Item *item;

  if (medium == NULL) {
    pthread_cond_wait (&player->changed, &player->lock);
    return;
  }
  item = g_queue_peek_head (&medium->items);
  if (player->start_us == 0)
    player->start_us = now_us + LEAD_US - item->at_us;
  due_us = player->start_us + item->at_us;
  if (now_us < due_us) {
    wc_clock_wait (&player->changed, &player->lock, due_us);
    return;
  }
  if (now_us - due_us > MAX_LATE_US)
    player->start_us += now_us - due_us;
  g_queue_pop_head (&medium->items);
  player->bytes_ahead -= item->size;
  pthread_mutex_unlock (&player->lock);
  pass_on (player, medium, item);
  pthread_mutex_lock (&player->lock);
  pthread_cond_broadcast (&player->changed);
}

static void *
run (void *data)
{
  WcFilePlayer *player = data;

  pthread_mutex_lock (&player->lock);
  while (!player->closed)
    play_next (player);
  pthread_mutex_unlock (&player->lock);
  return NULL;
}

/* --- the main thread ------------------------------------------------------ */

gboolean
wc_file_player_end_pass (WcFilePlayer *player, GError **error)
{
  gint64 end_us = 0, length_us;

  pthread_mutex_lock (&player->lock);
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    Medium *medium = &player->media[i];
    if (medium->begun)
      end_us = MAX (end_us, medium->newest_us + medium->step_us);
    medium->begun = FALSE;
  }
  length_us = end_us - player->pass_us;
  player->pass_us = MAX (end_us, player->pass_us);
  pthread_mutex_unlock (&player->lock);

  if (length_us >= MIN_PASS_US)
    return TRUE;
  g_set_error (error, WC_INGEST_ERROR, WC_INGEST_ERROR_INVALID,
               "it holds nothing to play, or less than %d ms of it",
               MIN_PASS_US / 1000);
  return FALSE;
}

char *
wc_file_player_dup_failure (WcFilePlayer *player)
{
  char *failure;

  pthread_mutex_lock (&player->lock);
  failure = g_strdup (player->failure);
  pthread_mutex_unlock (&player->lock);
  return failure;
}

WcFilePlayer *
wc_file_player_new (WcSourceTrack *const tracks[WC_N_MEDIA])
{
  WcFilePlayer *player = g_new0 (WcFilePlayer, 1);

  atomic_init (&player->refs, 1);
  pthread_mutex_init (&player->lock, NULL);
  wc_clock_init_cond (&player->changed);
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    Medium *medium = &player->media[i];
    medium->track = wc_source_track_ref (tracks[i]);
    wc_id_random_bytes (&medium->ssrc, sizeof medium->ssrc);
    g_queue_init (&medium->items);
  }
  pthread_create (&player->thread, NULL, run, player);
  return player;
}

WcFilePlayer *
wc_file_player_ref (WcFilePlayer *player)
{
  atomic_fetch_add_explicit (&player->refs, 1, memory_order_relaxed);
  return player;
}

void
wc_file_player_close (WcFilePlayer *player)
{
  pthread_mutex_lock (&player->lock);
  player->closed = TRUE;
  pthread_cond_broadcast (&player->changed);
  pthread_mutex_unlock (&player->lock);
  pthread_join (player->thread, NULL);
}

void
wc_file_player_unref (gpointer data)
{
  WcFilePlayer *player = data;

  if (atomic_fetch_sub_explicit (&player->refs, 1, memory_order_acq_rel) != 1)
    return;
  for (guint i = 0; i < WC_N_MEDIA; i++) {
    Medium *medium = &player->media[i];
    g_queue_clear_full (&medium->items, item_free);
    gst_caps_replace (&medium->caps, NULL);
    wc_source_format_clear (&medium->format);
    wc_source_track_unref (medium->track);
  }
  pthread_cond_destroy (&player->changed);
  pthread_mutex_destroy (&player->lock);
  g_free (player->failure);
  g_free (player);
}
