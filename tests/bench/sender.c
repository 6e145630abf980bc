/* SPDX-License-Identifier: MIT */
#include "bench/sender.h"

#include "common/rtp-sender.h"

#include <stdatomic.h>

#define STEP_US 5000
#define AUDIO_BPS 64000

struct _TbSender {
  GThread *thread;
  TcLoop *loop;
  TcRtpSender *video, *audio;
  TcFrameSource *video_source, *audio_source;
  atomic_bool stopped;
  atomic_ullong packets;
};

static guint64
count (TcRtpSender *sender)
{
  return sender != NULL ? tc_rtp_sender_packets (sender) : 0;
}

static gpointer
run (gpointer data)
{
  TbSender *sender = data;

  while (!atomic_load (&sender->stopped)) {
    tc_loop_iterate (sender->loop, STEP_US);
    atomic_store (&sender->packets,
                  count (sender->video) + count (sender->audio));
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
    sender->video_source =
        tc_frame_source_h264 (options->bitrate_bps, options->fps, options->gop);
    tc_rtp_sender_play (sender->video, sender->video_source);
  }
  if (options->audio_port != 0) {
    sender->audio = tc_rtp_sender_new (sender->loop, &audio, error);
    if (sender->audio == NULL)
      return FALSE;
    sender->audio_source = tc_frame_source_opus (AUDIO_BPS);
    tc_rtp_sender_play (sender->audio, sender->audio_source);
  }
  return TRUE;
}

TbSender *
tb_sender_new (const TbSenderOptions *options, GError **error)
{
  TbSender *sender = g_new0 (TbSender, 1);

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

guint64
tb_sender_packets (TbSender *sender)
{
  return atomic_load (&sender->packets);
}
