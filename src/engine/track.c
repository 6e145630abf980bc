/* SPDX-License-Identifier: MIT */
#include "engine/track.h"

#include "base/clock.h"
#include "engine/picture-id.h"

#include <pthread.h>

#define INITIAL_CAPACITY 256 /* a power of two, as every capacity is */
#define EVICT_BATCH 64
#define N_RATE_SLOTS 16 /* a power of two above RATE_WINDOW */
#define RATE_SLOT_US 100000
#define RATE_WINDOW 10 /* slots, one second */
/* What a packet costs besides its payload, for the bound of a whole ring. */
#define PACKET_OVERHEAD 128
#define MIN_COST_LIMIT (1024 * 1024)

typedef struct {
  WcPacket *packet;
  guint64 seq; /* the packet's: a search touches the ring alone */
  gint64 appended_us;
} Entry;

typedef struct {
  gint64 number; /* time / RATE_SLOT_US */
  guint64 bytes;
} RateSlot;

typedef struct {
  guint id;
  WcTrackWakeFunc wake;
  gpointer user_data;
} Waker;

struct WcTrack {
  atomic_uint refs;
  WcCodec codec;
  guint32 clock_rate;
  WcTrackLimits limits;

  pthread_mutex_t lock; /* guards what follows, up to wake_lock */
  Entry *entries;       /* circular, by rising seq */
  gsize capacity, first, count;
  gsize held_bytes;
  guint64 next_seq;    /* after the newest ever appended */
  guint64 evicted_seq; /* after the newest ever evicted */
  gboolean has_start;
  guint64 start_seq; /* the newest start point, if has_start */
  gsize start_bytes; /* since then */
  gboolean had_start, had_frame;
  gint64 last_start_timestamp;
  guint32 last_frame;
  gint64 newest_timestamp, newest_capture_us;
  WcPictureNumbers pictures;
  RateSlot rate[N_RATE_SLOTS];
  WcTrackStats stats; /* what is counted as it happens */
  char *profile;

  pthread_mutex_t wake_lock; /* held while wakers run; guards them. Never
                                taken with `lock` held, nor the reverse. */
  GArray *wakers;            /* Waker */
  guint last_waker_id;
};

/* --- the ring, with the lock held ---------------------------------------- */

static Entry *
entry_at (WcTrack *track, gsize index)
{
  return &track->entries[(track->first + index) & (track->capacity - 1)];
}

