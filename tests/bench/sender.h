/* SPDX-License-Identifier: MIT */
/* The bench's own source: H.264-like video and Opus-like audio to two RTP
 * ports, on a thread of its own so that a busy client does not slow it. */
#pragma once

#include <glib.h>

typedef struct _TbSender TbSender;

typedef struct {
  const char *ip;                 /* NULL: 127.0.0.1 */
  guint16 video_port, audio_port; /* 0: not sent */
  guint bitrate_bps, fps, gop;
} TbSenderOptions;

/** Begins to send. */
TbSender *tb_sender_new (const TbSenderOptions *options, GError **error);
/** Ends the thread. */
void tb_sender_free (TbSender *sender);

/** Nothing is sent any more, as if the source had died. Any thread. */
void tb_sender_pause (TbSender *sender);
/** The source is there again, started afresh: another SSRC, other numbers, a
 * key frame first. Any thread. */
void tb_sender_resume (TbSender *sender);
/** When it began to send after that, monotonic; 0: not yet. */
gint64 tb_sender_resumed_us (TbSender *sender);
/** RTP packets of both streams so far. Any thread. */
guint64 tb_sender_packets (TbSender *sender);
