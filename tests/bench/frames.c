/* SPDX-License-Identifier: MIT */
#include "bench/frames.h"

#define RING 2048
/* A source that paused is no loss. */
#define MAX_ABSENT 300
#define FIRST_SEQ (G_GUINT64_CONSTANT (1) << 20)

typedef struct {
  gint64 at_us; /* when it came, or when it was missed first */
  guint32 timestamp;
  gboolean here, marker, key;
} Slot;

struct _TbFrames {
  Slot ring[RING];
  guint64 next;    /* the first one not judged; 0: nothing came yet */
  guint64 highest; /* extended */
  /* The frame being judged. */
  gboolean open;        /* a packet of it was seen */
  gboolean broken, key; /* what is known of it */
  gboolean missing_run; /* the packet before was not there */
  gboolean hole;        /* one since the frame before was not */
  guint32 timestamp;
  /* The ones before. */
  gboolean chain; /* the last frame was decodable */
  gboolean has_last;
  guint32 last_timestamp, step; /* step: between neighbours, 0: unknown */
  TbFrameStats stats;
  /* The key frame that is waited for. */
  gboolean armed;
  guint64 armed_after;
  guint64 key_first, key_last; /* 0: not known */
  guint32 key_timestamp;
  gint64 key_us;
};

TbFrames *
tb_frames_new (void)
{
  return g_new0 (TbFrames, 1);
}

void
tb_frames_free (TbFrames *frames)
{
  g_free (frames);
}

static Slot *
slot_of (TbFrames *frames, guint64 seq)
{
  return &frames->ring[seq % RING];
}

/* Frames of which nothing came show as a hole in the numbers and a gap of
 * several steps. A fast start may have steps of its own: only the last one
 * counts. */
static guint64
count_absent (TbFrames *frames)
{
  guint32 delta = frames->timestamp - frames->last_timestamp;

  if (!frames->has_last || delta == 0 || delta > G_MAXINT32)
    return 0;
  if (!frames->hole)
    frames->step = delta;
  if (!frames->hole || frames->step == 0 || delta <= frames->step)
    return 0;
  return MIN ((delta + frames->step / 2) / frames->step - 1, MAX_ABSENT);
}

static void
finish_frame (TbFrames *frames)
{
  guint64 absent = count_absent (frames);
  gboolean decodable = !frames->broken && (frames->key || frames->chain) &&
                       (absent == 0 || frames->key);

  /* Before the first key frame there is nothing to show. */
  if (frames->has_last || frames->key) {
    frames->stats.frames += 1 + absent;
    frames->stats.decodable += decodable;
    frames->last_timestamp = frames->timestamp;
    frames->has_last = TRUE;
  }
  frames->chain = decodable;
  frames->open = frames->key = FALSE;
  frames->broken = frames->hole = FALSE;
}

static void
judge_one (TbFrames *frames, const Slot *slot)
{
  if (!slot->here) {
    frames->missing_run = frames->hole = TRUE;
    frames->broken |= frames->open;
    return;
  }
  if (frames->open && slot->timestamp != frames->timestamp)
    finish_frame (frames);
  if (!frames->open) {
    frames->open = TRUE;
    frames->timestamp = slot->timestamp;
    /* What is missing before may be this one's beginning. */
    frames->broken = frames->missing_run;
  }
  frames->missing_run = FALSE;
  frames->key |= slot->key;
  if (slot->marker)
    finish_frame (frames);
}

static void
judge_next (TbFrames *frames)
{
  judge_one (frames, slot_of (frames, frames->next));
  frames->next++;
}

void
tb_frames_judge (TbFrames *frames, gint64 now_us)
{
  while (frames->next != 0 && frames->next <= frames->highest &&
         slot_of (frames, frames->next)->at_us + TB_FRAMES_DEADLINE_US <=
             now_us)
    judge_next (frames);
}

static void
advance (TbFrames *frames, guint64 seq, gint64 now_us)
{
  for (guint64 s = frames->highest + 1; s <= seq; s++) {
    /* A ring too short for the deadline judges early. */
    if (s >= frames->next + RING)
      judge_next (frames);
    *slot_of (frames, s) = (Slot){.at_us = now_us};
  }
  frames->highest = seq;
}

static gboolean
has_all (TbFrames *frames, guint64 first, guint64 last)
{
  if (last - first >= RING)
    return FALSE;
  for (guint64 seq = first; seq <= last; seq++)
    if (!slot_of (frames, seq)->here)
      return FALSE;
  return TRUE;
}

static void
watch_for_key (TbFrames *frames, guint64 seq, const Slot *slot)
{
  gboolean is_current =
      frames->key_first != 0 && slot->timestamp == frames->key_timestamp;

  if (!frames->armed || frames->key_us != 0 || seq <= frames->armed_after)
    return;
  if (!is_current && slot->key) {
    frames->key_first = seq;
    frames->key_last = 0;
    frames->key_timestamp = slot->timestamp;
    is_current = TRUE;
  }
  if (is_current && slot->marker)
    frames->key_last = seq;
  if (frames->key_last != 0 &&
      has_all (frames, frames->key_first, frames->key_last))
    frames->key_us = slot->at_us;
}

void
tb_frames_add (TbFrames *frames, guint16 seq, guint32 timestamp,
               gboolean marker, gboolean key, gint64 now_us)
{
  guint64 full;
  Slot *slot;

  if (frames->next == 0) {
    frames->next = FIRST_SEQ + seq;
    frames->highest = frames->next - 1;
  }
  full = frames->highest +
         (guint64)(gint64)(gint16)(seq - (guint16)frames->highest);
  if (full < frames->next)
    return;
  if (full > frames->highest)
    advance (frames, full, now_us);
  slot = slot_of (frames, full);
  *slot = (Slot){.at_us = now_us,
                 .timestamp = timestamp,
                 .here = TRUE,
                 .marker = marker,
                 .key = key};
  watch_for_key (frames, full, slot);
  tb_frames_judge (frames, now_us);
}

TbFrameStats
tb_frames_stats (const TbFrames *frames)
{
  return frames->stats;
}

void
tb_frames_arm (TbFrames *frames)
{
  frames->armed = TRUE;
  frames->armed_after = frames->highest;
  frames->key_first = frames->key_last = 0;
  frames->key_us = 0;
}

gint64
tb_frames_key_us (const TbFrames *frames)
{
  return frames->key_us;
}
