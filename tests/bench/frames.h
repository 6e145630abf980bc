/* SPDX-License-Identifier: MIT */
/* Which video frames of one viewer a decoder could have shown: all packets of
 * the frame here in time, and those of every frame since the last key frame. A
 * plain object of one thread, fed with decrypted packets. */
#pragma once

#include <glib.h>

typedef struct _TbFrames TbFrames;

typedef struct {
  guint64 frames;    /* judged, those of which nothing came included */
  guint64 decodable; /* of these */
} TbFrameStats;

/** A packet that comes later than this after the first sign of it is lost. */
#define TB_FRAMES_DEADLINE_US (G_USEC_PER_SEC)

TbFrames *tb_frames_new (void);
void tb_frames_free (TbFrames *frames);

/** @key: a key frame begins here. Each sequence number once, in any order. */
void tb_frames_add (TbFrames *frames, guint16 seq, guint32 timestamp,
                    gboolean marker, gboolean key, gint64 now_us);
/** Judges what is older than the deadline. */
void tb_frames_judge (TbFrames *frames, gint64 now_us);
TbFrameStats tb_frames_stats (const TbFrames *frames);

/** From now on waits for a key frame that begins after this call. */
void tb_frames_arm (TbFrames *frames);
/** When it was complete; 0: not yet. */
gint64 tb_frames_key_us (const TbFrames *frames);
