/* SPDX-License-Identifier: MIT */
/* What a stream turns out to be while it comes in: what its headers say, how
 * many frames it has and of what kind, how its clock runs against ours. Written
 * once per frame by the thread that takes it in; read by any. */
#pragma once

#include "engine/source-clock.h"
#include "engine/video-format.h"

#include <pthread.h>

typedef enum {
  WC_B_USE_UNKNOWN,    /* not enough seen */
  WC_B_USE_NONE,       /* frames are shown in the order in which they come */
  WC_B_USE_DISPOSABLE, /* there are, and no frame refers to one */
  WC_B_USE_REFERENCED, /* there are, and frames refer to some */
} WcBFrameUse;

const char *wc_b_frame_use_name (WcBFrameUse b_frames);

typedef struct {
  WcVideoFormat format;   /* as the newest headers say */
  guint frame_rate_milli; /* frames in 1000 s, as they come; 0: not known */
  guint kept_rate_milli;  /* the same without disposable B-frames */
  guint bitrate_bps;      /* payload, over about the last second */
  guint key_interval_ms;  /* between the last two key frames; 0: not known */
  guint since_key_ms;     /* of the stream's time, since the last one */
  WcBFrameUse b_frames;   /* of the present source */
  /* Of all there was: */
  guint64 frames;
  guint64 frames_b;
  guint64 frames_back;    /* whose timestamp was before that of another */
  guint64 frames_dropped; /* by wc_normaliser_set_drop_b_frames () */
  gboolean has_drift;
  gint drift_ppm; /* its clock against ours; above 0: it is faster */
} WcStreamInfo;

typedef enum {
  WC_FRAME_KEY = 1 << 0,
  WC_FRAME_B = 1 << 1,          /* bi-predicted, or shown before an earlier */
  WC_FRAME_DISPOSABLE = 1 << 2, /* no other refers to it */
  WC_FRAME_BACK = 1 << 3,       /* its timestamp is before another's */
  WC_FRAME_DROPPED = 1 << 4,
} WcFrameFlags;

/** Opaque but for its size; of its owner, who may be on one thread only. */
typedef struct {
  guint32 rate;
  /* a window of the stream's time, and one of ours */
  gboolean begun;
  gint64 window_position, window_us, newest;
  guint window_frames, window_kept;
  gsize window_bytes;
  /* since the source began */
  guint recent, recent_b, recent_referenced;
  gboolean had_key;
  gint64 key_position;
  WcMinimum arrivals;
  gint64 began_us, anchor_us, anchor;

  pthread_mutex_t lock; /* guards what follows */
  WcStreamInfo info;
} WcStreamMeter;

void wc_stream_meter_init (WcStreamMeter *meter, guint32 rate);
void wc_stream_meter_clear (WcStreamMeter *meter);

/* --- the thread that takes the stream in ---------------------------------- */

/** Another source: kinds of frames and clocks are no longer known. */
void wc_stream_meter_restart (WcStreamMeter *meter);
void wc_stream_meter_set_format (WcStreamMeter *meter,
                                 const WcVideoFormat *format);
/** Bytes of payload of the frame that is coming in. */
void wc_stream_meter_add_bytes (WcStreamMeter *meter, gsize size);
/** A frame begins: at @position of the stream's own time, in ticks of its
 * clock. @flags: of WcFrameFlags. */
void wc_stream_meter_add_frame (WcStreamMeter *meter, gint64 position,
                                gint64 arrival_us, guint flags);

/* --- any thread ----------------------------------------------------------- */

void wc_stream_meter_get (WcStreamMeter *meter, WcStreamInfo *info);