/* The index of the first entry with a seq of @seq or more; count if none. */
static gsize
find_index (WcTrack *track, guint64 seq)
{
  gsize low = 0, high = track->count;

  while (low < high) {
    gsize middle = low + (high - low) / 2;
    if (entry_at (track, middle)->seq < seq)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void
ensure_room (WcTrack *track)
{
  gsize capacity = track->capacity * 2;
  Entry *entries;

  if (track->count < track->capacity)
    return;
  entries = g_new (Entry, capacity);
  for (gsize i = 0; i < track->count; i++)
    entries[i] = *entry_at (track, i);
  g_free (track->entries);
  track->entries = entries;
  track->capacity = capacity;
  track->first = 0;
}

static void
count_start (WcTrack *track, const WcPacket *packet)
{
  gint64 distance = packet->timestamp - track->last_start_timestamp;

  track->stats.start_points++;
  if (track->had_start && distance >= 0)
    track->stats.last_gop_ms =
        (guint)MIN (distance * 1000 / track->clock_rate, G_MAXUINT32);
  track->had_start = TRUE;
  track->last_start_timestamp = packet->timestamp;
  track->has_start = TRUE;
  track->start_seq = packet->seq;
  track->start_bytes = 0;
}

static void
count_packet (WcTrack *track, const WcPacket *packet, gint64 now_us)
{
  gint64 number = now_us / RATE_SLOT_US;
  RateSlot *slot = &track->rate[number & (N_RATE_SLOTS - 1)];

  if (slot->number != number)
    *slot = (RateSlot){.number = number};
  slot->bytes += packet->size;
  track->stats.packets++;
  track->stats.bytes += packet->size;
  track->stats.last_append_us = now_us;
  if (!track->had_frame || packet->frame != track->last_frame)
    track->stats.frames++;
  track->had_frame = TRUE;
  track->last_frame = packet->frame;
  track->newest_timestamp = packet->timestamp;
  track->newest_capture_us = packet->capture_us;
}

static void
append_one (WcTrack *track, WcPacket *packet, gint64 now_us)
{
  g_assert (packet->seq >= track->next_seq);
  wc_picture_numbers_pass (&track->pictures, track->codec,
                           (packet->flags & WC_PACKET_START) != 0,
                           packet->payload, packet->size);
  ensure_room (track);
  *entry_at (track, track->count) = (Entry){packet, packet->seq, now_us};
  track->count++;
  track->held_bytes += packet->size;
  track->next_seq = packet->seq + 1;
  if (packet->flags & WC_PACKET_START)
    count_start (track, packet);
  track->start_bytes += packet->size;
  if (track->start_bytes > track->limits.gop_max_bytes)
    track->has_start = FALSE;
  count_packet (track, packet, now_us);
}

/* Whether the oldest entry is to go: history is kept, and the group of pictures
 * beyond it; but whatever the source sends, the whole ring is bounded. */
static gboolean
oldest_is_over (WcTrack *track, gint64 now_us)
{
  gint64 horizon_us = now_us - (gint64)track->limits.history_ms * 1000;
  gsize limit = MAX (4 * track->limits.gop_max_bytes, MIN_COST_LIMIT);
  const Entry *oldest = entry_at (track, 0);

  if (track->held_bytes + track->count * PACKET_OVERHEAD > limit)
    return TRUE;
  if (track->has_start && oldest->seq >= track->start_seq)
    return FALSE;
  return oldest->appended_us < horizon_us;
}

static WcPacket *
take_oldest (WcTrack *track)
{
  WcPacket *packet = entry_at (track, 0)->packet;

  track->first = (track->first + 1) & (track->capacity - 1);
  track->count--;
  track->held_bytes -= packet->size;
  track->evicted_seq = packet->seq + 1;
  if (track->has_start && track->start_seq == packet->seq)
    track->has_start = FALSE;
  return packet;
}

/* --- life ------------------------------------------------------------------
 */

WcTrack *
wc_track_new (WcCodec codec, guint32 clock_rate, const WcTrackLimits *limits)
{
  WcTrack *track = g_new0 (WcTrack, 1);

  g_assert (clock_rate > 0);
  atomic_init (&track->refs, 1);
  track->codec = codec;
  track->clock_rate = clock_rate;
  track->limits = *limits;
  track->capacity = INITIAL_CAPACITY;
  track->entries = g_new (Entry, track->capacity);
  track->wakers = g_array_new (FALSE, FALSE, sizeof (Waker));
  pthread_mutex_init (&track->lock, NULL);
  pthread_mutex_init (&track->wake_lock, NULL);
  return track;
}

WcTrack *
wc_track_ref (WcTrack *track)
{
  atomic_fetch_add_explicit (&track->refs, 1, memory_order_relaxed);
  return track;
}

void
wc_track_unref (WcTrack *track)
{
  if (atomic_fetch_sub_explicit (&track->refs, 1, memory_order_acq_rel) != 1)
    return;
  wc_track_clear (track);
  pthread_mutex_destroy (&track->wake_lock);
  pthread_mutex_destroy (&track->lock);
  g_array_unref (track->wakers);
  g_free (track->entries);
  g_free (track->profile);
  g_free (track);
}

WcCodec
wc_track_codec (const WcTrack *track)
{
  return track->codec;
}

guint32
wc_track_clock_rate (const WcTrack *track)
{
  return track->clock_rate;
}

/* --- the writer ------------------------------------------------------------
 */

/* Memory is given back outside of the lock, a batch at a time. */
static void
evict (WcTrack *track, gint64 now_us, gboolean all)
{
  WcPacket *evicted[EVICT_BATCH];
  guint n;

  do {
    n = 0;
    pthread_mutex_lock (&track->lock);
    while (n < EVICT_BATCH && track->count > 0 &&
           (all || oldest_is_over (track, now_us)))
      evicted[n++] = take_oldest (track);
    pthread_mutex_unlock (&track->lock);
    for (guint i = 0; i < n; i++)
      wc_packet_unref (evicted[i]);
  } while (n == EVICT_BATCH);
}

static void
wake_readers (WcTrack *track)
{
  pthread_mutex_lock (&track->wake_lock);
  for (guint i = 0; i < track->wakers->len; i++) {
    const Waker *waker = &g_array_index (track->wakers, Waker, i);
    waker->wake (waker->user_data);
  }
  pthread_mutex_unlock (&track->wake_lock);
}

void
wc_track_append_at (WcTrack *track, WcPacket **packets, guint n, gint64 now_us)
{
  if (n == 0)
    return;
  pthread_mutex_lock (&track->lock);
  for (guint i = 0; i < n; i++)
    append_one (track, packets[i], now_us);
  pthread_mutex_unlock (&track->lock);
  evict (track, now_us, FALSE);
  wake_readers (track);
}

void
wc_track_append (WcTrack *track, WcPacket **packets, guint n)
{
  wc_track_append_at (track, packets, n, wc_clock_now_us ());
}

void
wc_track_clear (WcTrack *track)
{
  evict (track, 0, TRUE);
  pthread_mutex_lock (&track->lock);
  track->had_start = FALSE;
  track->stats.last_gop_ms = 0;
  pthread_mutex_unlock (&track->lock);
}

void
wc_track_set_profile (WcTrack *track, const char *profile)
{
  pthread_mutex_lock (&track->lock);
  if (g_strcmp0 (track->profile, profile) != 0) {
    g_free (track->profile);
    track->profile = g_strdup (profile);
  }
  pthread_mutex_unlock (&track->lock);
}

/* --- readers ---------------------------------------------------------------
 */

guint
wc_track_add_waker (WcTrack *track, WcTrackWakeFunc wake, gpointer user_data)
{
  Waker waker = {.wake = wake, .user_data = user_data};

  pthread_mutex_lock (&track->wake_lock);
  waker.id = ++track->last_waker_id;
  g_array_append_val (track->wakers, waker);
  pthread_mutex_unlock (&track->wake_lock);
  return waker.id;
}

void
wc_track_remove_waker (WcTrack *track, guint id)
{
  pthread_mutex_lock (&track->wake_lock);
  for (guint i = 0; i < track->wakers->len; i++) {
    if (g_array_index (track->wakers, Waker, i).id == id) {
      g_array_remove_index (track->wakers, i);
      break;
    }
  }
  pthread_mutex_unlock (&track->wake_lock);
}

guint64
wc_track_head (WcTrack *track)
{
  guint64 seq;

  pthread_mutex_lock (&track->lock);
  seq = track->next_seq;
  pthread_mutex_unlock (&track->lock);
  return seq;
}

gboolean
wc_track_find_start (WcTrack *track, guint64 *seq)
{
  gboolean found;

  pthread_mutex_lock (&track->lock);
  found = track->has_start;
  if (found)
    *seq = track->start_seq;
  pthread_mutex_unlock (&track->lock);
  return found;
}

gboolean
wc_track_find_start_after (WcTrack *track, guint64 from, guint64 *seq)
{
  gboolean found;

  pthread_mutex_lock (&track->lock);
  found = track->has_start && track->start_seq >= from;
  for (gsize i = found ? find_index (track, from) : track->count;
       i < track->count; i++) {
    const Entry *entry = entry_at (track, i);
    if (entry->packet->flags & WC_PACKET_START) {
      *seq = entry->seq;
      break;
    }
  }
  pthread_mutex_unlock (&track->lock);
  return found;
}

guint
wc_track_read (WcTrack *track, guint64 *seq, WcPacket **packets, guint max,
               gboolean *skipped)
{
  guint n = 0;

  pthread_mutex_lock (&track->lock);
  *skipped = *seq < track->evicted_seq;
  for (gsize i = find_index (track, *seq); i < track->count && n < max; i++) {
    const Entry *entry = entry_at (track, i);
    packets[n++] = wc_packet_ref (entry->packet);
    *seq = entry->seq + 1;
  }
  pthread_mutex_unlock (&track->lock);
  return n;
}

WcPacket *
wc_track_get (WcTrack *track, guint64 seq)
{
  WcPacket *packet = NULL;

  pthread_mutex_lock (&track->lock);
  gsize i = find_index (track, seq);
  if (i < track->count && entry_at (track, i)->seq == seq)
    packet = wc_packet_ref (entry_at (track, i)->packet);
  pthread_mutex_unlock (&track->lock);
  return packet;
}

static gboolean
read_newest (WcTrack *track, gboolean held, gint64 *timestamp,
             gint64 *capture_us, guint32 *frame)
{
  gboolean found;

  pthread_mutex_lock (&track->lock);
  found = held ? track->count > 0 : track->had_frame;
  if (found) {
    *timestamp = track->newest_timestamp;
    *capture_us = track->newest_capture_us;
    *frame = track->last_frame;
  }
  pthread_mutex_unlock (&track->lock);
  return found;
}

gboolean
wc_track_newest (WcTrack *track, gint64 *timestamp, gint64 *capture_us,
                 guint32 *frame)
{
  return read_newest (track, TRUE, timestamp, capture_us, frame);
}

gboolean
wc_track_last (WcTrack *track, gint64 *timestamp, gint64 *capture_us,
               guint32 *frame)
{
  return read_newest (track, FALSE, timestamp, capture_us, frame);
}

static guint32
measure_bitrate (WcTrack *track, gint64 now_us)
{
  gint64 number = now_us / RATE_SLOT_US;
  guint64 bytes = 0;

  for (guint i = 0; i < N_RATE_SLOTS; i++)
    if (track->rate[i].number < number &&
        track->rate[i].number >= number - RATE_WINDOW)
      bytes += track->rate[i].bytes;
  return (guint32)MIN (bytes * 8, G_MAXUINT32);
}

void
wc_track_get_stats (WcTrack *track, WcTrackStats *stats)
{
  gint64 now_us = wc_clock_now_us ();

  pthread_mutex_lock (&track->lock);
  *stats = track->stats;
  stats->held_packets = track->count;
  stats->held_bytes = track->held_bytes;
  stats->has_start = track->has_start;
  stats->bitrate_bps = measure_bitrate (track, now_us);
  pthread_mutex_unlock (&track->lock);
}

char *
wc_track_dup_profile (WcTrack *track)
{
  char *profile;

  pthread_mutex_lock (&track->lock);
  profile = g_strdup (track->profile != NULL ? track->profile : "");
  pthread_mutex_unlock (&track->lock);
  return profile;
}
