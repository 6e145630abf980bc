/* SPDX-License-Identifier: MIT */
#include "bench/sender.h"

#include "common/rtp-sender.h"

#include "base/clock.h"
#include "base/id.h"

#include <stdatomic.h>

#define STEP_US 5000
#define AUDIO_BPS 64000

struct _TbSender {
  GThread *thread;
  TcLoop *loop;
  TcRtpSender *video, *audio;
  TcFrameSource *video_source, *audio_source;
  TbSenderOptions options;
  atomic_bool stopped;
  atomic_bool paused; /* what is wanted */
  gboolean is_paused; /* what is; the thread's own */
  guint64 former;     /* packets before the last restart */
  atomic_ullong packets;
  atomic_llong resumed_us;
};

static guint64
count (TcRtpSender *sender)
{
  return sender != NULL ? tc_rtp_sender_packets (sender) : 0;
}

static void
make_sources (TbSender *sender)
{
  const TbSenderOptions *options = &sender->options;

  g_clear_pointer (&sender->video_source, tc_frame_source_free);
  g_clear_pointer (&sender->audio_source, tc_frame_source_free);
  sender->video_source =
      tc_frame_source_h264 (options->bitrate_bps, options->fps, options->gop);
  sender->audio_source = tc_frame_source_opus (AUDIO_BPS);
}

static void
play (TbSender *sender)
{
  make_sources (sender);
  if (sender->video != NULL)
    tc_rtp_sender_play (sender->video, sender->video_source);
  if (sender->audio != NULL)
    tc_rtp_sender_play (sender->audio, sender->audio_source);
}

static void
restart (TcRtpSender *rtp)
{
  struct {
    guint32 ssrc, timestamp;
    guint16 seq;
  } fresh;

  if (rtp == NULL)
    return;
  wc_id_random_bytes (&fresh, sizeof fresh);
  tc_rtp_sender_restart (rtp, fresh.ssrc, fresh.seq, fresh.timestamp);
}

static void
follow_pause (TbSender *sender)
{
  gboolean paused = atomic_load (&sender->paused);

  if (paused == sender->is_paused)
    return;
  sender->is_paused = paused;
  if (paused) {
    if (sender->video != NULL)
      tc_rtp_sender_stop (sender->video);
    if (sender->audio != NULL)
      tc_rtp_sender_stop (sender->audio);
    return;
  }
  sender->former += count (sender->video) + count (sender->audio);
  restart (sender->video);
  restart (sender->audio);
  /* Before: viewers may have the first frame before we come back. */
  atomic_store (&sender->resumed_us, wc_clock_now_us ());
  play (sender);
}

static gpointer
run (gpointer data)
{
  TbSender *sender = data;

  while (!atomic_load (&sender->stopped)) {
    guint64 now;

    follow_pause (sender);
    tc_loop_iterate (sender->loop, STEP_US);
    now = sender->former + count (sender->video) + count (sender->audio);
    atomic_store (&sender->packets, now);
  }
  return NULL;
}

static gboolean
open_streams (TbSender *sender, const TbSenderOptions *options, GError **error)
{
  TcRtpSenderOptions video = {.ip = options->ip,
                              .port = options->video_port,
                              .pt = 96,
                              .clock_rate = 90000};
  TcRtpSenderOptions audio = {.ip = options->ip,
                              .port = options->audio_port,
                              .pt = 111,
                              .clock_rate = 48000};

  if (options->video_port != 0) {
    sender->video = tc_rtp_sender_new (sender->loop, &video, error);
    if (sender->video == NULL)
      return FALSE;
  }
  if (options->audio_port != 0) {
    sender->audio = tc_rtp_sender_new (sender->loop, &audio, error);
    if (sender->audio == NULL)
      return FALSE;
  }
  play (sender);
  return TRUE;
}

TbSender *
tb_sender_new (const TbSenderOptions *options, GError **error)
{
  TbSender *sender = g_new0 (TbSender, 1);

  sender->options = *options;
  sender->loop = tc_loop_new ();
  if (!open_streams (sender, options, error)) {
    tb_sender_free (sender);
    return NULL;
  }
  sender->thread = g_thread_new ("rtp", run, sender);
  return sender;
}

void
tb_sender_free (TbSender *sender)
{
  atomic_store (&sender->stopped, TRUE);
  g_clear_pointer (&sender->thread, g_thread_join);
  g_clear_pointer (&sender->video, tc_rtp_sender_free);
  g_clear_pointer (&sender->audio, tc_rtp_sender_free);
  g_clear_pointer (&sender->video_source, tc_frame_source_free);
  g_clear_pointer (&sender->audio_source, tc_frame_source_free);
  tc_loop_free (sender->loop);
  g_free (sender);
}

void
tb_sender_pause (TbSender *sender)
{
  atomic_store (&sender->paused, TRUE);
}

void
tb_sender_resume (TbSender *sender)
{
  atomic_store (&sender->resumed_us, 0);
  atomic_store (&sender->paused, FALSE);
}

gint64
tb_sender_resumed_us (TbSender *sender)
{
  return atomic_load (&sender->resumed_us);
}

guint64
tb_sender_packets (TbSender *sender)
{
  return atomic_load (&sender->packets);
}
