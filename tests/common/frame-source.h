/* SPDX-License-Identifier: MIT */
/* Frames to send, endlessly: made up, or out of a file that ffmpeg wrote. Not
 * shared between threads. */
#pragma once

#include "common/payload.h"

#include <glib.h>

typedef struct _TcFrameSource TcFrameSource;

/** Looks like H.264 Constrained Baseline: SPS, PPS, IDR slices every @gop
 * frames and P slices, of random bytes that no decoder will like, at
 * @bitrate_bps on average. */
TcFrameSource *tc_frame_source_h264 (guint bitrate_bps, guint fps, guint gop);
/** Like Opus: a packet each 20 ms of the size that @bitrate_bps gives. */
TcFrameSource *tc_frame_source_opus (guint bitrate_bps);
/** An IVF file with AV1 (ffmpeg -c:v libsvtav1 -f ivf), begun again at its
 * end. NULL with an error when it is none. */
TcFrameSource *tc_frame_source_ivf (const char *path, guint fps,
                                    GError **error);
/** A byte stream file (ffmpeg -c:v libx265 -f hevc, libx264 -f h264). */
TcFrameSource *tc_frame_source_annex_b (TcPayloadFormat format,
                                        const char *path, guint fps,
                                        GError **error);
void tc_frame_source_free (TcFrameSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TcFrameSource, tc_frame_source_free)

TcPayloadFormat tc_frame_source_format (const TcFrameSource *source);
/** Frames per second; Opus 50. */
guint tc_frame_source_fps (const TcFrameSource *source);
/** Of a file: how many until it begins again. Made up: 0. */
guint tc_frame_source_n_frames (const TcFrameSource *source);
/** The next frame: an array of GBytes. Transfer full. */
GPtrArray *tc_frame_source_next (TcFrameSource *source);
